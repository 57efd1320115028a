import Foundation
import Graphs
import ONNX
import Support
import Tensors
import Testing
import Vips

/// The operation that fills holes, with a network small enough to say what comes out.
@Suite struct InpaintingTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try Self.network().onnxFile(name: "fill").write(to: URL(filePath: folder.path("fill.onnx")))
    }

    /// Fills a hole with the means of the known pixels up to 16 away, or a quarter of white where there
    /// are none; a pixel whose coarse content is known keeps that, half as bright.
    private static func network() throws -> Graph {
        var graph = Graph(name: "fill")
        func input(_ name: String, channels: Int) -> Graph.ValueID {
            let shape: [Graphs.Dimension] = [
                1, Graphs.Dimension(channels), .named("height"), .named("width"),
            ]
            return graph.addInput(name, ValueType(.float32, shape))
        }
        let (picture, mask) = (input("picture", channels: 3), input("mask", channels: 1))
        func number(_ value: Float) -> Graph.ValueID {
            graph.addConstant("number\(graph.values.count)", Tensor(value))
        }
        func compute(_ function: Binary.Function, _ a: Graph.ValueID, _ b: Graph.ValueID)
            -> Graph.ValueID
        { graph.append(Binary(function), [a, b]) }
        func box(_ x: Graph.ValueID, channels: Int) -> Graph.ValueID {
            let rule = WindowRule(
                kernel: [33, 33],
                pads: .explicit(before: [16, 16], after: [16, 16])
            )
            let weights = Tensor(shape: [channels, 1, 33, 33], repeating: 1 as Float)
            let own = graph.addConstant("box\(channels)", weights)
            return graph.append(Convolution(groups: channels, rule: rule), [x, own, nil])
        }
        // 1 for pixels that stay, ½ for coarse ones.
        let known = compute(.subtract, number(1), mask)
        let whole = graph.append(
            Unary(.relu),
            [
                compute(.subtract, compute(.multiply, known, number(2)), number(1))
            ]
        )
        let kept = compute(.multiply, picture, whole)
        let sums = compute(.add, box(kept, channels: 3), number(0.25e-3))
        let means = compute(.divide, sums, compute(.add, box(whole, channels: 1), number(1e-3)))
        let coarse = compute(.multiply, picture, known)
        // Content where it is known, means where nothing is.
        let isCoarse = compute(.subtract, known, whole)
        let half = compute(.multiply, coarse, compute(.multiply, isCoarse, number(2)))
        let nothing = compute(
            .subtract,
            compute(.subtract, number(1), whole),
            compute(.multiply, isCoarse, number(2))
        )
        let filled = compute(.add, half, compute(.multiply, means, nothing))
        graph.outputs = [compute(.add, kept, filled)]
        graph.rename(graph.outputs[0], to: "output")
        return graph
    }

    /// Fills a hole with white.
    private static func white() throws -> Graph {
        var graph = Graph(name: "white")
        let shape: [Graphs.Dimension] = [1, 3, .named("height"), .named("width")]
        let picture = graph.addInput("picture", ValueType(.float32, shape))
        let mask = graph.addInput("mask", ValueType(.float32, [1, 1] + shape.suffix(2)))
        let one = graph.addConstant("one", Tensor(1 as Float))
        let known = graph.append(Binary(.subtract), [one, mask])
        let kept = graph.append(Binary(.multiply), [picture, known])
        graph.outputs = [graph.append(Binary(.add), [kept, mask])]
        graph.rename(graph.outputs[0], to: "output")
        return graph
    }

    private func inpaint(
        _ photo: String,
        model: String = "fill.onnx",
        _ settings: String...
    ) throws -> (command: Command, result: Image?) {
        let out = "out.v"
        // Numbers of the network itself, if nothing else is asked for.
        let grain = settings.contains { $0.hasPrefix("grain=") } ? [] : ["grain=0"]
        let words =
            ["run", photo, "-o", out, "--", "inpaint", "model=\(model)"] + grain + settings
        let command = try Command.atelier(
            words,
            environment: ["XDG_CACHE_HOME": folder.path("cache")],
            in: folder.url
        )
        let isThere = FileManager.default.fileExists(atPath: folder.path(out))
        return (
            command, isThere ? try Image.open(folder.path(out), sequentially: false) : nil
        )
    }

    /// A picture of noise, `bands` of some format.
    private func noise(
        _ name: String,
        width: Int,
        height: Int,
        bands: Int,
        _ format: SampleFormat = .u8
    ) throws -> [UInt8] {
        var random = SeededRandom(7)
        let count = width * height * bands * format.bytes
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let grey = bands < 3
        let space = format == .u16 ? (grey ? "grey16" : "rgb16") : (grey ? "b-w" : "srgb")
        let image = try Image.fromMemory(
            bytes,
            width: width,
            height: height,
            bands: bands,
            format: format,
            interpretation: space
        )
        try image.write(to: folder.path(name))
        return bytes
    }

    /// A mask with white rectangles (left, top, width, height).
    private func mask(
        _ name: String,
        width: Int,
        height: Int,
        _ rectangles: [(Int, Int, Int, Int)]
    ) throws -> [Bool] {
        var inside = [Bool](repeating: false, count: width * height)
        for (left, top, w, h) in rectangles {
            for y in top..<(top + h) {
                for x in left..<(left + w) { inside[y * width + x] = true }
            }
        }
        let bytes = inside.map { $0 ? 255 : 0 as UInt8 }
        let image = try Image.fromMemory(bytes, width: width, height: height, bands: 1, format: .u8)
        try image.operation("copy", ["interpretation": .string("b-w")]).write(to: folder.path(name))
        return inside
    }

    @Test(
        "pixels outside the grown mask keep every bit, those inside do not",
        arguments: [(3, SampleFormat.u8), (4, .u8), (1, .u8), (2, .u8), (3, .u16), (4, .u16)]
    )
    func identical(bands: Int, format: SampleFormat) throws {
        let (width, height, grow) = (300, 170, 3)
        let before = try noise("photo.v", width: width, height: height, bands: bands, format)
        let holes = [(20, 30, 5, 40), (127, 100, 2, 2), (298, 0, 2, 3), (0, 165, 9, 5)]
        let inside = try mask("mask.png", width: width, height: height, holes)
        let (command, result) = try inpaint("photo.v", "mask=mask.png", "grow=\(grow)", "feather=2")
        #expect(command.status == 0, "\(command.errors)")
        let after = try #require(result).bytes()
        #expect(after.count == before.count)
        let pixel = bands * format.bytes
        let colors = (bands - (bands % 2 == 0 ? 1 : 0)) * format.bytes
        for y in 0..<height {
            for x in 0..<width {
                let own = (y * width + x) * pixel
                let isNear = (max(0, y - grow)...min(height - 1, y + grow)).contains { v in
                    (max(0, x - grow)...min(width - 1, x + grow)).contains {
                        inside[v * width + $0]
                    }
                }
                let isSame = before[own..<(own + pixel)] == after[own..<(own + pixel)]
                if !isNear, !isSame {
                    Issue.record("(\(x), \(y)) is outside and changed")
                    return
                }
                if inside[y * width + x] {
                    // Means of noise are grey, whatever was there; alpha stays.
                    for sample in stride(
                        from: own + format.bytes - 1,
                        to: own + colors,
                        by: format.bytes
                    )
                    where !(90...165).contains(after[sample]) {
                        Issue.record("(\(x), \(y)) is inside and \(after[sample])")
                        return
                    }
                    #expect(
                        before[(own + colors)..<(own + pixel)]
                            == after[(own + colors)..<(own + pixel)]
                    )
                }
            }
        }
    }

    /// A picture of one brightness, 200.
    private func plain(_ name: String, width: Int, height: Int) throws {
        try Image.image(
            "black",
            ["width": .int(width), "height": .int(height), "bands": .int(3)]
        )
        .operation("linear", ["a": .doubles([1]), "b": .doubles([200])])
        .operation("cast", ["format": .string("uchar")])
        .operation("copy", ["interpretation": .string("srgb")])
        .write(to: folder.path(name))
    }

    /// A grey photo in three bands: noise on a brightness of 120, and from column 160 on stripes too, which
    /// are much stronger.
    private func grainy(_ name: String) throws {
        var random = SeededRandom(3)
        let bytes = (0..<(256 * 256)).flatMap { i in
            let noise = (0..<12).reduce(-6) { sum, _ in
                sum + Double.random(in: 0...1, using: &random)
            }
            let stripe = i % 256 >= 160 && i % 4 < 2 ? 60 : 0
            return [UInt8](repeating: UInt8((120 + 5 * noise).rounded()) + UInt8(stripe), count: 3)
        }
        try Image.fromMemory(
            bytes,
            width: 256,
            height: 256,
            bands: 3,
            format: .u8,
            interpretation: "srgb"
        ).write(to: folder.path(name))
    }

    /// The mean difference of pixels of a square of 40 from their right neighbours.
    private func roughness(_ image: Image, left: Int) throws -> Double {
        let bytes = try image.bytes()
        let pixels = (50..<90).flatMap { y in (left..<(left + 40)).map { x in 3 * (256 * y + x) } }
        let steps = pixels.map { abs(Double(bytes[$0]) - Double(bytes[$0 + 3])) }
        return steps.reduce(0, +) / Double(steps.count)
    }

    @Test("holes have the grain of flat parts around them, whatever texture is near")
    func grain() throws {
        try grainy("photo.v")
        _ = try mask("mask.png", width: 256, height: 256, [(90, 40, 60, 60)])
        func result(_ grain: String) throws -> Image {
            let (command, image) = try inpaint("photo.v", "mask=mask.png", grain)
            #expect(command.status == 0, "\(command.errors)")
            return try #require(image)
        }
        let grained = try result("grain=1")
        let around = try roughness(grained, left: 20)
        let inside = try roughness(grained, left: 100)
        // The noise around is hard, that in holes soft as in developed photos: its steps are smaller.
        #expect((0.6...1).contains(inside / around), "\(inside) inside, \(around) around")
        let double = try roughness(result("grain=2"), left: 100)
        #expect((1.8...2.2).contains(double / inside), "\(double) for twice as much as \(inside)")
        let smooth = try roughness(result("grain=0"), left: 100)
        #expect(smooth < 0.1 * inside, "\(smooth) without")
        // A grey photo stays grey.
        let bytes = try grained.bytes()
        #expect(stride(from: 0, to: bytes.count, by: 3).allSatisfy { bytes[$0] == bytes[$0 + 2] })
    }

    @Test("a photo without grain is given none")
    func noGrain() throws {
        try plain("photo.v", width: 256, height: 256)
        _ = try mask("mask.png", width: 256, height: 256, [(90, 40, 60, 60)])
        let results = try ["grain=0", "grain=1"].map {
            try #require(try inpaint("photo.v", "mask=mask.png", $0).result).bytes()
        }
        #expect(results[0] == results[1])
    }

    @Test("a model's network for narrow holes mends those, alone or beside thick ones")
    func narrow() throws {
        let (width, height) = (400, 300)
        try plain("photo.v", width: width, height: height)
        try Self.white().onnxFile(name: "white")
            .write(to: URL(filePath: folder.path("white.onnx")))
        let card = """
            {"name": "fill", "task": "inpainting", "summary": "", "licence": "MIT",
             "input": {"range": "unit", "channels": "rgb", "space": "srgb"},
             "networks": {"narrow": "white.onnx"}}
            """
        try FileManager.default.copyItem(
            atPath: folder.path("fill.onnx"),
            toPath: folder.path("model.onnx")
        )
        try card.write(toFile: folder.path("card.json"), atomically: true, encoding: .utf8)
        let scratch = (10, 20, 300, 4)
        for thick in [[], [(100, 150, 40, 40)]] {
            _ = try mask("mask.png", width: width, height: height, [scratch] + thick)
            let (command, result) = try inpaint(
                "photo.v",
                model: "./model.onnx",
                "mask=mask.png",
                "grow=0",
                "feather=0"
            )
            #expect(command.status == 0, "\(command.errors)")
            let bytes = try #require(result).bytes()
            func pixel(_ x: Int, _ y: Int) -> UInt8 { bytes[(y * width + x) * 3] }
            #expect(pixel(10, 20) == 255 && pixel(309, 23) == 255)
            #expect(pixel(9, 20) == 200 && pixel(100, 24) == 200)
            #expect(abs(Int(pixel(101, 151)) - 200) <= 2 && abs(Int(pixel(139, 189)) - 200) <= 2)
            try FileManager.default.removeItem(atPath: folder.path("out.v"))
        }
    }

    @Test("a mask grows by squares, at borders too", arguments: [1, 6, 45])
    func grown(grow: Int) throws {
        let (width, height) = (180, 130)
        try plain("photo.v", width: width, height: height)
        try Self.white().onnxFile(name: "white")
            .write(to: URL(filePath: folder.path("white.onnx")))
        let inside = try mask(
            "mask.png",
            width: width,
            height: height,
            [(60, 50, 3, 1), (179, 0, 1, 2), (0, 129, 1, 1)]
        )
        let (command, result) = try inpaint(
            "photo.v",
            model: "./white.onnx",
            "mask=mask.png",
            "grow=\(grow)",
            "feather=0"
        )
        #expect(command.status == 0, "\(command.errors)")
        let bytes = try #require(result).bytes()
        for place in 0..<(width * height) {
            let (x, y) = (place % width, place / width)
            let isNear = (max(0, y - grow)...min(height - 1, y + grow)).contains { v in
                (max(0, x - grow)...min(width - 1, x + grow)).contains { inside[v * width + $0] }
            }
            // White, or half white at edges where half the size has known pixels.
            let value = bytes[place * 3]
            guard isNear ? value > 220 : value == 200 else {
                Issue.record("(\(x), \(y)) is \(value)")
                return
            }
        }
    }

    @Test("a thick hole is filled at half the size first, and then refined")
    func thick() throws {
        let (width, height) = (400, 300)
        try plain("photo.v", width: width, height: height)
        _ = try mask(
            "mask.png",
            width: width,
            height: height,
            [(100, 100, 60, 60), (300, 50, 20, 90)]
        )
        let (command, result) = try inpaint("photo.v", "mask=mask.png", "grow=0", "feather=0")
        #expect(command.status == 0, "\(command.errors)")
        let image = try #require(result)
        let bytes = try image.bytes()
        func pixel(_ x: Int, _ y: Int) -> UInt8 { bytes[(y * width + x) * 3] }
        // The network alone finds nothing within 16 pixels of the middle; at half the size it does, and
        // halves what it finds there when it refines it.
        #expect(abs(Int(pixel(130, 130)) - 100) <= 2)
        #expect(abs(Int(pixel(310, 95)) - 200) <= 2)
        #expect(pixel(99, 130) == 200 && pixel(160, 130) == 200)
    }

    @Test("masks that make no sense are refused in one sentence, and an empty one changes nothing")
    func masks() throws {
        func place(_ mask: String) -> String {
            " --> command line\n  | inpaint model=fill.onnx grain=0 mask=\(mask)\n  | ^\n"
        }
        let before = try noise("photo.v", width: 64, height: 48, bands: 3)
        _ = try mask("small.png", width: 64, height: 47, [(1, 1, 2, 2)])
        let small = try inpaint("photo.v", "mask=small.png")
        #expect(small.command.status == 64 && small.result == nil)
        #expect(
            small.command.errors
                == "error: inpaint: expected a mask of 64 × 48 pixels, as the photo is, found one of 64 × 47\n"
                + place("small.png")
        )
        _ = try mask("full.png", width: 64, height: 48, [(0, 0, 64, 48)])
        let full = try inpaint("photo.v", "mask=full.png")
        #expect(full.command.status == 64 && full.result == nil)
        #expect(
            full.command.errors
                == "error: inpaint: expected a mask that leaves a part of the photo black to fill the rest "
                + "from, found one that is white all over\n" + place("full.png")
        )
        let empty = try inpaint("photo.v", "mask=full.png", "invert=yes")
        #expect(empty.command.status == 0)
        #expect(
            empty.command.errors.contains(
                "inpaint: the mask has no white pixels; the photo stays as it is"
            )
        )
        #expect(try empty.result?.bytes() == before)
    }

    @Test("auto finds a scratch and dust on a smooth photo, and leaves the rest")
    func auto() throws {
        let (width, height) = (200, 160)
        var bytes = (0..<(width * height * 3)).map { UInt8(80 + $0 / 3 % width / 4) }
        func isDamaged(_ x: Int, _ y: Int) -> Bool {
            (90...91).contains(x) && (20..<140).contains(y)
                || (40...42).contains(x) && (60...62).contains(y)
        }
        for y in 0..<height {
            for x in 0..<width where isDamaged(x, y) {
                for band in 0..<3 { bytes[(y * width + x) * 3 + band] = x > 50 ? 250 : 5 }
            }
        }
        try Image.fromMemory(
            bytes,
            width: width,
            height: height,
            bands: 3,
            format: .u8,
            interpretation: "srgb"
        ).write(to: folder.path("photo.v"))
        let (command, result) = try inpaint("photo.v", "mask=auto", "grow=1", "feather=0")
        #expect(command.status == 0, "\(command.errors)")
        let after = try #require(result).bytes()
        for y in 0..<height {
            for x in 0..<width {
                let own = (y * width + x) * 3
                let distance =
                    isDamaged(x, y) ? 0 : min(abs(x - 90), abs(x - 91), abs(x - 41) + abs(y - 61))
                if distance == 0, abs(Int(after[own]) - 80 - x / 4) > 12 {
                    Issue.record("(\(x), \(y)) is still \(after[own])")
                    return
                }
                if distance > 8, after[own] != bytes[own] {
                    Issue.record("(\(x), \(y)) was sound and changed")
                    return
                }
            }
        }
    }
}
