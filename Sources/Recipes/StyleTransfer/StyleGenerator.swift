internal import Training

extension StyleTransfer {
    /// The network that repaints, with fresh weights: pictures of numbers from −1 to 1, in and out.
    ///
    /// The paper bounds its output by a hyperbolic tangent; where that is saturated early, it stays so
    /// for long.
    var generator: StyleTransformer<Float> {
        let stream = Randomness(seed: settings.seed).stream("generator")
        return StyleTransformer(
            features: settings.int("channels"),
            blocks: settings.int("blocks"),
            Initialization(.kaimingUniform, stream)
        )
    }
}
