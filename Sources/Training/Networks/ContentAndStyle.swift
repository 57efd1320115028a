/// What a picture shows, without its style: feature maps of a quarter of its size (MUNIT, UNIT).
package struct ContentEncoder<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(
        inputs: Int = 3,
        features f: Int,
        halvings: Int,
        blocks: Int,
        _ initial: Initialization
    ) {
        layers = Sequential {
            Convolution(inputs, f, kernel: 7, padding: .reflect(3), initial)
            InstanceNorm()
            Apply(relu)
            for level in 0..<halvings {
                Convolution(
                    f << level,
                    f << (level + 1),
                    kernel: 4,
                    stride: 2,
                    padding: .reflect(1),
                    initial
                )
                InstanceNorm()
                Apply(relu)
            }
            for _ in 0..<blocks {
                Residual {
                    Convolution(
                        f << halvings,
                        f << halvings,
                        kernel: 3,
                        padding: .reflect(1),
                        initial
                    )
                    InstanceNorm()
                    Apply(relu)
                    Convolution(
                        f << halvings,
                        f << halvings,
                        kernel: 3,
                        padding: .reflect(1),
                        initial
                    )
                    InstanceNorm()
                }
            }
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// The style of a picture as a few numbers: [batch, size].
package struct StyleEncoder<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(
        inputs: Int = 3,
        features f: Int,
        halvings: Int,
        size: Int,
        _ initial: Initialization
    ) {
        layers = Sequential {
            Convolution(inputs, f, kernel: 7, padding: .reflect(3), initial)
            Apply(relu)
            for level in 0..<halvings {
                Convolution(
                    f * min(4, 1 << level),
                    f * min(4, 2 << level),
                    kernel: 4,
                    stride: 2,
                    padding: .reflect(1),
                    initial
                )
                Apply(relu)
            }
            Apply { $0.globalAveragePooled() }
            Convolution(4 * f, size, kernel: 1, initial)
            Apply { $0.flattened() }
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// Turns a style into whatever a decoder needs of it.
package struct StyleNetwork<Number: Real>: Layer {
    package let layers: Sequential<Number>

    /// - Parameter widths: numbers in, between, and out.
    package init(_ widths: [Int], _ initial: Initialization) {
        layers = Sequential {
            for level in 1..<widths.count {
                Linear(widths[level - 1], widths[level], initial)
                if level < widths.count - 1 { Apply(relu) }
            }
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}

/// A picture from content, in a style that enters by adaptive instance norm (MUNIT).
package struct StyledDecoder<Number: Real>: Module {
    /// Two for each residual block.
    package let convolutions: [Convolution<Number>]
    package let enlargement: Sequential<Number>
    package let style: StyleNetwork<Number>
    private let channels: Int

    package init(
        channels: Int,
        halvings: Int,
        blocks: Int,
        style size: Int,
        hidden: Int,
        outputs: Int = 3,
        _ initial: Initialization
    ) {
        self.channels = channels
        convolutions = (0..<(2 * blocks)).map { _ in
            Convolution(channels, channels, kernel: 3, padding: .reflect(1), initial)
        }
        style = StyleNetwork([size, hidden, hidden, 4 * blocks * channels], initial)
        enlargement = Sequential {
            for level in 0..<halvings {
                Enlarge(2)
                Convolution(
                    channels >> level,
                    channels >> (level + 1),
                    kernel: 5,
                    padding: .reflect(2),
                    initial
                )
                LayerNorm(channels >> (level + 1), byDeviation: true, initial)
                Apply(relu)
            }
            Convolution(channels >> halvings, outputs, kernel: 7, padding: .reflect(3), initial)
            Apply(tanh)
        }
    }

    package func callAsFunction(
        _ content: Variable<Number>,
        style code: Variable<Number>
    ) -> Variable<Number> {
        // For every layer its shifts, then its scales.
        let settings = style(code)
        func norm(_ x: Variable<Number>, _ layer: Int) -> Variable<Number> {
            let start = 2 * layer * channels
            return adaptiveInstanceNorm(
                x,
                scale: settings.slice(1, (start + channels)..<(start + 2 * channels)),
                shift: settings.slice(1, start..<(start + channels))
            )
        }
        var x = content
        for layer in stride(from: 0, to: convolutions.count, by: 2) {
            let y = relu(norm(convolutions[layer](x), layer))
            x = x + norm(convolutions[layer + 1](y), layer + 1)
        }
        return enlargement(x)
    }
}

/// Norm and activation before each convolution; sides may halve or double (StarGAN v2, TUNIT).
package struct PreActivationResidual<Number: Real>: Layer {
    package enum Scale: Sendable { case same, halved, doubled }

    package let shortcut: Convolution<Number>?
    package let before, after: Sequential<Number>
    private let scale: Scale

    package init(
        _ inputs: Int,
        _ outputs: Int,
        _ scale: Scale = .same,
        norm: Norm = .none,
        _ initial: Initialization
    ) {
        self.scale = scale
        shortcut =
            inputs == outputs ? nil : Convolution(inputs, outputs, kernel: 1, bias: false, initial)
        before = Sequential {
            norm.layers(inputs, initial)
            LeakyRelu(0.2)
            if scale == .doubled { Enlarge(2) }
            Convolution(inputs, scale == .doubled ? outputs : inputs, kernel: 3, initial)
            if scale == .halved { Apply { $0.averagePooled(2) } }
        }
        after = Sequential {
            norm.layers(scale == .doubled ? outputs : inputs, initial)
            LeakyRelu(0.2)
            Convolution(scale == .doubled ? outputs : inputs, outputs, kernel: 3, initial)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        var way = scale == .doubled ? x.enlarged(2) : x
        if let shortcut { way = shortcut(way) }
        if scale == .halved { way = way.averagePooled(2) }
        return (way + after(before(x))) / Number(2).squareRoot()
    }
}
