import Foundation
import Graphs
import Kernels
import ONNX
import Recipes
import Support
import Tensors
import Testing
import TrainingLogs

/// Style transfers of a few steps on a few small pictures.
@Suite struct StyleTransferTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "atelier-\(UUID().uuidString)"

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path + "/photos",
                withIntermediateDirectories: true
            )
            var random = SeededRandom(1)
            for number in 0..<3 {
                let photo = random.tensor([1, 3, 56, 64], in: 0...1)
                try SampleSheet([photo]).write(to: path + "/photos/\(number).png")
            }
            // Stripes, which look like none of the photos.
            let stripes = (0..<(3 * 48 * 40)).map { i in i / 1920 == i / 4 % 2 ? 0.9 : 0.1 as Float
            }
            try SampleSheet([Tensor(shape: [1, 3, 48, 40], values: stripes)])
                .write(to: path + "/Great Wave.png")
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// Writes a network as a file to take features from.
        func write(_ graph: Graph) throws -> String {
            let file = path + "/\(graph.name).onnx"
            try graph.onnxFile(name: file).write(to: URL(filePath: file))
            return file
        }
    }

    private let type = StyleTransfer.self

    private func settings(
        _ folder: Folder,
        _ more: [(key: String, text: String)] = []
    ) throws -> Settings {
        let words = [
            ("style", folder.path + "/Great Wave.png"), ("style-size", "48"), ("steps", "5"),
            ("batch", "2"), ("crop", "32"), ("channels", "4"), ("blocks", "1"),
            ("checkpoint-every", "2"), ("sample-every", "5"),
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

    /// Two convolutions, the second at half the size, and something after them that has no gradient.
    private static func features(_ name: String, channels: Int = 3) -> Graph {
        var random = SeededRandom(3)
        var graph = Graph(name: name)
        let sides: [Graphs.Dimension] = [
            .named("n"), Graphs.Dimension(channels), .named("height"), .named("width"),
        ]
        let x = graph.addInput("picture", ValueType(.float32, sides))
        let rule = WindowRule(kernel: [3, 3], pads: .explicit(before: [1, 1], after: [1, 1]))
        let first = graph.addConstant("w1", random.tensor([6, channels, 3, 3]))
        let a = graph.append(Graphs.Convolution(rule: rule), named: "conv1", [x, first])
        let b = graph.append(Unary(.relu), named: "relu1", [a])
        let half = WindowRule(kernel: [2, 2], strides: [2, 2])
        let c = graph.append(Pooling(.max(indices: nil), rule: half), named: "pool1", [b])
        let second = graph.addConstant("w2", random.tensor([5, 6, 3, 3]))
        let d = graph.append(Graphs.Convolution(rule: rule), named: "conv2", [c, second])
        let e = graph.append(Unary(.sin), named: "wave", [d])
        graph.outputs = [b, d, e]
        return graph
    }

    @Test("a training that was stopped and resumed ends with the bits of one that was not")
    func resuming() throws {
        let folder = try Folder()
        let settings = try settings(folder)
        #expect(try run(folder, "whole", settings) == .finished(step: 5))
        #expect(try run(folder, "parts", settings, steps: 3) == .stopped(step: 3))
        #expect(try run(folder, "parts", settings) == .finished(step: 5))
        let files = try ["whole", "parts"].map {
            try TensorFile(path: RunFolder("\(folder.path)/\($0)").checkpoint)
        }
        #expect(files[0].tensors.count > 20)
        #expect(files[0].tensors == files[1].tensors)
    }

    @Test("features come from layers of a file, and a step brings its loss down")
    func featureFile() throws {
        let folder = try Folder()
        let words = [
            ("features", try folder.write(Self.features("features"))),
            ("style-layers", "relu1,conv2"), ("content-layers", "conv2"), ("steps", "40"),
            ("learning-rate", "0.01"), ("crop", "48"),
        ]
        let settings = try settings(folder, words.map { (key: $0.0, text: $0.1) })
        let trainer = try StyleTransfer(settings).trainer(on: folder.path + "/photos")
        let losses = try (0..<40).map { try trainer.step($0) }
        let (first, last) = (losses[0]["style"]!, losses.suffix(5).map { $0["style"]! }.min()!)
        #expect(last < 0.5 * first, "\(first) → \(last)")
    }

    @Test("the exported model makes what the trainer shows")
    func export() throws {
        let folder = try Folder()
        let settings = try settings(folder, [(key: "steps", text: "2")])
        let trainer = try StyleTransfer(settings).trainer(on: folder.path + "/photos")
        _ = try trainer.step(0)
        _ = try trainer.step(1)
        try trainer.export(to: folder.path + "/models", steps: 2, hours: 0)
        let model = folder.path + "/models/style-great-wave"
        let card = try String(contentsOfFile: model + "/card.json", encoding: .utf8)
        #expect(card.contains(#""task" : "style-transfer""#))
        #expect(card.contains(#""range" : "signed""#))

        // Every row of the sheet is a photo beside what became of it.
        let sheet = try trainer.samples().picture
        let side = (sheet.shape[1] - 4) / 3 - 4
        func picture(_ row: Int, _ column: Int) -> Tensor {
            let (height, width) = (sheet.shape[1], sheet.shape[2])
            let values = sheet.array(of: Float.self)
            let (top, left) = (4 + row * (side + 4), 4 + column * (side + 4))
            return Tensor(
                shape: [1, 3, side, side],
                values: (0..<(3 * side * side)).map { i in
                    let (c, y, x) = (i / (side * side), i / side % side, i % side)
                    return values[(c * height + top + y) * width + left + x]
                }
            )
        }
        let graph = try ONNXModel(path: model + "/model.onnx").graph.applying()
        let network = try PictureNetwork(graph)
        for row in 0..<3 {
            let input = picture(row, 0).array(of: Float.self).map { $0 * 2 - 1 }
            let output = try network.run(Tensor(shape: [1, 3, side, side], values: input), .shared)
            let shown = picture(row, 1).array(of: Float.self)
            let distance = zip(output.array(of: Float.self), shown)
                .map { abs(($0 + 1) / 2 - $1) }.max()!
            #expect(distance <= 1e-5, "row \(row): \(distance)")
        }
    }

    @Test("what is wrong with a file of features, a layer or a painting is said in one sentence")
    func mistakes() throws {
        let folder = try Folder()
        let good = try folder.write(Self.features("features"))
        let grey = try folder.write(Self.features("grey", channels: 1))
        let text = folder.path + "/text.onnx"
        try "no network".write(toFile: text, atomically: true, encoding: .utf8)
        func message(_ words: (String, String)...) throws -> String {
            let settings = try settings(folder, words.map { (key: $0.0, text: $0.1) })
            let error = #expect(throws: (any Error).self) {
                try StyleTransfer(settings).trainer(on: folder.path + "/photos")
            }
            return error.map { "\($0)" } ?? ""
        }
        #expect(
            try message(("features", folder.path + "/none.onnx"))
                == "\(folder.path)/none.onnx: expected an ONNX file, found no such file"
        )
        #expect(
            try message(("features", text))
                == "\(text): expected an ONNX model, found 10 bytes that are not one"
        )
        #expect(
            try message(("features", grey))
                == "\(grey): no features of pictures: expected a network that reads a picture "
                + "N×3×height×width, found another"
        )
        #expect(
            try message(("features", good), ("style-layers", "relu1,conv3"))
                == "\(good): no features of pictures: expected the name of a feature map, found "
                + "\"conv3\"; did you mean \"conv1\"?"
        )
        #expect(
            try message(("features", good))
                == "\(good): no features of pictures: wave (Sin): expected a convolution, an "
                + "activation, a pooling, arithmetic or a concatenation, found Sin"
        )
        #expect(
            try message(("style-layers", "level9"))
                == "random: no features of pictures: expected level1, level2, level3, level4, found "
                + "\"level9\""
        )
        #expect(try message(("style", text)).hasPrefix("\(text): expected a picture, found a file"))
        let none = try Settings(type.settings, recipe: type.name)
        #expect(throws: RecipeError.badSetting("style", expected: "a picture file", found: "none"))
        {
            try StyleTransfer(none).trainer(on: folder.path + "/photos")
        }
    }
}
