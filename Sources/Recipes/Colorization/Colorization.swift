package import Parameters

/// Grey photos given colours: Pix2Pix from luma to chroma (Isola and others, 2016), with the luma kept.
package struct Colorization: Recipe {
    package static let name = "colorization"
    package static let summary = "Gives grey photos the colours that photos like them have."
    package static let settings: [Parameter] = {
        let kept = Pix2Pix.settings.filter { !["direction", "fit", "mirror"].contains($0.key) }
        return kept.map { setting in
            var setting = setting
            if let text = defaults[setting.key] { setting.defaultText = text }
            return setting
        }
    }()

    /// Where it differs from Pix2Pix.
    private static let defaults = ["crop": "192", "depth": "6", "jitter": "32", "batch": "8"]

    let settings: Settings
    /// The game from luma to chroma.
    let game: Pix2Pix

    package init(_ settings: Settings) throws(RecipeError) {
        self.settings = settings
        game = try Pix2Pix(settings)
    }

    package func description() -> RecipeDescription {
        let networks = Pix2PixNetworks(game, inputs: 1, outputs: 2)
        return RecipeDescription(
            networks: [
                .init("generator", networks.generator, channels: 1, side: game.crop),
                .init("discriminator", networks.discriminator, channels: 3, side: game.crop),
            ],
            losses: game.description().losses,
            data: "a folder of photos"
        )
    }

    package func trainer(on data: String) throws -> any Trainer {
        try ColorizationTrainer(self, data)
    }
}
