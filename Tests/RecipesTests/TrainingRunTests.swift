import Foundation
import Inference
import Recipes
import Streams
import Support
import Tensors
import Testing
import TrainingLogs

/// A training of a few steps on a few small pictures, by every recipe.
@Suite struct TrainingRunTests {
    @Test("every recipe is tried")
    func all() {
        let tried = Set(RecipeCase.all.map { $0.recipe.name })
        #expect(tried == Set(recipes.map { $0.name }))
    }

    @Test(
        "a training that was stopped and resumed ends with the bits of one that was not",
        arguments: RecipeCase.all
    )
    func resuming(own: RecipeCase) throws {
        let folder = try RecipeFolder(own.data)
        #expect(try folder.run(own, "whole") == .finished(step: 6))
        #expect(try folder.run(own, "parts", steps: 1) == .stopped(step: 1))
        #expect(try folder.run(own, "parts", steps: 2) == .stopped(step: 3))
        #expect(try folder.run(own, "parts", steps: 1) == .stopped(step: 4))
        #expect(try folder.run(own, "parts") == .finished(step: 6))
        let files = try ["whole", "parts"].map(folder.checkpoint)
        #expect(files[0].tensors.count > 15)
        #expect(files[0].tensors == files[1].tensors)
        let fresh = try own.trainer(in: folder).state.tensors
        // Pools begin empty.
        let later = Set(files[0].tensors.keys).subtracting(fresh.keys)
        #expect(later.allSatisfy { $0.hasPrefix("pool-") })
        #expect(Set(fresh.keys).isSubset(of: files[0].tensors.keys))
    }

    @Test("another seed gives other weights, the same one the same", arguments: ["1", "2"])
    func seeds(seed: String) throws {
        let own = RecipeCase.all[0]
        let folder = try RecipeFolder(own.data)
        _ = try folder.run(own, "a", [(key: "steps", text: "1")])
        _ = try folder.run(own, "b", [(key: "steps", text: "1"), (key: "seed", text: seed)])
        let files = try ["a", "b"].map(folder.checkpoint)
        #expect((files[0].tensors == files[1].tensors) == (seed == "1"))
    }

    @Test(
        "a training can begin with the weights of another one, or with those of its model",
        arguments: ["checkpoints/last.safetensors", "models/sr-x2/model.onnx"]
    )
    func starting(file: String) throws {
        let own = RecipeCase.all.first { $0.recipe == SuperResolution.self }!
        let folder = try RecipeFolder(own.data)
        _ = try folder.run(own, "first", [(key: "steps", text: "1")])
        let words = ["steps": "1", "seed": "2", "learning-rate": "0", "adversarial-rate": "0"]
            .map { (key: $0.key, text: $0.value) }
        let start = (key: "start", text: "\(folder.path)/first/\(file)")
        _ = try folder.run(own, "second", words + [start])
        _ = try folder.run(own, "fresh", words)
        let weights = try ["first", "second", "fresh"].map { run in
            try folder.checkpoint(run).tensors.filter { $0.key.hasPrefix("generator.") }
        }
        #expect(weights[0].count > 10)
        #expect(weights[0] == weights[1])
        #expect(weights[0] != weights[2])
        #expect(throws: (any Error).self) {
            try folder.run(own, "none", words + [(key: "start", text: folder.path + "/none.onnx")])
        }
    }

    @Test("a card names the photos that were kept apart: every 20th by path")
    func heldOut() throws {
        let own = RecipeCase.all.first { $0.recipe == SuperResolution.self }!
        let folder = try RecipeFolder(own.data)
        for number in 3..<20 {
            try FileManager.default.copyItem(
                atPath: folder.data + "/0.png",
                toPath: folder.data + "/\(number).png"
            )
        }
        _ = try folder.run(own, "run", [(key: "steps", text: "1")])
        let card = try ModelCard(path: folder.path + "/run/models/sr-x2/card.json")
        #expect(card.training?.heldOut == ["9.png"])
    }

    @Test(
        "an exported model makes what the trainer shows",
        arguments: RecipeCase.all.filter { $0.recipe != Colorization.self }
    )
    func export(own: RecipeCase) throws {
        let folder = try RecipeFolder(own.data)
        _ = try folder.run(own, "run", [(key: "steps", text: "2")])
        let trainer = try own.trainer(in: folder)
        try trainer.state.restore(try folder.checkpoint("run"), path: "")
        let columns = try trainer.samples().columns
        let models = "\(folder.path)/run/models"
        let names = try FileManager.default.contentsOfDirectory(atPath: models)
        #expect(!names.isEmpty)
        for name in names {
            let path = "\(models)/\(name)"
            let card = try ModelCard(path: path + "/card.json")
            #expect(card.name == name)
            let translates = own.recipe == Pix2Pix.self || own.recipe == CycleGAN.self
            #expect(card.task == (translates ? "translation" : own.recipe.name))
            var others = card.networks ?? [:]
            let style = try others.removeValue(forKey: "style").map {
                try Model(path: "\(path)/\($0)", card: card)
            }
            // Pairs of columns belong to the model's network, and to those beside it.
            for (pair, file) in (["model.onnx"] + others.values.sorted()).enumerated() {
                let model = try Model(path: "\(path)/\(file)", card: card)
                let (inputs, shown) = (columns[2 * pair], columns[2 * pair + 1])
                try expect(model, style, card, inputs, shown, others: columns.last!)
            }
        }
    }

    /// Expects that a model makes `shown` of `inputs`, item by item; all from 0 to 1.
    ///
    /// - Parameter others: the originals of damaged inputs, or paintings for the style network.
    private func expect(
        _ model: Model,
        _ style: Model?,
        _ card: ModelCard,
        _ inputs: Tensor,
        _ shown: Tensor,
        others: Tensor
    ) throws {
        let (black, white) = (card.input.range.black, card.input.range.white)
        func encoded(_ pictures: Tensor) -> Tensor {
            let numbers = pictures.array(of: Float.self).map { black + $0 * (white - black) }
            return Tensor(shape: pictures.shape, values: numbers)
        }
        let x = encoded(inputs)
        for index in 0..<x.shape[0] {
            var given = [item(x, index)]
            if model.takesMask { given.append(hole(item(inputs, index), item(others, index))) }
            if let style { given += try style.run([item(encoded(others), index)]) }
            let y = try model.run(given)[0]
            let result = Tensor(
                shape: y.shape,
                values: y.array(of: Float.self).map { ($0 - black) / (white - black) }
            )
            #expect(difference(result, item(shown, index)) == nil, "\(model.name)")
        }
    }

    @Test(
        "an exported model gives a luma the colours that the trainer shows",
        arguments: RecipeCase.all.filter { $0.recipe == Colorization.self }
    )
    func colors(own: RecipeCase) throws {
        let folder = try RecipeFolder(own.data)
        _ = try folder.run(own, "run", [(key: "steps", text: "2")])
        let trainer = try own.trainer(in: folder)
        try trainer.state.restore(try folder.checkpoint("run"), path: "")
        let columns = try trainer.samples().columns
        let path = "\(folder.path)/run/models/colorize"
        let model = try Model(
            path: path + "/model.onnx",
            card: ModelCard(path: path + "/card.json")
        )
        let luma = columns[0].array(of: Float.self)
        let x = Tensor(shape: columns[0].shape, values: luma.map { 2 * $0 - 1 })
        let chroma = try model.run([item(x, 0)])[0].array(of: Float.self)
        let shown = item(columns[1], 0).array(of: Float.self)
        let count = chroma.count / 2
        for i in 0..<count {
            // BT.601: R − Y is 1.402 times a chroma of ±½, B − Y 1.772 times.
            let red = luma[i] + 0.701 * chroma[count + i]
            let blue = luma[i] + 0.886 * chroma[i]
            #expect(abs(shown[i] - min(1, max(0, red))) < 1e-5)
            #expect(abs(shown[2 * count + i] - min(1, max(0, blue))) < 1e-5)
        }
    }

    @Test("a network of scenes refuses crops that it cannot halve four times")
    func oddScene() throws {
        let own = RecipeCase.all.last { $0.recipe == Colorization.self }!
        #expect(
            throws: RecipeError.badSetting(
                "crop",
                expected: "a multiple of 16 for network=scene",
                found: "24"
            )
        ) {
            let words = [("crop", "24"), ("depth", "3"), ("discriminator-layers", "0")]
            _ = try own.trainer(
                words.map { (key: $0.0, text: $0.1) },
                in: RecipeFolder(own.data)
            )
        }
    }

    @Test("features finer than what the encoder sees are refused")
    func fineFeatures() throws {
        let own = RecipeCase.all.last { $0.recipe == Colorization.self }!
        #expect(
            throws: RecipeError.badSetting(
                "feature-layers",
                expected: "maps of at most 8 pixels a side for the crop",
                found: "one of 16"
            )
        ) {
            _ = try own.trainer(
                [(key: "feature-layers", text: "level2")],
                in: RecipeFolder(own.data)
            )
        }
    }

    /// A mask of the pixels in which a damaged picture differs from the original.
    private func hole(_ damaged: Tensor, _ original: Tensor) -> Tensor {
        let (a, b) = (damaged.array(of: Float.self), original.array(of: Float.self))
        let pixels = a.count / 3
        let values = (0..<pixels).map { i -> Float in
            (0..<3).contains { a[$0 * pixels + i] != b[$0 * pixels + i] } ? 1 : 0
        }
        return Tensor(shape: [1, 1] + damaged.shape[2...], values: values)
    }

    /// One item of a batch as a batch of its own.
    private func item(_ batch: Tensor, _ index: Int) -> Tensor {
        let count = batch.count / batch.shape[0]
        let values = batch.array(of: Float.self)[(index * count)..<((index + 1) * count)]
        return Tensor(shape: [1] + batch.shape.dropFirst(), values: Array(values))
    }

    @Test("features have a say in the second stage, and none without one")
    func perceptual() throws {
        let own = RecipeCase.all[0]
        let folder = try RecipeFolder(own.data)
        func trainer(_ words: [String: String]) throws -> any Trainer {
            let more = ["features": "random", "content-share": "0", "steps": "1"]
                .merging(words) { $1 }
            return try own.trainer(more.map { (key: $0.key, text: $0.value) }, in: folder)
        }
        #expect(try trainer([:]).step(0)["perceptual"]! > 0)
        func weights(_ perceptual: String) throws -> [String: Tensor] {
            let trainer = try trainer(["perceptual": perceptual])
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
            _ = try trainer(["adversarial": "0"])
        }
    }

    @Test("a folder with a training is not begun again, and wrong words are named")
    func refusals() throws {
        let own = RecipeCase.all[0]
        let folder = try RecipeFolder(own.data)
        _ = try folder.run(own, "run", [(key: "steps", text: "1")])
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
        ) { try own.settings([(key: "bacth", text: "1")], in: folder) }
        #expect(
            throws: RecipeError.badSetting(
                "crop",
                expected: "a whole number from 16 to 512",
                found: "\"9\""
            )
        ) { try own.settings([(key: "crop", text: "9")], in: folder) }
        #expect(throws: RecipeError.unknownRecipe("super", suggestion: "super-resolution")) {
            _ = try recipe(named: "super")
        }
    }
}
