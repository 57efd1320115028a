internal import Training

/// The 9-1-9 generator: it sharpens a picture that has been enlarged before (Dong et al., "Image
/// Super-Resolution Using Deep Convolutional Networks", with a residual added).
struct Generator919: Layer {
    typealias Number = Float

    let body: Sequential<Float>
    let scale: Int

    init(scale: Int, _ stream: RandomStream) {
        let initial = Initialization(.kaimingNormal, stream)
        self.scale = scale
        body = Sequential {
            Convolution(3, 64, kernel: 9, initial)
            Apply(relu)
            Convolution(64, 32, kernel: 1, initial)
            Apply(relu)
            Convolution(32, 3, kernel: 9, initial.scaled(by: 0.1))
        }
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
        let large = x.enlarged(scale, .bicubic)
        return body(large - 0.5) + large
    }
}

/// Two convolutions beside a way around them (Lim et al., "Enhanced Deep Residual Networks").
struct ResidualBlock: Layer {
    typealias Number = Float

    let first: Convolution<Float>
    let slope: PReLU<Float>
    let second: Convolution<Float>

    init(_ channels: Int, _ initial: Initialization) {
        first = Convolution(channels, channels, kernel: 3, initial)
        slope = PReLU(channels)
        second = Convolution(channels, channels, kernel: 3, initial.scaled(by: 0.1))
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> { x + second(slope(first(x))) }
}

/// All work at the small size, a pixel shuffle at the end.
///
/// It is the generator of SRGAN without batch norms (Ledig and others, 2017), added to the picture
/// enlarged by cubic convolution.
struct ResidualGenerator: Layer {
    typealias Number = Float

    let head: Convolution<Float>
    let blocks: [ResidualBlock]
    let body: Convolution<Float>
    let tail: Convolution<Float>
    let scale: Int

    init(channels: Int, blocks count: Int, scale: Int, _ stream: RandomStream) {
        let initial = Initialization(.kaimingNormal, stream)
        self.scale = scale
        head = Convolution(3, channels, kernel: 3, initial)
        blocks = (0..<count).map { _ in ResidualBlock(channels, initial) }
        body = Convolution(channels, channels, kernel: 3, initial.scaled(by: 0.1))
        tail = Convolution(channels, 3 * scale * scale, kernel: 3, initial.scaled(by: 0.1))
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
        let start = head(x - 0.5)
        let features = body(blocks.reduce(start) { $1($0) }) + start
        return tail(features).pixelShuffled(scale) + x.enlarged(scale, .bicubic)
    }
}

/// Tells photos from made ones: strided convolutions with batch norm, one logit for a picture.
struct PictureDiscriminator: Layer {
    typealias Number = Float

    let features: Sequential<Float>
    let verdict: Linear<Float>

    init(_ stream: RandomStream) {
        let initial = Initialization(.kaimingNormal, stream)
        features = Sequential {
            Convolution(3, 64, kernel: 3, initial)
            Apply { leakyRelu($0) }
            Convolution(64, 64, kernel: 3, stride: 2, padding: .zero(1), initial)
            BatchNorm(64, initial)
            Apply { leakyRelu($0) }
            Convolution(64, 128, kernel: 3, initial)
            BatchNorm(128, initial)
            Apply { leakyRelu($0) }
            Convolution(128, 128, kernel: 3, stride: 2, padding: .zero(1), initial)
            BatchNorm(128, initial)
            Apply { leakyRelu($0) }
        }
        verdict = Linear(128, 1, initial)
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
        verdict(features(x).globalAveragePooled().flattened())
    }
}
