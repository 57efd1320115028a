extension Variable {
    /// The gradients of this number with respect to some variables, by reverse accumulation.
    ///
    /// Whatever lies between is freed on the way, so a second call needs `keepsGraph`.
    ///
    /// - Parameters:
    ///   - seed: the gradient to begin with, 1 if not given.
    ///   - recording: whether the gradients themselves can be differentiated; they can only if what
    ///     this was computed by was recorded `twice`.
    package func gradients(
        for variables: [Variable],
        seed: Variable? = nil,
        recording: Recording = .off,
        keepsGraph: Bool = false
    ) -> [Variable] {
        precondition(seed != nil || count == 1, "a single number has gradients, not \(shape)")
        let goals = Set(variables.compactMap(\.node).map(ObjectIdentifier.init))
        var found: [ObjectIdentifier: Variable] = [:]
        if let node {
            let path = Path(from: node, to: goals)
            var pending = [ObjectIdentifier(node): seed ?? Variable(shape, repeating: 1)]
            Recording.$current.withValue(recording) {
                for node in path.nodes {
                    let name = ObjectIdentifier(node)
                    guard let gradient = pending.removeValue(forKey: name) else { continue }
                    if goals.contains(name) { found[name] = gradient }
                    precondition(!node.isSpent, "a graph is used once unless it is kept")
                    let wanted = Wanted(flags: node.inputs.map { path.leads($0) })
                    guard let pullback = node.pullback, wanted.flags.contains(true) else {
                        continue
                    }
                    for (input, part) in zip(node.inputs, pullback(gradient, wanted)) {
                        guard let input, let part, path.leads(input) else { continue }
                        let name = ObjectIdentifier(input)
                        if var sum = pending.removeValue(forKey: name) {
                            sum.add(part)
                            pending[name] = sum
                        } else {
                            pending[name] = part
                        }
                    }
                    if recording == .off && !keepsGraph { node.spend() }
                }
            }
            if recording == .off && !keepsGraph { path.spend() }
        }
        return variables.map { variable in
            variable.node.flatMap { found[ObjectIdentifier($0)] }
                ?? Variable(variable.shape, repeating: 0)
        }
    }

    /// Adds another gradient, in the memory of this one if nobody else holds it.
    private mutating func add(_ other: Variable) {
        guard node == nil, other.node == nil, isKnownUniquelyReferenced(&numbers) else {
            self = self + other
            return
        }
        inParallel(count) { range in
            Number.accumulate(
                1,
                other.base + range.lowerBound,
                into: base + range.lowerBound,
                count: range.count
            )
        }
    }
}

/// The nodes behind a result, the latest first.
private struct Path<Number: Real> {
    let nodes: [Node<Number>]
    /// Those that were computed from something that a gradient is asked for.
    private let leading: Set<ObjectIdentifier>

    init(from end: Node<Number>, to goals: Set<ObjectIdentifier>) {
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(end)]
        var found = [end]
        var next = 0
        while next < found.count {
            for case let input? in found[next].inputs
            where seen.insert(ObjectIdentifier(input)).inserted {
                found.append(input)
            }
            next += 1
        }
        found.sort { $0.order > $1.order }
        var leading: Set<ObjectIdentifier> = []
        for node in found.reversed() {
            let name = ObjectIdentifier(node)
            let isOnTheWay = node.inputs.contains { input in
                input.map { leading.contains(ObjectIdentifier($0)) } ?? false
            }
            if goals.contains(name) || isOnTheWay { leading.insert(name) }
        }
        nodes = found
        self.leading = leading
    }

    func leads(_ node: Node<Number>?) -> Bool {
        node.map { leading.contains(ObjectIdentifier($0)) } ?? false
    }

    func spend() { for node in nodes { node.spend() } }
}
