/// Pictures from noise [batch, size] (DCGAN): four pixels wide, then doubled again and again.
package struct NoiseGenerator<Number: Real>: Layer {
    package let layers: Sequential<Number>

    /// - Parameters:
    ///   - width: channels before the last layer.
    ///   - doublings: 4 for pictures of 64 × 64.
    package init(
        noise: Int = 100,
        channels: Int = 3,
        width: Int,
        doublings: Int = 4,
        _ initial: Initialization
    ) {
        let widest = width << (doublings - 1)
        layers = Sequential {
            Apply { $0.reshaped([$0.shape[0], noise, 1, 1]) }
            TransposedConvolution(noise, widest, kernel: 4, bias: false, initial)
            BatchNorm(widest, initial)
            Apply(relu)
            for level in 1..<doublings {
                TransposedConvolution(
                    widest >> (level - 1),
                    widest >> level,
                    kernel: 4,
                    stride: 2,
                    padding: 1,
                    bias: false,
                    initial
                )
                BatchNorm(widest >> level, initial)
                Apply(relu)
            }
            TransposedConvolution(
                width,
                channels,
                kernel: 4,
                stride: 2,
                padding: 1,
                bias: false,
                initial
            )
            Apply(tanh)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// Judges whole pictures, halving them until four pixels are left: a logit each (DCGAN).
package struct NoiseDiscriminator<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(
        channels: Int = 3,
        width: Int,
        halvings: Int = 4,
        _ initial: Initialization
    ) {
        layers = Sequential {
            Convolution(channels, width, kernel: 4, stride: 2, bias: false, initial)
            LeakyRelu(0.2)
            for level in 1..<halvings {
                Convolution(
                    width << (level - 1),
                    width << level,
                    kernel: 4,
                    stride: 2,
                    bias: false,
                    initial
                )
                BatchNorm(width << level, initial)
                LeakyRelu(0.2)
            }
            Convolution(
                width << (halvings - 1),
                1,
                kernel: 4,
                padding: .zero(0),
                bias: false,
                initial
            )
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}
