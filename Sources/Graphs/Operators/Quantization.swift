package import Tensors

/// Rounds numbers to integers with a scale: ONNX QuantizeLinear, versions 10 to 23.
///
/// Inputs: x, scale, zero point or none; one for all, one per slice of an axis, or one per block.
package struct QuantizeLinear: LocalOperator, Equatable {
    package let name = "QuantizeLinear"
    package var axis: Int
    /// Elements along the axis that share a scale; 0: one scale for each slice.
    package var blockSize: Int
    /// The result's type where no zero point says it.
    package var type: ElementType

    package init(axis: Int = 1, blockSize: Int = 0, type: ElementType = .uint8) {
        self.axis = axis
        self.blockSize = blockSize
        self.type = type
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, _) = (try required(inputs, 0), try required(inputs, 1))
        return [ValueType(optional(inputs, 2)?.elementType ?? type, x.shape)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0).converted(to: .float32)
        let scale = try required(inputs, 1).converted(to: .float32)
        let target = optional(inputs, 2)?.elementType ?? type
        let scales = try parameters(scale, like: x, axis: axis, blockSize: blockSize)
        let zeros = try optional(inputs, 2).map { (zero) throws(OperatorError) in
            try parameters(zero.converted(to: .float32), like: x, axis: axis, blockSize: blockSize)
        }
        let ratio = try combine(x, scales, Float.self) { ($0 / $1).rounded(.toNearestOrEven) }
        let shifted = try zeros.map { (zeros) throws(OperatorError) in
            try combine(ratio, zeros, Float.self) { $0 + $1 }
        }
        return [(shifted ?? ratio).converted(to: target)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] + inputs.dropFirst().map { _ in nil } }
}

/// Turns quantized integers back into numbers, (x − zero) · scale: ONNX DequantizeLinear, versions
/// 10 to 23.
package struct DequantizeLinear: LocalOperator, Equatable {
    package let name = "DequantizeLinear"
    package var axis: Int
    package var blockSize: Int

    package init(axis: Int = 1, blockSize: Int = 0) {
        self.axis = axis
        self.blockSize = blockSize
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, _) = (try required(inputs, 0), try required(inputs, 1))
        return [ValueType(.float32, x.shape)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0).converted(to: .float32)
        let scale = try required(inputs, 1).converted(to: .float32)
        let scales = try parameters(scale, like: x, axis: axis, blockSize: blockSize)
        guard let zero = optional(inputs, 2) else {
            return [try combine(x, scales, Float.self) { $0 * $1 }]
        }
        let zeros = try parameters(
            zero.converted(to: .float32),
            like: x,
            axis: axis,
            blockSize: blockSize
        )
        let difference = try combine(x, zeros, Float.self) { $0 - $1 }
        return [try combine(difference, scales, Float.self) { $0 * $1 }]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] + inputs.dropFirst().map { _ in nil } }
}

/// Scales or zero points brought into a shape that stretches to `x`.
private func parameters(
    _ tensor: Tensor,
    like x: Tensor,
    axis: Int,
    blockSize: Int
) throws(OperatorError) -> Tensor {
    if tensor.count == 1 { return tensor.reshaped(to: []) }
    let axis = try resolve(axis: axis, rank: x.rank)
    if blockSize == 0 {
        guard tensor.rank == 1, tensor.count == x.shape[axis] else {
            throw OperatorError(
                expected: "\(x.shape[axis]) scales, one for each slice of axis \(axis)",
                found: text(tensor.shape)
            )
        }
        var shape = x.shape.map { _ in 1 }
        shape[axis] = tensor.count
        return tensor.reshaped(to: shape)
    }
    guard tensor.rank == x.rank, blockSize > 0 else {
        throw OperatorError(
            expected: "scales of rank \(x.rank) for blocks of at least 1",
            found: "\(text(tensor.shape)) for blocks of \(blockSize)"
        )
    }
    let indices = (0..<x.shape[axis]).map { Int64($0 / blockSize) }
    let repeated = try Gather(axis: axis)
        .evaluate([tensor, Tensor(shape: [indices.count], values: indices)])[0]
    try check(repeated.shape, stretchesTo: x.shape)
    return repeated
}
