/// Three convolutions that sharpen a picture enlarged before (SRCNN): kernels such as 9, 1, 9.
package struct ThreeLayerNetwork<Number: Real>: Layer {
    package let layers: Sequential<Number>
    /// Whether the result is added to the picture.
    private let isResidual: Bool
    /// What is taken away from the picture's numbers first.
    private let center: Number

    package init(
        channels: Int = 3,
        kernels: (Int, Int, Int) = (9, 1, 9),
        center: Number = 0.5,
        residual: Bool = true,
        _ initial: Initialization
    ) {
        isResidual = residual
        self.center = center
        layers = Sequential {
            Convolution(channels, 64, kernel: kernels.0, initial)
            Apply(relu)
            Convolution(64, 32, kernel: kernels.1, initial)
            Apply(relu)
            Convolution(32, channels, kernel: kernels.2, initial.scaled(by: 0.1))
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        let y = layers(x - center)
        return isResidual ? x + y : y
    }
}

/// Blocks of two convolutions without norms, which begin with adding little.
func residualBlocks<Number: Real>(
    _ count: Int,
    features f: Int,
    _ initial: Initialization
) -> [any Layer<Number>] {
    (0..<count).map { _ in
        Residual {
            Convolution(f, f, kernel: 3, initial)
            PReLU(1)
            Convolution(f, f, kernel: 3, initial.scaled(by: 0.1))
        }
    }
}

/// Residual blocks at the small size, then an enlargement (SRGAN's generator without norms).
package struct SuperResolutionResidual<Number: Real>: Layer {
    /// How feature maps become a larger picture.
    package enum Enlargement: Sendable {
        /// A convolution at the small size, whose channels are spread over squares of pixels.
        case shuffled
        /// The nearest pixels with a convolution, once or twice, and one more: all pixels come from
        /// the same weights, so that there is no grid (Odena and others, 2016; ESRGAN).
        case resized
    }

    package let head: Convolution<Number>
    package let body: Sequential<Number>
    package let tail: Sequential<Number>

    /// - Parameter tailGain: what the last weights are multiplied with at first; small where the
    ///   result is added to a picture that is good already.
    package init(
        features f: Int,
        blocks: Int,
        scale: Int,
        enlargement: Enlargement = .shuffled,
        tailGain: Double = 1,
        _ initial: Initialization
    ) {
        head = Convolution(3, f, kernel: 3, initial)
        body = Sequential {
            residualBlocks(blocks, features: f, initial)
            Convolution(f, f, kernel: 3, initial)
        }
        let last = initial.scaled(by: tailGain)
        let stages = scale == 4 ? [(f, 2), (f / 2, 2)] : [(f, scale)]
        tail = Sequential {
            switch enlargement {
            case .shuffled:
                Convolution(f, 3 * scale * scale, kernel: 3, last)
                PixelShuffle(scale)
            case .resized:
                for (inputs, factor) in stages {
                    Enlarge(factor)
                    Convolution(inputs, f / 2, kernel: 3, initial)
                    LeakyRelu(0.2)
                }
                Convolution(f / 2, 3, kernel: 3, last)
            }
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        let features = head(x)
        return tail(features + body(features))
    }
}

/// Judges whole pictures, which it halves twice: [batch, 1].
package struct CropDiscriminator<Number: Real>: Layer {
    package let layers: Sequential<Number>

    /// - Parameter side: of the only size that it takes; `nil` for means over pictures of any size.
    package init(side: Int? = 32, _ initial: Initialization) {
        precondition(side.map { $0 % 4 == 0 } ?? true, "a side that is halved twice")
        layers = Sequential {
            Convolution(3, 64, kernel: 3, initial)
            LeakyRelu(0.2)
            for (inputs, outputs, stride) in [(64, 64, 2), (64, 128, 1), (128, 128, 2)] {
                Convolution(inputs, outputs, kernel: 3, stride: stride, initial)
                BatchNorm(outputs, initial)
                LeakyRelu(0.2)
            }
            Apply { (side == nil ? $0.globalAveragePooled() : $0).flattened() }
            Linear(128 * (side.map { $0 / 4 * ($0 / 4) } ?? 1), 1, initial)
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { layers(x) }
}
