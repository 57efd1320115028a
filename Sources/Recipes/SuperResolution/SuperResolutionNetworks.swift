internal import Training

/// Makes a picture larger by cubic convolution, and better by a network.
struct SuperResolutionGenerator: Layer {
    typealias Number = Float

    let network: any Layer<Float>
    let scale: Int
    /// Whether the network sees the large picture; else it adds to it what it makes of the small one.
    private let seesLarge: Bool

    init(_ recipe: SuperResolution, _ stream: RandomStream) {
        let initial = Initialization(.kaimingNormal, stream)
        let settings = recipe.settings
        scale = recipe.scale
        seesLarge = settings.string("network") == "9-1-9"
        network =
            seesLarge
            ? ThreeLayerNetwork<Float>(initial)
            : SuperResolutionResidual<Float>(
                features: settings.int("channels"),
                blocks: settings.int("blocks"),
                scale: scale,
                enlargement: settings.string("enlargement") == "resized" ? .resized : .shuffled,
                tailGain: 0.1,
                initial
            )
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
        let large = x.enlarged(scale, .bicubic)
        return seesLarge ? network(large) : network(x - 0.5) + large
    }
}

/// The networks of a super-resolution, with fresh weights.
struct SuperResolutionNetworks {
    let generator: SuperResolutionGenerator
    let discriminator: any Layer<Float>

    init(_ recipe: SuperResolution) {
        let random = Randomness(seed: recipe.settings.seed)
        generator = SuperResolutionGenerator(recipe, random.stream("generator"))
        let initial = Initialization(.kaimingNormal, random.stream("discriminator"))
        discriminator =
            recipe.settings.string("discriminator") == "patches"
            ? PatchDiscriminator(features: 32, halvings: 3, initial)
            : CropDiscriminator(side: nil, initial)
    }

    /// The generator, and the discriminator if there is one, with their work on a large crop.
    func description(_ recipe: SuperResolution, side: Int) -> [RecipeDescription.Network] {
        let own = RecipeDescription.Network("generator", generator, side: side / recipe.scale)
        return recipe.isAdversarial
            ? [own, .init("discriminator", discriminator, side: side)] : [own]
    }
}
