package import Parameters

/// Two kinds of pictures translated into each other, learned without pairs.
///
/// What is translated there and back must be what it was (Zhu and others, 2017).
package struct CycleGAN: Recipe {
    package static let name = "cyclegan"
    package static let summary =
        "Translates between two kinds of pictures that need not belong together in pairs."
    package static let settings: [Parameter] =
        Settings.common(batch: 1, steps: 20_000, learningRate: 2e-4) + [
            Parameter(
                "channels",
                .int,
                help: "Feature maps of the generators at full size.",
                defaultText: "32",
                range: 2...128
            ),
            Parameter(
                "blocks",
                .int,
                help: "Residual blocks of the generators; the paper has 6 for 128 pixels, else 9.",
                defaultText: "6",
                range: 0...32
            ),
            Parameter(
                "enlargement",
                .choice,
                help:
                    "How the generators enlarge: resized leaves no checkerboards, transposed is the paper's.",
                defaultText: "resized",
                choices: ["resized", "transposed"]
            ),
            Parameter(
                "discriminator-channels",
                .int,
                help: "Feature maps of the discriminators' first layers.",
                defaultText: "32",
                range: 2...128
            ),
            Parameter(
                "discriminator-layers",
                .int,
                help:
                    "How often the discriminators halve a picture; 0 judges pixels, 3 patches of 70 × 70.",
                defaultText: "3",
                range: 0...5
            ),
            Parameter(
                "crop",
                .int,
                help: "Side of the squares that are trained on, a multiple of 4.",
                unit: "pixels",
                defaultText: "128",
                range: 8...1024
            ),
            Parameter(
                "fit",
                .bool,
                help: "Whether pictures are reduced to little more than the crop before it is cut.",
                defaultText: "yes"
            ),
            Parameter(
                "jitter",
                .int,
                help: "By how much the shorter sides of fitted pictures are larger than the crop.",
                unit: "pixels",
                defaultText: "15",
                range: 0...2048
            ),
            Parameter(
                "loss",
                .choice,
                help: "What the networks play for.",
                defaultText: "least-squares",
                choices: Pix2Pix.lossNames
            ),
            Parameter(
                "cycle",
                .float,
                help:
                    "Weight of the way there and back, where a discriminator has 1 for a generator.",
                defaultText: "10",
                range: 0...1000
            ),
            Parameter(
                "identity",
                .float,
                help:
                    "How much pictures that are of the other kind already shall stay, as a share of the "
                    + "cycle's weight; keeps colours.",
                defaultText: "0.5",
                range: 0...10
            ),
            Parameter(
                "pool",
                .int,
                help: "How many older translations the discriminators are shown again.",
                defaultText: "50",
                range: 1...10_000
            ),
            Parameter(
                "discriminator-weight",
                .float,
                help: "What the discriminators' losses are multiplied with, to slow them down.",
                defaultText: "0.5",
                range: 0.01...10
            ),
        ]

    package static var acceptance: (any AcceptanceExperiment)? { OutlinesAndDigits() }

    let settings: Settings

    package init(_ settings: Settings) throws(RecipeError) {
        self.settings = settings
        guard crop.isMultiple(of: 4) else {
            throw .badSetting("crop", expected: "a multiple of 4", found: "\(crop)")
        }
        try settings.expectDiscriminator(fitting: crop)
    }

    var crop: Int { settings.int("crop") }

    package func description() -> RecipeDescription {
        let networks = CycleNetworks(self)
        let (loss, weight) = (settings.string("loss")!, settings.float("discriminator-weight"))
        let (cycle, identity) = (settings.float("cycle"), settings.float("identity"))
        return RecipeDescription(
            networks: [
                .init("a-to-b", networks.toB, side: crop),
                .init("b-to-a", networks.toA, side: crop),
                .init("judge-a", networks.judgeA, side: crop),
                .init("judge-b", networks.judgeB, side: crop),
            ],
            losses: [
                "generators: \(loss) loss of both translations + \(cycle) · |there and back − itself|"
                    + (identity > 0
                        ? " + \(cycle * identity) · |translation of its own kind − itself|" : ""),
                "discriminators: \(weight) · \(loss) loss of pictures and of translations, some of them older",
            ],
            data:
                "a folder with the folders trainA and trainB, whose pictures need not belong together"
        )
    }

    package func trainer(on data: String) throws -> any Trainer { try CycleGANTrainer(self, data) }
}
