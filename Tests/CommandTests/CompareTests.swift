import Foundation
import Support
import Testing
import Vips

/// Compares pictures whose differences are known.
@Suite struct CompareTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Writes a grey picture of 40 × 30 with a gentle pattern and something added to it.
    private func picture(_ name: String, adding: (_ x: Int, _ y: Int) -> Int = { _, _ in 0 }) throws
        -> String
    {
        try picture(name, width: 40, height: 30) { x, y in
            100 + (3 * x + 5 * y) % 7 + adding(x, y)
        }
    }

    private func picture(
        _ name: String,
        width: Int,
        height: Int,
        _ value: (_ x: Int, _ y: Int) -> Int
    ) throws -> String {
        let bytes = (0..<(width * height)).map { UInt8(value($0 % width, $0 / width)) }
        let image = try Image.fromMemory(
            bytes,
            width: width,
            height: height,
            bands: 1,
            format: .u8,
            interpretation: "b-w"
        )
        try image.write(to: folder.path(name))
        return folder.path(name)
    }

    private func compare(_ a: String, _ b: String) throws -> [String: Any] {
        let command = try Command.atelier(["compare", a, b, "--json"], in: folder.url)
        #expect(command.status == 0, "\(command.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(command.output.utf8))
        return try #require(object as? [String: Any])
    }

    @Test("equal pictures differ by nothing")
    func equal() throws {
        let path = try picture("a.png")
        let result = try compare(path, path)
        #expect(result["signalToNoise"] == nil)
        #expect(result["structuralSimilarity"] as? Double == 1)
        #expect(result["colorDifference"] as? Double == 0)
        #expect(result["largestDifference"] as? Double == 0)
    }

    @Test("an even difference of 4 of 255 is 36.09 dB, and no seam")
    func even() throws {
        let result = try compare(try picture("a.png"), try picture("b.png") { _, _ in 4 })
        #expect(abs(try #require(result["signalToNoise"] as? Double) - 36.0896) < 1e-3)
        // In the studio range the luma differs by 3 or 4.
        let luma = try #require(result["lumaSignalToNoise"] as? Double)
        #expect(luma > 36.0896 && luma < 38.5885)
        #expect(result["largestDifference"] as? Double == 4)
        let seam = try #require(result["seam"] as? [String: Any])
        #expect(seam["strength"] as? Double == 1)
    }

    @Test("a step of the difference is found where it is", arguments: ["column", "row"])
    func seam(direction: String) throws {
        let isColumn = direction == "column"
        let result = try compare(
            try picture("a.png"),
            try picture("b.png") { x, y in (isColumn ? x >= 13 : y >= 17) ? 2 : 0 }
        )
        let seam = try #require(result["seam"] as? [String: Any])
        #expect(seam["direction"] as? String == direction)
        #expect(seam["position"] as? Int == (isColumn ? 13 : 17))
        // A jump of 2 where the others are below a tenth.
        #expect(abs(try #require(seam["strength"] as? Double) - 20) < 1e-6)
    }

    @Test("a tall picture, which is read in strips, differs as the same one turned on its side")
    func strips() throws {
        let tall = try ["a", "b"].map { name in
            var random = SeededRandom(name == "a" ? 1 : 2)
            let bytes = (0..<(40 * 600)).map { i in
                UInt8(60 + i / 40 % 90 + random.int(0...(name == "a" ? 20 : 60)))
            }
            let path = folder.path("\(name).png")
            try Image.fromMemory(
                bytes,
                width: 40,
                height: 600,
                bands: 1,
                format: .u8,
                interpretation: "b-w"
            ).write(to: path)
            return path
        }
        let wide = try tall.map { path in
            let turned = path + ".turned.png"
            try Image.open(path, sequentially: false)
                .operation("rot", ["angle": .string("d90")]).write(to: turned)
            return turned
        }
        let (one, other) = (try compare(tall[0], tall[1]), try compare(wide[0], wide[1]))
        for key in [
            "lumaSignalToNoise", "signalToNoise", "structuralSimilarity", "colorDifference",
            "largestDifference",
        ] {
            let values = [one, other].map { $0[key] as? Double ?? .nan }
            #expect(abs(values[0] - values[1]) < 1e-9, "\(key): \(values)")
        }
        let strengths = [one, other].map { ($0["seam"] as? [String: Any])?["strength"] as? Double }
        #expect(abs((strengths[0] ?? 0) - (strengths[1] ?? 1)) < 1e-9)
    }

    @Test("pictures of other sizes are refused by numbers and shown by a sheet")
    func sizes() throws {
        let a = try picture("a.png")
        let b = folder.path("b.png")
        try Image.open(a, sequentially: false)
            .operation("zoom", ["xfac": .int(2), "yfac": .int(2)]).write(to: b)
        let refused = try Command.atelier(["compare", a, b], in: folder.url)
        #expect(refused.status == 65)
        #expect(refused.errors.contains("expected a picture of 40 × 30"))
        let shown = try Command.atelier(["compare", a, b, "--sheet", "sheet.png"], in: folder.url)
        #expect(shown.status == 0, "\(shown.errors)")
        let sheet = try Image.open(folder.path("sheet.png"), sequentially: false)
        #expect(sheet.width == 80 + 8 + 80 && sheet.bands == 3)
    }

    @Test("a sheet shows a smaller picture where the larger one has the same things")
    func enlarged() throws {
        // A slope of 4 to the pixel, and the same at twice the size: 4 · ((x + ½) ÷ 2 − ½).
        let small = try picture("small.png", width: 60, height: 40) { x, _ in 4 * x + 4 }
        let large = try picture("large.png", width: 120, height: 80) { x, _ in 2 * x + 3 }
        let shown = try Command.atelier(
            ["compare", small, large, "--sheet", "sheet.png"],
            in: folder.url
        )
        #expect(shown.status == 0, "\(shown.errors)")
        let sheet = try Image.open(folder.path("sheet.png"), sequentially: false)
        let middle = 40 * sheet.width
        let row = try sheet.bytes()[(3 * middle)..<(3 * (middle + sheet.width))]
        let red = stride(from: row.startIndex, to: row.endIndex, by: 3).map { Int(row[$0]) }
        for x in 4..<116 { #expect(red[x] == red[128 + x], "column \(x)") }
    }
}
