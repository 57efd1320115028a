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
            With --photos, a super-resolution model is measured on the photos of a folder: on those \
            that its card keeps out of training if they are there, else on all. Each photo is reduced \
            (bicubic, antialiased), enlarged by the model, and compared with the original: PSNR of \
            luma (BT.601) in dB, without a border as wide as the scale.
            """
    )

    @Argument(help: "A model's name, or an ONNX file.")
    var model: String

    @Option(help: ArgumentHelp("Photos to measure on.", valueName: "folder"))
    var photos: String?

    @Option(help: "Measure on the first photos only.")
    var first: Int?

    @Flag(help: "Print the results as JSON.")
    var json = false

    func run() throws {
        let model = try ModelLibrary().model(model)
        if let expected = model.card?.sha256 {
            let found = sha256(ofFile: model.path) ?? "nothing"
            guard found == expected else {
                throw Failure(.model, "\(model.path): expected SHA-256 \(expected), found \(found)")
            }
        }
        guard let photos else {
            print("\(model.name): a valid model, as its card says")
            return
        }
        let paths = try SuperResolutionScore.photos(in: photos, for: model, limit: first)
        var scores: [SuperResolutionScore] = []
        for path in paths {
            let score = try SuperResolutionScore(model, photo: path)
            scores.append(score)
            if !json { print(Self.line(path, score.model, score.bicubic, score.lanczos)) }
        }
        if json {
            try printJSON(scores)
            return
        }
        func mean(_ value: KeyPath<SuperResolutionScore, Double>) -> Double {
            scores.reduce(0) { $0 + $1[keyPath: value] } / Double(scores.count)
        }
        let (own, bicubic, lanczos) = (mean(\.model), mean(\.bicubic), mean(\.lanczos))
        print(Self.line("mean of \(scores.count)", own, bicubic, lanczos))
        print(
            String(
                format: "%@ is %.2f dB above bicubic and %.2f dB above Lanczos",
                model.name,
                own - bicubic,
                own - lanczos
            )
        )
    }

    private static func line(_ name: String, _ model: Double, _ bicubic: Double, _ lanczos: Double)
        -> String
    {
        name.padded(to: 40)
            + String(format: " %.2f dB, bicubic %.2f, Lanczos %.2f", model, bicubic, lanczos)
    }
}
