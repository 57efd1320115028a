import ArgumentParser
import Engine
import Foundation
import Inference
import Vips

struct ModelVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that a model is the file its card describes, and measures it.",
        discussion: """
            With --photos, a model is measured on the photos of a folder: on those that its card \
            keeps out of training if they are there, else on all.

            Super-resolution: each photo is reduced (bicubic, antialiased), enlarged by the model, \
            and compared with the original: PSNR of luma (BT.601) in dB, without a border as wide \
            as the scale. With --features, also the distance of the two in the features of a network.

            Colorization: each photo is made grey and coloured by the model; printed are the mean \
            colour difference (CIEDE2000) to the original of the result and of the grey photo, how \
            far the result's is below the other in percent, and the result's colourfulness ÷ the \
            original's.
            """
    )

    /// By the task that a card names; other tasks have no measure.
    private static let measures: [String: any PhotoMeasure.Type] = [
        "super-resolution": SuperResolutionMeasure.self,
        "colorization": ColorizationMeasure.self,
    ]

    @Argument(help: "A model's name, or an ONNX file.")
    var model: String

    @Option(help: ArgumentHelp("Photos to measure on.", valueName: "folder"))
    var photos: String?

    @Option(help: "Measure on the first photos only.")
    var first: Int?

    @Option(
        help: ArgumentHelp(
            "A network of RGB from 0 to 1 whose outputs are features to compare pictures by.",
            valueName: "file.onnx"
        )
    )
    var features: String?

    @Flag(help: "Print the results as JSON.")
    var json = false

    func run() throws {
        let library = ModelLibrary()
        let found = try library.model(model)
        if let expected = found.card?.sha256 {
            let actual = sha256(ofFile: found.path) ?? "nothing"
            guard actual == expected else {
                throw Failure(
                    .model,
                    "\(found.path): expected SHA-256 \(expected), found \(actual)"
                )
            }
        }
        guard let photos else {
            print("\(found.name): a valid model, as its card says")
            return
        }
        let task = found.card?.task ?? "super-resolution"
        guard let measure = Self.measures[task] else {
            throw Failure(
                .usage,
                "\(found.name): for \(task) there is nothing to measure with --photos"
            )
        }
        try report(
            measure.init(found, named: model, in: library, features: features),
            on: try found.photos(in: photos, limit: first),
            about: found.name
        )
    }

    private func report<Measure: PhotoMeasure>(
        _ measure: Measure,
        on paths: [String],
        about name: String
    ) throws {
        func show(_ score: Measure.Score, _ photos: String) {
            if !json { print(photos.padded(to: 40) + " " + score.figures) }
        }
        var scores: [Measure.Score] = []
        for path in paths {
            let score = try measure.score(ofPhoto: path)
            scores.append(score)
            show(score, path)
        }
        if json { return try printJSON(scores) }
        let mean = Measure.Score(meanOf: scores)
        show(mean, "mean of \(scores.count)")
        print(mean.conclusion(about: name))
    }
}
