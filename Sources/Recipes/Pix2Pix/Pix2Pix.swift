package import Parameters

/// Pictures translated into others, learned from pairs.
///
/// A U-Net translates, and a discriminator judges patches of pairs (Isola and others, 2016).
package struct Pix2Pix: Recipe {
    package static let name = "pix2pix"
    package static let summary =
        "Translates pictures, as pairs of what is and what should be show it."
    package static let settings: [Parameter] =
        Settings.common(batch: 4, steps: 24_000, learningRate: 2e-4) + [
            Parameter(
                "direction",
                .choice,
                help: "Which picture of a pair is translated into the other.",
                defaultText: "a-to-b",
                choices: ["a-to-b", "b-to-a"]
            ),
            Parameter(
                "channels",
                .int,
                help:
                    "Feature maps of the first layers; deeper ones have up to eight times as many.",
                defaultText: "32",
                range: 2...128
            ),
            Parameter(
                "depth",
                .int,
                help: "How often the generator halves a picture; 8 is the paper's.",
                defaultText: "7",
                range: 2...8
            ),
            Parameter(
                "discriminator-layers",
                .int,
                help:
                    "How often the discriminator halves a pair; 0 judges pixels, 3 patches of 70 × 70.",
                defaultText: "3",
                range: 0...5
            ),
            Parameter(
                "norm",
                .choice,
                help:
                    "How feature maps are normalised: over the batch, each by itself, or all of a picture "
                    + "together; auto takes instance for batches below 4, else batch.",
                defaultText: "auto",
                choices: ["auto", "batch", "instance", "layer"]
            ),
            Parameter(
                "dropout",
                .bool,
                help: "Whether deep levels forget half of their numbers at random while training.",
                defaultText: "yes"
            ),
            Parameter(
                "crop",
                .int,
                help: "Side of the squares that are trained on, a multiple of 2 to the depth.",
                unit: "pixels",
                defaultText: "128",
                range: 4...1024
            ),
            Parameter(
                "fit",
                .bool,
                help:
                    "Whether whole pictures are brought to the crop's size, or parts cut out of them.",
                defaultText: "yes"
            ),
            Parameter(
                "jitter",
                .int,
                help: "By how much fitted pictures are larger than the crop that is taken of them.",
                unit: "pixels",
                defaultText: "15",
                range: 0...512
            ),
            Parameter(
                "mirror",
                .bool,
                help: "Whether half of the pairs are mirrored.",
                defaultText: "yes"
            ),
            Parameter(
                "l1",
                .float,
                help: "Weight of the distance to the target.",
                defaultText: "100",
                range: 0...10_000
            ),
            Parameter(
                "distance",
                .choice,
                help:
                    "Absolute or squared: the first leads to the likeliest target, the second to the mean "
                    + "of all that are likely.",
                defaultText: "absolute",
                choices: ["absolute", "squared"]
            ),
            Parameter(
                "adversarial",
                .float,
                help: "Weight of the discriminator for the generator; 0 leaves it out.",
                defaultText: "1",
                range: 0...1000
            ),
            Parameter(
                "loss",
                .choice,
                help: "What the two networks play for.",
                defaultText: "non-saturating",
                choices: lossNames
            ),
            Parameter(
                "weight-decay",
                .float,
                help:
                    "Share of the generator's weights that a step takes away, as a multiple of its rate (AdamW).",
                defaultText: "0",
                range: 0...10
            ),
            Parameter(
                "discriminator-weight",
                .float,
                help: "What the discriminator's loss is multiplied with, to slow it down.",
                defaultText: "0.5",
                range: 0.01...10
            ),
            Settings.average("0"),
        ]

    package static var acceptance: (any AcceptanceExperiment)? { ColoredDigits() }

    let settings: Settings

    package init(_ settings: Settings) throws(RecipeError) {
        self.settings = settings
        let multiple = 1 << settings.int("depth")
        guard crop.isMultiple(of: multiple) else {
            throw .badSetting(
                "crop",
                expected: "a multiple of \(multiple), which is 2 to the depth",
                found: "\(crop)"
            )
        }
        try settings.expectDiscriminator(fitting: crop)
    }

    var crop: Int { settings.int("crop") }
    var isAdversarial: Bool { settings.float("adversarial") > 0 }

    package func description() -> RecipeDescription {
        description(
            Pix2PixNetworks(self),
            data: """
                a folder of files with two pictures side by side each, or one with the folders a and b, \
                whose files go in pairs by their names
                """
        )
    }

    /// Of a game of these networks.
    ///
    /// - Parameter difference: of y and g(x), where it is none of Pix2Pix's own.
    func description(
        _ networks: Pix2PixNetworks,
        data: String,
        difference: String? = nil
    ) -> RecipeDescription {
        let generator = RecipeDescription.Network(
            "generator",
            networks.generator,
            channels: networks.inputs,
            side: crop
        )
        let own = settings.string("distance") == "squared" ? "|y − g(x)|²" : "|y − g(x)|"
        let distance = "\(settings.float("l1")) · \(difference ?? own)"
        guard isAdversarial else {
            return RecipeDescription(
                networks: [generator],
                losses: ["generator: \(distance)"],
                data: data
            )
        }
        let loss = settings.string("loss")!
        let weights = (
            discriminator: settings.float("discriminator-weight"),
            generator: settings.float("adversarial")
        )
        return RecipeDescription(
            networks: [
                generator,
                .init(
                    "discriminator",
                    networks.discriminator,
                    channels: networks.inputs + networks.outputs,
                    side: crop
                ),
            ],
            losses: [
                "discriminator: \(weights.discriminator) · \(loss) loss of d(x, y) and d(x, g(x))",
                "generator: \(weights.generator) · \(loss) loss of d(x, g(x)) + \(distance)",
            ],
            data: data
        )
    }

    package func trainer(on data: String) throws -> any Trainer { try Pix2PixTrainer(self, data) }
}
