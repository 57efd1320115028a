/// Johnson's transformation network: a picture in the one style that it was trained for.
package struct StyleTransformer<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(features f: Int = 32, blocks: Int = 5, _ initial: Initialization) {
        layers = Sequential {
            Convolution(3, f, kernel: 9, padding: .reflect(4), initial)
            InstanceNorm(f, initial)
            Apply(relu)
            for scale in [1, 2] {
                Convolution(
                    f * scale,
                    f * scale * 2,
                    kernel: 3,
                    stride: 2,
                    padding: .reflect(1),
                    initial
                )
                InstanceNorm(f * scale * 2, initial)
                Apply(relu)
            }
            for _ in 0..<blocks {
                Residual {
                    Convolution(f * 4, f * 4, kernel: 3, padding: .reflect(1), initial)
                    InstanceNorm(f * 4, initial)
                    Apply(relu)
                    Convolution(f * 4, f * 4, kernel: 3, padding: .reflect(1), initial)
                    InstanceNorm(f * 4, initial)
                }
            }
            for scale in [4, 2] {
                Enlarge(2)
                Convolution(f * scale, f * scale / 2, kernel: 3, padding: .reflect(1), initial)
                InstanceNorm(f * scale / 2, initial)
                Apply(relu)
            }
            Convolution(f, 3, kernel: 9, padding: .reflect(4), initial)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// Four transposed convolutions that make a picture sixteen times larger.
package struct SixteenfoldGenerator<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(_ initial: Initialization) {
        layers = Sequential {
            for (inputs, outputs) in [(3, 64), (64, 128), (128, 256)] {
                TransposedConvolution(inputs, outputs, kernel: 4, stride: 2, padding: 1, initial)
                BatchNorm(outputs, initial)
                LeakyRelu(0.2)
            }
            TransposedConvolution(256, 3, kernel: 4, stride: 2, padding: 1, initial)
            Apply(sigmoid)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// Judges whole pictures of one size, which it halves three times, forgetting some of what it saw.
package struct DropoutDiscriminator<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(side: Int, dropout: RandomStream, _ initial: Initialization) {
        layers = Sequential {
            for (inputs, outputs) in [(3, 64), (64, 128), (128, 256)] {
                Convolution(inputs, outputs, kernel: 4, stride: 2, initial)
                LeakyRelu(0.2)
                Dropout(0.3, dropout)
            }
            Apply { $0.flattened() }
            Linear(256 * (side / 8) * (side / 8), 1, initial)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}
