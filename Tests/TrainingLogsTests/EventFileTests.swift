import Foundation
import Support
import Tensors
import Testing
import TrainingLogs
import Vips

@Suite struct EventFileTests {
    /// The records of a file; a wrong length or checksum is an issue.
    private func records(_ path: String) throws -> [[UInt8]] {
        var rest = [UInt8](try Data(contentsOf: URL(filePath: path)))[...]
        var records: [[UInt8]] = []
        while !rest.isEmpty {
            let length = rest.prefix(8).enumerated().reduce(0) {
                $0 | Int($1.element) << (8 * $1.offset)
            }
            #expect(number(rest.dropFirst(8)) == masked(rest.prefix(8)))
            let record = rest.dropFirst(12).prefix(length)
            #expect(number(rest.dropFirst(12 + length)) == masked(record))
            records.append(Array(record))
            rest = rest.dropFirst(16 + length)
        }
        return records
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * $1.offset) }
    }

    /// CRC-32C bit by bit, rotated and moved as the TFRecord format says.
    private func masked(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            for bit in 0..<8 {
                let isSet = (value ^ UInt32(byte >> bit)) & 1 == 1
                value = isSet ? 0x82F6_3B78 ^ (value >> 1) : value >> 1
            }
        }
        return ((~value >> 15) | (~value << 17)) &+ 0xA282_EAD8
    }

    @Test("a number is the record worked by hand; checksums are those of TensorBoard's own code")
    func bytes() throws {
        let folder = try TemporaryFolder()
        let log = try EventFile(folder: folder.url.path, time: 7)
        #expect(log.path.hasSuffix("/events.out.tfevents.0000000007.atelier"))
        try log.write(LogRecord(step: 3, time: 1, values: ["a": 0.5]))
        let file = [UInt8](try Data(contentsOf: URL(filePath: log.path)))
        // double 1 = wall time, varint 2 = step, message 5 = summary, in it message 1 = value, in it
        // string 1 = tag and float 2 = number.
        let record: [UInt8] =
            [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 3, 0x2A, 10, 0x0A, 8]
            + [0x0A, 1, 0x61, 0x15, 0, 0, 0, 0x3F]
        let head: [UInt8] = [23, 0, 0, 0, 0, 0, 0, 0, 0xE7, 0xCE, 0xF8, 0x1E]
        let tail: [UInt8] = [0xA4, 0x69, 0x2D, 0x17]
        #expect(Array(file.suffix(16 + 23)) == head + record + tail)
    }

    @Test("the first record names the version, all are framed, a second file has its own name")
    func framing() throws {
        let folder = try TemporaryFolder()
        let log = try EventFile(folder: folder.url.path, time: 7)
        for step in 0..<300 {
            try log.write(LogRecord(step: step, time: 1, values: ["loss": 1, "other": .nan]))
        }
        let records = try records(log.path)
        #expect(records.count == 301)
        #expect(String(decoding: records[0].suffix(13), as: UTF8.self) == "brain.Event:2")
        #expect(records[0].suffix(15).prefix(2) == [0x1A, 13])
        let second = try EventFile(folder: folder.url.path, time: 7)
        #expect(second.path == log.path + ".1")
    }

    @Test("a picture is a PNG of its pixels")
    func pictures() throws {
        let folder = try TemporaryFolder()
        let log = try EventFile(folder: folder.url.path, time: 7)
        let values: [Float] = [0, 0.5, 1, 2, -1, 1]
        try log.write(
            Tensor(shape: [3, 1, 2], values: values),
            name: "sheet",
            step: 1,
            time: 1
        )
        let record = try records(log.path)[1]
        let start = try #require(
            record.indices.first { record[$0...].starts(with: [0x89, 0x50, 0x4E, 0x47]) }
        )
        let image = try Image.open(bytes: Array(record[start...]))
        #expect(image.width == 2 && image.height == 1 && image.bands == 3)
        #expect(try image.bytes() == [0, 255, 0, 128, 255, 255])
        // height 1, width 2, colours 3, before the bytes of the file
        #expect(record[..<start].contains([0x08, 1, 0x10, 2, 0x18, 3, 0x22]))
    }

    @Test("a folder that is not there is named")
    func errors() {
        #expect(
            throws: LogError(
                "/no/such/events.out.tfevents.0000000001.atelier: expected a file that can be "
                    + "written, found No such file or directory"
            )
        ) { try EventFile(folder: "/no/such", time: 1) }
    }
}
