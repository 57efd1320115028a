import FoundationEssentials
import Graphs
import ONNX
import Support
import Tensors
import Testing
import Vips

/// Colorizes with networks whose colours are known.
@Suite struct ColorizationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A network that answers luma y with the chroma gain · y + bias, in two channels.
    private func network(gain: [Float], bias: [Float]) throws -> String {
        var graph = Graph()
        let shape: [Dimension] = [1, 1, .named("height"), .named("width")]
        let x = graph.addInput("luma", ValueType(.float32, shape))
        let w = graph.addConstant("weights", Tensor(shape: [2, 1, 1, 1], values: gain))
        let b = graph.addConstant("bias", Tensor(shape: [2], values: bias))
        let rule = WindowRule(kernel: [1, 1])
        graph.outputs = [graph.append(Convolution(rule: rule), [x, w, b])]
        let path = folder.path("network.onnx")
        try graph.onnxFile(name: path).write(to: URL(filePath: path))
        return path
    }

    /// Writes a grey picture of bytes.
    private func picture(_ values: [[UInt8]], bands: Int = 1) throws -> String {
        let bytes = values.flatMap { $0.flatMap { Array(repeating: $0, count: bands) } }
        let image = try Image.fromMemory(
            bytes,
            width: values[0].count,
            height: values.count,
            bands: bands,
            format: .u8,
            interpretation: bands == 1 ? "b-w" : "srgb"
        )
        let path = folder.path("grey\(bands).png")
        try image.write(to: path)
        return path
    }

    private func colorize(_ path: String, _ words: String...) throws -> Command {
        try Command.atelier(
            ["run", path, "-o", "out.png", "--", "colorize"] + words,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
    }

    /// The pixels of the result: luma, blue-difference, red-difference, of 255.
    private func result() throws -> [[Double]] {
        let image = try Image.open(folder.path("out.png"), sequentially: false)
        #expect(image.bands == 3)
        let samples = try image.floats()
        return stride(from: 0, to: samples.count, by: 3).map { i in
            let (r, g, b) = (Double(samples[i]), Double(samples[i + 1]), Double(samples[i + 2]))
            let y = 0.299 * r + 0.587 * g + 0.114 * b
            return [y, (b - y) / 1.772, (r - y) / 1.402]
        }
    }

    private let ramp = (0..<70).map { y in (0..<130).map { x in UInt8(x + y) } }

    @Test("colours are what the network says, and the luma is the photo's", arguments: [1, 3])
    func constant(bands: Int) throws {
        let path = try picture(ramp, bands: bands)
        let network = try network(gain: [0, 0], bias: [0.2, -0.1])
        let command = try colorize(path, "model=\(network)")
        #expect(command.status == 0, "\(command.errors)")
        for (pixel, luma) in zip(try result(), ramp.joined()) {
            #expect(abs(pixel[0] - Double(luma)) <= 0.51)
            // Where the screen can show the colour: 0.1 · 255 of blue, −0.05 · 255 of red.
            if (60...190).contains(luma) {
                #expect(abs(pixel[1] - 25.5) <= 0.8 && abs(pixel[2] + 12.75) <= 0.8)
            }
        }
    }

    @Test("a photo and its mirror image are given the same colours")
    func mirrored() throws {
        // Blue as bright as the left neighbour is, red as the right one.
        var graph = Graph()
        let shape: [Dimension] = [1, 1, .named("height"), .named("width")]
        let x = graph.addInput("luma", ValueType(.float32, shape))
        let weights = Tensor(shape: [2, 1, 1, 3], values: [0.4, 0, 0, 0, 0, -0.4] as [Float])
        let w = graph.addConstant("weights", weights)
        let rule = WindowRule(kernel: [1, 3], pads: .explicit(before: [0, 1], after: [0, 1]))
        graph.outputs = [graph.append(Convolution(rule: rule), [x, w, nil])]
        let network = folder.path("sides.onnx")
        try graph.onnxFile(name: network).write(to: URL(filePath: network))
        let photo = (0..<64).map { (y: Int) -> [UInt8] in
            (0..<128).map { (x: Int) -> UInt8 in UInt8((x * x / 90 + 3 * y) % 256) }
        }
        func pixels(_ rows: [[UInt8]]) throws -> [[Double]] {
            let command = try colorize(try picture(rows), "model=\(network)", "guide=128")
            #expect(command.status == 0, "\(command.errors)")
            return try result()
        }
        let plain = try pixels(photo)
        let mirrored = try pixels(photo.map { $0.reversed() })
        for (i, pixel) in plain.enumerated() {
            let column = i % 128
            let other: [Double] = mirrored[i - column + 127 - column]
            for (a, b) in zip(pixel, other) { #expect(abs(a - b) < 1.5, "pixel \(i)") }
        }
        #expect(plain.contains { abs($0[1]) > 10 })
    }

    @Test("a strength of 0 leaves grey, and twice the strength is twice the colour")
    func strength() throws {
        let path = try picture(ramp)
        let network = try network(gain: [0, 0], bias: [0.1, 0.1])
        for (strength, expected) in [("0", 0.0), ("2", 25.5)] {
            #expect(try colorize(path, "model=\(network)", "strength=\(strength)").status == 0)
            for (pixel, luma) in zip(try result(), ramp.joined()) where (70...180).contains(luma) {
                #expect(abs(pixel[1] - expected) <= 0.8)
            }
        }
    }

    @Test("the network is shown a photo of the size that its card names, or that is asked for")
    func guide() throws {
        // An edge that the sizes of 128 and of 256 pixels do not show alike.
        let path = try picture((0..<512).map { _ in (0..<512).map { $0 < 258 ? 60 : 180 } })
        let network = try network(gain: [0.5, 0], bias: [-0.25, 0])
        func pixels(_ words: String...) throws -> [[Double]] {
            let command = try colorize(path, "model=\(network)", words.first ?? "strength=1")
            #expect(command.status == 0, "\(command.errors)")
            return try result()
        }
        let (usual, small) = (try pixels(), try pixels("guide=128"))
        #expect(usual != small)
        _ = try folder.write(
            """
            {"name": "network", "task": "colorization", "summary": "", "licence": "MIT",
             "input": {"range": "unit", "channels": "rgb", "space": "srgb", "side": 128}}
            """,
            to: "network.json"
        )
        #expect(try pixels() == small)
        #expect(try pixels("guide=256") == usual)
    }

    @Test("colours change where the full luma has its edge")
    func edge() throws {
        // An edge that lies between the columns of the reduced photo, which is 4 times smaller.
        let edged = (0..<512).map { _ in (0..<512).map { UInt8($0 < 258 ? 60 : 180) } }
        let path = try picture(edged)
        let network = try network(gain: [0.5, 0], bias: [-0.25, 0])
        #expect(try colorize(path, "model=\(network)", "guide=128").status == 0)
        let pixels = try result()
        for x in [250, 257, 258, 266] {
            let luma = Double(edged[0][x])
            let expected = (0.5 * luma / 255 - 0.25) / 2 * 255
            #expect(abs(pixels[256 * 512 + x][1] - expected) < 2, "column \(x)")
        }
    }

    @Test("a photo with colours is refused, or taken as grey when asked")
    func colored() throws {
        let red = try Image.image(
            "black",
            ["width": .int(64), "height": .int(64), "bands": .int(3)]
        ).operation("linear", ["a": .doubles([1, 1, 1]), "b": .doubles([200, 60, 60])])
            .operation("cast", ["format": .string("uchar")])
            .operation("copy", ["interpretation": .string("srgb")])
        let path = folder.path("red.png")
        try red.write(to: path)
        let network = try network(gain: [0, 0], bias: [0, 0])
        let refused = try colorize(path, "model=\(network)")
        #expect(refused.status != 0)
        #expect(refused.errors.contains("desaturate=yes takes it as grey"))
        #expect(!folder.contents.contains("out.png"))
        #expect(try colorize(path, "model=\(network)", "desaturate=yes").status == 0)
        // 0.299 · 200 + 0.701 · 60
        for pixel in try result() { #expect(abs(pixel[0] - 101.86) < 0.6 && abs(pixel[1]) < 0.6) }
    }
}
