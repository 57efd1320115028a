package import Tensors

/// Interpolates a tensor to other sides: ONNX Resize, versions 10 to 19, and Upsample.
///
/// Inputs: x, region or none (for cropping), scales (float) or none, sides (int64) or none.
package struct Resize: LocalOperator, Equatable {
    package let name = "Resize"
    /// The interpolation; its scale is filled in for each axis.
    package var resampling: Resampling
    /// The axes that scales and sides speak of; `nil` for all.
    package var axes: [Int]?
    /// What happens when sides would change the aspect ratio.
    package var aspect: Aspect

    package enum Aspect: String, Sendable {
        case stretch
        case notLarger = "not_larger"
        case notSmaller = "not_smaller"
    }

    /// Scales that are known already, as a constant does not fit into a value's type.
    package var scales: [Float]?
    /// The nearest position is the next one wherever an axis shrinks, as in version 10.
    package var ceilsWhereSmaller = false

    package init(_ resampling: Resampling, axes: [Int]? = nil, aspect: Aspect = .stretch) {
        self.resampling = resampling
        self.axes = axes
        self.aspect = aspect
    }

    private static let largestScale: Float = 1_048_576

    /// The resampling and the output side along every axis; `nil` where sides are not known.
    func plan(
        _ inputs: [ValueType?],
        _ shape: [Dimension]
    ) throws(OperatorError) -> [(resampling: Resampling?, side: Dimension)]? {
        var axes = Array(shape.indices)
        if let own = self.axes {
            axes = []
            for axis in own { axes.append(try resolve(axis: axis, rank: shape.count)) }
        }
        var result: [(resampling: Resampling?, side: Dimension)] = shape.map { (nil, $0) }
        if let scales {
            guard scales.count == axes.count else {
                throw OperatorError(expected: "\(axes.count) scales", found: "\(scales.count)")
            }
            for (scale, axis) in zip(scales, axes) where scale != 1 || needsAxis(axis) {
                guard scale > 0, scale <= Self.largestScale,
                    let side = scaled(shape[axis], by: scale)
                else {
                    throw OperatorError(
                        expected: "a simple scale above 0 and up to \(Int(Self.largestScale))",
                        found: "\(scale)"
                    )
                }
                var axisResampling = resampling
                axisResampling.scale = Double(scale)
                if ceilsWhereSmaller, scale < 1 { axisResampling.interpolation = .nearest(.ceil) }
                result[axis] = (axisResampling, side)
            }
            return result
        }
        guard let sides = optional(inputs, 3)?.content else { return nil }
        guard sides.count == axes.count else {
            throw OperatorError(expected: "\(axes.count) sides", found: "\(sides.count)")
        }
        var outputs = sides
        if aspect != .stretch {
            let ratios = zip(sides, axes).compactMap { side, axis -> Double? in
                guard let n = side.constant, let m = shape[axis].constant, n > 0, m > 0 else {
                    return nil
                }
                return Double(n) / Double(m)
            }
            guard ratios.count == sides.count, let least = ratios.min(), let most = ratios.max()
            else { return nil }
            let scale = aspect == .notLarger ? least : most
            outputs = axes.map { axis in
                let side = (scale * Double(shape[axis].constant ?? 0)).rounded()
                return Dimension(Int(min(side, Double(1 << 40))))
            }
            for (side, axis) in zip(outputs, axes) {
                var axisResampling = resampling
                axisResampling.scale = scale
                result[axis] = (axisResampling, side)
            }
            return result
        }
        for (side, axis) in zip(outputs, axes) where side != shape[axis] || needsAxis(axis) {
            if let length = side.constant, length > 0, shape[axis] == 0 {
                throw OperatorError(
                    expected: "elements to resize to \(length) at axis \(axis)",
                    found: "none"
                )
            }
            var axisResampling = resampling
            if let (n, d) = side.ratio(to: shape[axis]), side.constant == nil {
                axisResampling.scale = Double(n) / Double(d)
            }
            result[axis] = (axisResampling, side)
        }
        return result
    }

    /// Cropping touches an axis even where its side stays.
    private func needsAxis(_ axis: Int) -> Bool {
        resampling.coordinates == .tfCropAndResize
    }

    /// ⌊side · scale⌋ where the scale is a simple fraction or the side is known.
    private func scaled(_ side: Dimension, by scale: Float) -> Dimension? {
        if let side = side.constant { return Dimension(Int((Float(side) * scale).rounded(.down))) }
        for denominator in 1...64 {
            let numerator = (scale * Float(denominator)).rounded()
            if numerator / Float(denominator) == scale {
                return (side * Dimension(Int(numerator))).floored(by: denominator)
            }
        }
        return nil
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = x.shape, let plan = try plan(inputs, shape) else {
            return [ValueType(x.elementType, nil)]
        }
        return [ValueType(x.elementType, plan.map(\.side))]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        guard x.elementType == .float32 else {
            let floats: [Tensor?] = [x.converted(to: .float32)] + inputs.dropFirst()
            return try evaluate(floats).map { $0.converted(to: x.elementType) }
        }
        var resize = self
        if scales == nil, let given = optional(inputs, 2), given.count > 0 {
            resize.scales = given.converted(to: .float32).array(of: Float.self)
        }
        let types = inputs.map { $0.map { ValueType(of: $0) } }
        guard let plan = try resize.plan(types, x.shape.map { Dimension($0) }) else {
            throw OperatorError(expected: "scales or sides", found: "neither")
        }
        try ValueType(x.elementType, plan.map(\.side)).checkBounds(
            mostElements: ValueType.mostComputedElements
        )
        let region = optional(inputs, 1).flatMap { $0.count > 0 ? $0 : nil }?
            .converted(to: .float32).array(of: Float.self)
        let count = 2 * (axes?.count ?? x.rank)
        guard region == nil || region!.count == count else {
            throw OperatorError(expected: "a region of \(count) numbers", found: "\(region!.count)")
        }
        var result = x
        for (axis, step) in plan.enumerated() {
            guard var resampling = step.resampling, let side = step.side.constant else { continue }
            if let region {
                let own = axes?.firstIndex { ($0 + x.rank) % x.rank == axis } ?? axis
                let half = region.count / 2
                resampling.region = (Double(region[own]), Double(region[own + half]))
            }
            result = resized(result, axis: axis, to: side, resampling)
        }
        return [result]
    }

    private func resized(
        _ x: Tensor,
        axis: Int,
        to side: Int,
        _ resampling: Resampling
    ) -> Tensor {
        var shape = x.shape
        shape[axis] = side
        let line = resampling.axis(inputLength: x.shape[axis], outputLength: side)
        let taps = (0..<side).map { line.taps($0) }
        let inner = Array(x.shape.dropFirst(axis + 1)).elementCount
        var result = Tensor(shape: shape)
        let source = x.floats
        var target = result.mutableFloats
        for outer in 0..<Array(x.shape.prefix(axis)).elementCount {
            for (position, taps) in taps.enumerated() {
                let start = (outer * side + position) * inner
                guard let taps else {
                    for i in 0..<inner { target[start + i] = resampling.extrapolation }
                    continue
                }
                for tap in taps {
                    let from = (outer * x.shape[axis] + tap.position) * inner
                    for i in 0..<inner { target[start + i] += tap.weight * source[from + i] }
                }
            }
        }
        return result
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let others = inputs.dropFirst().map { _ -> AxisSource? in nil }
        guard let shape = inputs[0]?.shape, let plan = try? plan(inputs, shape) else {
            return [AxisSource(axis: axis, .everything)] + others
        }
        guard let resampling = plan[axis].resampling else {
            return [AxisSource(axis: axis)] + others
        }
        return [AxisSource(axis: axis, .resampled(resampling))] + others
    }
}
