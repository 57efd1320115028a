import Foundation
import Support
import Synchronization
import Testing
import Vips

/// A picture of one band whose samples are x + 16·y, limited to a byte.
private func ramp(width: Int = 16, height: Int = 16) throws -> Image {
    let bytes = (0..<(width * height)).map {
        UInt8(truncatingIfNeeded: $0 % width + 16 * ($0 / width))
    }
    return try Image.fromMemory(
        bytes,
        width: width,
        height: height,
        bands: 1,
        format: .u8,
        interpretation: "b-w"
    )
}

@Suite struct VipsTests {
    @Test("a colour profile stays with the bands it is for, and goes with others")
    func foreignProfile() throws {
        let grey = try ramp()
        let photo = try Image.joined([grey, grey, grey]).interpreted(as: "srgb")
            .operation("icc_export", ["output-profile": .string("srgb")])
        let field = "icc-profile-data"
        #expect(try photo.withoutForeignProfile().hasField(field))
        let withAlpha = try photo.operation("bandjoin_const", ["c": .doubles([255])])
        #expect(try withAlpha.withoutForeignProfile().hasField(field))
        let band = try photo.band(0).interpreted(as: "b-w")
        #expect(band.hasField(field))
        #expect(try !band.withoutForeignProfile().hasField(field))
    }

    @Test("any operation is called by name, with arguments by name")
    func operations() throws {
        let image = try ramp()
        let part = try image.operation(
            "extract_area",
            ["left": .int(3), "top": .int(2), "width": .int(4), "height": .int(1)]
        )
        #expect(try part.bytes() == [35, 36, 37, 38])
        let turned = try image.operation("rot", ["angle": .string("d90")])
        #expect(try Array(turned.bytes().prefix(3)) == [240, 224, 208])
        let sum = try image.operation("linear", ["a": .doubles([2]), "b": .double(1)])
        #expect(try Array(sum.floats().prefix(3)) == [1, 3, 5])
        #expect(try image.number("avg") == 127.5)
        let joined = try Image.joined([image, image, image])
        #expect(joined.bands == 3)
    }

    @Test("operations describe themselves")
    func introspection() throws {
        let resize = try #require(OperationDescription.named("resize"))
        #expect(resize.mainInput?.name == "in")
        #expect(resize.isSequential)
        let kernel = try #require(resize.arguments.first { $0.name == "kernel" })
        #expect(kernel.defaultValue == "lanczos3")
        guard case .choice(let names) = kernel.kind else {
            Issue.record("no choice")
            return
        }
        #expect(names.contains("nearest") && !names.contains("last"))
        let sharpen = try #require(OperationDescription.named("sharpen"))
        #expect(sharpen.arguments.contains { $0.name == "sigma" && $0.defaultValue == "0.5" })
        #expect(OperationDescription.named("no-such-thing") == nil)
        #expect(try #require(OperationDescription.named("rot")).isSequential == false)
        #expect(OperationDescription.all().count > 200)
    }

    @Test("libvips's errors come as errors with its text")
    func errors() throws {
        let image = try ramp()
        let bad = #expect(throws: VipsError.self) {
            try image.operation(
                "extract_area",
                ["left": .int(10), "top": .int(0), "width": .int(10), "height": .int(1)]
            )
        }
        #expect(bad?.detail == "extract_area: bad extract area")
        #expect(throws: VipsError("rot", "it has no argument \"angel\"")) {
            try image.operation("rot", ["angel": .string("d90")])
        }
        #expect(throws: VipsError("rot", "angle cannot be \"d91\"")) {
            try image.operation("rot", ["angle": .string("d91")])
        }
        #expect(throws: VipsError("flip", "direction takes a value of type VipsDirection")) {
            try image.operation("flip", ["direction": .double(1)])
        }
    }

    @Test("errors of jobs that fail at the same time are never mixed")
    func errorsOfThreads() async throws {
        let image = try ramp()
        await withTaskGroup(of: Bool.self) { group in
            for job in 0..<4 {
                group.addTask {
                    (0..<50).allSatisfy { _ in
                        do {
                            if job % 2 == 0 {
                                _ = try image.operation(
                                    "extract_area",
                                    [
                                        "left": .int(99), "top": .int(0), "width": .int(1),
                                        "height": .int(1),
                                    ]
                                )
                            } else {
                                _ = try Image.open("/no/such/file-\(job).png", sequentially: false)
                            }
                            return false
                        } catch let error as VipsError {
                            return job % 2 == 0
                                ? error.detail == "extract_area: bad extract area"
                                : error.detail.contains("file-\(job).png")
                                    && !error.detail.contains("extract")
                        } catch {
                            return false
                        }
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test("a node computes its pixels on worker threads, for any region")
    func nodes() throws {
        let image = try ramp(width: 300, height: 200)
        let header = ImageHeader(width: 300, height: 200, bands: 1, format: .u8)
        let inverted = try Image.node(header, inputs: [image], demand: .tiles) { request in
            let input = try request.pull(0, request.output.area)
            for y in input.area.top..<input.area.bottom {
                let (source, target) = (
                    input.row(y, as: UInt8.self), request.output.row(y, as: UInt8.self)
                )
                for i in source.indices { target[i] = 255 - source[i] }
            }
        }
        let expected = try image.bytes().map { 255 - $0 }
        #expect(try inverted.bytes() == expected)
        #expect(inverted.interpretation == "b-w")
    }

    @Test("an error thrown by a node is thrown by the evaluation, as it is")
    func nodeErrors() throws {
        struct Broken: Error, Equatable { let row: Int }
        let header = ImageHeader(width: 64, height: 64, bands: 1, format: .u8)
        let broken = try Image.node(
            header,
            inputs: [try ramp(width: 64, height: 64)],
            demand: .rows
        ) { request in
            if request.output.area.bottom > 40 { throw Broken(row: 40) }
        }
        #expect(throws: Broken(row: 40)) { try broken.bytes() }
        let folder = try TemporaryFolder()
        #expect(throws: Broken(row: 40)) { try broken.write(to: folder.path("x.png")) }
    }

    @Test("a node lives until its last user is gone, then is given back")
    func nodeLifetime() throws {
        final class Witness: Sendable {
            static let alive = Mutex(0)
            init() { Self.alive.withLock { $0 += 1 } }
            deinit { Self.alive.withLock { $0 -= 1 } }
        }
        do {
            let witness = Witness()
            let header = ImageHeader(width: 8, height: 8, bands: 1, format: .u8)
            let image = try Image.node(header, inputs: [try ramp()], demand: .tiles) { _ in
                withExtendedLifetime(witness) {}
            }
            _ = try image.operation("copy").bytes()
            #expect(Witness.alive.withLock { $0 } == 1)
        }
        #expect(Witness.alive.withLock { $0 } == 0)
    }

    @Test("a scratch copy computes each pixel once, whoever looks and in what shapes")
    func scratchCopy() throws {
        let image = try ramp(width: 700, height: 600)
        let computed = Mutex(0)
        let header = ImageHeader(width: 700, height: 600, bands: 1, format: .u8)
        let counting = try Image.node(header, inputs: [image], demand: .tiles) { request in
            let area = request.output.area
            computed.withLock { $0 += area.width * area.height }
            let input = try request.pull(0, area)
            for y in area.rows {
                let (source, target) = (
                    input.row(y, as: UInt8.self), request.output.row(y, as: UInt8.self)
                )
                for i in source.indices { target[i] = source[i] }
            }
        }
        let expected = try image.bytes()
        let passed = ScratchCopy(of: counting)
        passed.finish()
        #expect(try passed.image().bytes() == expected)
        #expect(!passed.isWanted && computed.withLock { $0 } == 700 * 600)

        computed.withLock { $0 = 0 }
        let copy = ScratchCopy(of: counting)
        let read = try copy.image()
        #expect(!copy.isWanted && copy.bytes == 700 * 600)
        // The corner first, then every row at once, each pixel of all, and turned.
        let corner = Rectangle(left: 690, top: 580, width: 10, height: 20)
        #expect(try read.part(corner).bytes() == image.part(corner).bytes())
        #expect(copy.isWanted && computed.withLock { $0 } == (700 - 512) * (600 - 512))
        #expect(
            try read.reduced(width: 70, height: 6).bytes()
                == image.reduced(width: 70, height: 6).bytes()
        )
        copy.finish()
        let turn = ["angle": OperationArgument.string("d90")]
        #expect(try read.operation("rot", turn).bytes() == image.operation("rot", turn).bytes())
        #expect(try read.bytes() == expected)
        #expect(computed.withLock { $0 } == 700 * 600)

        computed.withLock { $0 = 0 }
        let black = try ScratchCopy(of: counting, isBlack: true).image()
        #expect(try black.number("max") == 0 && computed.withLock { $0 } == 0)
    }

    @Test("an evaluation ends soon after it is cancelled")
    func cancelling() throws {
        let cancellation = Cancellation()
        let header = ImageHeader(width: 64, height: 64_000, bands: 1, format: .u8)
        let slow = try Image.node(header, inputs: [], demand: .rows) { request in
            if request.output.area.top > 2000 { cancellation.cancel() }
        }
        let folder = try TemporaryFolder()
        #expect(throws: Cancelled.self) {
            try slow.write(to: folder.path("x.png"), cancellation: cancellation)
        }
    }

    @Test("a file that is read from top to bottom is decoded as it is read")
    func sequential() throws {
        let folder = try TemporaryFolder()
        try ramp(width: 500, height: 400).write(to: folder.path("in.png"))
        let image = try Image.open(folder.path("in.png"), sequentially: true)
        try image.operation("invert").write(to: folder.path("out.png"))
        let inverted = try Image.open(folder.path("out.png"), sequentially: false)
        #expect(try inverted.bytes() == ramp(width: 500, height: 400).bytes().map { 255 - $0 })
        // It was read once; a second pass is refused rather than wrong.
        #expect(throws: VipsError.self) { try image.bytes() }
    }

    @Test("enlarging keeps a picture where it was")
    func enlarging() throws {
        let line = try Image.fromSamples((0..<16).map { Float($0) }, width: 16, height: 1)
        let larger = try line.enlarged(by: 2).floats()
        #expect(larger.count == 64)
        for x in 8..<24 { #expect(abs(larger[x] - ((Float(x) + 0.5) / 2 - 0.5)) < 0.01) }
    }
}
