/// Judges every patch of a picture by itself: a map of logits (PatchGAN).
package struct PatchDiscriminator<Number: Real>: Layer {
    package let layers: Sequential<Number>

    /// - Parameter halvings: how often the sides are halved; 0 looks at single pixels, 3 at 70 × 70.
    package init(
        inputs: Int = 3,
        features f: Int,
        halvings: Int,
        norm: Norm = .batch,
        spectralNorm: Bool = false,
        _ initial: Initialization
    ) {
        // A batch norm takes biases away again.
        let hasBias = norm != .batch
        func width(_ level: Int) -> Int { f * min(8, 1 << level) }
        func convolution(
            _ inputs: Int,
            _ outputs: Int,
            stride: Int,
            kernel: Int = 4,
            bias: Bool = true
        ) -> Convolution<Number> {
            Convolution(
                inputs,
                outputs,
                kernel: kernel,
                stride: stride,
                padding: .zero(kernel == 4 ? 1 : 0),
                bias: bias,
                spectralNorm: spectralNorm,
                initial
            )
        }
        layers = Sequential {
            if halvings == 0 {
                convolution(inputs, f, stride: 1, kernel: 1)
                LeakyRelu(0.2)
                convolution(f, 2 * f, stride: 1, kernel: 1, bias: hasBias)
                norm.layers(2 * f, initial)
                LeakyRelu(0.2)
                convolution(2 * f, 1, stride: 1, kernel: 1)
            } else {
                convolution(inputs, f, stride: 2)
                LeakyRelu(0.2)
                for level in 1...halvings {
                    convolution(
                        width(level - 1),
                        width(level),
                        stride: level < halvings ? 2 : 1,
                        bias: hasBias
                    )
                    norm.layers(width(level), initial)
                    LeakyRelu(0.2)
                }
                convolution(width(halvings), 1, stride: 1)
            }
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// Patch discriminators of their own for a picture and its halvings (MUNIT).
package struct MultiScaleDiscriminator<Number: Real>: Module {
    package let scales: [Sequential<Number>]

    package init(
        inputs: Int = 3,
        features f: Int,
        layers: Int,
        scales: Int,
        _ initial: Initialization
    ) {
        self.scales = (0..<scales).map { _ in
            Sequential {
                for layer in 0..<layers {
                    Convolution(
                        layer == 0 ? inputs : f << (layer - 1),
                        f << layer,
                        kernel: 4,
                        stride: 2,
                        padding: .reflect(1),
                        initial
                    )
                    LeakyRelu(0.2)
                }
                Convolution(f << (layers - 1), 1, kernel: 1, initial)
            }
        }
    }

    /// The logits of every scale.
    package func callAsFunction(_ x: Variable<Number>) -> [Variable<Number>] {
        var (picture, logits) = (x, [Variable<Number>]())
        for (index, scale) in scales.enumerated() {
            if index > 0 { picture = picture.averagePooled(3, stride: 2, padding: 1) }
            logits.append(scale(picture))
        }
        return logits
    }
}
