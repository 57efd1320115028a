import Foundation
import Graphs
import ONNX
import Support
import Tensors
import Testing
import Vips

/// Measures models whose figures are known.
@Suite struct VerifyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path("photos"),
            withIntermediateDirectories: false
        )
    }

    /// Writes a photo of 64 × 64 to measure on, with a colour for every place.
    private func photo(
        _ name: String,
        _ color: (_ x: Int, _ y: Int) -> (red: Int, green: Int, blue: Int)
    ) throws {
        var bytes: [UInt8] = []
        for place in 0..<4096 {
            let (red, green, blue) = color(place % 64, place / 64)
            for value in [red, green, blue] { bytes.append(UInt8(value)) }
        }
        let image = try Image.fromMemory(
            bytes,
            width: 64,
            height: 64,
            bands: 3,
            format: .u8,
            interpretation: "srgb"
        )
        try image.write(to: folder.path("photos/\(name)"))
    }

    /// Writes a network that enlarges, multiplies channels by a matrix, and adds to them.
    private func network(
        _ name: String,
        _ weights: [[Float]],
        adding bias: [Float]? = nil,
        scale: Float = 1
    ) throws {
        var graph = Graph()
        let channels = Dimension(weights[0].count)
        let type = ValueType(.float32, [1, channels, .named("height"), .named("width")])
        var x = graph.addInput("picture", type)
        if scale > 1 {
            var resize = Resize(Resampling(.nearest(.floor), .asymmetric))
            resize.scales = [1, 1, scale, scale]
            x = graph.append(resize, [x])
        }
        let matrix = Tensor(
            shape: [weights.count, weights[0].count, 1, 1],
            values: weights.flatMap { $0 }
        )
        let sum = Tensor(shape: [weights.count], values: bias ?? weights.map { _ in 0 })
        let constants = [graph.addConstant("w", matrix), graph.addConstant("b", sum)]
        graph.outputs = [
            graph.append(Convolution(rule: WindowRule(kernel: [1, 1])), [x] + constants)
        ]
        let path = folder.path("\(name).onnx")
        try graph.onnxFile(name: path).write(to: URL(filePath: path))
    }

    /// Writes the card of a network.
    private func card(_ name: String, task: String, heldOut: [String] = []) throws {
        let names = heldOut.map { "\"\($0)\"" }.joined(separator: ", ")
        _ = try folder.write(
            """
            {
              "name": "\(name)", "task": "\(task)", "summary": "A test.", "licence": "MIT",
              "input": {"range": "unit", "channels": "rgb", "space": "srgb"},
              "training": {"data": "none", "method": "by hand", "heldOut": [\(names)]}
            }
            """,
            to: "\(name).json"
        )
    }

    private func verify(_ name: String, _ options: String...) throws -> Command {
        try Command.atelier(
            ["model", "verify", "\(name).onnx", "--photos", "photos"] + options,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
    }

    /// What is printed as JSON, of any task.
    private struct Score: Decodable {
        var photo: String
        var model: Double
        var grey, colourfulness, originalColourfulness: Double?
        var features: Features?

        struct Features: Decodable { var model, bicubic: Double }
    }

    private func scores(_ name: String, _ options: String...) throws -> [Score] {
        let command = try Command.atelier(
            ["model", "verify", "\(name).onnx", "--photos", "photos", "--json"] + options,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
        #expect(command.status == 0, "\(command.errors)")
        return try JSONDecoder().decode([Score].self, from: Data(command.output.utf8))
    }

    @Test("colours that are none are as far from the original as grey, and not colourful at all")
    func noColors() throws {
        try photo("a.png") { x, y in (3 * x, 2 * y, 90) }
        try photo("b.png") { x, y in (200, x + y, 4 * (x / 2)) }
        try network("none", [[0], [0]])
        try card("none", task: "colorization")
        let scores = try scores("none")
        #expect(scores.map(\.photo) == ["a.png", "b.png"])
        for score in scores {
            let grey = try #require(score.grey)
            #expect(grey > 5)
            #expect(score.model == grey)
            #expect(score.colourfulness == 0)
        }
        let lines = try verify("none").output.split(separator: "\n")
        #expect(lines.count == 4)
        for line in lines.prefix(3) {
            #expect(line.hasSuffix(", 0.0 % below; colourfulness ratio 0.00"), "\(line)")
        }
        let summary: String =
            "none is 0.0 % nearer to the originals than grey, and 0.00 times as colourful as they are"
        #expect(String(lines[3]) == summary)
    }

    @Test("colours that are the photo's own leave no difference but rounding")
    func ownColors() throws {
        // Blue-difference 0.1 and red-difference −0.05 of 255 at every luma.
        try photo("a.png") { x, y in
            let luma = 80 + (x + y) / 2
            func level(_ offset: Double) -> Int { luma + Int((255 * offset).rounded()) }
            return (level(-0.0701), level(0.001297), level(0.1772))
        }
        try network("own", [[0], [0]], adding: [0.2, -0.1])
        try card("own", task: "colorization")
        let score = try #require(try scores("own").first)
        let (model, grey) = (score.model, try #require(score.grey))
        #expect(model < 0.5 && grey > 8, "\(model), \(grey)")
        let (own, original) = (
            try #require(score.colourfulness),
            try #require(score.originalColourfulness)
        )
        #expect(abs(own / original - 1) < 0.02, "\(own), \(original)")
    }

    @Test("a photo without colours says nothing of colorization")
    func greyPhoto() throws {
        try photo("a.png") { x, _ in (x, x, x) }
        try network("none", [[0], [0]])
        try card("none", task: "colorization")
        let command = try verify("none")
        #expect(command.status == 65)
        #expect(
            command.errors
                == "error: photos/a.png: expected a photo with colours, found a grey one\n"
        )
    }

    @Test("features that are the pictures themselves tell colours apart, and not brightness")
    func features() throws {
        // Pure red stays red when enlarged, and becomes pure green in the network.
        try photo("a.png") { x, y in (100 + (37 * x + 61 * y) % 100, 0, 0) }
        try network("swap", [[0, 1, 0], [1, 0, 0], [0, 0, 1]], scale: 2)
        try card("swap", task: "super-resolution")
        try network("identity", [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        let score = try #require(try scores("swap", "--features", "identity.onnx").first)
        let features = try #require(score.features)
        #expect(abs(features.model - 2) < 1e-9)
        #expect(abs(features.bicubic) < 1e-9)
        let text = try verify("swap", "--features", "identity.onnx").output
        #expect(text.contains("; features 2.0000 away, bicubic 0.0000\n"), "\(text)")
        #expect(try scores("swap").first?.features == nil)
        #expect(try !verify("swap").output.contains("features"))
    }

    @Test("photos that the card holds out are measured on, where they are there")
    func heldOut() throws {
        for name in ["a.png", "b.png", "c.png"] {
            try photo(name) { x, y in (2 * x, 3 * y, 50) }
        }
        try network("none", [[0], [0]])
        try card("none", task: "colorization", heldOut: ["elsewhere.png", "c.png"])
        #expect(try scores("none").map(\.photo) == ["c.png"])
        try card("none", task: "colorization", heldOut: ["elsewhere.png"])
        #expect(try scores("none", "--first", "2").count == 2)
    }

    @Test("a task without a measure, and features without a use, are refused in a sentence")
    func refusals() throws {
        try photo("a.png") { x, y in (2 * x, 3 * y, 50) }
        try network("same", [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
        try card("same", task: "style-transfer")
        let style = try verify("same")
        #expect(style.status == 64)
        #expect(
            style.errors
                == "error: same: for style-transfer there is nothing to measure with --photos\n"
        )
        try network("none", [[0], [0]])
        try card("none", task: "colorization")
        let features = try verify("none", "--features", "same.onnx")
        #expect(features.status == 64)
        #expect(
            features.errors
                == "error: expected --features for a super-resolution model, found it for none, one "
                + "for colorization\n"
        )
    }
}
