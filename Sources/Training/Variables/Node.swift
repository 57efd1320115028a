internal import Synchronization

/// How a variable was computed: from which others, and what its gradient means for theirs.
final class Node<Number: Real> {
    /// Takes the gradient of the result to those of the inputs that are wanted.
    typealias Pullback = (Variable<Number>, Wanted) -> [Variable<Number>?]

    /// Larger than that of everything it was computed from.
    let order: Int
    /// `nil` for constants.
    private(set) var inputs: [Node?]
    private(set) var pullback: Pullback?
    /// Whether its pullback has been let go.
    private(set) var isSpent = false

    init(from inputs: [Node?], pullback: Pullback?) {
        order = nodeCount.wrappingAdd(1, ordering: .relaxed).oldValue
        self.inputs = inputs
        self.pullback = pullback
    }

    /// Lets go of everything that was kept for the gradient.
    func spend() {
        guard pullback != nil else { return }
        pullback = nil
        inputs = []
        isSpent = true
    }
}

private let nodeCount = Atomic(0)

/// Which inputs of an operation need a gradient.
struct Wanted {
    let flags: [Bool]

    subscript(input: Int) -> Bool { flags[input] }
}

extension Variable {
    /// The same numbers, remembered as computed from `inputs` if any of them matters to a gradient.
    func recorded(from inputs: [Variable], _ pullback: @escaping Node<Number>.Pullback) -> Variable
    {
        guard Recording.current != .off, inputs.contains(where: \.isTracked) else { return self }
        return Variable(
            shape: shape,
            numbers: numbers,
            node: Node(from: inputs.map(\.node), pullback: pullback)
        )
    }

    /// The same for a single input.
    func recorded(from input: Variable, _ pullback: @escaping (Variable) -> Variable) -> Variable {
        recorded(from: [input]) { gradient, _ in [pullback(gradient)] }
    }
}
