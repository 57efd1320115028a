/// What a camera noted of a photo: an EXIF block (CIPA DC-008), apart from any file format.
///
/// Thumbnails and notes of interoperability are left behind: they do not outlive an edit.
package struct Exif: Sendable, Equatable {
    /// Maker, model, dates, artist, copyright: tags of the picture itself.
    package var picture: [TIFFDirectory.Entry]
    /// Exposure, lens and the like.
    package var exposure: [TIFFDirectory.Entry]
    /// Where the photo was taken.
    package var place: [TIFFDirectory.Entry]

    static let layout = TIFFLayout(isLittleEndian: true, isBig: false, first: 8)
    static let exposurePointer = 0x8769
    static let placePointer = 0x8825
    private static let widthTag = 0xA002
    private static let heightTag = 0xA003
    private static let interoperabilityPointer = 0xA005
    /// Description, maker, model, software, date, artist, computer, copyright.
    ///
    /// Size, orientation and resolution belong to the pixels, and so to whoever writes them.
    static let pictureTags = [0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298]

    package var isEmpty: Bool { picture.isEmpty && exposure.isEmpty && place.isEmpty }

    /// Reads the notes of a TIFF file, or of an EXIF block without its "Exif" mark.
    package init?(_ source: some ByteSource) {
        guard let header = source.bytes(at: 0, count: 16) ?? source.bytes(at: 0, count: 8),
            let layout = TIFFLayout(header: header),
            let main = TIFFDirectory(source, layout, at: layout.first)
        else { return nil }
        func directory(_ pointer: Int) -> [TIFFDirectory.Entry] {
            guard let entry = main[pointer],
                let directory = TIFFDirectory(
                    source,
                    layout,
                    at: layout.number(entry.bytes),
                    limit: 1 << 16
                )
            else { return [] }
            return directory.entries.map { Self.layout.converting($0, from: layout) }
        }
        picture = main.entries.filter { Self.pictureTags.contains($0.tag) }
            .map { Self.layout.converting($0, from: layout) }
        exposure = directory(Self.exposurePointer).filter { $0.tag != Self.interoperabilityPointer }
        place = directory(Self.placePointer)
    }

    /// Reads a block as it stands in a JPEG or PNG file, with the mark "Exif\0\0" or without.
    package init?(block: [UInt8]) {
        let mark = Array("Exif".utf8) + [0, 0]
        self.init(block.starts(with: mark) ? Array(block.dropFirst(mark.count)) : block)
    }

    /// Sets the size of the picture where the notes speak of it.
    package mutating func setSize(width: Int, height: Int) {
        for (tag, side) in [(Self.widthTag, width), (Self.heightTag, height)] {
            guard let index = exposure.firstIndex(where: { $0.tag == tag }) else { continue }
            let bytes = Self.layout.bytes(side, size: 4)
            exposure[index] = TIFFDirectory.Entry(tag: tag, type: 4, count: 1, bytes: bytes)
        }
    }

    /// The block as files hold it, with its mark.
    package var block: [UInt8] {
        var writer = TIFFWriter(Self.layout, start: 8)
        let pointers = writer.appendNotes(self)
        let first = writer.append(picture + pointers, next: 0)
        let header: [UInt8] = [0x49, 0x49, 42, 0] + Self.layout.bytes(first, size: 4)
        return Array("Exif".utf8) + [0, 0] + header + writer.bytes
    }
}

/// Lays directories and their values out in a row, to stand at a known place of a file.
struct TIFFWriter {
    let layout: TIFFLayout
    private let start: Int
    private(set) var bytes: [UInt8] = []

    init(_ layout: TIFFLayout, start: Int) {
        self.layout = layout
        self.start = start
    }

    /// The place in the file behind what has been written.
    var end: Int { start + bytes.count }

    mutating func align() { if end % 2 != 0 { bytes.append(0) } }

    /// Writes values that do not fit into their entries and returns the entries' raw bytes by tag.
    mutating func place(_ entries: [TIFFDirectory.Entry]) -> [(tag: Int, raw: [UInt8])] {
        entries.map { entry in
            var raw = layout.bytes(entry.tag, size: 2) + layout.bytes(entry.type, size: 2)
            raw += layout.bytes(entry.count, size: layout.offsetSize)
            if entry.bytes.count <= layout.offsetSize {
                raw += entry.bytes
                raw += [UInt8](repeating: 0, count: layout.offsetSize - entry.bytes.count)
            } else {
                align()
                raw += layout.bytes(end, size: layout.offsetSize)
                bytes += entry.bytes
            }
            return (entry.tag, raw)
        }
    }

    /// Writes a directory of raw entries, which must be in rising order of their tags.
    mutating func append(raw entries: [(tag: Int, raw: [UInt8])], next: Int) {
        bytes += layout.bytes(entries.count, size: layout.countSize)
        for entry in entries { bytes += entry.raw }
        bytes += layout.bytes(next, size: layout.offsetSize)
    }

    /// Writes a directory behind its values and returns where it begins.
    mutating func append(_ entries: [TIFFDirectory.Entry], next: Int) -> Int {
        let placed = place(entries.sorted { $0.tag < $1.tag })
        align()
        let place = end
        append(raw: placed, next: next)
        return place
    }

    /// Writes the directories of notes that have any, and returns the entries that point to them.
    mutating func appendNotes(_ exif: Exif) -> [TIFFDirectory.Entry] {
        var pointers: [TIFFDirectory.Entry] = []
        for (tag, entries) in [
            (Exif.exposurePointer, exif.exposure), (Exif.placePointer, exif.place),
        ]
        where !entries.isEmpty {
            let place = append(entries.map { layout.converting($0, from: Exif.layout) }, next: 0)
            let bytes = layout.bytes(place, size: 4)
            pointers.append(TIFFDirectory.Entry(tag: tag, type: 4, count: 1, bytes: bytes))
        }
        return pointers
    }
}
