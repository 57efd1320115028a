internal import Graphs
internal import Tensors
internal import Training

/// The network that repaints and the one that looks at paintings, with fresh weights.
struct AnyStyleNetworks {
    let generator: StyledTransformer<Float>
    /// A picture of numbers from −1 to 1 as [batch, numbers of a style].
    let style: StyleEncoder<Float>
    private let size: Int

    init(_ recipe: AnyStyle) {
        let settings = recipe.settings
        let random = Randomness(seed: settings.seed)
        size = settings.int("style-numbers")
        generator = StyledTransformer(
            features: settings.int("channels"),
            blocks: settings.int("blocks"),
            style: size,
            Initialization(.kaimingNormal, random.stream("generator"))
        )
        style = StyleEncoder(
            features: settings.int("channels"),
            halvings: 4,
            size: size,
            Initialization(.kaimingNormal, random.stream("style"))
        )
    }

    /// Pictures made of photos, each in the manner of its painting; all from 0 to 1.
    func repainted(
        _ photos: Variable<Float>,
        as paintings: Variable<Float>
    ) -> Variable<Float> {
        (drawn(photos * 2 - 1, style: style(paintings * 2 - 1)) + 1) * 0.5
    }

    /// Pictures of numbers from −1 to 1.
    private func drawn(_ photos: Variable<Float>, style: Variable<Float>) -> Variable<Float> {
        softlyBounded(generator(photos, style: style))
    }

    // MARK: Export

    /// The generator as it is exported: a picture of numbers from −1 to 1, and a style.
    func graph(side: Int = 32) throws(GraphError) -> Graph {
        try Tracer.graph(
            of: generator,
            named: AnyStyle.name,
            inputs: [
                ("picture", Variable([1, 3, side, side], repeating: 0)),
                ("style", Variable([1, size], repeating: 0)),
            ]
        ) { drawn($0[0], style: $0[1]) }
    }

    /// Both networks with their work on pictures of a side.
    func description(side: Int) -> [RecipeDescription.Network] {
        let picture = try? graph(side: side).binding(["style": Tensor(shape: [1, size])])
        let reach = picture.flatMap { try? Reach($0, input: [1, 3, side, side]) }
        return [
            RecipeDescription.Network(
                "generator",
                parameters: generator.parameterCount,
                multiplyAdds: reach.map { Double($0.multiplyAdds) } ?? 0
            ), .init("style", style, side: side),
        ]
    }
}
