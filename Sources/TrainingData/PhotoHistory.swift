internal import Measures
package import Tensors

/// What a photo may have gone through before somebody wants it larger: blur, resizing, noise and
/// JPEG, two times, and rings beside edges.
///
/// The second-order degradation of Real-ESRGAN (Wang and others, 2021) with its ranges.
package struct PhotoHistory: Sendable {
    /// One pass through the things that happen.
    private struct Pass {
        let blurs: Double
        let deviations: ClosedRange<Double>
        let sizes: ClosedRange<Double>
        /// How often it is made larger, and how often smaller.
        let grows, shrinks: Double
        let noise: ClosedRange<Double>
        /// How much stronger than that of 256 events the noise of light is.
        let shotNoise: ClosedRange<Double>
        /// Whether sizes are parts of the result's; else of the original's.
        let isSmall: Bool

        static let first = Pass(
            blurs: 1,
            deviations: 0.2...3,
            sizes: 0.15...1.5,
            grows: 0.2,
            shrinks: 0.7,
            noise: (1.0 / 255)...(30.0 / 255),
            shotNoise: 0.05...3,
            isSmall: false
        )
        static let second = Pass(
            blurs: 0.8,
            deviations: 0.2...1.5,
            sizes: 0.3...1.2,
            grows: 0.3,
            shrinks: 0.4,
            noise: (1.0 / 255)...(25.0 / 255),
            shotNoise: 0.05...2.5,
            isSmall: true
        )
    }

    /// How many times smaller the result is.
    package let scale: Int

    package init(scale: Int) { self.scale = scale }

    /// The picture 3 × H × W as it might have come down to us, rounded to 8 bits.
    package func apply(
        to picture: Tensor,
        _ random: inout RandomNumbers
    ) throws(DataError) -> Tensor {
        let size = Size(width: picture.width / scale, height: picture.height / scale)
        var result = try jpeg(passed(picture, .first, picture, &random), &random)
        result = passed(result, .second, picture, &random)
        // Whether the last program resized before it compressed or after.
        if random.happens(0.5) {
            result = try jpeg(ringing(result.resized(to: size, kernel(&random)), &random), &random)
        } else {
            result = try jpeg(result, &random)
            result = ringing(result.resized(to: size, kernel(&random)), &random)
        }
        return result.roundedToBytes
    }

    /// Blur, resizing and noise.
    private func passed(
        _ picture: Tensor,
        _ pass: Pass,
        _ original: Tensor,
        _ random: inout RandomNumbers
    ) -> Tensor {
        var result = picture
        if random.happens(pass.blurs) { result = result.filtered(blur(pass, &random)) }
        let chance = random.uniform()
        let change =
            if chance < pass.grows {
                random.uniform(1...pass.sizes.upperBound)
            } else if chance < pass.grows + pass.shrinks {
                random.uniform(pass.sizes.lowerBound...1)
            } else { 1.0 }
        let base = pass.isSmall ? Double(scale) : 1
        result =
            result.resized(
                to: Size(
                    width: max(1, Int((Double(original.width) / base * change).rounded())),
                    height: max(1, Int((Double(original.height) / base * change).rounded()))
                ),
                kernel(&random)
            ).clamped
        if random.happens(0.5) {
            let deviation = random.uniform(pass.noise)
            let isGrey = random.happens(0.4)
            return result.withNoise(deviation: deviation, isGrey: isGrey, &random)
        }
        let strength = random.uniform(pass.shotNoise)
        return result.withShotNoise(photons: 256 / (strength * strength), &random)
    }

    private func blur(_ pass: Pass, _ random: inout RandomNumbers) -> SquareKernel {
        let radius = random.integer(3...10)
        if random.happens(0.1) {
            return .ringing(cutoff: random.uniform((.pi / 3)...(.pi)), radius: radius)
        }
        let along = random.uniform(pass.deviations)
        let across = random.happens(0.5) ? along : random.uniform(pass.deviations)
        let angle = random.uniform(0...Double.pi)
        return .gaussian(along, across, angle: angle, radius: radius)
    }

    /// Sharpening that somebody overdid, most of the time.
    private func ringing(_ picture: Tensor, _ random: inout RandomNumbers) -> Tensor {
        guard random.happens(0.8) else { return picture.clamped }
        let cutoff = random.uniform((.pi / 3)...(.pi))
        let radius = random.integer(3...10)
        return picture.filtered(.ringing(cutoff: cutoff, radius: radius)).clamped
    }

    private func jpeg(_ picture: Tensor, _ random: inout RandomNumbers) throws(DataError) -> Tensor
    {
        try picture.throughJPEG(quality: random.integer(30...95))
    }

    private func kernel(_ random: inout RandomNumbers) -> ResizeKernel {
        random.happens(0.5) ? .linear : .cubic
    }
}
