import Foundation
import Support
import Testing
import Vips

/// Runs the program as users do, on tiny pictures.
@Suite struct CommandTests {
    let folder: TemporaryFolder
    let photo: String

    init() throws {
        folder = try TemporaryFolder()
        photo = folder.path("photo.png")
        let ramp = try Image.image("identity", ["bands": .int(3)])
            .operation("resize", ["scale": .double(0.25), "vscale": .double(24)])
        try ramp.write(to: photo)
    }

    private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Command
    {
        try Command.atelier(
            arguments,
            environment: ["XDG_CACHE_HOME": folder.path("cache")].merging(environment) { $1 },
            in: folder.url
        )
    }

    /// The files in the folder, but for what the tests themselves put there.
    private var results: [String] {
        folder.contents.filter { !["cache", "photo.png"].contains($0) }
    }

    @Test("a chain of a plugin and libvips writes a picture of the right size")
    func chain() throws {
        let command = try run(
            "run",
            photo,
            "-o",
            "out.tif",
            "--",
            "super-resolution",
            "scale=2",
            "+",
            "sharpen",
            "sigma=1"
        )
        #expect(command.status == 0, "\(command.errors)")
        #expect(command.output.isEmpty)
        let (before, after) = (
            try Image.open(photo, sequentially: false),
            try Image.open(folder.path("out.tif"), sequentially: false)
        )
        #expect(after.width == 2 * before.width && after.height == 2 * before.height)
        #expect(after.format == .u8)
    }

    @Test("words, a chain file and JSON give the same bytes")
    func forms() throws {
        _ = try folder.write(
            "super-resolution scale=${s} # larger\nsharpen sigma=1\n",
            to: "edit.chain"
        )
        let plan = try run(
            "plan",
            photo,
            "--json",
            "--",
            "super-resolution",
            "scale=2",
            "+",
            "sharpen",
            "sigma=1"
        )
        struct Document: Decodable {
            struct Chain: Decodable { let steps: [Step] }
            struct Step: Decodable {
                let operation: String
                let settings: [String: Double]
            }
            let chain: Chain
        }
        let document = try JSONDecoder().decode(Document.self, from: Data(plan.output.utf8))
        #expect(document.chain.steps.map(\.operation) == ["super-resolution", "sharpen"])
        _ = try folder.write(
            #"{"steps": [{"operation": "super-resolution", "settings": {"scale": 2}}, {"operation": "sharpen", "settings": {"sigma": 1}}]}"#,
            to: "edit.json"
        )
        #expect(
            try run(
                "run",
                photo,
                "-o",
                "a.tif",
                "--",
                "super-resolution",
                "scale=2",
                "+",
                "sharpen",
                "sigma=1"
            ).status == 0
        )
        #expect(
            try run("run", photo, "-o", "b.tif", "-f", "edit.chain", "--set", "s=2").status == 0
        )
        #expect(try run("run", photo, "-o", "c.tif", "-f", "edit.json").status == 0)
        let files = try ["a", "b", "c"].map {
            try Data(contentsOf: URL(filePath: folder.path("\($0).tif")))
        }
        #expect(files[0] == files[1] && files[1] == files[2])
    }

    @Test("named results, side branches and the input's own name")
    func branches() throws {
        let command = try run(
            "run",
            photo,
            "-o",
            "out.png",
            "--",
            "invert",
            "as=negative",
            "+",
            "rot",
            "angle=d180",
            "from=@in",
            "as=turned",
            "+",
            "add",
            "right=@negative",
            "from=@in"
        )
        #expect(command.status == 0, "\(command.errors)")
        #expect(command.errors.isEmpty)
        // A picture and its negative add up to white.
        let sum = try Image.open(folder.path("out.png"), sequentially: false)
        #expect(try sum.floats().allSatisfy { $0 == 255 })
    }

    @Test("a plugin in plain C, dropped into a folder, is listed, explained and run")
    func plainC() throws {
        let plugins = try TemporaryFolder()
        try CompiledPlugin.build(CompiledPlugin.vignette, named: "vignette.so", in: plugins)
        let path = ["ATELIER_PLUGIN_PATH": plugins.url.path]
        #expect(
            try run("list", environment: path).output.contains(
                "vignette               Darkens a photo toward its corners."
            )
        )
        let info = try run("info", "vignette", environment: path)
        #expect(info.output.contains("amount=              a number from 0 to 1, default 0.5"))
        let chain = [
            "run", photo, "-o", "v.png", "--", "vignette", "amount=1", "+", "mix", "with=@in",
        ]
        let command = try Command.atelier(
            chain,
            environment: path.merging(["XDG_CACHE_HOME": folder.path("cache")]) { $1 },
            in: folder.url
        )
        #expect(command.status == 0, "\(command.errors)")
        let (before, after) = (
            try Image.open(photo, sequentially: false),
            try Image.open(folder.path("v.png"), sequentially: false)
        )
        let (x, y) = (try before.bytes(), try after.bytes())
        // In a corner the vignette leaves nothing, so the mean with the photo is half of it.
        #expect(abs(Int(y[y.count - 1]) - Int(x[x.count - 1]) / 2) <= 1)
        let middle = (before.height / 2 * before.width + before.width / 2) * 3
        #expect(abs(Int(y[middle]) - Int(x[middle])) <= 1)
        let missing = try run("run", photo, "-o", "v.png", "--", "mix", environment: path)
        #expect(missing.errors.contains("mix needs with=, a picture file or @name"))
    }

    @Test("a plugin with the structs of an older host gets what they have room for")
    func olderStructs() throws {
        let plugins = try TemporaryFolder()
        try CompiledPlugin.build(CompiledPlugin.older, named: "older.so", in: plugins)
        let path = ["ATELIER_PLUGIN_PATH": plugins.url.path]
        let command = try run("run", photo, "-o", "o.png", "--", "older", environment: path)
        #expect(command.status == 0, "\(command.errors)")
    }

    @Test("bad input gets one clear sentence, a documented exit code, and no file")
    func badInput() throws {
        _ = try folder.write("hello", to: "text.png")
        try Data(contentsOf: URL(filePath: photo)).prefix(200).write(
            to: URL(filePath: folder.path("cut.png"))
        )
        _ = try folder.write("no model", to: "corrupt.onnx")
        let before = results
        func expect(
            _ code: Int32,
            _ message: String,
            _ arguments: [String],
            _ location: SourceLocation = #_sourceLocation
        ) throws {
            let command = try Command.atelier(
                arguments,
                environment: ["XDG_CACHE_HOME": folder.path("cache")],
                in: folder.url
            )
            #expect(command.status == code, sourceLocation: location)
            #expect(
                command.errors.hasPrefix("error: \(message)"),
                "\(command.errors)",
                sourceLocation: location
            )
            #expect(command.output.isEmpty, sourceLocation: location)
            #expect(results == before, sourceLocation: location)
        }
        try expect(
            64,
            """
            there is no operation "sharpn"
             --> command line
              | sharpn sigma=1
              | ^ did you mean "sharpen"?

            """,
            ["run", photo, "-o", "o.tif", "--", "sharpn", "sigma=1"]
        )
        try expect(
            64,
            """
            expected a number from 1 to 16 for "scale", found "99"
             --> command line
              | super-resolution scale=99
              |                        ^

            """,
            ["run", photo, "-o", "o.tif", "--", "super-resolution", "scale=99"]
        )
        try expect(
            64,
            """
            super-resolution: expected a scale or a size, found both
             --> command line
              | invert + super-resolution scale=2 width=99
              |          ^

            """,
            [
                "run", photo, "-o", "o.tif", "--", "invert", "+", "super-resolution", "scale=2",
                "width=99",
            ]
        )
        try expect(
            64,
            """
            expected a picture file, @name or auto for "mask", found "atuo"
             --> command line
              | inpaint mask=atuo
              |              ^ did you mean "auto"?

            """,
            ["run", photo, "-o", "o.tif", "--", "inpaint", "mask=atuo"]
        )
        try expect(
            64,
            "crop cannot be done with these settings: bad extract area",
            [
                "run", photo, "-o", "o.tif", "--", "crop", "left=0", "top=0", "width=9999",
                "height=1",
            ]
        )
        try expect(
            65,
            "cut.png: expected a whole picture, found a damaged one: ",
            ["run", "cut.png", "-o", "o.tif", "--", "sharpen"]
        )
        try expect(
            65,
            "text.png: expected a picture, found a file of no known picture format\n",
            ["run", "text.png", "-o", "o.tif", "--", "sharpen"]
        )
        try expect(
            66,
            "none.png: expected a picture, found no such file\n",
            ["run", "none.png", "-o", "o.tif", "--", "sharpen"]
        )
        try expect(
            78,
            "corrupt.onnx: expected an ONNX model, found 8 bytes that are not one\n",
            ["run", photo, "-o", "o.tif", "--", "super-resolution", "model=corrupt.onnx"]
        )
        try expect(
            73,
            "/proc/o.tif: expected a folder to write into, found: ",
            ["run", photo, "-o", "/proc/o.tif", "--", "sharpen"]
        )
        try expect(
            73,
            "none/o.tif: expected a folder to write into, found none\n",
            ["run", photo, "-o", "none/o.tif", "--", "sharpen"]
        )
        try expect(
            64,
            "o.xyz: expected an output of a picture format such as .tif, .png or .jpg, found \".xyz\"\n",
            ["run", photo, "-o", "o.xyz", "--", "sharpen"]
        )
        try expect(
            64,
            "o.jpg: a JPEG holds 8 bits for each sample, found samples of type ushort; ",
            ["run", photo, "-o", "o.jpg", "--", "colourspace", "space=rgb16"]
        )
        try expect(
            64,
            "expected the name of an earlier step's result for \"right\", found \"@negativ\"",
            [
                "run", photo, "-o", "o.tif", "--", "invert", "as=negative", "+", "add",
                "right=@negativ",
            ]
        )
    }

    @Test("an interrupted run leaves nothing behind and ends at once")
    func interruption() throws {
        let large = folder.path("large.v")
        try Image.image("black", ["width": .int(3000), "height": .int(3000), "bands": .int(3)])
            .interpreted(as: "srgb").write(to: large)
        let process = Process()
        process.executableURL = Command.buildFolder.appending(path: "atelier")
        process.arguments = ["run", large, "-o", folder.path("big.tif"), "--", "super-resolution"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The unfinished file shows that it is at work.
        let deadline = Date(timeIntervalSinceNow: 30)
        while !folder.contents.contains(where: { $0.hasPrefix(".atelier-") }), Date() < deadline {
            usleep(20_000)
        }
        usleep(300_000)
        let start = Date()
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(Date().timeIntervalSince(start) < 1)
        #expect(process.terminationStatus == 130)
        #expect(results == ["large.v"])
    }

    @Test("a network runs on plain tensors")
    func tensors() throws {
        // NumPy's format by hand: float32, 1×3×2×2.
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 2, 2), }"
        header += String(repeating: " ", count: 117 - header.count) + "\n"
        var file = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]) + Data(header.utf8)
        let values = [Float](repeating: 0.5, count: 12)
        values.withUnsafeBytes { file.append(contentsOf: $0) }
        try file.write(to: URL(filePath: folder.path("x.npy")))
        let command = try run(
            "model",
            "run",
            "sr-x2",
            "--input",
            "input=x.npy",
            "--output",
            "y.npy"
        )
        #expect(command.status == 0, "\(command.errors)")
        let result = try Data(contentsOf: URL(filePath: folder.path("y.npy")))
        #expect(
            String(decoding: result.prefix(128), as: UTF8.self).contains("'shape': (1, 3, 4, 4), ")
        )
        #expect(result.count == 128 + 48 * 4)
        let floats = result.dropFirst(128).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(floats.allSatisfy { abs($0 - 0.5) < 0.2 })
        let wrong = try run(
            "model",
            "run",
            "sr-x2",
            "--input",
            "picture=x.npy",
            "--output",
            "y.npy"
        )
        #expect(wrong.status == 78)
    }

    @Test("models that ship are described and whole; sr-x2 doubles sides")
    func model() throws {
        let info = try run("model", "info", "sr-x2")
        #expect(info.output.contains("parameters       161\u{202F}581"))
        #expect(info.output.contains("scale            2"))
        #expect(info.output.contains("halo             19 input pixels on each side"))
        // One that also takes a style.
        let style = try run("model", "info", "style-any").output
        #expect(style.contains("input            style: 1×64 float32"))
        #expect(style.contains("\nWith values for style, it looks at the whole picture for "))
        let models = repository.appending(path: "Models").path
        let cards = try FileManager.default.subpathsOfDirectory(atPath: models)
            .filter { $0.hasSuffix("/card.json") }
        #expect(cards.count >= 5)
        for card in cards {
            let name = String(card.dropLast("/card.json".count))
            let found = try run("model", "verify", name).output
            #expect(found == "\(name): a valid model, as its card says\n")
        }
        #expect(try run("doctor").status == 0)
    }

    @Test("the precision is full or fast, and plans and reports name it")
    func precision() throws {
        let wrong = try run("model", "bench", "sr-x2", "--precision", "exact")
        #expect(wrong.status == 64)
        #expect(
            wrong.errors.hasPrefix(
                "Error: The value 'exact' is invalid for '--precision <precision>'. Please provide "
                    + "one of 'full' and 'fast'."
            ),
            "\(wrong.errors)"
        )
        let chain = ["--", "super-resolution", "scale=2"]
        let full = try Command.atelier(["plan", photo] + chain, in: folder.url)
        #expect(full.output.contains("  precision: full\n"), "\(full.output)")
        let fast = ["--precision", "fast"]
        let plan = try Command.atelier(["plan", photo] + fast + chain, in: folder.url)
        let edit = try Command.atelier(
            ["run", photo, "-o", "fast.tif", "--report", "fast.jsonl"] + fast + chain,
            in: folder.url
        )
        #expect(edit.status == 0, "\(edit.errors)")
        let report = try String(contentsOfFile: folder.path("fast.jsonl"), encoding: .utf8)
        let info = try run("model", "info", "sr-x2").output
        #expect(info.contains("  fast precision   "))
        if info.contains("this processor has no fast bfloat16 products") {
            #expect(plan.output.contains("  precision: full\n"))
            #expect(report.contains(#""precision":"full""#))
        } else {
            #expect(plan.output.contains("  precision: fast: "))
            #expect(report.contains(#""precision":"fast: "#))
        }
    }

    @Test("a network whose whole result a later step looks at first is computed once")
    func lookingFirst() throws {
        let enlarge = ["super-resolution", "scale=2"]
        let color = ["colorize", "desaturate=yes"]
        let chain = ["--memory", "8M", "--"] + enlarge + ["+"] + color
        func atelier(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Command
        {
            let command = try Command.atelier(arguments, environment: environment, in: folder.url)
            #expect(command.status == 0, "\(command.errors)")
            return command
        }
        func pixels(_ name: String) throws -> [UInt8] {
            try Image.open(folder.path(name), sequentially: false).bytes()
        }
        // More rows than a network makes at once and holds for others.
        let photo = "tall.png"
        _ = try atelier(["run", self.photo, "-o", photo, "--", "resize", "scale=1", "vscale=16"])
        _ = try atelier(["run", photo, "-o", "larger.png", "--"] + enlarge)
        _ = try atelier(["run", "larger.png", "-o", "steps.png", "--"] + color)
        let once = try atelier(["run", photo, "-o", "chain.png", "--json"] + chain)
        #expect(once.output.contains("\"workRatio\" : 1\n"), "\(once.output)")
        #expect(try pixels("chain.png") == pixels("steps.png"))

        // Without a place for the copy the step is done again.
        let nowhere = ["TMPDIR": folder.path("nowhere")]
        let twice = try atelier(["run", photo, "-o", "twice.png", "--json"] + chain, nowhere)
        #expect(twice.errors.contains("nowhere: expected room for a scratch file, found: No such"))
        #expect(twice.errors.split(separator: "\n").count == 1)
        let ratio = try #require(twice.output.firstMatch(of: /"workRatio" : ([0-9.]+)/))
        #expect(Double(ratio.1)! > 1.1)
        #expect(try pixels("twice.png") == pixels("steps.png"))

        let plan = try atelier(["plan", photo] + chain).output
        #expect(plan.contains("scratch file: the result of super-resolution, 1 MiB"), "\(plan)")
        #expect(try !atelier(["plan", photo, "--"] + enlarge).output.contains("scratch file:"))
        let swapped = ["plan", photo, "--"] + color + ["+"] + enlarge
        #expect(try !atelier(swapped).output.contains("scratch file:"))

        // Plans ask for no pixels, which this file does not have.
        try Data(contentsOf: URL(filePath: folder.path(photo))).prefix(200).write(
            to: URL(filePath: folder.path("cut.png"))
        )
        let paint = ["style-transfer", "model=style-starry-night"]
        #expect(try atelier(["plan", "cut.png"] + chain).output.contains("scratch file:"))
        let painted = try atelier(["plan", "cut.png", "--"] + enlarge + ["+"] + paint).output
        #expect(painted.contains("scratch file: the result of super-resolution"), "\(painted)")
        #expect(try !atelier(["plan", "cut.png", "--"] + paint).output.contains("scratch file:"))
    }

    @Test("several pictures go into names made from theirs, and a failing one stops only itself")
    func batch() throws {
        _ = try folder.write("hello", to: "bad.png")
        let command = try run(
            "run",
            photo,
            "bad.png",
            photo,
            "-o",
            "{stem}-{n}.{ext}",
            "--keep-going",
            "--report",
            "report.jsonl",
            "--",
            "invert"
        )
        #expect(command.status == 65)
        #expect(results.sorted() == ["bad.png", "photo-1.png", "photo-3.png", "report.jsonl"])
        let report = try String(contentsOfFile: folder.path("report.jsonl"), encoding: .utf8).split(
            separator: "\n"
        )
        #expect(report.count == 3)
        #expect(report[1].contains("\"status\":\"failed\""))
        let again = try run("run", photo, "-o", "photo-1.png", "--resume", "--json", "--", "invert")
        #expect(again.output.contains("\"status\" : \"skipped\""))
    }

    @Test("notes, profile and resolution of a photo survive from JPEG to TIFF and back")
    func notes() throws {
        let source = try Image.open(photo, sequentially: false)
            .operation("icc_export", ["output-profile": .string("srgb")])
            .operation("copy", ["xres": .double(11.811), "yres": .double(11.811)])
        try source.write(to: folder.path("a.jpg"))
        #expect(try run("run", "a.jpg", "-o", "b.tif", "--", "super-resolution").status == 0)
        #expect(try run("run", "b.tif", "-o", "c.jpg", "--", "invert").status == 0)
        for name in ["b.tif", "c.jpg"] {
            let image = try Image.open(folder.path(name), sequentially: false)
            #expect(image.hasField("icc-profile-data"), "\(name)")
            #expect(
                abs((Double(image.text("xres") ?? "0") ?? 0) - 11.811) < 0.01
                    || image.hasField("resolution-unit")
            )
        }
        let exif = try Image.open(folder.path("c.jpg"), sequentially: false)
        #expect(exif.text("exif-ifd2-PixelXDimension")?.hasPrefix("128 ") == true)
    }
}
