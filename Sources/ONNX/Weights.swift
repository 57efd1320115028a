import FoundationEssentials
import Tensors

/// Reads the tensors of a model: raw bytes, typed fields, or a range of a file beside the model.
///
/// Nothing is allocated before the bytes are seen to be there, so a file cannot ask for more
/// memory than its own size allows.
struct WeightReader {
    /// The folder that paths of external data start from; `nil` where there is none.
    let folder: String?

    func tensor(_ proto: Onnx_TensorProto) throws(PartError) -> Tensor {
        let part = "tensor \"\(proto.name)\""
        var shape: [Int] = []
        var count = 1
        guard proto.dims.count <= 32 else {
            throw PartError(part, expected: "at most 32 axes", found: "\(proto.dims.count)")
        }
        for side in proto.dims {
            let (product, overflows) = count.multipliedReportingOverflow(by: Int(side))
            guard side >= 0, side <= Int(Int32.max), !overflows, product <= Int(Int32.max) else {
                throw PartError(
                    part,
                    expected: "a shape of at most 2147483647 elements",
                    found: proto.dims.map(String.init).joined(separator: "×")
                )
            }
            count = product
            shape.append(Int(side))
        }
        let format = try TensorFormat(proto.dataType, part: part)
        let bytes: Data
        if proto.dataLocation == .external {
            bytes = try externalData(proto, byteCount: count * format.stride, part: part)
        } else if proto.hasRawData {
            bytes = proto.rawData
        } else {
            return try typedTensor(proto, shape, count, format, part: part)
        }
        guard bytes.count == count * format.stride else {
            throw PartError(
                part,
                expected: "\(count * format.stride) bytes for \(text(shape)) of \(format)",
                found: "\(bytes.count)"
            )
        }
        return bytes.withUnsafeBytes { format.tensor(shape, rawBytes: $0) }
    }

    /// Values that stand in a field of their own type, one field entry for each.
    private func typedTensor(
        _ proto: Onnx_TensorProto,
        _ shape: [Int],
        _ count: Int,
        _ format: TensorFormat,
        part: String
    ) throws(PartError) -> Tensor {
        func check(_ found: Int) throws(PartError) {
            guard found == count else {
                throw PartError(
                    part,
                    expected: "\(count) values of \(format) for shape \(text(shape))",
                    found: "\(found)"
                )
            }
        }
        switch format {
        case .float32:
            try check(proto.floatData.count)
            return Tensor(shape: shape, values: proto.floatData)
        case .float64:
            try check(proto.doubleData.count)
            return Tensor(shape: shape, values: proto.doubleData)
        case .int64:
            try check(proto.int64Data.count)
            return Tensor(shape: shape, values: proto.int64Data)
        case .uint32, .uint64:
            try check(proto.uint64Data.count)
            return Tensor(shape: shape, values: proto.uint64Data).converted(to: format.elementType)
        case .float16:
            try check(proto.int32Data.count)
            let values = proto.int32Data.map { bits in
                Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
            }
            return Tensor(shape: shape, values: values)
        case .bfloat16:
            try check(proto.int32Data.count)
            let values = proto.int32Data.map {
                Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16)
            }
            return Tensor(shape: shape, values: values)
        case .bool, .int8, .int16, .int32, .uint8, .uint16:
            try check(proto.int32Data.count)
            return Tensor(shape: shape, values: proto.int32Data).converted(to: format.elementType)
        }
    }

    // MARK: External data

    private func externalData(
        _ proto: Onnx_TensorProto,
        byteCount: Int,
        part: String
    ) throws(PartError) -> Data {
        var fields: [String: String] = [:]
        for entry in proto.externalData { fields[entry.key] = entry.value }
        let location = fields["location"] ?? ""
        let path = try safePath(location, part: part)
        let offset = Int(fields["offset"] ?? "0") ?? -1
        let length = fields["length"].map { Int($0) ?? -1 } ?? byteCount
        guard let file = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else {
            throw PartError(part, expected: "its data in \"\(location)\"", found: "no such file")
        }
        guard offset >= 0, length == byteCount, offset <= file.count - length else {
            throw PartError(
                part,
                expected: "\(byteCount) bytes at \(offset) of \"\(location)\"",
                found: "\(length) bytes in a file of \(file.count)"
            )
        }
        return file.subdata(in: offset..<(offset + length))
    }

    /// The path of external data, which must lie in the model's folder or below it.
    private func safePath(_ location: String, part: String) throws(PartError) -> String {
        guard let folder else {
            throw PartError(
                part,
                expected: "its data inside the model",
                found: "it in another file"
            )
        }
        let components = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.isEmpty, !location.hasPrefix("/"), !components.contains("..") else {
            throw PartError(
                part,
                expected: "external data in the model's own folder",
                found: "\"\(location)\""
            )
        }
        let root = URL(filePath: folder).resolvingSymlinksInPath().path
        let path = URL(filePath: folder + "/" + location).resolvingSymlinksInPath().path
        guard path.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
            throw PartError(
                part,
                expected: "external data in the model's own folder",
                found: "\"\(location)\", a link out of it"
            )
        }
        return path
    }
}

/// How a file stores the elements of a tensor.
enum TensorFormat: String, CustomStringConvertible {
    case float32, float64, float16, bfloat16
    case int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool

    private static let formats: [Onnx_TensorProto.DataType: TensorFormat] = [
        .float: .float32, .double: .float64, .float16: .float16, .bfloat16: .bfloat16,
        .int8: .int8, .int16: .int16, .int32: .int32, .int64: .int64, .uint8: .uint8,
        .uint16: .uint16, .uint32: .uint32, .uint64: .uint64, .bool: .bool,
    ]

    init(_ code: Int32, part: String?) throws(PartError) {
        guard let type = Onnx_TensorProto.DataType(rawValue: Int(code)),
            let format = Self.formats[type]
        else {
            throw PartError(
                part,
                expected: "a number type this runtime computes with",
                found: "ONNX data type \(code)"
            )
        }
        self = format
    }

    init(_ type: ElementType) { self.init(rawValue: type.rawValue)! }

    var description: String { rawValue }

    /// The number that stands for it in a file.
    var code: Int32 { Int32(Self.formats.first { $0.value == self }!.key.rawValue) }

    /// The type in memory: the short floating-point formats are computed with as float32.
    var elementType: ElementType { ElementType(rawValue: rawValue) ?? .float32 }

    /// Bytes of one element in a file.
    var stride: Int { self == .float16 || self == .bfloat16 ? 2 : elementType.stride }

    func tensor(_ shape: [Int], rawBytes: UnsafeRawBufferPointer) -> Tensor {
        switch self {
        case .float16, .bfloat16:
            let values = (0..<shape.elementCount).map { index in
                let bits = rawBytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                return self == .float16
                    ? Float(Float16(bitPattern: bits)) : Float(bitPattern: UInt32(bits) << 16)
            }
            return Tensor(shape: shape, values: values)
        case .bool:
            return Tensor(shape: shape, values: rawBytes.map { $0 != 0 })
        default:
            return Tensor(shape: shape, type: elementType, bytes: rawBytes)
        }
    }
}

func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "a scalar" : shape.map(String.init).joined(separator: "×")
}
