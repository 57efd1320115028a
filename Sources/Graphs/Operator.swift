package import Tensors

/// One kind of computation in a graph: shapes and tensors in, shapes and tensors out.
///
/// Operators know nothing of files or opset versions; an importer brings every version of an ONNX
/// operator into the one form that stands here.
package protocol Operator: Sendable {
    /// The name of the ONNX operator it stands for.
    var name: String { get }

    /// What comes out for what comes in; `nil` inputs are optional ones left out.
    func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType]

    /// Computes whole tensors: the definition that every faster way is compared with.
    func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor]
}

/// What is known of a tensor before it is computed.
package struct ValueType: Sendable, Equatable {
    package var elementType: ElementType
    /// `nil` where even the rank depends on values that are not known.
    package var shape: [Dimension]?
    /// The elements of a small integer tensor, as used for computing shapes.
    package var content: [Dimension]?

    package init(
        _ elementType: ElementType = .float32,
        _ shape: [Dimension]?,
        content: [Dimension]? = nil
    ) {
        self.elementType = elementType
        self.shape = shape
        self.content = content
    }

    /// What is known of a tensor that is there.
    package init(of tensor: Tensor) {
        elementType = tensor.elementType
        shape = tensor.shape.map { Dimension($0) }
        // Longer ones are weights; shapes have few sides.
        let isSmall = tensor.count <= 64 && tensor.rank <= 1
        content =
            isSmall && tensor.elementType.isInteger
            ? tensor.integers.map { Dimension($0) } : nil
    }

    /// The shape, if no side depends on anything.
    package var constantShape: [Int]? {
        guard let shape else { return nil }
        let sides = shape.compactMap(\.constant)
        return sides.count == shape.count ? sides : nil
    }
}

// MARK: - Bounds

extension ValueType {
    /// The most axes of a tensor.
    static let mostAxes = 32
    /// The longest side of a tensor.
    static let longestSide = Int(Int32.max)
    /// The longest side that a file may fix.
    package static let longestFixedSide = 1 << 26
    /// The most elements of a tensor that is described; larger pictures are not of this world.
    package static let mostElements = 1 << 48
    /// The most elements of a tensor that is computed as a whole.
    static let mostComputedElements = 1 << 32

    /// Checks that a tensor of this type can be: what a damaged file asks for often cannot.
    package func checkBounds(
        mostElements: Int = Self.mostElements,
        longestSide: Int = Self.longestSide
    ) throws(OperatorError) {
        guard let shape else { return }
        guard shape.count <= Self.mostAxes else {
            throw OperatorError(
                expected: "a tensor of at most \(Self.mostAxes) axes",
                found: "\(shape.count)"
            )
        }
        let sides = shape.compactMap(\.constant)
        guard sides.allSatisfy({ (0...longestSide).contains($0) }) else {
            throw OperatorError(
                expected: "sides of 0 to \(longestSide)",
                found: "a tensor of \(text(shape))"
            )
        }
        guard sides.elementCount <= mostElements else {
            throw OperatorError(
                expected: "a tensor of at most \(mostElements) elements",
                found: "one of \(text(shape))"
            )
        }
    }
}

/// Why an operator cannot do what it is asked: what it expected, and what it found.
package struct OperatorError: Error, Sendable, Equatable {
    package let expected: String
    package let found: String

    package init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }
}

/// What is wrong with a graph, and at which node.
package struct GraphError: Error, Sendable, CustomStringConvertible, Equatable {
    /// The node's name and operator, such as `conv1 (Conv)`; `nil` for the graph as a whole.
    package let node: String?
    package let message: String

    package init(node: String? = nil, _ message: String) {
        self.node = node
        self.message = message
    }

    init(_ node: Graph.Node, _ error: OperatorError) {
        self.init(
            node: node.label,
            "expected \(error.expected), found \(error.found)"
        )
    }

    package var description: String { node.map { "node \($0): \(message)" } ?? message }
}

// MARK: - Checks that operators share

extension Operator {
    /// The input at `index`, which must be there.
    func required<Input>(_ inputs: [Input?], _ index: Int) throws(OperatorError) -> Input {
        guard index < inputs.count, let input = inputs[index] else {
            throw OperatorError(
                expected: "an input number \(index + 1)",
                found: "\(inputs.compactMap { $0 }.count) inputs"
            )
        }
        return input
    }

    /// The input at `index`, or `nil` where it was left out.
    func optional<Input>(_ inputs: [Input?], _ index: Int) -> Input? {
        index < inputs.count ? inputs[index] : nil
    }

    /// The types of what comes out of tensors that are there, small enough to be computed.
    func boundedTypes(_ inputs: [Tensor?]) throws(OperatorError) -> [ValueType] {
        let types = try infer(inputs.map { $0.map { ValueType(of: $0) } })
        for type in types { try type.checkBounds(mostElements: ValueType.mostComputedElements) }
        return types
    }

    /// The shape of the first output for tensors that are there.
    func outputShape(_ inputs: [Tensor?]) throws(OperatorError) -> [Int] {
        guard let shape = try boundedTypes(inputs).first?.constantShape else {
            throw OperatorError(
                expected: "axes, counts and sides as short lists of integers",
                found: inputs.dropFirst().compactMap { $0.map { ValueType(of: $0).description } }
                    .joined(separator: " and ")
            )
        }
        return shape
    }

    /// The numbers that the elements of a small integer tensor are; `nil` while one is not known.
    func numbers(_ type: ValueType) -> [Int]? {
        guard let content = type.content else { return nil }
        let numbers = content.compactMap(\.constant)
        return numbers.count == content.count ? numbers : nil
    }

    /// The shape of a value whose rank must be known and be one of `ranks`.
    func shape(
        of type: ValueType,
        ranks: ClosedRange<Int>
    ) throws(OperatorError) -> [Dimension]? {
        guard let shape = type.shape else { return nil }
        guard ranks.contains(shape.count) else {
            let expected = ranks.count == 1 ? "\(ranks.lowerBound)" : "\(ranks)"
            throw OperatorError(expected: "a tensor of rank \(expected)", found: text(shape))
        }
        return shape
    }

    /// Checks that the first inputs are there and that all of them hold float32.
    func expectFloats(_ inputs: [ValueType?], count: Int) throws(OperatorError) {
        for index in 0..<max(count, inputs.count) {
            if index >= count, optional(inputs, index) == nil { continue }
            let type = try required(inputs, index).elementType
            guard type == .float32 else {
                throw OperatorError(
                    expected: "float32 as input number \(index + 1)",
                    found: "\(type)"
                )
            }
        }
    }

    /// A float32 input, or `nil` where it was left out.
    func optionalFloat(_ inputs: [Tensor?], _ index: Int) throws(OperatorError) -> Tensor? {
        optional(inputs, index) == nil ? nil : try float(inputs, index)
    }

    /// A float32 input.
    func float(_ inputs: [Tensor?], _ index: Int) throws(OperatorError) -> Tensor {
        let tensor = try required(inputs, index)
        guard tensor.elementType == .float32 else {
            throw OperatorError(
                expected: "float32 as input number \(index + 1)",
                found: "\(tensor.elementType)"
            )
        }
        return tensor
    }
}

extension ValueType: CustomStringConvertible {
    package var description: String {
        shape.map { "\(elementType) of shape \(text($0))" } ?? "\(elementType) of unknown shape"
    }
}

/// A shape as people write it: "1×3×height×width".
package func text(_ shape: [Dimension]) -> String {
    shape.isEmpty ? "a scalar" : shape.map(\.description).joined(separator: "×")
}

package func text(_ shape: [Int]) -> String { text(shape.map { Dimension($0) }) }

/// Turns an axis that may count from the end into an index.
func resolve(axis: Int, rank: Int) throws(OperatorError) -> Int {
    guard axis >= -rank, axis < rank else {
        throw OperatorError(expected: "an axis of a tensor of rank \(rank)", found: "axis \(axis)")
    }
    return axis < 0 ? axis + rank : axis
}
