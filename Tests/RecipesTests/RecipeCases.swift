import Foundation
import Recipes
import Support
import Tensors
import Testing
import TrainingLogs

/// A recipe set to be tiny, and data for it.
struct RecipeCase: CustomTestStringConvertible, Sendable {
    let recipe: any Recipe.Type
    /// Settings, as a user would write them.
    let words: [(key: String, text: String)]
    let data: Data

    enum Data: Sendable { case photos, smallPhotos, pairs, twoKinds }

    /// Every recipe, in every form that is exported in its own way.
    static let all = [
        RecipeCase(
            SuperResolution.self,
            [
                ("crop", "32"), ("channels", "4"), ("blocks", "1"), ("adversarial", "0.001"),
                ("content-share", "0.5"),
            ],
            .photos
        ),
        RecipeCase(SuperResolution.self, [("crop", "32"), ("network", "9-1-9")], .photos),
        RecipeCase(
            SuperResolution.self,
            [
                ("crop", "32"), ("channels", "4"), ("blocks", "1"), ("scale", "4"),
                ("enlargement", "resized"), ("adversarial", "0.001"), ("content-share", "0"),
                ("discriminator", "patches"),
            ],
            .photos
        ),
        inpainting(prefill: "none"),
        inpainting(prefill: "pushpull", alike: "holes"),
        inpainting(prefill: "pushpull", network: "narrow"),
        RecipeCase(
            Colorization.self,
            [
                ("crop", "32"), ("channels", "2"), ("depth", "4"), ("adversarial", "0"),
                ("distance", "ciede2000"), ("features", "random"),
                ("feature-layers", "level2,level3"),
            ],
            .photos
        ),
        RecipeCase(
            Colorization.self,
            [
                ("crop", "32"), ("channels", "2"), ("depth", "4"), ("adversarial", "0"),
                ("network", "scene"), ("distance", "ciede2000-squared"), ("jitter", "0.2"),
                ("norm", "layer"), ("features", "random"), ("feature-layers", "level3"),
                ("weight-decay", "0.1"), ("vividness", "1.5"), ("average", "0.5"),
            ],
            .photos
        ),
        RecipeCase(
            Pix2Pix.self,
            [("crop", "32"), ("channels", "2"), ("depth", "5"), ("norm", "batch")],
            .pairs
        ),
        RecipeCase(
            StyleTransfer.self,
            [
                ("crop", "32"), ("channels", "4"), ("blocks", "1"), ("style-size", "48"),
                ("style", RecipeFolder.placeholder + "/Great Wave.png"),
            ],
            .smallPhotos
        ),
        cycleGAN([("identity", "0.5"), ("fit", "no"), ("enlargement", "transposed")]),
        // So few remembered translations that some come back.
        cycleGAN([("identity", "0"), ("jitter", "20"), ("pool", "1")]),
        RecipeCase(
            AnyStyle.self,
            [
                ("crop", "32"), ("channels", "4"), ("blocks", "1"), ("style-numbers", "5"),
                ("paintings", RecipeFolder.placeholder + "/paintings"),
            ],
            .smallPhotos
        ),
        // Deep enough for levels that forget.
        RecipeCase(
            Pix2Pix.self,
            [
                ("crop", "64"), ("channels", "2"), ("depth", "6"), ("fit", "no"),
                ("discriminator-layers", "0"), ("direction", "b-to-a"),
            ],
            .pairs
        ),
    ]

    /// Two steps without the discriminator, four with it.
    static func inpainting(
        prefill: String,
        alike: String = "pixels",
        network: String = "around"
    ) -> RecipeCase {
        RecipeCase(
            Inpainting.self,
            [
                ("crop", "32"), ("channels", "4"), ("discriminator-channels", "4"),
                ("warm-up", "2"), ("coarse", "0.5"), ("schedule", "cosine"), ("prefill", prefill),
                ("alike", alike), ("network", network),
            ],
            .photos
        )
    }

    static func cycleGAN(_ words: [(String, String)]) -> RecipeCase {
        RecipeCase(
            CycleGAN.self,
            [
                ("crop", "32"), ("channels", "2"), ("blocks", "1"), ("discriminator-channels", "2"),
            ] + words,
            .twoKinds
        )
    }

    private init(_ recipe: any Recipe.Type, _ words: [(String, String)], _ data: Data) {
        self.recipe = recipe
        self.words = words.map { (key: $0.0, text: $0.1) }
        self.data = data
    }

    var testDescription: String {
        ([recipe.name] + words.map { "\($0.key)=\($0.text)" }).joined(separator: " ")
    }

    func settings(
        _ more: [(key: String, text: String)] = [],
        in folder: RecipeFolder
    ) throws -> Settings {
        let common = [
            ("steps", "6"), ("batch", "2"), ("checkpoint-every", "2"), ("sample-every", "6"),
        ].map { (key: $0.0, text: $0.1) }
        let given = (common + words + more).map { key, text in
            (key, text.replacing(RecipeFolder.placeholder, with: folder.path))
        }
        return try Settings(recipe.settings, given: given, recipe: recipe.name)
    }

    /// The recipe's trainer on the data of a folder.
    func trainer(
        _ more: [(key: String, text: String)] = [],
        in folder: RecipeFolder
    ) throws -> any Trainer {
        try recipe.init(settings(more, in: folder)).trainer(on: folder.data)
    }
}

/// A folder of a test, with data and what trainings put there.
final class RecipeFolder {
    /// Stands for the folder's path in settings.
    static let placeholder = "FOLDER"

    let path = NSTemporaryDirectory() + "atelier-\(UUID().uuidString)"

    init(_ data: RecipeCase.Data) throws {
        switch data {
        case .photos: try pictures("", seed: 1)
        case .smallPhotos: try pictures("", seed: 1, height: 56, width: 64)
        case .pairs:
            try pictures("/a", seed: 1)
            try pictures("/b", seed: 2)
        case .twoKinds:
            try pictures("/trainA", seed: 1)
            try pictures("/trainB", seed: 2, height: 50, width: 60)
        }
        // Paintings of stripes, which look like none of the photos.
        try FileManager.default.createDirectory(
            atPath: path + "/paintings",
            withIntermediateDirectories: true
        )
        for (width, name) in [(4, "Great Wave"), (4, "paintings/narrow"), (8, "paintings/wide")] {
            let stripes = (0..<(3 * 48 * 40)).map { i in
                i / 1920 == i / width % 2 ? 0.9 : 0.1 as Float
            }
            try SampleSheet([Tensor(shape: [1, 3, 48, 40], values: stripes)])
                .write(to: "\(path)/\(name).png")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var data: String { path + "/data" }

    private func pictures(
        _ folder: String,
        seed: Int,
        height: Int = 76,
        width: Int = 68
    ) throws {
        try FileManager.default.createDirectory(
            atPath: data + folder,
            withIntermediateDirectories: true
        )
        var random = SeededRandom(seed)
        for number in 0..<3 {
            let picture = random.tensor([1, 3, height, width], in: 0...1)
            try SampleSheet([picture]).write(to: "\(data)\(folder)/\(number).png")
        }
    }

    /// Trains for some steps, or goes on with a training of the same name.
    func run(
        _ own: RecipeCase,
        _ name: String,
        _ more: [(key: String, text: String)] = [],
        steps: Int = .max
    ) throws -> TrainingRun.End {
        let run = RunFolder("\(path)/\(name)")
        if !run.hasCheckpoint {
            try run.begin(RunFolder.Description(recipe: own.recipe.name, settings: [:], data: ""))
        }
        var done = 0
        let settings = try own.settings(more, in: self)
        return try TrainingRun(
            own.recipe.init(settings),
            settings: settings,
            folder: run,
            isStopped: {
                done += 1
                return done >= steps
            }
        ).train(on: data)
    }

    /// The last checkpoint of a training.
    func checkpoint(_ name: String) throws -> TensorFile {
        try TensorFile(path: RunFolder("\(path)/\(name)").checkpoint)
    }
}
