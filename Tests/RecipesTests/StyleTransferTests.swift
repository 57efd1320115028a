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
    private let own = RecipeCase.all.first { $0.recipe == StyleTransfer.self }!
    private let folder: RecipeFolder

    init() throws { folder = try RecipeFolder(.smallPhotos) }

    private func trainer(_ words: [(String, String)]) throws -> any Trainer {
        try own.trainer(words.map { (key: $0.0, text: $0.1) }, in: folder)
    }

    /// Writes a network as a file to take features from.
    private func write(_ graph: Graph) throws -> String {
        let file = folder.path + "/\(graph.name).onnx"
        try graph.onnxFile(name: file).write(to: URL(filePath: file))
        return file
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

    @Test("features come from layers of a file, and a step brings its loss down")
    func featureFile() throws {
        let words = [
            ("features", try write(Self.features("features"))),
            ("style-layers", "relu1,conv2"), ("content-layers", "conv2"), ("steps", "40"),
            ("learning-rate", "0.01"), ("crop", "48"),
        ]
        let trainer = try trainer(words)
        let losses = try (0..<40).map { try trainer.step($0) }
        let (first, last) = (losses[0]["style"]!, losses.suffix(5).map { $0["style"]! }.min()!)
        #expect(last < 0.5 * first, "\(first) → \(last)")
    }

    @Test("a network for any painting learns to give photos the manner of theirs")
    func anyPainting() throws {
        let own = RecipeCase.all.first { $0.recipe == AnyStyle.self }!
        let words = [
            ("steps", "60"), ("learning-rate", "0.003"), ("jitter", "0"),
            ("content-weight", "0.1"),
        ]
        let trainer = try own.trainer(words.map { (key: $0.0, text: $0.1) }, in: folder)
        let losses = try (0..<60).map { try trainer.step($0)["style"]! }
        // Shares of an untouched photo's distance from the paintings.
        let last = losses.suffix(5).reduce(0, +) / 5
        #expect(last < 0.4, "\(losses[0]) → \(last)")
        let none = try Settings(AnyStyle.settings, recipe: AnyStyle.name)
        #expect(throws: RecipeError.badSetting("paintings", expected: "a folder", found: "none")) {
            try AnyStyle(none).trainer(on: folder.data)
        }
    }

    @Test("what is wrong with a file of features, a layer or a painting is said in one sentence")
    func mistakes() throws {
        let good = try write(Self.features("features"))
        let grey = try write(Self.features("grey", channels: 1))
        let text = folder.path + "/text.onnx"
        try "no network".write(toFile: text, atomically: true, encoding: .utf8)
        func message(_ words: (String, String)...) throws -> String {
            let error = #expect(throws: (any Error).self) { try trainer(words) }
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
        let none = try Settings(StyleTransfer.settings, recipe: StyleTransfer.name)
        #expect(throws: RecipeError.badSetting("style", expected: "a picture file", found: "none"))
        {
            try StyleTransfer(none).trainer(on: folder.data)
        }
    }
}
