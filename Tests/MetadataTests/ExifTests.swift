import Foundation
import Metadata
import Support
import Testing
import Vips

/// Notes as a camera would make them, in either byte order.
private func block(isLittleEndian: Bool) -> [UInt8] {
    func n(_ value: Int, _ size: Int) -> [UInt8] {
        let little = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return isLittleEndian ? little : little.reversed()
    }
    func entry(_ tag: Int, _ type: Int, _ count: Int, _ field: [UInt8]) -> [UInt8] {
        n(tag, 2) + n(type, 2) + n(count, 4) + field + [UInt8](repeating: 0, count: 4 - field.count)
    }
    // Directory at 8 with 3 entries (38 bytes to 46 … 50), text at 50, exposure directory at 58.
    let text = Array("Leica\0".utf8)
    let main =
        n(3, 2) + entry(0x010F, 2, 6, n(50, 4)) + entry(0x0112, 3, 1, n(6, 2))
        + entry(0x8769, 4, 1, n(56, 4)) + n(0, 4)
    let exposure =
        n(2, 2) + entry(0x829A, 5, 1, n(86, 4)) + entry(0xA002, 4, 1, n(4000, 4)) + n(0, 4)
    let header = Array((isLittleEndian ? "II" : "MM").utf8) + n(42, 2) + n(8, 4)
    return Array("Exif\0\0".utf8) + header + main + text + exposure + n(1, 4) + n(250, 4)
}

@Suite struct ExifTests {
    @Test(
        "a block is read in either byte order and written back with the same notes",
        arguments: [true, false]
    )
    func roundTrip(isLittleEndian: Bool) throws {
        let exif = try #require(Exif(block: block(isLittleEndian: isLittleEndian)))
        #expect(exif.picture.map(\.tag) == [0x010F])
        #expect(exif.picture[0].bytes == Array("Leica\0".utf8))
        #expect(exif.exposure.map(\.tag) == [0x829A, 0xA002])
        #expect(exif.exposure[0].bytes == [1, 0, 0, 0, 250, 0, 0, 0])
        #expect(Exif(block: exif.block) == exif)
    }

    @Test("the size of the picture is corrected where the notes speak of it")
    func size() throws {
        var exif = try #require(Exif(block: block(isLittleEndian: true)))
        exif.setSize(width: 8000, height: 6000)
        #expect(exif.exposure[1].bytes == [0x40, 0x1F, 0, 0])
        #expect(exif.exposure.count == 2)
    }

    @Test(
        "notes survive in a TIFF file, beside its own tags and pixels",
        arguments: ["", "[bigtiff]"]
    )
    func tiff(options: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("x.tif")
        let image = try Image.image("black", ["width": .int(70), "height": .int(300)])
            .operation("linear", ["a": .double(0), "b": .double(99)]).cast(to: .u8)
        try image.write(to: path + options)
        let exif = try #require(Exif(block: block(isLittleEndian: false)))
        let isAdded = try #require(TIFFFile(path: path, forWriting: true)).add(exif)
        #expect(isAdded)
        #expect(TIFFFile(path: path)?.exif == exif)
        let again = try Image.open(path, sequentially: false)
        #expect(again.width == 70 && again.height == 300)
        #expect(try again.bytes() == [UInt8](repeating: 99, count: 70 * 300))
    }

    @Test("damaged blocks give nothing, or what is whole, and never crash", arguments: 0..<300)
    func damage(seed: Int) {
        var random = SeededRandom(seed)
        var bytes = block(isLittleEndian: seed % 2 == 0)
        for _ in 0..<random.int(1...6) {
            bytes[random.int(6...(bytes.count - 1))] = UInt8(random.int(0...255))
        }
        if seed % 3 == 0 { bytes = Array(bytes.prefix(random.int(0...bytes.count))) }
        if let exif = Exif(block: bytes) { #expect(exif.exposure.count <= 4096) }
    }
}
