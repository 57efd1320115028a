package import Parameters
internal import Tensors
internal import TrainingData

/// Holes in photos filled so that neither the eye nor a discriminator finds them.
package struct Inpainting: Recipe {
    package static let name = "inpainting"
    package static let summary = "Fills holes and scratches in photos from what surrounds them."
    package static let settings: [Parameter] =
        Settings.common(batch: 8, steps: 20_000, learningRate: 5e-4) + [
            Parameter(
                "network",
                .choice,
                help:
                    "What fills: a network that looks far around, or one for narrow holes, which sees no "
                    + "more than 18 pixels of a pushpull prefill, but at full size.",
                defaultText: "around",
                choices: ["around", "narrow"]
            ),
            Parameter(
                "channels",
                .int,
                help: "Feature maps of the generator at full size.",
                defaultText: "32",
                range: 4...256
            ),
            Parameter(
                "discriminator-channels",
                .int,
                help: "Feature maps of the discriminator's first layer.",
                defaultText: "64",
                range: 4...256
            ),
            Parameter(
                "crop",
                .int,
                help: "Side of the crops.",
                unit: "pixels",
                defaultText: "128",
                range: 16...512
            ),
            Parameter(
                "corruption",
                .choice,
                help:
                    "Holes that are trained on; both are half squares, half scratches or brush strokes.",
                defaultText: "both",
                choices: ["both"] + Corruption.Kind.holes.map(\.rawValue)
            ),
            Parameter(
                "prefill",
                .choice,
                help: "What the generator finds in a hole: nothing, or means of what is around it.",
                defaultText: "none",
                choices: ["none", "pushpull"]
            ),
            Parameter(
                "coarse",
                .float,
                help: "Share of the samples whose holes hold their content at half the size.",
                defaultText: "0",
                range: 0...1
            ),
            Parameter(
                "adversarial",
                .float,
                help: "Weight of the discriminator, where the hole has 6; 0 leaves it out.",
                defaultText: "0.02",
                range: 0...10
            ),
            Parameter(
                "alike",
                .choice,
                help:
                    "What counts alike: every pixel in holes, or every hole, so that thin ones do as much "
                    + "as thick ones.",
                defaultText: "pixels",
                choices: ["pixels", "holes"]
            ),
            Parameter(
                "distance",
                .choice,
                help:
                    "Absolute or squared, of what is filled in to what was there: the first leads to the "
                    + "likeliest fill, the second to the mean of all that are likely, whose PSNR is best.",
                defaultText: "absolute",
                choices: ["absolute", "squared"]
            ),
            Parameter(
                "warm-up",
                .int,
                help: "Steps before the discriminator.",
                defaultText: "500",
                range: 0...1_000_000
            ),
            Parameter(
                "schedule",
                .choice,
                help: "How the learning rate goes on.",
                defaultText: "constant",
                choices: ["constant", "cosine"]
            ),
            Settings.average("0.999"),
        ]

    let settings: Settings

    package init(_ settings: Settings) { self.settings = settings }

    var isAdversarial: Bool { settings.float("adversarial") > 0 }

    /// Damage for one sample.
    func corruption(_ random: inout RandomNumbers) -> Corruption {
        let word = settings.string("corruption")!
        return Corruption.Kind(rawValue: word).map { Corruption($0) } ?? .random(&random)
    }

    package func description() -> RecipeDescription {
        let distance = settings.string("distance") == "squared" ? "squared l2" : "l1"
        return RecipeDescription(
            networks: InpaintingNetworks(self).description(self, side: settings.int("crop")),
            losses: (isAdversarial
                ? ["discriminator: relu(1 − d(original)) + relu(1 + d(result)), beside the mask"]
                : [])
                + [
                    "generator: 6 · \(distance) in the hole + \(distance) elsewhere"
                        + (isAdversarial ? " − adversarial · d(result) after the warm-up" : "")
                ],
            data: "a folder of photos, each side at least the crop's"
        )
    }

    package func trainer(on data: String) throws -> any Trainer {
        InpaintingTrainer(self, try InpaintingData(self, photos: data))
    }

    package static var acceptance: (any AcceptanceExperiment)? { InpaintingAcceptance() }
}

extension Corruption.Kind {
    /// Kinds that leave nothing of what was there, all around known pixels.
    static let holes: [Corruption.Kind] = [.occlusion, .scratch, .freeform]
}
