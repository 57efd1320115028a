internal import FoundationEssentials
internal import Glibc
package import Tensors

/// Tensors by name and notes in one file: the safetensors format, which other programs read too.
///
/// Eight bytes with the length of a header, little-endian; the header, a JSON object with type,
/// shape and place of each tensor and the notes under `__metadata__`; the tensors' bytes.
package struct TensorFile: Sendable, Equatable {
    package var tensors: [String: Tensor]
    package var notes: [String: String]

    package init(tensors: [String: Tensor], notes: [String: String] = [:]) {
        self.tensors = tensors
        self.notes = notes
    }

    private struct Entry: Codable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    /// The types that are written, by their name in the format.
    private static let types: [String: ElementType] = [
        "F32": .float32, "F64": .float64, "I64": .int64, "I32": .int32, "U8": .uint8,
        "U64": .uint64,
    ]

    // MARK: Writing

    /// Writes the file so that at any time there is the old one or the new one, whole.
    package func write(to path: String) throws(RecipeError) {
        var header: [String: Entry] = [:]
        var place = 0
        let names = tensors.keys.sorted()
        for name in names {
            let tensor = tensors[name]!
            guard let type = Self.types.first(where: { $0.value == tensor.elementType })?.key else {
                preconditionFailure("checkpoints hold numbers of common types")
            }
            let range = [place, place + tensor.byteCount]
            header[name] = Entry(dtype: type, shape: tensor.shape, offsets: range)
            place += tensor.byteCount
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard var entries = try? encoder.encode(header), let extra = try? encoder.encode(notes)
        else { preconditionFailure("texts and numbers can be written as JSON") }
        if !notes.isEmpty {
            let separator = header.isEmpty ? "" : ","
            entries.insert(
                contentsOf: Data("\"__metadata__\":".utf8) + extra + Data(separator.utf8),
                at: 1
            )
        }
        while entries.count % 8 != 0 { entries.append(UInt8(ascii: " ")) }
        let temporary = path + ".new"
        let file = try Output(temporary)
        let start = withUnsafeBytes(of: UInt64(entries.count).littleEndian) { Data($0) } + entries
        try start.withUnsafeBytes { file.written($0) }.get()
        for name in names { try tensors[name]!.withBytes { file.written($0) }.get() }
        try file.finish()
        guard rename(temporary, path) == 0 else {
            throw .cannotWrite(path, reason: String(cString: strerror(errno)))
        }
        syncFolder(of: path)
    }

    /// A file that is written once, from start to end.
    private struct Output: ~Copyable {
        let path: String
        let descriptor: Int32

        init(_ path: String) throws(RecipeError) {
            self.path = path
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            guard descriptor >= 0 else {
                throw .cannotWrite(path, reason: String(cString: strerror(errno)))
            }
        }

        deinit { close(descriptor) }

        func written(_ bytes: UnsafeRawBufferPointer) -> Result<Void, RecipeError> {
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                guard count > 0 else { return .failure(failure()) }
                done += count
            }
            return .success(())
        }

        /// Makes sure that the bytes are on the disk.
        func finish() throws(RecipeError) {
            guard fsync(descriptor) == 0 else { throw failure() }
        }

        private func failure() -> RecipeError {
            let reason = String(cString: strerror(errno))
            unlink(path)
            return .cannotWrite(path, reason: reason)
        }
    }

    private func syncFolder(of path: String) {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    // MARK: Reading

    package init(path: String) throws(RecipeError) {
        func wrong(_ found: String) -> RecipeError { .notATensorFile(path, found: found) }
        guard let data = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else {
            throw wrong("no file that can be read")
        }
        guard data.count >= 8 else { throw wrong("\(data.count) bytes") }
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(data.count - 8) else { throw wrong("a header that is cut off") }
        let start = 8 + Int(length)
        guard let names = Self.names(in: data[8..<start]) else {
            throw wrong("a header that is not JSON")
        }
        notes = names.notes
        tensors = [:]
        for (name, entry) in names.entries {
            guard let type = Self.types[entry.dtype] else {
                throw wrong("tensors of \(entry.dtype)")
            }
            let offsets = entry.offsets
            guard entry.shape.allSatisfy({ $0 >= 0 }), offsets.count == 2, offsets[0] >= 0,
                offsets[1] <= data.count - start,
                offsets[1] - offsets[0] == entry.shape.elementCount * type.stride
            else { throw wrong("\"\(name)\" that is cut off") }
            let bytes = data[(start + offsets[0])..<(start + offsets[1])]
            tensors[name] = bytes.withUnsafeBytes {
                Tensor(shape: entry.shape, type: type, bytes: $0)
            }
        }
    }

    /// What a header holds: entries of one kind under any names, and notes.
    private static func names(in header: Data) -> (
        entries: [String: Entry], notes: [String: String]
    )? {
        struct Either: Decodable {
            var entry: Entry?
            var notes: [String: String]?

            init(from decoder: any Decoder) throws {
                entry = try? Entry(from: decoder)
                if entry == nil { notes = try [String: String](from: decoder) }
            }
        }
        guard let all = try? JSONDecoder().decode([String: Either].self, from: header) else {
            return nil
        }
        return (all.compactMapValues(\.entry), all["__metadata__"]?.notes ?? [:])
    }
}
