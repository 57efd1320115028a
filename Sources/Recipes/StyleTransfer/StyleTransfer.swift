package import Parameters

/// Photos repainted in the manner of one painting, by a network that does it in one go (Johnson, Alahi
/// and Li: Perceptual Losses for Real-Time Style Transfer, 2016).
package struct StyleTransfer: Recipe {
    package static let name = "style-transfer"
    package static let summary = "Repaints photos in the manner of one painting."
    package static let settings: [Parameter] =
        Settings.common(batch: 4, steps: 8_000, learningRate: 1e-3) + [
            Parameter("style", .string, help: "The painting: a picture file.", isRequired: true),
            Parameter(
                "style-size",
                .int,
                help: "The longer side that the painting is brought to; strokes grow with it.",
                unit: "pixels",
                defaultText: "384",
                range: 32...4096
            ),
        ] + Settings.repainting(styleWeight: 5)

    package static var acceptance: (any AcceptanceExperiment)? { StyleTransferAcceptance() }

    let settings: Settings

    package init(_ settings: Settings) { self.settings = settings }

    package func description() -> RecipeDescription {
        RecipeDescription(
            networks: [.init("generator", StyleGenerator(self), side: settings.int("crop"))],
            losses: [
                "generator: content-weight · mean (φ(result) − φ(photo))² over the content layers"
                    + " + style-weight · mean (Gram φ(result) − Gram φ(painting))² over the style layers"
                    + " + tv-weight · mean |differences of neighbours|"
            ],
            data: "a folder of photos, each side at least the crop's"
        )
    }

    package func trainer(on data: String) throws -> any Trainer {
        try StyleTransferTrainer(self, data)
    }
}

extension Settings {
    /// Those of all networks that repaint photos.
    static func repainting(styleWeight: Int) -> [Parameter] {
        [
            Parameter(
                "channels",
                .int,
                help:
                    "Feature maps at full size, twice and four times as many below; 32 in the paper.",
                defaultText: "16",
                range: 4...128
            ),
            Parameter(
                "blocks",
                .int,
                help: "Residual blocks at a quarter of the size; 5 in the paper.",
                defaultText: "5",
                range: 0...32
            ),
            Parameter(
                "crop",
                .int,
                help: "Side of the photos trained on, which are reduced to it.",
                unit: "pixels",
                defaultText: "256",
                range: 32...1024
            ),
            Parameter(
                "features",
                .string,
                help: "What pictures are compared by: an ONNX file, or random convolutions.",
                defaultText: "random"
            ),
            Parameter(
                "content-layers",
                .string,
                help: "Feature maps of what is shown, with commas; the middle one if not given."
            ),
            Parameter(
                "style-layers",
                .string,
                help: "Feature maps of how it is painted, with commas; all outputs if not given."
            ),
            Parameter(
                "content-weight",
                .float,
                help: "Weight of what is shown, where 1 is the distance of unrelated photos.",
                defaultText: "1",
                range: 0...1e6
            ),
            Parameter(
                "style-weight",
                .float,
                help: "Weight of how it is painted, where 1 is the distance of an untouched photo.",
                defaultText: "\(styleWeight)",
                range: 0...1e6
            ),
            Parameter(
                "tv-weight",
                .float,
                help: "Weight of differences between neighbouring pixels.",
                defaultText: "0.1",
                range: 0...1e6
            ),
        ]
    }
}
