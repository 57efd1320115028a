extension Pass {
    /// Moves zeros around a picture into the padding of the windows that slide over it.
    ///
    /// Exact: for convolutions always, for averages where their divisor counts padding, for maxima
    /// never, as they ignore it. Only where all readers can take them, and no window would lie in
    /// padding alone.
    package static let foldPads = Pass(name: "fold-pads") { graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        for index in rewriting.nodes.indices { rewriting.foldPad(at: index) }
        graph = rewriting.result
    }
}

extension Rewriting {
    fileprivate mutating func foldPad(at index: Int) {
        guard let node = nodes[index], let source = node.input(0), let output = node.outputs[0],
            !isOutput(output), let (before, after) = spatialZeros(of: node)
        else { return }
        var changed: [Int: Graph.Node] = [:]
        for reader in readers(of: output) {
            guard let node = nodes[reader]?.padded(before: before, after: after),
                node.inputs.filter({ $0 == output }).count == 1, node.input(0) == output
            else { return }
            changed[reader] = node
        }
        for (reader, var node) in changed {
            node.inputs[0] = source
            replace(reader, with: node)
        }
        replace(index, with: nil)
    }

    /// The counts along the spatial axes, if a node adds zeros there and does nothing else.
    private func spatialZeros(of node: Graph.Node) -> (before: [Int], after: [Int])? {
        guard let operation = node.operation as? Pad, operation.padding == .constant,
            let rank = shape(node.input(0))?.count, rank >= 3,
            let counts = try? operation.counts(inputTypes(node), rank: rank)
        else { return nil }
        if node.inputs.count > 2, let value = node.input(2) {
            guard let tensor = constant(value), tensor.doubles.allSatisfy({ $0 == 0 }) else {
                return nil
            }
        }
        let (before, after) = (
            counts.before.compactMap(\.constant), counts.after.compactMap(\.constant)
        )
        guard before.count == rank, after.count == rank,
            (before + after).allSatisfy({ $0 >= 0 }),
            (before.prefix(2) + after.prefix(2)).allSatisfy({ $0 == 0 })
        else { return nil }
        return (Array(before.dropFirst(2)), Array(after.dropFirst(2)))
    }
}

extension Graph.Node {
    /// The node with more zeros around its first input; `nil` where that would be something else.
    fileprivate func padded(before: [Int], after: [Int]) -> Graph.Node? {
        var node = self
        switch operation {
        case var operation as Convolution:
            guard operation.rule.pad(before: before, after: after) else { return nil }
            node.operation = operation
        case var operation as Pooling:
            guard operation.function == .average(countsPadding: true), !operation.roundsUp,
                operation.rule.pad(before: before, after: after)
            else { return nil }
            node.operation = operation
        default: return nil
        }
        return node
    }
}

extension WindowRule {
    /// Adds padding, if it is explicit and leaves no window without an element.
    fileprivate mutating func pad(before: [Int], after: [Int]) -> Bool {
        var (first, last) = (before, after)
        switch pads {
        case .valid: break
        case .explicit(let ownBefore, let ownAfter):
            for axis in kernel.indices {
                first[axis] += ownBefore[axis]
                last[axis] += ownAfter[axis]
            }
        case .sameUpper, .sameLower: return false
        }
        for axis in kernel.indices {
            guard max(first[axis], last[axis]) <= (kernel[axis] - 1) * dilations[axis] else {
                return false
            }
        }
        pads = .explicit(before: first, after: last)
        return true
    }
}
