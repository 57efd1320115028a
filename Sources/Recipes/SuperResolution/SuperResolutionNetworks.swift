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
        try graph(of: generator, named: "super-resolution", side: 16)
    }

    /// The generator, and the discriminator if there is one, with their work on a large crop.
    func description(_ recipe: SuperResolution, side: Int) -> [RecipeDescription.Network] {
        let small = side / recipe.scale
        let own = describe(generator, named: "generator", side: small)
        return recipe.isAdversarial
            ? [own, describe(discriminator, named: "discriminator", side: side)] : [own]
    }

    private func describe<L: Layer<Float>>(
        _ network: L,
        named name: String,
        side: Int
    ) -> RecipeDescription.Network {
        let graph = try? graph(of: network, named: name, side: side)
        let reach = graph.flatMap { try? Reach($0, input: [1, 3, side, side]) }
        return RecipeDescription.Network(
            name,
            parameters: network.parameterCount,
            multiplyAdds: reach.map { Double($0.multiplyAdds) } ?? 0
        )
    }

    private func graph<L: Layer<Float>>(
        of network: L,
        named name: String,
        side: Int
    ) throws(GraphError) -> Graph {
        try Tracer.graph(
            of: network,
            named: name,
            sample: Variable([1, 3, side, side], repeating: 0)
        ) { network($0) }
    }
}
