internal import Graphs

/// Which feature maps share a mean and a deviation.
package enum NormalizationGroup: Sendable {
    /// Every map has its own.
    case instance
    /// A channel of all samples.
    case batch
    /// All channels of a sample.
    case layer
    /// Likewise, but divided by (unbiased deviation + ε) instead of √(variance + ε).
    case layerByDeviation

    fileprivate var axes: [Int] {
        switch self {
        case .instance: [2, 3]
        case .batch: [0, 2, 3]
        case .layer, .layerByDeviation: [1, 2, 3]
        }
    }
}

/// Feature maps with mean 0 and deviation 1, then scaled and shifted.
///
/// - Parameters:
///   - scale: [channels] or, for each sample its own, [batch, channels]; as is `shift`.
///   - observe: is told means and biased variances of channels, where those of a batch are used.
package func normalized<Number: Real>(
    _ x: Variable<Number>,
    _ group: NormalizationGroup,
    scale: Variable<Number>? = nil,
    shift: Variable<Number>? = nil,
    epsilon: Double = 1e-5,
    observe: ((_ mean: Variable<Number>, _ variance: Variable<Number>) -> Void)? = nil
) -> Variable<Number> {
    guard Number.fuses && Recording.current != .twice else {
        if let observe { withoutRecording { observe(x.mean([0, 2, 3]), x.variance([0, 2, 3])) } }
        return plainlyNormalized(x, group, scale: scale, shift: shift, epsilon: epsilon)
    }
    let moments = PlaneMoments(x, group, epsilon: epsilon)
    if let observe { observe(moments.channels(\.means), moments.channels(\.variances)) }
    let statistics = (scale, shift)
    let result = moments.normalize(x, scale: scale, shift: shift)
        .traced(
            group.operation(epsilon: Float(epsilon)),
            [
                x, group.row(scale ?? Variable([x.shape[1]], repeating: 1)),
                group.row(shift ?? Variable([x.shape[1]], repeating: 0)),
            ]
        )
    let given = [scale, shift].compactMap(\.self)
    return result.recorded(from: [x] + given) { gradient, wanted in
        let (scale, shift) = statistics
        let parts = moments.gradients(x, gradient, scale: scale, wantsInput: wanted[0])
        let shapes = given.map(\.shape)
        var results: [Variable<Number>?] = [parts.input]
        if scale != nil { results.append(parts.scale.summed(to: shapes[0])) }
        if shift != nil { results.append(parts.shift.summed(to: shapes.last!)) }
        return results
    }
}

extension NormalizationGroup {
    /// What a graph has for it; those of a batch are norms with fixed numbers there.
    fileprivate func operation(epsilon: Float) -> any Graphs.Operator {
        switch self {
        case .batch, .instance: InstanceNormalization(epsilon: epsilon)
        case .layer: LayerNormalization(axis: 1, epsilon: epsilon)
        // Its deviation is that of n − 1 numbers, which is nearly that of n.
        case .layerByDeviation: LayerNormalization(axis: 1, epsilon: epsilon * epsilon)
        }
    }

    /// Numbers of channels as the operation takes them, which is for one sample.
    fileprivate func row<Number: Real>(_ channels: Variable<Number>) -> Variable<Number> {
        let row = channels.shape.count == 1 ? channels : channels.reshaped([-1])
        switch self {
        case .batch, .instance: return row
        case .layer, .layerByDeviation: return row.asConstant([row.count, 1, 1])
        }
    }
}

/// The definition.
private func plainlyNormalized<Number: Real>(
    _ x: Variable<Number>,
    _ group: NormalizationGroup,
    scale: Variable<Number>?,
    shift: Variable<Number>?,
    epsilon: Double
) -> Variable<Number> {
    let centered = x - x.mean(group.axes)
    let variance = square(centered).mean(group.axes)
    var y: Variable<Number>
    if group == .layerByDeviation {
        let count = Double(x.count / x.shape[0])
        y = centered / (sqrt(variance * Number(count / (count - 1))) + Number(epsilon))
    } else {
        y = centered * rsqrt(variance + Number(epsilon))
    }
    if let scale { y = y * scale.reshaped(scale.shape + [1, 1]) }
    if let shift { y = y + shift.reshaped(shift.shape + [1, 1]) }
    return y
}

/// Feature maps of some samples, and which of them belong together.
private struct PlaneGroups {
    let shape: [Int]
    let group: NormalizationGroup

    var planes: Int { shape[0] * shape[1] }
    var size: Int { shape[2] * shape[3] }

    /// Numbers that a mean is taken of.
    var count: Double {
        switch group {
        case .instance: Double(size)
        case .batch: Double(size * shape[0])
        case .layer, .layerByDeviation: Double(size * shape[1])
        }
    }

    /// The group that a plane belongs to.
    private func index(_ plane: Int) -> Int {
        switch group {
        case .instance: plane
        case .batch: plane % shape[1]
        case .layer, .layerByDeviation: plane / shape[1]
        }
    }

    /// For every plane the sum over its group.
    func shared(_ values: [Double]) -> [Double] {
        if group == .instance { return values }
        var sums = [Double](repeating: 0, count: group == .batch ? shape[1] : shape[0])
        for (plane, value) in values.enumerated() { sums[index(plane)] += value }
        return values.indices.map { sums[index($0)] }
    }
}

/// Mean and inverse deviation of every plane's group.
private struct PlaneMoments<Number: Real> {
    private let groups: PlaneGroups
    /// For each plane, as are the others.
    private(set) var means: [Double]
    private(set) var variances: [Double] = []
    private var inverses: [Double] = []
    /// How much the inverse falls as the sum of squares grows, divided by the inverse.
    private var falls: [Double] = []

    private var planes: Int { groups.planes }
    private var size: Int { groups.size }
    private var shape: [Int] { groups.shape }
    private var count: Double { groups.count }

    init(_ x: Variable<Number>, _ group: NormalizationGroup, epsilon: Double) {
        groups = PlaneGroups(shape: x.shape, group: group)
        means = []
        let (size, count) = (groups.size, groups.count)
        let own = planeValues { Number.sum(x.base + $0 * size, count: size) }
        means = groups.shared(own).map { $0 / count }
        let centers = means
        let spreads = groups.shared(
            planeValues {
                Number.spread(x.base + $0 * size, around: Number(centers[$0]), count: size)
            }
        )
        for spread in spreads {
            variances.append(spread / count)
            if group == .layerByDeviation {
                let deviation = (spread / (count - 1)).squareRoot()
                inverses.append(1 / (deviation + epsilon))
                falls.append(inverses.last! / ((count - 1) * max(deviation, .leastNormalMagnitude)))
            } else {
                inverses.append(1 / (spread / count + epsilon).squareRoot())
                falls.append(inverses.last! * inverses.last! / count)
            }
        }
    }

    /// What every channel of a batch has.
    func channels(_ values: KeyPath<PlaneMoments, [Double]>) -> Variable<Number> {
        Variable([shape[1]], self[keyPath: values].prefix(shape[1]).map { Number($0) })
    }

    /// A number for every plane, worked out on all threads.
    private func planeValues(_ value: (Int) -> Double) -> [Double] {
        [Double](unsafeUninitializedCapacity: planes) { values, count in
            let start = values.baseAddress!
            inParallel(planes, grain: 1 + (1 << 14) / size) { range in
                for plane in range { (start + plane).initialize(to: value(plane)) }
            }
            count = planes
        }
    }

    private func number(_ variable: Variable<Number>?, _ plane: Int, otherwise: Double) -> Double {
        variable.map { Double($0.base[plane % $0.count]) } ?? otherwise
    }

    func normalize(
        _ x: Variable<Number>,
        scale: Variable<Number>?,
        shift: Variable<Number>?
    ) -> Variable<Number> {
        Variable(shape) { y in
            inParallel(planes, grain: 1 + (1 << 14) / size) { range in
                for plane in range {
                    let factor = inverses[plane] * number(scale, plane, otherwise: 1)
                    let offset = number(shift, plane, otherwise: 0) - means[plane] * factor
                    Number.apply(
                        .scale(factor: factor, offset: offset),
                        x.base + plane * size,
                        into: y + plane * size,
                        count: size
                    )
                }
            }
        }
    }

    /// Gradients for the input, and for a scale and a shift of every plane.
    func gradients(
        _ x: Variable<Number>,
        _ gradient: Variable<Number>,
        scale: Variable<Number>?,
        wantsInput: Bool
    ) -> (input: Variable<Number>?, scale: Variable<Number>, shift: Variable<Number>) {
        let sums = planeValues { Number.sum(gradient.base + $0 * size, count: size) }
        let products = planeValues { plane in
            Number.dot(gradient.base + plane * size, x.base + plane * size, count: size)
                - means[plane] * sums[plane]
        }
        let perPlane = [shape[0], shape[1]]
        let scales = Variable<Number>(
            perPlane,
            (0..<planes).map { Number(products[$0] * inverses[$0]) }
        )
        let shifts = Variable<Number>(perPlane, sums.map { Number($0) })
        guard wantsInput else { return (nil, scales, shifts) }
        let factors = (0..<planes).map { number(scale, $0, otherwise: 1) }
        let groupSums = groups.shared(zip(sums, factors).map(*))
        let groupProducts = groups.shared(zip(products, factors).map(*))
        let input = Variable<Number>(shape) { dx in
            inParallel(planes, grain: 1 + (1 << 14) / size) { range in
                for plane in range {
                    let inverse = inverses[plane]
                    let slope = -inverse * falls[plane] * groupProducts[plane]
                    let offset = -inverse * groupSums[plane] / count - slope * means[plane]
                    Number.blend(
                        Number(inverse * factors[plane]),
                        gradient.base + plane * size,
                        Number(slope),
                        x.base + plane * size,
                        Number(offset),
                        into: dx + plane * size,
                        count: size
                    )
                }
            }
        }
        return (input, scales, shifts)
    }
}
