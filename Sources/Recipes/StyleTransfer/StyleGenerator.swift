internal import Training

/// The network that repaints, with fresh weights: pictures of numbers from −1 to 1, in and out.
struct StyleGenerator: Layer {
    typealias Number = Float

    let network: StyleTransformer<Float>

    init(_ recipe: StyleTransfer) {
        let settings = recipe.settings
        let stream = Randomness(seed: settings.seed).stream("generator")
        network = StyleTransformer(
            features: settings.int("channels"),
            blocks: settings.int("blocks"),
            Initialization(.kaimingNormal, stream)
        )
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> { softlyBounded(network(x)) }
}

/// A picture of numbers mostly from −1 to 1.
///
/// Without a bound, results far from any picture would rule the style loss, which grows with the
/// fourth power; with a hard one, what is white by mistake would stay so.
func softlyBounded(_ y: Variable<Float>) -> Variable<Float> { tanh(y) * 0.9 + y * 0.1 }
