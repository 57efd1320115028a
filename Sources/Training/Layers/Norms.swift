/// Feature maps normalised over the batch; for inference, by running means.
package struct BatchNorm<Number: Real>: Layer {
    package let scale: Parameter<Number>
    package let shift: Parameter<Number>
    package let runningMean: Buffer<Number>
    package let runningVariance: Buffer<Number>
    let epsilon: Double
    let momentum: Double

    package init(
        _ channels: Int,
        epsilon: Double = 1e-5,
        momentum: Double = 0.1,
        _ initial: Initialization
    ) {
        scale = initial.normScale(channels)
        shift = Parameter(Variable([channels], repeating: 0))
        runningMean = Buffer(Variable([channels], repeating: 0))
        runningVariance = Buffer(Variable([channels], repeating: 1))
        self.epsilon = epsilon
        self.momentum = momentum
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        guard Phase.current == .training else {
            let factor = scale.variable * rsqrt(runningVariance.variable + Number(epsilon))
            let offset = shift.variable - runningMean.variable * factor
            return x * factor.reshaped([x.shape[1], 1, 1]) + offset.reshaped([x.shape[1], 1, 1])
        }
        return normalized(
            x,
            .batch,
            scale: scale.variable,
            shift: shift.variable,
            epsilon: epsilon
        ) { gather(mean: $0, variance: $1, count: Double(x.count / x.shape[1])) }
    }

    /// Running means follow the batch; the variance is the unbiased one.
    private func gather(mean: Variable<Number>, variance: Variable<Number>, count: Double) {
        withoutRecording {
            let channels = runningMean.variable.shape
            let unbiased = variance.reshaped(channels) * Number(count / max(count - 1, 1))
            let (old, new) = (Number(1 - momentum), Number(momentum))
            runningMean.variable = runningMean.variable * old + mean.reshaped(channels) * new
            runningVariance.variable = runningVariance.variable * old + unbiased * new
        }
    }
}

/// Every feature map of every sample normalised by itself.
package struct InstanceNorm<Number: Real>: Layer {
    package let scale: Parameter<Number>?
    package let shift: Parameter<Number>?

    /// Without scale and shift.
    package init() { (scale, shift) = (nil, nil) }

    package init(_ channels: Int, _ initial: Initialization) {
        scale = initial.normScale(channels)
        shift = Parameter(Variable([channels], repeating: 0))
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        normalized(x, .instance, scale: scale?.variable, shift: shift?.variable)
    }
}

/// Each sample normalised over all channels and pixels.
package struct LayerNorm<Number: Real>: Layer {
    package let scale: Parameter<Number>
    package let shift: Parameter<Number>
    let group: NormalizationGroup

    /// - Parameter byDeviation: divides by (unbiased deviation + ε), with scales drawn from 0 … 1.
    package init(_ channels: Int, byDeviation: Bool = false, _ initial: Initialization) {
        group = byDeviation ? .layerByDeviation : .layer
        scale =
            byDeviation
            ? Parameter(initial.stream.uniform([channels]))
            : Parameter(Variable([channels], repeating: 1))
        shift = Parameter(Variable([channels], repeating: 0))
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        normalized(x, group, scale: scale.variable, shift: shift.variable)
    }
}

/// Instance norm whose scale and shift come from outside, for each sample its own: [batch, channels].
package func adaptiveInstanceNorm<Number: Real>(
    _ x: Variable<Number>,
    scale: Variable<Number>,
    shift: Variable<Number>
) -> Variable<Number> { normalized(x, .instance, scale: scale, shift: shift) }

/// Feature maps divided by their root mean square, then cut off below a learned threshold.
package struct FilterResponseNorm<Number: Real>: Layer {
    package let scale, shift, threshold: Parameter<Number>

    package init(_ channels: Int) {
        scale = Parameter(Variable([channels, 1, 1], repeating: 1))
        shift = Parameter(Variable([channels, 1, 1], repeating: 0))
        threshold = Parameter(Variable([channels, 1, 1], repeating: 0))
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        let y = filterResponseNormalized(x) * scale.variable + shift.variable
        return maximum(y, threshold.variable)
    }
}

/// A choice of normalisation.
package enum Norm: Sendable {
    case none, batch, instance, affineInstance, layer, layerByDeviation

    /// The layer for some channels, if there is one.
    package func layers<Number: Real>(
        _ channels: Int,
        _ initial: Initialization
    ) -> [any Layer<Number>] {
        switch self {
        case .none: []
        case .batch: [BatchNorm<Number>(channels, initial)]
        case .instance: [InstanceNorm<Number>()]
        case .affineInstance: [InstanceNorm<Number>(channels, initial)]
        case .layer: [LayerNorm<Number>(channels, initial)]
        case .layerByDeviation: [LayerNorm<Number>(channels, byDeviation: true, initial)]
        }
    }
}
