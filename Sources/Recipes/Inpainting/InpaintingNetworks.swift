internal import Graphs
internal import Tensors
internal import Training
internal import TrainingData

/// A picture C × H × W of numbers from 0 to 1, and a mask 1 × H × W that is 1 in the hole, else 0.
struct HoledPicture {
    let picture, mask: Tensor
}

/// The networks of an inpainting, with fresh weights.
struct InpaintingNetworks {
    let generator: any FillingNetwork<Float>
    /// The running mean of the generator, which is the one to use.
    let average: any FillingNetwork<Float>
    /// Judges pictures beside their masks.
    let discriminator: PatchDiscriminator<Float>

    init(_ recipe: Inpainting) {
        let settings = recipe.settings
        let random = Randomness(seed: settings.seed)
        let features = settings.int("channels")
        func network(_ initial: Initialization) -> any FillingNetwork<Float> {
            settings.string("network") == "narrow"
                // At a sixteenth of the size, of the holes that it is for nothing is left.
                ? NarrowFillNetwork(features: features, halvings: 4, initial)
                : FillNetwork(
                    features: features,
                    halvings: settings.string("prefill") == "none" ? 0 : 5,
                    initial
                )
        }
        generator = network(Initialization(.kaimingNormal, random.stream("generator")))
        average = network(Initialization(.zeros, random.stream("average")))
        MovingAverage(decay: 0).start(average, from: generator)
        discriminator = PatchDiscriminator(
            inputs: 4,
            features: settings.int("discriminator-channels"),
            halvings: 3,
            norm: .none,
            spectralNorm: true,
            Initialization(.kaimingNormal, random.stream("discriminator"))
        )
    }

    /// What the mean generator makes of pictures of numbers from 0 to 1: such numbers again.
    func filled(_ picture: Variable<Float>, mask: Variable<Float>) -> Variable<Float> {
        (average(picture * 2 - 1, mask: mask) * 0.5 + 0.5).clamped(to: 0...1)
    }

    /// Pictures of one size with their holes filled.
    func filled(_ samples: [HoledPicture]) -> [Tensor] {
        stride(from: 0, to: samples.count, by: 16).flatMap { start -> [Tensor] in
            let part = samples[start..<min(start + 16, samples.count)]
            let picture = Variable<Float>(Tensor(stacking: part.map(\.picture)))
            let mask = Variable<Float>(Tensor(stacking: part.map(\.mask)))
            let results = inference { filled(picture, mask: mask) }
            let shape = Array(results.shape.dropFirst())
            return part.indices.map {
                let index = $0 - start
                return results.slice(0, index..<(index + 1)).tensor.reshaped(to: shape)
            }
        }
    }

    /// The mean generator as it is exported: a picture and a mask, both of numbers from 0 to 1.
    func graph(side: Int? = nil) throws(GraphError) -> Graph {
        let side = side ?? average.alignment
        return try Tracer.graph(
            of: average,
            named: "inpainting",
            inputs: [
                ("picture", Variable([1, 3, side, side], repeating: 0)),
                ("mask", Variable([1, 1, side, side], repeating: 0)),
            ]
        ) { filled($0[0], mask: $0[1]) }
    }

    /// The generator, and the discriminator if there is one, with their work on a crop.
    func description(_ recipe: Inpainting, side: Int) -> [RecipeDescription.Network] {
        let side = side / average.alignment * average.alignment
        let reach = try? Reach(graph(side: side).withJoinedInputs, input: [1, 4, side, side])
        let own = RecipeDescription.Network(
            "generator",
            parameters: generator.parameterCount,
            multiplyAdds: reach.map { Double($0.multiplyAdds) } ?? 0
        )
        return recipe.isAdversarial
            ? [own, .init("discriminator", discriminator, channels: 4, side: side)] : [own]
    }
}
