internal import Glibc
package import Tensors

/// The sides of a tensor, or of some of its axes, as int64: ONNX Shape, versions 1 to 21.
package struct Shape: Operator, Equatable {
    package let name = "Shape"
    package var start: Int
    package var end: Int?

    package init(start: Int = 0, end: Int? = nil) {
        self.start = start
        self.end = end
    }

    private func range(rank: Int) -> Range<Int> {
        func limited(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
        let (first, last) = (limited(start), limited(end ?? rank))
        return first..<max(first, last)
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        guard let shape = try required(inputs, 0).shape else { return [ValueType(.int64, nil)] }
        let sides = Array(shape[range(rank: shape.count)])
        return [ValueType(.int64, [Dimension(sides.count)], content: sides)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let sides = x.shape[range(rank: x.rank)].map { Int64($0) }
        return [Tensor(shape: [sides.count], values: sides)]
    }
}

/// The number of elements, as an int64 scalar: ONNX Size.
package struct Size: Operator {
    package let name = "Size"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let count = try required(inputs, 0).shape?.reduce(1, *)
        return [ValueType(.int64, [], content: count.map { [$0] })]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        [Tensor(Int64(try required(inputs, 0).count))]
    }
}

/// Numbers from a start, below a limit, by a step: ONNX Range.
///
/// Inputs: start, limit, step.
package struct NumberRange: Operator {
    package let name = "Range"
    /// As many as the longest list of places in a tensor needs.
    private static let mostNumbers = 1 << 27

    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let start = try required(inputs, 0)
        _ = (try required(inputs, 1), try required(inputs, 2))
        let ends = inputs.compactMap { $0?.content?.first }
        guard ends.count == 3, let step = ends[2].constant, step > 0 else {
            return [ValueType(start.elementType, nil)]
        }
        var count = (ends[1] - ends[0]).ceiled(by: step)
        if let constant = count.constant { count = Dimension(max(0, constant)) }
        var content: [Dimension]?
        if let constant = count.constant, constant <= 64 {
            content = (0..<constant).map { ends[0] + Dimension($0) * Dimension(step) }
        }
        return [ValueType(start.elementType, [count], content: content)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let start = try required(inputs, 0)
        let (limit, step) = (try required(inputs, 1), try required(inputs, 2))
        func range<Number: TensorNumber>(_ type: Number.Type) throws(OperatorError) -> Tensor {
            let (a, b) = (start.array(of: type)[0], limit.array(of: type)[0])
            let delta = step.array(of: type)[0]
            let count = ceil((b.asDouble - a.asDouble) / delta.asDouble)
            guard count.isFinite, count < Double(Self.mostNumbers) else {
                throw OperatorError(
                    expected: "a step that leads to the limit in less than \(Self.mostNumbers)",
                    found: "\(delta) from \(a) to \(b)"
                )
            }
            var (values, value): ([Number], Number) = ([], a)
            for _ in 0..<max(0, Int(count)) {
                values.append(value)
                value = value.adding(delta)
            }
            return Tensor(shape: [values.count], values: values)
        }
        guard start.count == 1, limit.count == 1, step.count == 1 else {
            throw OperatorError(
                expected: "a start, a limit and a step of one element",
                found: "\(start.count), \(limit.count) and \(step.count) elements"
            )
        }
        guard let type = start.elementType.numberType, limit.elementType == start.elementType,
            step.elementType == start.elementType
        else {
            throw OperatorError(
                expected: "three numbers of one type",
                found: "\(start.elementType), \(limit.elementType), \(step.elementType)"
            )
        }
        return [try range(type)]
    }
}

/// A tensor of a given shape with one value everywhere: ONNX ConstantOfShape.
///
/// Input: shape (int64).
package struct ConstantOfShape: Operator {
    package let name = "ConstantOfShape"
    /// One element.
    package var value: Tensor

    package init(value: Tensor) { self.value = value }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let shape = try required(inputs, 0).content
        var content: [Dimension]?
        if value.elementType.isInteger, let shape, shape.count <= 1 {
            let count = shape.first?.constant ?? (shape.isEmpty ? 1 : nil)
            content = count.flatMap { (0...64).contains($0) ? $0 : nil }
                .map { [Dimension](repeating: Dimension(value.integers[0]), count: $0) }
        }
        return [ValueType(value.elementType, shape, content: content)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let shape = try required(inputs, 0).integers
        try ValueType(value.elementType, shape.map { Dimension($0) })
            .checkBounds(mostElements: ValueType.mostComputedElements)
        return [value.reshaped(to: []).viewed(shape: shape, strides: shape.map { _ in 0 })]
    }
}

/// Normally distributed noise in the shape of its input, the same for the same seed: ONNX
/// RandomNormalLike.
///
/// Each number depends on the seed and its own place only, so neither threads nor tiles matter.
package struct RandomNormalLike: LocalOperator, Equatable {
    package let name = "RandomNormalLike"
    package var mean, deviation: Float
    package var seed: UInt64

    package init(mean: Float = 0, deviation: Float = 1, seed: UInt64 = 0) {
        self.mean = mean
        self.deviation = deviation
        self.seed = seed
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        [ValueType(.float32, try required(inputs, 0).shape)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        var result = Tensor(uninitialized: x.shape)
        var out = result.mutableFloats
        for i in out.indices { out[i] = number(at: UInt64(i)) }
        return [result]
    }

    /// Box and Muller's transform of two hashed counters.
    func number(at place: UInt64) -> Float {
        let a = hashedCounter(2 &* place &+ 1, seed: seed)
        let b = hashedCounter(2 &* place &+ 2, seed: seed)
        let u = (Double(a >> 11) + 0.5) / Double(1 << 53)
        let v = Double(b >> 11) / Double(1 << 53)
        return mean + deviation * Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] }
}
