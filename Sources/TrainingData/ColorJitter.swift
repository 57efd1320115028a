package import Tensors

/// Small changes of brightness, contrast, saturation and hue.
package struct ColorJitter: Sendable, Equatable {
    /// Factors; 1 changes nothing.
    package var brightness, contrast, saturation: Float
    /// A part of the colour circle, −0.5 to 0.5.
    package var hue: Float

    package init(
        brightness: Float = 1,
        contrast: Float = 1,
        saturation: Float = 1,
        hue: Float = 0
    ) {
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
    }

    /// Factors within `strength` of 1, and a hue within `hue` of 0.
    package static func random(
        strength: Double = 0.2,
        hue: Double = 0.02,
        _ random: inout RandomNumbers
    ) -> ColorJitter {
        let factors = (1 - strength)...(1 + strength)
        return ColorJitter(
            brightness: Float(random.uniform(factors)),
            contrast: Float(random.uniform(factors)),
            saturation: Float(random.uniform(factors)),
            hue: Float(random.uniform(-hue...hue))
        )
    }

    /// The picture 3 × H × W, changed in the order of the properties and limited to 0 … 1.
    package func apply(to picture: Tensor) -> Tensor {
        var result = picture.mapped { $0 * brightness }.clamped
        let mean = result.luma.array(of: Float.self).reduce(0, +) / Float(max(result.luma.count, 1))
        result = result.mapped { mean + ($0 - mean) * contrast }.clamped
        result =
            result.mappedPixels { (r, g, b) in
                let grey = 0.299 * r + 0.587 * g + 0.114 * b
                return (
                    grey + (r - grey) * saturation, grey + (g - grey) * saturation,
                    grey + (b - grey) * saturation
                )
            }.clamped
        if hue == 0 { return result }
        return result.mappedPixels { (r, g, b) in
            var color = HSV(red: r, green: g, blue: b)
            color.hue += hue
            return color.rgb
        }
    }
}
