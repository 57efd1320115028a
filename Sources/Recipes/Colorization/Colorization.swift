package import Parameters

/// Grey photos given colours: Pix2Pix from luma to chroma (Isola and others, 2016), with the luma kept.
package struct Colorization: Recipe {
    package static let name = "colorization"
    package static let summary = "Gives grey photos the colours that photos like them have."
    package static let settings: [Parameter] = {
        let unused = ["direction", "fit", "jitter", "mirror"]
        let kept = Pix2Pix.settings.filter { !unused.contains($0.key) }
        return kept.map { setting in
            var setting = setting
            if let text = defaults[setting.key] { setting.defaultText = text }
            return setting.key == "distance" ? distance : setting
        } + [
            Parameter(
                "network",
                .choice,
                help:
                    "What gives colours: Pix2Pix's U-Net, or a network that sees a whole scene and draws at "
                    + "a quarter of the size, whose encoder learns from the features alone if there are any, "
                    + "and so cannot learn photos by heart.",
                defaultText: "u-net",
                choices: ["u-net", "scene"]
            ),
            Parameter(
                "jitter",
                .float,
                help:
                    "By how much brightness, contrast and saturation of the photos vary while training.",
                defaultText: "0",
                range: 0...0.9
            ),
            Parameter(
                "vividness",
                .float,
                help:
                    "What the colours of the model are multiplied with, as a network that is not sure gives "
                    + "paler ones than photos have; training goes on without.",
                defaultText: "1",
                range: 0.1...4
            ),
            Parameter(
                "features",
                .string,
                help:
                    "A trained network, an ONNX file: what it sees in grey photos, the generator learns to "
                    + "see too."
            ),
            Parameter(
                "feature-layers",
                .string,
                help: "The network's maps that it learns, with commas; all outputs if not given."
            ),
            Parameter(
                "hints",
                .float,
                help: "Weight of what is seen, whose error is a share of channels' mean squares.",
                defaultText: "10",
                range: 0...10_000
            ),
        ]
    }()

    private static let distance = Parameter(
        "distance",
        .choice,
        help:
            "Absolute or squared, of the chroma, or CIEDE2000, how different the colours look, or its square. "
            + "Squares lead to the mean of likely colours, the others to their median, which is often grey.",
        defaultText: "absolute",
        choices: ["absolute", "squared", "ciede2000", "ciede2000-squared"]
    )

    /// Where it differs from Pix2Pix.
    private static let defaults = ["crop": "192", "depth": "6", "batch": "8"]

    let settings: Settings
    /// The game from luma to chroma.
    let game: Pix2Pix

    package init(_ settings: Settings) throws(RecipeError) {
        self.settings = settings
        game = try Pix2Pix(settings)
        guard !isScene || game.crop.isMultiple(of: 16) else {
            throw .badSetting(
                "crop",
                expected: "a multiple of 16 for network=scene",
                found: "\(game.crop)"
            )
        }
    }

    package func description() -> RecipeDescription {
        game.description(
            networks(),
            data: "a folder of photos, each side at least the crop's",
            difference: visibleDistance.map { "\($0.name) of y and g(x)" }
        )
    }

    /// Whether the generator sees scenes.
    var isScene: Bool { settings.string("network") == "scene" }

    /// The distance of colours as they are seen, if that is the one to train by.
    var visibleDistance: (name: String, isSquared: Bool)? {
        switch settings.string("distance") {
        case "ciede2000": ("CIEDE2000", false)
        case "ciede2000-squared": ("CIEDE2000²", true)
        default: nil
        }
    }

    package func trainer(on data: String) throws -> any Trainer {
        try ColorizationTrainer(self, data)
    }
}
