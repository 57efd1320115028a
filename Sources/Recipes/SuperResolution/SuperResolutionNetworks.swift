internal import Graphs
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
    let discriminator: CropDiscriminator<Float>

    init(_ recipe: SuperResolution) {
        let random = Randomness(seed: recipe.settings.seed)
        generator = SuperResolutionGenerator(recipe, random.stream("generator"))
        let initial = Initialization(.kaimingNormal, random.stream("discriminator"))
        discriminator = CropDiscriminator(side: nil, initial)
    }

    /// The generator as it is exported.
    func graph() throws(GraphError) -> Graph {
        try Tracer.graph(
            of: generator,
            named: "super-resolution",
            sample: Variable([1, 3, 16, 16], repeating: 0)
        ) { generator($0) }
    }

    /// The generator, and the discriminator if there is one, with their work on a large crop.
    func description(_ recipe: SuperResolution, side: Int) -> [RecipeDescription.Network] {
        let small = side / recipe.scale
        let own = RecipeDescription.Network(of: generator, named: "generator", side: small)
        guard recipe.isAdversarial else { return [own] }
        return [
            own,
            RecipeDescription.Network(of: discriminator, named: "discriminator", side: side),
        ]
    }
}
