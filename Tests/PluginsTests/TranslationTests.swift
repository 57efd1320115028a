import FoundationEssentials
import Graphs
import ONNX
import Support
import Tensors
import Testing
import Vips

/// Translates with networks whose answers are known.
@Suite struct TranslationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    // MARK: Networks

    /// A network that multiplies the colours of each pixel with a matrix and adds an offset.
    private func mixing(
        _ matrix: [[Float]],
        _ offset: [Float] = [0, 0, 0]
    ) -> Graph {
        var graph = Graph()
        let x = graph.addInput("input", .picture)
        let w = graph.addConstant("w", Tensor(shape: [3, 3, 1, 1], values: matrix.flatMap(\.self)))
        let b = graph.addConstant("b", Tensor(shape: [3], values: offset))
        graph.outputs = [graph.append(Convolution(rule: WindowRule(kernel: [1, 1])), [x, w, b])]
        return graph
    }

    private let swapped: [[Float]] = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    private let nothing: [[Float]] = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
    private let same: [[Float]] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]

    /// A network that paints everything in one colour: that of another input, times a matrix.
    private func painting(_ name: String, _ shape: [Int], _ matrix: [[Float]]) -> Graph {
        var graph = mixing(nothing)
        let input = graph.addInput(name, ValueType(.float32, shape.map { Dimension($0) }))
        let w = graph.addConstant(
            "colors",
            Tensor(shape: [matrix.count, 3], values: matrix.flatMap(\.self))
        )
        let sides = graph.addConstant("sides", Tensor(shape: [4], values: [Int64(1), 3, 1, 1]))
        let color = graph.append(Reshape(), [graph.append(MatMul(), [input, w]), sides])
        graph.outputs = [graph.append(Binary(.add), [graph.outputs[0], color])]
        return graph
    }

    private func write(_ graph: Graph, _ name: String) throws {
        try graph.onnxFile(name: name).write(to: URL(filePath: folder.path(name)))
    }

    private func card(_ more: String = "", task: String = "translation") throws {
        _ = try folder.write(
            """
            {"name": "net", "task": "\(task)", "summary": "", "licence": "MIT"\(more),
             "input": {"range": "unit", "channels": "rgb", "space": "srgb"}}
            """,
            to: "net.json"
        )
    }

    // MARK: Pictures

    private func photo(
        _ name: String = "photo.png",
        side: Int = 40,
        format: SampleFormat = .u8,
        bands: Int = 3
    ) throws -> [Int] {
        var random = SeededRandom(side)
        let peak = format == .u8 ? 255 : 65535
        // Blocks of eight pixels, each of one colour.
        let blocks = (0..<(side / 8 + 1)).map { _ in
            (0..<(side / 8 + 1)).map { _ in (0..<bands).map { _ in random.int(0...peak) } }
        }
        let samples = (0..<side).flatMap { y in (0..<side).flatMap { x in blocks[y / 8][x / 8] } }
        let bytes = samples.flatMap { sample in
            format == .u8 ? [UInt8(sample)] : [UInt8(sample & 255), UInt8(sample >> 8)]
        }
        try Image.fromMemory(
            bytes,
            width: side,
            height: side,
            bands: bands,
            format: format,
            interpretation: format == .u8 ? "srgb" : "rgb16"
        ).write(to: folder.path(name))
        return samples
    }

    private func translate(
        _ words: [String],
        model: [String] = ["model=net.onnx"],
        into name: String = "out.png"
    ) throws -> Command {
        try Command.atelier(
            ["run", "photo.png", "-o", name, "--", "translate"] + model + words,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
    }

    private func result(_ words: [String] = []) throws -> [Int] {
        let command = try translate(words)
        #expect(command.status == 0, "\(command.errors)")
        return try Image.open(folder.path("out.png"), sequentially: false).floats().map { Int($0) }
    }

    /// The samples with red and blue in each other's place.
    private func swapping(_ samples: [Int], bands: Int = 3) -> [Int] {
        samples.indices.map { i in
            let band = i % bands
            return band == 0 ? samples[i + 2] : band == 2 ? samples[i - 2] : samples[i]
        }
    }

    // MARK: Photos as they are

    @Test(
        "a network is laid over the photo, whose alpha and depth stay",
        arguments: [(SampleFormat.u8, 3), (.u8, 4), (.u16, 3)]
    )
    func direct(format: SampleFormat, bands: Int) throws {
        let samples = try photo(format: format, bands: bands)
        try write(mixing(swapped), "net.onnx")
        try card()
        let found = try result()
        #expect(zip(found, swapping(samples, bands: bands)).allSatisfy { abs($0 - $1) <= 1 })
        let image = try Image.open(folder.path("out.png"), sequentially: false)
        #expect(image.format == format && image.bands == bands)
    }

    @Test("a direction is one of the card's networks")
    func directions() throws {
        let samples = try photo()
        try write(mixing(same), "net.onnx")
        try write(mixing(swapped), "back.onnx")
        try card(#", "networks": {"a-to-b": "net.onnx", "b-to-a": "back.onnx"}"#)
        #expect(try result() == samples)
        #expect(try result(["direction=a-to-b"]) == samples)
        #expect(try result(["direction=b-to-a"]) == swapping(samples))
        let error = try translate(["direction=b-to-c"]).errors
        #expect(
            error.contains(
                "direction=b-to-c: expected one of its networks a-to-b, b-to-a, found \"net.onnx\" "
                    + "without \"b-to-c\""
            ),
            "\(error)"
        )
    }

    // MARK: Reduced photos

    @Test(
        "a change that the colours explain comes up to full size with the photo's own detail",
        arguments: [(SampleFormat.u8, 1), (.u16, 257)]
    )
    func colors(format: SampleFormat, step: Int) throws {
        let samples = try photo(side: 200, format: format)
        try write(mixing(swapped), "net.onnx")
        try card()
        let found = try result(["side=100"])
        let wanted = swapping(samples)
        let errors = zip(found, wanted).map { abs($0 - $1) }
        let mean = errors.reduce(0, +) / errors.count
        #expect(mean <= 3 * step, "\(mean)")
        // The photo's edges are where they were, though they lie between the reduced pixels.
        #expect(errors.count { $0 > 16 * step } < errors.count / 50)
    }

    @Test("differences and pictures are enlarged as they are")
    func otherGuides() throws {
        let samples = try photo(side: 200)
        try write(mixing(same, [0.2, 0, -0.2]), "net.onnx")
        try card()
        let found = try result(["side=100", "guide=difference"])
        for (i, sample) in samples.enumerated() {
            let wanted = sample + [51, 0, -51][i % 3]
            // What the network says is cut off at black and white.
            guard (55...200).contains(sample) else { continue }
            if abs(found[i] - wanted) > 30 { Issue.record("\(i): \(found[i]), not \(wanted)") }
        }
        try write(mixing(nothing, [0.2, 0.4, 0.6]), "net.onnx")
        let painted = try result(["side=50", "guide=picture"])
        #expect(zip(painted.indices, painted).allSatisfy { [51, 102, 153][$0 % 3] == $1 })
    }

    @Test("a network that halves often, or whose card names a side, sees a reduced photo")
    func preferredSide() throws {
        let samples = try photo(side: 200)
        // Half of the picture is black where it is not reduced: means over squares of 64 pixels.
        var graph = Graph()
        let x = graph.addInput("input", .picture)
        let rule = WindowRule(kernel: [64, 64], strides: [64, 64])
        let small = graph.append(Pooling(.average(countsPadding: false), rule: rule), [x])
        var resize = Resize(Resampling(.nearest(.floor), .asymmetric))
        resize.scales = [1, 1, 64, 64]
        graph.outputs = [graph.append(resize, [small, nil, nil, nil])]
        try write(graph, "net.onnx")
        try card()
        let whole = try result(["side=0"])
        // The photo is smaller than 512 pixels.
        #expect(try result() == whole)
        #expect(Set(whole).count <= 3 * 16)
        _ = try folder.write(
            """
            {"name": "net", "task": "translation", "summary": "", "licence": "MIT",
             "input": {"range": "unit", "channels": "rgb", "space": "srgb", "side": 64}}
            """,
            to: "net.json"
        )
        // One colour for the whole picture: the mean of it.
        let reduced = try result(["guide=picture"])
        #expect(Set(reduced).count <= 3)
        for band in 0..<3 {
            let own = stride(from: band, to: samples.count, by: 3).map { samples[$0] }
            #expect(abs(reduced[band] - own.reduce(0, +) / own.count) <= 1)
        }
    }

    // MARK: Inputs beside the photo

    @Test("a label picks what a photo becomes, by name or number")
    func labels() throws {
        _ = try photo()
        try write(painting("label", [1, 2], [[0.8, 0.2, 0], [0, 0.4, 0.6]]), "net.onnx")
        try card(#", "labels": {"label": ["autumn", "winter"]}"#)
        func color(_ label: String) throws -> [Int] { Array(try result([label]).prefix(3)) }
        #expect(try color("label=autumn") == [204, 51, 0])
        #expect(try color("label=winter") == [0, 102, 153])
        #expect(try color("label=1") == [0, 102, 153])
        #expect(try color("label=autumn,winter") == [204, 153, 153])
        for (words, text) in [
            ([], "net needs label=, one of autumn, winter"),
            (["label=spring"], "expected one of autumn, winter for label=, found \"spring\""),
            (["label=2"], "expected one of autumn, winter for label=, found \"2\""),
            (
                ["label=1", "seed=2"],
                "seed= is for models that take a style or noise, and net takes none; leave it out"
            ),
            (
                ["label=1", "reference=photo.png"],
                "reference= is for models that take a style, and net takes none; leave it out"
            ),
        ] {
            let command = try translate(words, into: "no.png")
            #expect(command.status != 0 && command.errors.contains(text), "\(command.errors)")
            #expect(!folder.contents.contains("no.png"))
        }
    }

    @Test("a label reaches a reduced photo too")
    func reducedLabel() throws {
        _ = try photo(side: 200)
        try write(painting("label", [1, 1], [[0.8, 0.2, 0]]), "net.onnx")
        let color = try result(["label=0", "side=50", "guide=picture"]).prefix(3)
        #expect(Array(color) == [204, 51, 0])
    }

    @Test("a style comes from a reference, or is drawn from a seed")
    func styles() throws {
        _ = try photo()
        try write(painting("style", [1, 3], same), "net.onnx")
        try write(.meanColor, "style.onnx")
        let plain = try translate(["reference=photo.png"]).errors
        #expect(plain.contains("reference=: expected a model with several networks"), "\(plain)")
        try card(#", "networks": {"style": "style.onnx"}"#)
        let samples = try photo("reference.png", side: 64)
        let color = try result(["reference=reference.png"]).prefix(3)
        for (band, value) in color.enumerated() {
            let own = stride(from: band, to: samples.count, by: 3).map { samples[$0] }
            #expect(abs(value - own.reduce(0, +) / own.count) <= 1)
        }
        let drawn = try (1...6).map { Array(try result(["seed=\($0)"]).prefix(3)) }
        #expect(Set(drawn).count == 6)
        #expect(try Array(result(["seed=3"]).prefix(3)) == drawn[2])
        let both = try translate(["seed=3", "reference=reference.png"]).errors
        #expect(both.contains("reference= and seed= both choose a style; leave one of them out"))
    }

    @Test(
        "what a model cannot use is refused in one sentence, and so is a model for something else"
    )
    func refusals() throws {
        _ = try photo()
        try write(mixing(same), "net.onnx")
        for (words, text) in [
            (
                ["label=1"],
                "label= is for models that take a label, and net takes none; leave it out"
            ),
            (
                ["direction=b-to-a"],
                "direction=b-to-a: expected a model with several networks, found \"net.onnx\" "
                    + "without \"b-to-a\""
            ),
        ] {
            let errors = try translate(words).errors
            #expect(errors.contains(text), "\(errors)")
        }
        try write(painting("mask", [1, 3], same), "net.onnx")
        let mask = try translate([]).errors
        #expect(
            mask.contains("net has an input \"mask\", for which there is no setting"),
            "\(mask)"
        )
        try card(task: "colorization")
        let task = try translate([]).errors
        #expect(task.contains("expected a model for translation, found \"net\""), "\(task)")
        let none = try translate([], model: []).errors
        #expect(none.contains("translate needs model="), "\(none)")
    }
}
