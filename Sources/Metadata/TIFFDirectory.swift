/// The structure that TIFF files and EXIF blocks share: directories of tagged values (TIFF 6.0,
/// section 2; BigTIFF for files beyond 4 GiB).
package struct TIFFDirectory: Sendable, Equatable {
    package var entries: [Entry]
    /// Where the next directory begins; 0 if there is none.
    package var next: Int

    /// A tagged value, in the byte order of what it was read from.
    package struct Entry: Sendable, Equatable {
        package var tag: Int
        package var type: Int
        package var count: Int
        package var bytes: [UInt8]
    }

    package subscript(tag: Int) -> Entry? { entries.first { $0.tag == tag } }

    /// Bytes of one value of a type; `nil` for a type that is not known.
    static func size(ofType type: Int) -> Int? {
        [
            1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
            17: 8, 18: 8,
        ][type]
    }

    /// Bytes that swap as a unit in a value of a type: a rational is two numbers.
    static func unit(ofType type: Int) -> Int {
        type == 5 || type == 10 ? 4 : size(ofType: type) ?? 1
    }
}

/// How numbers are laid out in a TIFF structure.
package struct TIFFLayout: Sendable, Equatable {
    package var isLittleEndian: Bool
    /// BigTIFF: 64-bit offsets and counts.
    package var isBig: Bool
    /// Where the first directory begins.
    package var first: Int

    var offsetSize: Int { isBig ? 8 : 4 }
    var entrySize: Int { isBig ? 20 : 12 }
    var countSize: Int { isBig ? 8 : 2 }

    /// Reads the header; `nil` if the bytes are no TIFF.
    package init?(header: [UInt8]) {
        guard header.count >= 8 else { return nil }
        switch (header[0], header[1]) {
        case (0x49, 0x49): isLittleEndian = true
        case (0x4D, 0x4D): isLittleEndian = false
        default: return nil
        }
        isBig = false
        first = 0
        switch number(header[2..<4]) {
        case 42: first = number(header[4..<8])
        case 43 where header.count >= 16:
            isBig = true
            first = number(header[8..<16])
        default: return nil
        }
    }

    init(isLittleEndian: Bool, isBig: Bool, first: Int) {
        self.isLittleEndian = isLittleEndian
        self.isBig = isBig
        self.first = first
    }

    func number(_ bytes: some Collection<UInt8>) -> Int {
        let value =
            isLittleEndian
            ? bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            : bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(clamping: value)
    }

    func bytes(_ number: Int, size: Int) -> [UInt8] {
        let little = (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return isLittleEndian ? little : little.reversed()
    }

    /// The bytes of a value in another byte order.
    func converting(_ entry: TIFFDirectory.Entry, from other: TIFFLayout) -> TIFFDirectory.Entry {
        guard isLittleEndian != other.isLittleEndian else { return entry }
        let unit = TIFFDirectory.unit(ofType: entry.type)
        var swapped = entry
        swapped.bytes = []
        for start in stride(from: 0, to: entry.bytes.count - entry.bytes.count % unit, by: unit) {
            swapped.bytes += entry.bytes[start..<(start + unit)].reversed()
        }
        return swapped
    }
}

/// Something that bytes can be read from at any place.
package protocol ByteSource {
    /// `nil` where there are not as many.
    func bytes(at offset: Int, count: Int) -> [UInt8]?
}

extension [UInt8]: ByteSource {
    package func bytes(at offset: Int, count: Int) -> [UInt8]? {
        guard offset >= 0, count >= 0, offset <= self.count - count else { return nil }
        return Array(self[offset..<(offset + count)])
    }
}

extension TIFFDirectory {
    /// Reads a directory; values beyond `limit` bytes (strip tables, pixels) and those that lie
    /// outside the source are left out.
    package init?(
        _ source: some ByteSource,
        _ layout: TIFFLayout,
        at offset: Int,
        limit: Int = 1 << 20
    ) {
        guard let head = source.bytes(at: offset, count: layout.countSize) else { return nil }
        let count = layout.number(head)
        guard count <= 4096,
            let table = source.bytes(
                at: offset + layout.countSize,
                count: count * layout.entrySize + layout.offsetSize
            )
        else { return nil }
        entries = []
        for index in 0..<count {
            let raw = table[(index * layout.entrySize)..<((index + 1) * layout.entrySize)]
            let start = raw.startIndex
            let type = layout.number(raw[(start + 2)..<(start + 4)])
            let values = layout.number(raw[(start + 4)..<(start + 4 + layout.offsetSize)])
            guard let size = Self.size(ofType: type), values <= limit / size else { continue }
            let field = raw[(start + 4 + layout.offsetSize)...]
            let bytes =
                values * size <= layout.offsetSize
                ? Array(field.prefix(values * size))
                : source.bytes(at: layout.number(field), count: values * size)
            guard let bytes else { continue }
            let tag = layout.number(raw[start..<(start + 2)])
            entries.append(Entry(tag: tag, type: type, count: values, bytes: bytes))
        }
        next = layout.number(table[(count * layout.entrySize)...])
    }
}
