package import Parameters

/// Photos repainted in the manner of any painting: a second network looks at the painting and says what
/// the norms of the first one scale and shift by (Ghiasi, Lee, Kudlur, Dumoulin and Shlens: Exploring
/// the Structure of a Real-time, Arbitrary Neural Artistic Stylization Network, 2017).
package struct AnyStyle: Recipe {
    package static let name = "style-transfer-any"
    package static let summary = "Repaints photos in the manner of any painting."
    package static let settings: [Parameter] =
        Settings.common(batch: 4, steps: 1_300, learningRate: 6e-4) + [
            Parameter(
                "paintings",
                .string,
                help: "A folder of pictures, each side at least the crop's.",
                isRequired: true
            ),
            Parameter(
                "jitter",
                .float,
                help: "How far the colours of paintings are changed, for a larger choice of them.",
                defaultText: "0.3",
                range: 0...0.9
            ),
            Parameter(
                "style-numbers",
                .int,
                help: "How many numbers describe a style; 100 in the paper.",
                defaultText: "64",
                range: 1...1024
            ),
        ] + Settings.repainting(styleWeight: 3)

    let settings: Settings

    package init(_ settings: Settings) { self.settings = settings }

    package func description() -> RecipeDescription {
        RecipeDescription(
            networks: AnyStyleNetworks(self).description(side: settings.int("crop")),
            losses: [
                "generator, style: content-weight · mean (φ(result) − φ(photo))² over the content layers"
                    + " + style-weight · mean (Gram φ(result) − Gram φ(painting))² over the style layers"
                    + " + tv-weight · mean |differences of neighbours|"
            ],
            data: "a folder of photos, each side at least the crop's"
        )
    }

    package func trainer(on data: String) throws -> any Trainer {
        try AnyStyleTrainer(self, data)
    }
}
