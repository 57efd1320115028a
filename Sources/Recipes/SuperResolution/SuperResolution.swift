package import Parameters

/// Photos made larger: first as close to the original as can be, then, if asked, more natural by a
/// discriminator's judgement.
package struct SuperResolution: Recipe {
    package static let name = "super-resolution"
    package static let summary = "Makes photos larger, with the detail that enlarging lacks."
    package static let settings: [Parameter] =
        Settings.common(batch: 16, steps: 20_000, learningRate: 1e-3) + [
            Parameter(
                "scale",
                .choice,
                help: "How many times larger.",
                defaultText: "2",
                choices: ["2", "3", "4"]
            ),
            Parameter(
                "network",
                .choice,
                help:
                    "Residual blocks at the small size, or the 9-1-9 network on the enlarged picture.",
                defaultText: "residual",
                choices: ["residual", "9-1-9"]
            ),
            Parameter(
                "channels",
                .int,
                help: "Feature maps of the residual network.",
                defaultText: "32",
                range: 4...256
            ),
            Parameter(
                "blocks",
                .int,
                help: "Blocks of the residual network.",
                defaultText: "8",
                range: 1...64
            ),
            Parameter(
                "enlargement",
                .choice,
                help:
                    "How the residual network enlarges: shuffled is quicker, resized leaves no grid when a "
                    + "discriminator asks for texture.",
                defaultText: "shuffled",
                choices: ["shuffled", "resized"]
            ),
            Parameter(
                "crop",
                .int,
                help: "Side of the large crops.",
                unit: "pixels",
                defaultText: "96",
                range: 16...512
            ),
            Parameter(
                "content",
                .choice,
                help: "How far a result is from its original.",
                defaultText: "l1",
                choices: ["l1", "l2", "charbonnier"]
            ),
            Parameter(
                "adversarial",
                .float,
                help:
                    "Weight of the discriminator in the second stage, where content has 0.01; 0 leaves the stage out.",
                defaultText: "0",
                range: 0...1
            ),
            Parameter(
                "discriminator",
                .choice,
                help: "What the discriminator judges: whole crops, or every patch of 70 × 70.",
                defaultText: "crops",
                choices: ["crops", "patches"]
            ),
            Parameter(
                "adversarial-rate",
                .float,
                help: "How far both networks move in a step of the second stage, at first.",
                defaultText: "0.0001",
                range: 0...10
            ),
            Parameter(
                "content-share",
                .float,
                help: "Share of the steps that come before the discriminator.",
                defaultText: "0.7",
                range: 0...1
            ),
            Parameter(
                "features",
                .string,
                help:
                    "What results are compared by in the second stage: an ONNX file, or random convolutions."
            ),
            Parameter(
                "feature-layers",
                .string,
                help: "Feature maps that are compared, with commas; all outputs if not given."
            ),
            Parameter(
                "perceptual",
                .float,
                help: "Weight of the features in the second stage.",
                defaultText: "0.006",
                range: 0...1
            ),
        ]

    package static var acceptance: (any AcceptanceExperiment)? { SuperResolutionAcceptance() }

    let settings: Settings

    package init(_ settings: Settings) throws(RecipeError) {
        self.settings = settings
        guard settings.string("discriminator") == "crops" || crop >= 24 else {
            throw .badSetting(
                "crop",
                expected: "at least 24, of which the discriminator sees patches",
                found: "\(crop)"
            )
        }
    }

    var scale: Int { Int(settings.string("scale")!)! }
    /// The side of the large crops, a multiple of the scale.
    var crop: Int { settings.int("crop") / scale * scale }
    var isAdversarial: Bool { settings.float("adversarial") > 0 }
    /// Steps before the discriminator.
    var contentSteps: Int {
        isAdversarial
            ? Int(Double(settings.steps) * settings.float("content-share")) : settings.steps
    }

    private var generatorLoss: String {
        "0.01 · content + 0.1 · speckle + adversarial · softplus(−d(result))"
            + (settings.string("features") == nil
                ? "" : " + perceptual · Σ mean |φ(original) − φ(result)|")
    }

    package func description() -> RecipeDescription {
        RecipeDescription(
            networks: SuperResolutionNetworks(self)
                .description(self, side: settings.int("crop")),
            losses: ["generator: \(settings.string("content")!) to the original"]
                + (isAdversarial
                    ? [
                        "discriminator: softplus(−d(original)) + softplus(d(result))",
                        "generator: " + generatorLoss,
                    ] : []),
            data: "a folder of photos, each side at least the crop's"
        )
    }

    package func trainer(on data: String) throws -> any Trainer {
        try SuperResolutionTrainer(self, data)
    }
}
