import Foundation
import Graphs
import Inference
import Recipes
import Support
import Tensors
import Testing
import Training
import TrainingData
import TrainingLogs

@Suite struct Pix2PixTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func trainer(_ words: [(String, String)] = []) throws -> any Trainer {
        let tiny = [
            ("steps", "60"), ("batch", "4"), ("crop", "16"), ("channels", "4"), ("depth", "3"),
            ("discriminator-layers", "1"), ("learning-rate", "0.002"),
        ]
        let given = (tiny + words).map { (key: $0.0, text: $0.1) }
        let settings = try Settings(Pix2Pix.settings, given: given, recipe: Pix2Pix.name)
        return try Pix2Pix(settings).trainer(on: folder.url.path)
    }

    /// Writes a picture whose numbers `value` gives for column and row.
    private func picture(
        _ name: String,
        _ width: Int,
        _ height: Int,
        _ value: (Int, Int) -> Float = { _, _ in 0 }
    ) throws {
        let path = URL(filePath: folder.path(name))
        try FileManager.default.createDirectory(
            at: path.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        let values = (0..<height).flatMap { y in (0..<width).map { x in value(x, y) } }
        let picture = TrainingData.Picture(Tensor(shape: [1, height, width], values: values))
        try Data(Self.netpbm(picture)).write(to: path)
    }

    private static func netpbm(_ picture: TrainingData.Picture) -> [UInt8] {
        Array("P5 \(picture.width) \(picture.height) 255\n".utf8) + picture.samples
    }

    @Test("a network learns to turn squares into their negatives")
    func learning() throws {
        for index in 0..<8 {
            let inside = { (x: Int, y: Int) in x / 8 == index % 2 && y / 8 == index / 2 % 2 }
            try picture("a/\(index).pgm", 16, 16) { inside($0, $1) ? 1 : 0.2 }
            try picture("b/\(index).pgm", 16, 16) { inside($0, $1) ? 0 : 0.8 }
        }
        let trainer = try trainer()
        let before = try trainer.score()!.value
        for step in 0..<60 { _ = try trainer.step(step) }
        let after = try trainer.score()!.value
        #expect(after > before + 6, "\(before) dB before, \(after) dB after")
    }

    @Test(
        "pairs lie side by side or in folders, and go either way",
        arguments: [true, false],
        ["a-to-b", "b-to-a"]
    )
    func directions(sideBySide: Bool, direction: String) throws {
        if sideBySide {
            try picture("1.pgm", 32, 16) { x, _ in x < 16 ? 0.2 : 0.8 }
        } else {
            try picture("A/1.pgm", 16, 16) { _, _ in 0.2 }
            try picture("B/1.pgm", 16, 16) { _, _ in 0.8 }
        }
        let columns = try trainer([("direction", direction)]).samples().columns
        let ends = [columns[0], columns[2]].map { $0.array(of: Float.self)[0] }
        #expect(ends == (direction == "a-to-b" ? [0.2, 0.8] : [0.8, 0.2]))
    }

    @Test("data that cannot be used is said in one sentence that names it")
    func wrongData() throws {
        let root = folder.url.path
        func expect(_ text: String, _ words: [(String, String)] = []) {
            let error = #expect(throws: DataError.self) { _ = try trainer(words) }
            #expect(error?.description == text)
        }
        expect("\(root): expected a folder of pictures, found none in it")
        try picture("1.pgm", 17, 16)
        expect(
            "\(root)/1.pgm: expected two pictures side by side, found an odd width of 17 pixels"
        )
        try picture("1.pgm", 24, 16)
        expect("\(root)/1.pgm: expected at least 16 × 16 pixels, found 12 × 16", [("fit", "no")])
        try picture("a/1.pgm", 16, 16)
        expect("\(root): expected the folders a and b in it, found no such folders")
        try picture("b/2.pgm", 16, 16)
        expect("\(root)/a/1.pgm: expected a picture of the same name in \(root)/b, found none")
        try picture("b/1.pgm", 16, 15)
        expect("\(root)/b/2.pgm: expected a picture of the same name in \(root)/a, found none")
        try picture("a/2.pgm", 16, 16)
        expect("\(root)/b/1.pgm: expected 16 × 16 pixels as in \(root)/a/1.pgm, found 16 × 15")
    }

    @Test("decay takes its share of the weights away in every step")
    func weightDecay() throws {
        try picture("1.pgm", 32, 16) { x, _ in x < 16 ? 0.2 : 0.8 }
        func weights(_ words: [(String, String)]) throws -> [Float] {
            let trainer = try trainer(words)
            _ = try trainer.step(0)
            let generator = trainer.state.networks.first { $0.name == "generator" }!.network
            return generator.parameters.flatMap { $0.variable.values }
        }
        let fresh = try weights([("learning-rate", "0")])
        let plain = try weights([])
        let decayed = try weights([("weight-decay", "5")])
        #expect(fresh != plain)
        // The rate is 0.002.
        for (index, weight) in fresh.enumerated() {
            #expect(abs(plain[index] - decayed[index] - 0.01 * weight) < 1e-6)
        }
    }

    @Test("the mean generator moves by its share in every step, and is the one that is used")
    func average() throws {
        try picture("1.pgm", 32, 16) { x, _ in x < 16 ? 0.2 : 0.8 }
        func weights(_ trainer: any Trainer, _ name: String) -> [Float] {
            let network = trainer.state.networks.first { $0.name == name }!.network
            return network.parameters.flatMap { $0.variable.values }
        }
        let trainer = try trainer([("average", "0.75")])
        let fresh = weights(trainer, "generator")
        let unused = try trainer.samples().columns[1].array(of: Float.self)
        _ = try trainer.step(0)
        let (moved, mean) = (weights(trainer, "generator"), weights(trainer, "average"))
        #expect(moved != fresh)
        for (index, weight) in fresh.enumerated() {
            #expect(abs(mean[index] - 0.75 * weight - 0.25 * moved[index]) < 1e-6)
        }
        #expect(try trainer.samples().columns[1].array(of: Float.self) != unused)
        let still = try self.trainer([("average", "1")])
        let before = try still.score()!.value
        _ = try still.step(0)
        #expect(try still.score()!.value == before)
    }

    @Test("settings that do not go together are refused")
    func settings() {
        #expect(
            throws: RecipeError.badSetting(
                "crop",
                expected: "a multiple of 32, which is 2 to the depth",
                found: "48"
            )
        ) { _ = try trainer([("crop", "48"), ("depth", "5")]) }
        #expect(
            throws: RecipeError.badSetting(
                "discriminator-layers",
                expected: "few enough to leave 3 pixels of a crop of 16",
                found: "3"
            )
        ) { _ = try trainer([("discriminator-layers", "3")]) }
    }

    @Test("the exported model takes pictures of every size")
    func sizes() throws {
        try picture("1.pgm", 32, 16) { x, _ in x < 16 ? 0.2 : 0.8 }
        let trainer = try trainer()
        _ = try trainer.step(0)
        try trainer.export(to: folder.path("models"), steps: 1, hours: 0)
        let model = try Model(path: folder.path("models/pix2pix/model.onnx"))
        let network = try model.pictureNetwork()
        #expect(network.alignment == 8 && network.scale.value == 1 && network.globalNodes.isEmpty)
        var random = SeededRandom(1)
        let fitted = try network.fitted(height: 21, width: 34)
        let y = try fitted.evaluate(random.tensor([1, 3, 21, 34]))
        #expect(y.shape == [1, 3, 21, 34])
    }

    /// Baselines of a test set of digits, measured by an independent program on one of its own.
    @Test("the experiment knows how good answers without a network are, and bars them")
    func experiment() throws {
        var said: [String] = []
        let figures = try ColoredDigits(steps: 1, unseen: 300).figures(data: nil) {
            said.append($0)
        }
        let values = Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value) })
        func expect(_ name: String, _ value: Double, within tolerance: Double) {
            #expect(abs(values[name]! - value) < tolerance, "\(name): \(values[name]!)")
        }
        expect("mean picture, mean absolute error", 0.0825, within: 0.004)
        expect("copied outline, mean absolute error", 0.1375, within: 0.004)
        expect("filled in white, mean absolute error", 0.056, within: 0.004)
        expect("filled in white, share of right colours", 0.1, within: 0.06)
        #expect(figures.count { $0.least != nil || $0.most != nil } == 3)
        #expect(figures.contains { !$0.isReached })
        let missed = "missed with seed 1: network, mean absolute error, "
        #expect(said.contains { $0.hasPrefix(missed) })
        #expect(said.contains("once more with seed 2"))
    }
}
