import FoundationEssentials
import Graphs
import ONNX
import Support
import Tensors
import Testing
import Vips

/// Repaints photos with networks of random weights, or with networks whose work is known.
@Suite struct StyleTransferTests {
    private let folder: TemporaryFolder
    private let photo: String

    init() throws {
        folder = try TemporaryFolder()
        photo = folder.path("photo.png")
        var bytes: [UInt8] = []
        for y in 0..<300 {
            for x in 0..<400 {
                let wave = 90 + (x * y / 50) % 70
                bytes += [UInt8(wave), UInt8(90 + (x / 9 + y / 7) % 2 * 60), UInt8(200 - wave / 2)]
            }
        }
        try Image.fromMemory(
            bytes,
            width: 400,
            height: 300,
            bands: 3,
            format: .u8,
            interpretation: "srgb"
        ).write(to: photo)
    }

    private func file(_ graph: Graph) throws -> String {
        let path = folder.path("network.onnx")
        try graph.onnxFile(name: path).write(to: URL(filePath: path))
        return path
    }

    /// A network that turns colours around: red to green, green to blue, blue to red.
    private func turning() throws -> String {
        var graph = Graph()
        let sides: [Dimension] = [1, 3, .named("height"), .named("width")]
        let x = graph.addInput("photo", ValueType(.float32, sides))
        let turn = Tensor(shape: [3, 3, 1, 1], values: [0, 0, 1, 1, 0, 0, 0, 1, 0] as [Float])
        let w = graph.addConstant("weights", turn)
        graph.outputs = [graph.append(Convolution(rule: WindowRule(kernel: [1, 1])), [x, w])]
        return try file(graph)
    }

    /// The picture that comes out, as numbers.
    private func repaint(options: [String] = [], _ words: [String]) throws -> [Float] {
        let command = try Command.atelier(
            ["run", photo, "-o", "out.png"] + options + ["--", "style-transfer"] + words,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
        #expect(command.status == 0, "\(command.errors)")
        let image = try Image.open(folder.path("out.png"), sequentially: false)
        #expect(image.width == 400 && image.height == 300)
        return try image.floats()
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { abs($0 - $1) }.max()!
    }

    @Test("strips, tiles and threads change no pixel by more than one step in 255")
    func seams() throws {
        let words = ["model=" + (try file(GlobalNetwork.resnet.graph(seed: 5))), "range=signed"]
        let whole = try repaint(options: ["--threads", "1"], words)
        #expect(Set(whole).count > 50)
        // Two budgets that cut the picture at different places.
        var cuts: Set<Substring> = []
        for memory in ["700K", "1M"] {
            let plan = try Command.atelier(
                ["plan", photo, "--memory", memory, "--", "style-transfer"] + words,
                environment: ["XDG_CACHE_HOME": folder.path("cache")]
            )
            let tiles = try #require(plan.output.firstRange(of: "tiles of "), "\(plan.output)")
            cuts.insert(plan.output[tiles.upperBound...].prefix(while: { $0 != "p" }))
            let tiled = try repaint(options: ["--threads", "2", "--memory", memory], words)
            #expect(distance(tiled, whole) <= 1, "\(memory): \(distance(tiled, whole))")
        }
        #expect(cuts.count == 2, "\(cuts)")
    }

    @Test("strength goes from the photo to the painting in a straight line")
    func strength() throws {
        let model = "model=" + (try turning())
        let before = try Image.open(photo, sequentially: false).floats()
        let after = try repaint([model, "range=unit"])
        for i in stride(from: 0, to: before.count, by: 3) {
            #expect(after[i] == before[i + 2] && after[i + 1] == before[i])
        }
        #expect(try repaint([model, "range=unit", "strength=0"]) == before)
        let half = try repaint([model, "range=unit", "strength=0.5"])
        let mean = zip(before, after).map { ($0 + $1) / 2 }
        #expect(distance(half, mean) <= 0.51)
    }

    @Test("with the photo's colours only light and dark are the painting's")
    func colors() throws {
        func lab(_ samples: [Float]) throws -> [Float] {
            let image = try samples.map { UInt8($0) }.withUnsafeBytes {
                try Image.fromMemory(
                    $0,
                    width: 400,
                    height: 300,
                    bands: 3,
                    format: .u8,
                    interpretation: "srgb"
                )
            }
            return try image.operation("colourspace", ["space": .string("lab")]).floats()
        }
        let model = "model=" + (try turning())
        let before = try lab(Image.open(photo, sequentially: false).floats())
        let painted = try lab(try repaint([model, "range=unit"]))
        let kept = try lab(try repaint([model, "range=unit", "preserve-color=1"]))
        var light: [Float] = []
        var colors: [Float] = []
        for i in stride(from: 0, to: kept.count, by: 3) {
            light.append(abs(kept[i] - painted[i]))
            colors += [abs(kept[i + 1] - before[i + 1]), abs(kept[i + 2] - before[i + 2])]
        }
        // Colours that the screen cannot show at their new lightness are the exception.
        func share(_ distances: [Float]) -> Double {
            Double(distances.count { $0 <= 1.5 }) / Double(distances.count)
        }
        #expect(share(light) > 0.8 && share(colors) > 0.8)
        #expect(distance(painted, before) > 40)
    }

    @Test("detail is the size at which the photo is painted")
    func detail() throws {
        let model = "model=" + (try turning())
        let whole = try repaint([model, "range=unit"])
        #expect(try repaint([model, "range=unit", "detail=400"]) == whole)
        let coarse = try repaint([model, "range=unit", "detail=64"])
        func roughness(_ samples: [Float]) -> Float {
            (3..<samples.count).reduce(0) { $0 + abs(samples[$1] - samples[$1 - 3]) }
        }
        #expect(roughness(coarse) < 0.5 * roughness(whole))
        let means = [coarse, whole].map { $0.reduce(0, +) / Float($0.count) }
        #expect(abs(means[0] - means[1]) < 1)
    }

    // MARK: Any painting

    /// A model folder of a network that adds the mean colour of a reference to every pixel.
    private func writeTinting(task: String = "style-transfer-any") throws {
        let models = folder.url.appending(path: "models/tint")
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        for (name, graph) in [("model", Graph.tinting), ("style", .meanColor)] {
            try graph.onnxFile(name: name).write(to: models.appending(path: name + ".onnx"))
        }
        _ = try folder.write(
            """
            {"name": "tint", "task": "\(task)", "summary": "", "licence": "MIT", "scale": 1,
             "networks": {"style": "style.onnx"},
             "input": {"range": "unit", "channels": "rgb", "space": "srgb", "side": 20}}
            """,
            to: "models/tint/card.json"
        )
        // Twice as wide as high, and black but for the square in the middle.
        let bytes = (0..<40).flatMap { _ in
            (0..<80).flatMap { x in (20..<60).contains(x) ? [10, 20, 30] : [0, 0, 0] as [UInt8] }
        }
        try Image.fromMemory(
            bytes,
            width: 80,
            height: 40,
            bands: 3,
            format: .u8,
            interpretation: "srgb"
        ).write(to: folder.path("painting.png"))
    }

    /// Runs the operation with models of the test's own.
    private func run(_ words: [String]) throws -> Command {
        try Command.atelier(
            ["run", photo, "-o", "out.png", "--", "style-transfer"] + words,
            environment: [
                "XDG_CACHE_HOME": folder.path("cache"), "ATELIER_MODEL_PATH": folder.path("models"),
            ],
            in: folder.url
        )
    }

    @Test(
        "the middle of a reference is the style; without a model the one for any painting is taken",
        arguments: [[], ["model=tint"], ["model=models/tint/model.onnx"]]
    )
    func reference(model: [String]) throws {
        try writeTinting()
        let command = try run(model + ["reference=painting.png"])
        #expect(command.status == 0, "\(command.errors)")
        let before = try Image.open(photo, sequentially: false).floats()
        let after = try Image.open(folder.path("out.png"), sequentially: false).floats()
        let wanted = before.indices.map { min(255, before[$0] + [10, 20, 30][$0 % 3]) }
        #expect(distance(after, wanted) <= 1)
    }

    @Test("a reference and a model that do not go together are refused in one sentence")
    func referenceRefusals() throws {
        try writeTinting()
        let turning = "model=" + (try turning())
        for (words, text) in [
            (
                ["model=tint"],
                "tint needs reference=, a painting in whose manner the photo is repainted"
            ),
            (
                [turning, "reference=painting.png"],
                "reference= is for models that take a style, and network has learned its own; "
                    + "leave it out"
            ),
        ] {
            let command = try run(words)
            #expect(command.status != 0 && command.errors.contains(text), "\(command.errors)")
        }
        try Graph.tinting.onnxFile(name: "lone").write(to: URL(filePath: folder.path("lone.onnx")))
        let lone = try run(["model=lone.onnx", "reference=painting.png"]).errors
        #expect(lone.contains("reference=: expected a model with several networks"), "\(lone)")
        try writeTinting(task: "colorization")
        let task = try run(["model=tint", "reference=painting.png"]).errors
        #expect(
            task.contains("expected a model for style-transfer-any, found \"tint\""),
            "\(task)"
        )
    }
}
