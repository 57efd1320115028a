package import Tensors

/// Numbers in a shape that know how they were computed, so far as gradients need it.
///
/// Pictures and feature maps are [batch, channels, height, width].
package struct Variable<Number: Real> {
    package let shape: [Int]
    var numbers: Numbers<Number>
    let node: Node<Number>?

    init(shape: [Int], numbers: Numbers<Number>, node: Node<Number>? = nil) {
        precondition(shape.elementCount == numbers.count, "the numbers fill the shape")
        self.shape = shape
        self.numbers = numbers
        self.node = node
    }

    /// A constant whose numbers `fill` writes.
    init(_ shape: [Int], fill: (UnsafeMutablePointer<Number>) -> Void) {
        let numbers = Numbers<Number>(count: shape.elementCount)
        fill(numbers.base)
        self.init(shape: shape, numbers: numbers)
    }

    package init(_ shape: [Int], repeating value: Number) {
        self.init(shape) { $0.update(repeating: value, count: shape.elementCount) }
    }

    package init(_ shape: [Int], _ values: [Number]) {
        precondition(shape.elementCount == values.count, "the values fill the shape")
        self.init(shape) { $0.update(from: values, count: values.count) }
    }

    /// A number by itself, of shape [].
    package init(_ value: Number) { self.init([], [value]) }

    /// A constant with the elements of a tensor.
    package init(_ tensor: Tensor) {
        let tensor = tensor.converted(to: Number.elementType)
        self.init(tensor.shape) { target in
            tensor.span(of: Number.self).withUnsafeBufferPointer { source in
                guard let start = source.baseAddress else { return }
                target.update(from: start, count: source.count)
            }
        }
    }

    package var tensor: Tensor {
        Tensor(
            shape: shape,
            type: Number.elementType,
            bytes: UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Number>.stride)
        )
    }

    package var count: Int { numbers.count }

    /// The numbers in order, the last axis fastest.
    package var values: [Number] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The only number.
    package var value: Number {
        precondition(count == 1, "a single number, not \(shape)")
        return base[0]
    }

    /// The same numbers, through which no gradient flows.
    package var detached: Variable { Variable(shape: shape, numbers: numbers) }

    /// The same numbers as a leaf: something that gradients can be asked for.
    package var tracked: Variable {
        Variable(shape: shape, numbers: numbers, node: Node(from: [], pullback: nil))
    }

    var base: UnsafeMutablePointer<Number> { numbers.base }
    /// Whether a gradient can flow here.
    package var isTracked: Bool { node != nil }
}
