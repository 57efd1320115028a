internal import Glibc
package import Tensors

extension Tensor {
    /// A picture C × H × W blurred with a Gaussian, its border pixels continued outwards.
    ///
    /// - Parameter radius: where the Gaussian is cut off, in pixels; three σ if nobody says.
    package func blurred(sigma: Double, radius: Int? = nil) -> Tensor {
        if sigma <= 0 { return self }
        let radius = radius ?? Int((3 * sigma).rounded(.up))
        let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
        let sum = raw.reduce(0, +)
        let weights = raw.map { Float($0 / sum) }
        return filtered(weights, step: 1, length: width).filtered(
            weights,
            step: width,
            length: height
        )
    }

    /// Weighted sums along the axis whose neighbours are `step` apart.
    private func filtered(_ weights: [Float], step: Int, length: Int) -> Tensor {
        let radius = weights.count / 2
        var result = Tensor(uninitialized: shape)
        let values = floats
        var out = result.mutableFloats
        for i in out.indices {
            let place = i / step % length
            let start = i - place * step
            var sum: Float = 0
            for (tap, weight) in weights.enumerated() {
                let source = min(max(place + tap - radius, 0), length - 1)
                sum += weight * values[start + source * step]
            }
            out[i] = sum
        }
        return result
    }
}
