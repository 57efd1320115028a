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

/// Johnson's network for any style: its norms scale and shift by what they read off a few numbers that
/// describe one (Ghiasi and others, 2017).
package struct StyledTransformer<Number: Real>: Module {
    package let reduction: [StyledConvolution<Number>]
    /// Two for each residual block.
    package let blocks: [StyledConvolution<Number>]
    package let enlargement: [StyledConvolution<Number>]
    package let last: Convolution<Number>

    /// - Parameter size: how many numbers describe a style.
    package init(
        features f: Int = 32,
        blocks count: Int = 5,
        style size: Int,
        _ initial: Initialization
    ) {
        reduction = [
            StyledConvolution(3, f, kernel: 9, style: size, initial),
            StyledConvolution(f, f * 2, stride: 2, style: size, initial),
            StyledConvolution(f * 2, f * 4, stride: 2, style: size, initial),
        ]
        blocks = (0..<(2 * count)).map { _ in
            StyledConvolution(f * 4, f * 4, style: size, initial)
        }
        enlargement = [
            StyledConvolution(f * 4, f * 2, style: size, initial),
            StyledConvolution(f * 2, f, style: size, initial),
        ]
        last = Convolution(f, 3, kernel: 9, padding: .reflect(4), initial)
    }

    package func callAsFunction(
        _ x: Variable<Number>,
        style: Variable<Number>
    ) -> Variable<Number> {
        var y = reduction.reduce(x) { relu($1($0, style: style)) }
        for first in stride(from: 0, to: blocks.count, by: 2) {
            let inner = relu(blocks[first](y, style: style))
            y = y + blocks[first + 1](inner, style: style)
        }
        return last(enlargement.reduce(y) { relu($1($0.enlarged(2), style: style)) })
    }
}

/// A convolution and an instance norm that scales and shifts by what it reads off a style.
package struct StyledConvolution<Number: Real>: Module {
    package let convolution: Convolution<Number>
    package let scale, shift: Linear<Number>

    package init(
        _ inputs: Int,
        _ outputs: Int,
        kernel: Int = 3,
        stride: Int = 1,
        style size: Int,
        _ initial: Initialization
    ) {
        convolution = Convolution(
            inputs,
            outputs,
            kernel: kernel,
            stride: stride,
            padding: .reflect(kernel / 2),
            initial
        )
        // At first all styles are much the same: scales near 1, shifts near 0.
        scale = Linear(size, outputs, initial.scaled(by: 0.25))
        shift = Linear(size, outputs, initial.scaled(by: 0.25))
    }

    package func callAsFunction(
        _ x: Variable<Number>,
        style: Variable<Number>
    ) -> Variable<Number> {
        adaptiveInstanceNorm(convolution(x), scale: scale(style) + 1, shift: shift(style))
    }
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
