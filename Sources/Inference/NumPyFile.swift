package import FoundationEssentials
package import Tensors

/// NumPy's file format for one array (`.npy`, versions 1 to 3).
package enum NumPyFile {
    /// Reads an array; floats of any size become float32, integers and booleans stay.
    package static func read(_ path: String) throws(ModelError) -> Tensor {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw ModelError("\(path): expected a .npy file, found a file that cannot be read")
        }
        guard let header = Header(data) else {
            throw ModelError(
                "\(path): expected a .npy file, found \(data.count) bytes that are not one"
            )
        }
        guard let stored = header.storedType else {
            throw ModelError(
                "\(path): expected numbers in this machine's byte order, found \"\(header.type)\""
            )
        }
        guard !header.isFortranOrder || header.shape.count < 2 else {
            throw ModelError("\(path): expected an array in C order, found Fortran order")
        }
        let count = header.shape.elementCount
        guard data.count - header.length == count * stored.stride else {
            throw ModelError(
                "\(path): expected \(count * stored.stride) bytes of numbers, found "
                    + "\(data.count - header.length)"
            )
        }
        return data.dropFirst(header.length).withUnsafeBytes { bytes in
            switch stored {
            case .number(let type): Tensor(shape: header.shape, type: type, bytes: bytes)
            case .half:
                Tensor(
                    shape: header.shape,
                    values: (0..<count).map { index in
                        let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                        return Float(Float16(bitPattern: bits))
                    }
                )
            }
        }
    }

    /// The bytes of a file that holds the tensor.
    package static func data(_ tensor: Tensor) -> Data {
        let sides = tensor.shape.map { "\($0)," }.joined(separator: " ")
        let shape = tensor.rank > 1 ? String(sides.dropLast()) : sides
        var header = "{'descr': '\(descriptors[tensor.elementType]!)', 'fortran_order': False, "
        header += "'shape': (\(shape)), }"
        // The numbers begin at a multiple of 64 bytes.
        let total = (10 + header.utf8.count + 1 + 63) / 64 * 64
        header += String(repeating: " ", count: total - 11 - header.utf8.count) + "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
        data.append(contentsOf: [UInt8((total - 10) & 255), UInt8((total - 10) >> 8)])
        data.append(contentsOf: Array(header.utf8))
        tensor.withBytes { data.append(contentsOf: $0) }
        return data
    }

    private static let descriptors: [ElementType: String] = [
        .float32: "<f4", .float64: "<f8", .int8: "|i1", .int16: "<i2", .int32: "<i4",
        .int64: "<i8", .uint8: "|u1", .uint16: "<u2", .uint32: "<u4", .uint64: "<u8", .bool: "|b1",
    ]

    private enum StoredType {
        case number(ElementType)
        case half

        var stride: Int {
            switch self {
            case .number(let type): type.stride
            case .half: 2
            }
        }
    }

    private struct Header {
        var type = ""
        var isFortranOrder = false
        var shape: [Int] = []
        /// Bytes before the numbers.
        var length = 0

        init?(_ data: Data) {
            let bytes = [UInt8](data.prefix(1 << 16))
            guard bytes.count > 12, bytes[0] == 0x93, Array(bytes[1..<6]) == Array("NUMPY".utf8)
            else {
                return nil
            }
            let isLong = bytes[6] >= 2
            let start = isLong ? 12 : 10
            var size = Int(bytes[8]) | Int(bytes[9]) << 8
            if isLong { size |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
            guard start + size <= bytes.count else { return nil }
            let text = String(decoding: bytes[start..<(start + size)], as: UTF8.self)
            guard let type = Self.field("descr", in: text),
                let shape = Self.field("shape", in: text)
            else { return nil }
            self.type = String(type.filter { $0 != "'" })
            isFortranOrder = Self.field("fortran_order", in: text) == "True"
            for side in shape.split(separator: ",") {
                guard let side = Int(side.filter { $0 != " " && $0 != "(" && $0 != ")" }), side >= 0
                else {
                    if side.allSatisfy({ " ()".contains($0) }) { continue }
                    return nil
                }
                self.shape.append(side)
            }
            length = start + size
        }

        /// The text of a field of the header, which is a Python dictionary.
        private static func field(_ name: String, in text: String) -> Substring? {
            guard let key = text.firstRange(of: "'\(name)':") else { return nil }
            let rest = text[key.upperBound...].drop { $0 == " " }
            if rest.hasPrefix("(") { return rest.prefix { $0 != ")" } }
            return rest.prefix { $0 != "," && $0 != "}" }
        }

        var storedType: StoredType? {
            let plain = type.replacing("=", with: "<")
            if plain == "<f2" { return .half }
            return descriptors.first {
                $0.value.dropFirst() == plain.dropFirst() && plain.first != ">"
            }
            .map { .number($0.key) }
        }
    }
}
