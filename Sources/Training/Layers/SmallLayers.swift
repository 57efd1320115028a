/// Keeps positive numbers and scales the others by a learned slope.
///
/// There is one slope for each channel, or one for all.
package struct PReLU<Number: Real>: Layer {
    package let slope: Parameter<Number>

    package init(_ channels: Int, slope: Number = 0.25) {
        self.slope = Parameter(Variable([channels], repeating: slope))
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        prelu(x, slopes: slope.variable)
    }
}

/// Channels spread over squares of pixels.
package struct PixelShuffle<Number: Real>: Layer {
    let scale: Int

    package init(_ scale: Int) { self.scale = scale }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        x.pixelShuffled(scale)
    }
}

/// Pictures made a whole number of times larger.
package struct Enlarge<Number: Real>: Layer {
    let factor: Int
    let interpolation: Interpolation

    package init(_ factor: Int, _ interpolation: Interpolation = .nearest) {
        self.factor = factor
        self.interpolation = interpolation
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        x.enlarged(factor, interpolation)
    }
}

/// While training, forgets numbers at random and makes up for it with the others.
package struct Dropout<Number: Real>: Layer {
    package let stream: RandomStream
    let probability: Double
    /// Whether it goes on at inference.
    let isAlwaysOn: Bool

    package init(_ probability: Double, alwaysOn: Bool = false, _ stream: RandomStream) {
        self.probability = probability
        self.stream = stream
        isAlwaysOn = alwaysOn
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        guard Phase.current == .training || isAlwaysOn else { return x }
        let mask = withoutRecording {
            let draws: Variable<Number> = stream.uniform(x.shape)
            return (draws - Number(probability)).applying(.step(slope: 0))
                * Number(1 / (1 - probability))
        }
        return x * mask
    }
}

/// While training, adds normal noise.
package struct Noise<Number: Real>: Layer {
    package let stream: RandomStream
    let deviation: Double

    package init(deviation: Double, _ stream: RandomStream) {
        self.deviation = deviation
        self.stream = stream
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        guard Phase.current == .training else { return x }
        return x + stream.normal(x.shape, deviation: deviation)
    }
}
