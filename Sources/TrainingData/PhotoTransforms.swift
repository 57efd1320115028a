internal import Glibc
package import Tensors

/// Changes of photos 3 × H × W that are known exactly, to judge what learns them without pairs.
extension Tensor {
    /// A global and nearly affine change of colours.
    package var toned: Tensor {
        mappedPixels { (r, g, b) in
            let (r, g, b) = (powf(r, 1.3), g, powf(b, 0.75))
            return (
                (0.75 * r + 0.20 * g + 0.05 * b) * 0.80 + 0.02,
                (0.10 * r + 0.70 * g + 0.20 * b) * 0.85 + 0.03,
                0.05 * r + 0.15 * g + 0.80 * b
            )
        }.clamped
    }

    /// Dark places become brighter and cooler, bright ones darker and warmer, by the brightness
    /// around them; no change of colours alone does that.
    ///
    /// What is around a pixel is seen through a Gaussian with a σ of a sixteenth of the shorter side.
    package var locallyToned: Tensor {
        let sigma = Double(min(width, height)) / 16
        let around = luma.blurred(sigma: sigma).floats
        let pixels = around.count
        let (cool, warm): ([Float], [Float]) = ([0.85, 0.95, 1.15], [1.12, 1.0, 0.80])
        var result = self
        var out = result.mutableFloats
        for i in out.indices {
            let (channel, b) = (i / pixels, around[i % pixels])
            let tint = cool[channel] * (1 - b) + warm[channel] * b
            out[i] *= (1.7 - 1.3 * b) * tint
        }
        return result.clamped
    }

    /// The negative, each channel in the place of the next: red shows what blue was not.
    package var negative: Tensor {
        mappedPixels { (r, g, b) in (1 - b, 1 - r, 1 - g) }
    }
}
