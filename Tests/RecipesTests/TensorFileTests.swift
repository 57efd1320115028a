import Foundation
import Recipes
import Tensors
import Testing

@Suite struct TensorFileTests {
    private let path = NSTemporaryDirectory() + "atelier-\(UUID().uuidString).safetensors"

    private let file = TensorFile(
        tensors: [
            "body.weight": Tensor(shape: [2, 3], values: [Float(1), -2, 3.5, .infinity, 0, -0.0]),
            "steps": Tensor(Int64(-7)), "empty": Tensor(shape: [0, 4]),
            "position": Tensor(UInt64.max),
        ],
        notes: ["step": "12", "a \"quoted\" name": "ü"]
    )

    @Test("tensors and notes come back as they were")
    func roundTrip() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try file.write(to: path)
        #expect(try TensorFile(path: path) == file)
    }

    @Test("the header is the one of the format: a length, then JSON with places")
    func header() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TensorFile(tensors: ["a": Tensor(shape: [2], values: [Float(1), 2])]).write(to: path)
        let data = try Data(contentsOf: URL(filePath: path))
        let json = #"{"a":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}}"#
        let length = (json.utf8.count + 7) / 8 * 8
        #expect(data.count == 8 + length + 8)
        #expect(Array(data.prefix(8)) == [UInt8(length), 0, 0, 0, 0, 0, 0, 0])
        let text = String(decoding: data[8..<(8 + length)], as: UTF8.self)
        #expect(text.trimmingCharacters(in: .whitespaces) == json)
        #expect(Array(data.suffix(8)) == [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
    }

    @Test("a file that is cut off anywhere is refused by name")
    func cutOff() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try file.write(to: path)
        let data = try Data(contentsOf: URL(filePath: path))
        for length in [0, 7, 8, 40, data.count - 1] {
            try data.prefix(length).write(to: URL(filePath: path))
            let error = #expect(throws: RecipeError.self) { try TensorFile(path: path) }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("\(path): expected a checkpoint, found"), "\(length): \(text)")
        }
    }
}
