/// Halves a picture twice, works on it by residual blocks, and enlarges it again (Johnson et al.,
/// CycleGAN).
package struct ResidualGenerator<Number: Real>: Layer {
    /// How feature maps become larger.
    package enum Enlargement: Sendable {
        case transposed
        /// The nearest pixels, then a convolution: no checkerboards.
        case resized
    }

    package let layers: Sequential<Number>

    package init(
        inputs: Int = 3,
        outputs: Int = 3,
        features f: Int,
        blocks: Int,
        enlargement: Enlargement = .transposed,
        _ initial: Initialization
    ) {
        layers = Sequential {
            Convolution(inputs, f, kernel: 7, padding: .reflect(3), initial)
            InstanceNorm()
            Apply(relu)
            for scale in [1, 2] {
                Convolution(f * scale, f * scale * 2, kernel: 3, stride: 2, initial)
                InstanceNorm()
                Apply(relu)
            }
            for _ in 0..<blocks {
                Residual {
                    Convolution(f * 4, f * 4, kernel: 3, padding: .reflect(1), initial)
                    InstanceNorm()
                    Apply(relu)
                    Convolution(f * 4, f * 4, kernel: 3, padding: .reflect(1), initial)
                    InstanceNorm()
                }
            }
            for scale in [4, 2] {
                switch enlargement {
                case .transposed:
                    TransposedConvolution(
                        f * scale,
                        f * scale / 2,
                        kernel: 3,
                        stride: 2,
                        padding: 1,
                        outputPadding: 1,
                        initial
                    )
                case .resized:
                    Enlarge(2)
                    Convolution(f * scale, f * scale / 2, kernel: 3, padding: .reflect(1), initial)
                }
                InstanceNorm()
                Apply(relu)
            }
            Convolution(f, outputs, kernel: 7, padding: .reflect(3), initial)
            Apply(tanh)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}
