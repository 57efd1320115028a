import Foundation
import Graphs
import ONNX
import Recipes
import Support
import Tensors
import Testing
import TrainingLogs

/// A training of a few steps on a few small pictures.
@Suite struct TrainingRunTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "atelier-\(UUID().uuidString)"

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path + "/photos",
                withIntermediateDirectories: true
            )
            var random = SeededRandom(1)
            for number in 0..<3 {
                let photo = random.tensor([1, 3, 64, 56], in: 0...1)
                try SampleSheet([photo]).write(to: path + "/photos/\(number).png")
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let type = SuperResolution.self

    private func settings(_ more: [(key: String, text: String)] = []) throws -> Settings {
        let words = [
            ("steps", "6"), ("batch", "2"), ("crop", "32"), ("channels", "4"), ("blocks", "1"),
            ("adversarial", "0.001"), ("content-share", "0.5"), ("checkpoint-every", "2"),
            ("sample-every", "6"),
        ].map { (key: $0.0, text: $0.1) }
        return try Settings(type.settings, given: words + more, recipe: type.name)
    }

    private func run(
        _ folder: Folder,
        _ name: String,
        _ settings: Settings,
        steps: Int = .max
    ) throws -> TrainingRun.End {
        let run = RunFolder("\(folder.path)/\(name)")
        if !run.hasCheckpoint {
            try run.begin(RunFolder.Description(recipe: type.name, settings: [:], data: ""))
        }
        var done = 0
        return try TrainingRun(
            type.init(settings),
            settings: settings,
            folder: run,
            isStopped: {
                done += 1
                return done >= steps
            }
        ).train(on: folder.path + "/photos")
    }

    @Test("a training that was stopped and resumed ends with the bits of one that was not")
    func resuming() throws {
        let folder = try Folder()
        let settings = try settings()
        #expect(try run(folder, "whole", settings) == .finished(step: 6))
        // In the first stage, at its end, and in the second one.
        #expect(try run(folder, "parts", settings, steps: 1) == .stopped(step: 1))
        #expect(try run(folder, "parts", settings, steps: 2) == .stopped(step: 3))
        #expect(try run(folder, "parts", settings, steps: 1) == .stopped(step: 4))
        #expect(try run(folder, "parts", settings) == .finished(step: 6))
        let files = try ["whole", "parts"].map {
            try TensorFile(path: RunFolder("\(folder.path)/\($0)").checkpoint)
        }
        #expect(files[0].tensors.count > 20)
        #expect(files[0].tensors == files[1].tensors)
    }

    @Test("another seed gives other weights, the same one the same", arguments: ["1", "2"])
    func seeds(seed: String) throws {
        let folder = try Folder()
        let more = [("steps", "1"), ("seed", seed)].map { (key: $0.0, text: $0.1) }
        _ = try run(folder, "a", try settings([(key: "steps", text: "1")]))
        _ = try run(folder, "b", try settings(more))
        let files = try ["a", "b"].map {
            try TensorFile(path: RunFolder("\(folder.path)/\($0)").checkpoint)
        }
        #expect((files[0].tensors == files[1].tensors) == (seed == "1"))
    }

    @Test("the exported model makes pictures twice as large", arguments: ["residual", "9-1-9"])
    func export(network: String) throws {
        let folder = try Folder()
        let more = [("steps", "1"), ("network", network)].map { (key: $0.0, text: $0.1) }
        _ = try run(folder, "run", try settings(more))
        let model = try ONNXModel(path: "\(folder.path)/run/models/sr-x2/model.onnx")
        var random = SeededRandom(2)
        let x = random.tensor([1, 3, 10, 13], in: 0...1)
        let y = try model.graph.evaluate([x])[0]
        #expect(y.shape == [1, 3, 20, 26])
        // One small step leaves the enlarged picture nearly as it was.
        let mean = y.array(of: Float.self).reduce(0, +) / Float(y.count)
        #expect(abs(mean - x.array(of: Float.self).reduce(0, +) / Float(x.count)) < 0.5)
    }

    @Test("features have a say in the second stage, and none without one")
    func perceptual() throws {
        let folder = try Folder()
        let more = ["features": "random", "content-share": "0", "steps": "1"]
            .map { (key: $0.key, text: $0.value) }
        let trainer = try type.init(settings(more)).trainer(on: folder.path + "/photos")
        #expect(try trainer.step(0)["perceptual"]! > 0)
        func weights(_ perceptual: String) throws -> [String: Tensor] {
            let settings = try settings(more + [(key: "perceptual", text: perceptual)])
            let trainer = try type.init(settings).trainer(on: folder.path + "/photos")
            _ = try trainer.step(0)
            return trainer.state.tensors
        }
        #expect(try weights("0") != weights("1"))
        #expect(
            throws: RecipeError.badSetting(
                "features",
                expected: "a second stage, with \"adversarial\" above 0",
                found: "none"
            )
        ) {
            let settings = try settings(more + [(key: "adversarial", text: "0")])
            _ = try type.init(settings).trainer(on: folder.path + "/photos")
        }
    }

    @Test("a folder with a training is not begun again, and wrong words are named")
    func refusals() throws {
        let folder = try Folder()
        _ = try run(folder, "run", try settings([(key: "steps", text: "1")]))
        let path = "\(folder.path)/run"
        #expect(throws: RecipeError.runExists(path)) {
            try RunFolder(path).begin(RunFolder.Description(recipe: "", settings: [:], data: ""))
        }
        #expect(
            throws: RecipeError.unknownSetting(
                "bacth",
                recipe: "super-resolution",
                suggestion: "batch"
            )
        ) { try settings([(key: "bacth", text: "1")]) }
        #expect(
            throws: RecipeError.badSetting(
                "crop",
                expected: "a whole number from 16 to 512",
                found: "\"9\""
            )
        ) { try settings([(key: "crop", text: "9")]) }
        #expect(throws: RecipeError.unknownRecipe("super", suggestion: "super-resolution")) {
            _ = try recipe(named: "super")
        }
    }
}
