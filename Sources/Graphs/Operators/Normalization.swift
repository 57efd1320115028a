package import Tensors

/// Scales and shifts each channel by statistics given as inputs: ONNX BatchNormalization (of
/// inference), versions 1 to 15.
///
/// Inputs: x [N, C, …], scale, bias, mean, variance [C].
package struct BatchNormalization: LocalOperator, Equatable {
    package let name = "BatchNormalization"
    package var epsilon: Float

    package init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        try expectFloats(inputs, count: 5)
        let x = try required(inputs, 0)
        let channels = x.shape?.dropFirst().first?.constant
        for index in 1...4 {
            let parameter = try required(inputs, index)
            guard let channels, let shape = parameter.constantShape, shape != [channels] else {
                continue
            }
            throw OperatorError(
                expected: "\(channels) values as input number \(index + 1), one for each channel",
                found: text(shape)
            )
        }
        return [x]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try float(inputs, 0)
        guard x.rank >= 2 else { return try evaluate(rankOne: x, inputs) }
        let (scale, bias) = (try float(inputs, 1), try float(inputs, 2))
        let (mean, variance) = (try float(inputs, 3), try float(inputs, 4))
        _ = try infer(inputs.map { $0.map { ValueType(of: $0) } })
        var y = x
        let (a, b) = (scale.floats, bias.floats)
        let (m, v) = (mean.floats, variance.floats)
        var out = y.mutableFloats
        forEachPlane(x.shape) { plane, range in
            let channel = plane % x.shape[1]
            let factor = a[channel] / (v[channel] + epsilon).squareRoot()
            let offset = b[channel] - m[channel] * factor
            for i in range { out[i] = out[i] * factor + offset }
        }
        return [y]
    }

    /// A vector counts as one channel per row.
    private func evaluate(rankOne x: Tensor, _ inputs: [Tensor?]) throws(OperatorError) -> [Tensor]
    {
        let result = try evaluate([x.reshaped(to: [x.count, 1])] + inputs.dropFirst())
        return result.map { $0.reshaped(to: x.shape) }
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] + inputs.dropFirst().map { _ in nil } }
}

/// Brings each channel of each image to mean 0 and variance 1 over all space, then scales and
/// shifts it: ONNX InstanceNormalization, versions 1 to 22.
///
/// Inputs: x [N, C, …], scale, bias [C].
///
/// y = scale · (x − mean) / √(variance + ε) + bias, with the biased variance.
package struct InstanceNormalization: LocalOperator, Equatable {
    package let name = "InstanceNormalization"
    package var epsilon: Float

    package init(epsilon: Float = 1e-5) { self.epsilon = epsilon }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        _ = try shape(of: x, ranks: 2...8)
        try expectFloats(inputs, count: 3)
        let channels = x.shape?.dropFirst().first?.constant
        for index in 1...2 {
            let parameter = try required(inputs, index)
            guard let channels, let shape = parameter.constantShape, shape != [channels] else {
                continue
            }
            throw OperatorError(
                expected: "\(channels) values as input number \(index + 1), one for each channel",
                found: text(shape)
            )
        }
        return [x]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, scale, bias) = (try float(inputs, 0), try float(inputs, 1), try float(inputs, 2))
        _ = try infer(inputs.map { $0.map { ValueType(of: $0) } })
        var y = x
        let (a, b) = (scale.floats, bias.floats)
        var out = y.mutableFloats
        forEachPlane(x.shape) { plane, range in
            let (mean, variance) = moments(of: out, range)
            let factor = Double(a[plane % x.shape[1]]) / (variance + Double(epsilon)).squareRoot()
            let offset = Double(b[plane % x.shape[1]]) - mean * factor
            for i in range { out[i] = Float(Double(out[i]) * factor + offset) }
        }
        return [y]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis, axis < 2 ? .identity : .everything), nil, nil] }
}

/// An instance normalization with what happens to its results on their way out.
///
/// Inputs: x, scale, bias, slopes [C] or none, residual or none.
package struct FusedInstanceNormalization: FusedOperator, Equatable {
    package var base: InstanceNormalization
    package var activation: FusedEnding.Activation = .none
    package var residual: FusedEnding.Residual = .none

    package init(_ base: InstanceNormalization) { self.base = base }

    package var own: any LocalOperator { base }
}

extension Graph.Node {
    /// The instance normalization that the node computes, on its own or with more.
    var instanceNormalization: FusedInstanceNormalization? {
        fusable as? FusedInstanceNormalization
    }
}

/// Brings the elements over the last axes to mean 0 and variance 1, then scales and shifts them:
/// ONNX LayerNormalization, version 17.
///
/// Inputs: x, scale, bias or none; outputs: y, mean, 1/deviation.
package struct LayerNormalization: LocalOperator, Equatable {
    package let name = "LayerNormalization"
    package var axis: Int
    package var epsilon: Float

    package init(axis: Int = -1, epsilon: Float = 1e-5) {
        self.axis = axis
        self.epsilon = epsilon
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        try expectFloats(inputs, count: 2)
        let x = try required(inputs, 0)
        guard let shape = x.shape else { return [x, x, x] }
        let first = try resolve(axis: axis, rank: shape.count)
        let reduced = shape.prefix(first) + shape.dropFirst(first).map { _ in 1 }
        let statistics = ValueType(x.elementType, Array(reduced))
        return [x, statistics, statistics]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, scale) = (try float(inputs, 0), try float(inputs, 1))
        let bias = try optionalFloat(inputs, 2)
        for parameter in [scale, bias].compactMap(\.self) {
            try check(parameter.shape, stretchesTo: x.shape)
        }
        let first = try resolve(axis: axis, rank: x.rank)
        let size = Array(x.shape.dropFirst(first)).elementCount
        let rows = Array(x.shape.prefix(first)).elementCount
        let statistics = x.shape.prefix(first) + x.shape.dropFirst(first).map { _ in 1 }
        var y = x
        var means = Tensor(uninitialized: Array(statistics))
        var inverses = Tensor(uninitialized: Array(statistics))
        do {
            var out = y.mutableFloats
            var m = means.mutableFloats
            var d = inverses.mutableFloats
            for row in 0..<rows {
                let range = (row * size)..<((row + 1) * size)
                let (mean, variance) = moments(of: out, range)
                let inverse = 1 / (variance + Double(epsilon)).squareRoot()
                m[row] = Float(mean)
                d[row] = Float(inverse)
                for i in range { out[i] = Float((Double(out[i]) - mean) * inverse) }
            }
        }
        y = try combine(y, scale, Float.self) { $0 * $1 }
        if let bias { y = try combine(y, bias, Float.self) { $0 + $1 } }
        return [y, means, inverses]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let rank = inputs[0]?.shape?.count ?? 0
        let first = (try? resolve(axis: self.axis, rank: rank)) ?? 0
        return [AxisSource(axis: axis, axis < first ? .identity : .everything), nil, nil]
    }
}

/// Brings groups of channels to mean 0 and variance 1 over all space, then scales and shifts: ONNX
/// GroupNormalization, versions 18 and 21.
///
/// Inputs: x [N, C, …], scale, bias — one value for each channel, or in version 18 for each group.
package struct GroupNormalization: LocalOperator, Equatable {
    package let name = "GroupNormalization"
    package var groups: Int
    package var epsilon: Float

    package init(groups: Int, epsilon: Float = 1e-5) {
        self.groups = groups
        self.epsilon = epsilon
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        _ = try shape(of: x, ranks: 2...8)
        try expectFloats(inputs, count: 3)
        if let channels = x.shape?.dropFirst().first?.constant {
            guard groups > 0, channels % groups == 0 else {
                throw OperatorError(
                    expected: "channels in \(groups) equal groups",
                    found: "\(channels)"
                )
            }
            let counts = [optional(inputs, 1), optional(inputs, 2)].compactMap { $0?.constantShape }
            guard counts.allSatisfy({ [[groups], [channels]].contains($0) && $0 == counts[0] })
            else {
                throw OperatorError(
                    expected: "a scale and a bias for each of \(channels) channels",
                    found: counts.map { text($0) }.joined(separator: " and ")
                )
            }
        }
        return [x]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, scale, bias) = (try float(inputs, 0), try float(inputs, 1), try float(inputs, 2))
        _ = try boundedTypes(inputs)
        let channels = x.shape[1]
        var y = x
        let (a, b) = (scale.floats, bias.floats)
        var out = y.mutableFloats
        let perGroup = channels / groups
        forEachPlane([x.shape[0], groups, x.count / max(1, x.shape[0] * groups)]) { group, range in
            let (mean, variance) = moments(of: out, range)
            let inverse = 1 / (variance + Double(epsilon)).squareRoot()
            for i in range {
                let channel =
                    group % groups * perGroup + (i - range.lowerBound) * perGroup / range.count
                let parameter = scale.count == channels ? channel : group % groups
                let normal = (Double(out[i]) - mean) * inverse
                out[i] = Float(normal * Double(a[parameter]) + Double(b[parameter]))
            }
        }
        return [y]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis, axis == 0 ? .identity : .everything), nil, nil] }
}

/// Calls `body` for each channel of each image with its number and where its elements lie.
private func forEachPlane(_ shape: [Int], _ body: (Int, Range<Int>) -> Void) {
    let size = Array(shape.dropFirst(2)).elementCount
    for plane in 0..<(shape[0] * shape[1]) { body(plane, (plane * size)..<((plane + 1) * size)) }
}

/// Mean and biased variance, in double precision and two passes.
private func moments(
    of values: borrowing MutableSpan<Float>,
    _ range: Range<Int>
) -> (mean: Double, variance: Double) {
    var sum = 0.0
    for i in range { sum += Double(values[i]) }
    let mean = sum / Double(range.count)
    var squares = 0.0
    for i in range {
        let difference = Double(values[i]) - mean
        squares += difference * difference
    }
    return (mean, squares / Double(range.count))
}
