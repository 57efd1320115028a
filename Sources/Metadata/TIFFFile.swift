internal import Glibc

/// A TIFF file on the disk, whose notes are read and added without touching its pixels.
package final class TIFFFile: ByteSource {
    private let descriptor: CInt

    /// Opens a file; `nil` if it is no TIFF or cannot be opened.
    package init?(path: String, forWriting: Bool = false) {
        descriptor = open(path, forWriting ? O_RDWR : O_RDONLY)
        guard descriptor >= 0 else { return nil }
        guard let header = bytes(at: 0, count: 8),
            TIFFLayout(header: header + [0, 0, 0, 0, 0, 0, 0, 0]) != nil
        else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    package func bytes(at offset: Int, count: Int) -> [UInt8]? {
        guard offset >= 0, count >= 0, count <= 1 << 24 else { return nil }
        var buffer = [UInt8](repeating: 0, count: count)
        let read = buffer.withUnsafeMutableBytes {
            pread(descriptor, $0.baseAddress, count, offset)
        }
        return read == count ? buffer : nil
    }

    /// What the camera noted, if anything.
    package var exif: Exif? { Exif(self).flatMap { $0.isEmpty ? nil : $0 } }

    /// Adds notes to the first picture: a new directory at the end of the file takes the place of
    /// the old one.
    ///
    /// Tags that the picture has already stay. Returns whether it was done.
    package func add(_ exif: Exif) -> Bool {
        guard let header = bytes(at: 0, count: 16), let layout = TIFFLayout(header: header),
            let head = bytes(at: layout.first, count: layout.countSize)
        else { return false }
        let count = layout.number(head)
        let tableStart = layout.first + layout.countSize
        guard count <= 4096, let table = bytes(at: tableStart, count: count * layout.entrySize),
            let tail = bytes(at: tableStart + table.count, count: layout.offsetSize)
        else { return false }
        var entries = (0..<count).map { index in
            let raw = Array(table[(index * layout.entrySize)..<((index + 1) * layout.entrySize)])
            return (tag: layout.number(raw[0..<2]), raw: raw)
        }
        let size = lseek(descriptor, 0, SEEK_END)
        let start = size + size % 2
        var writer = TIFFWriter(layout, start: start)
        let pointers = writer.appendNotes(exif)
        let picture = exif.picture.map { layout.converting($0, from: Exif.layout) }
        let known = Set(entries.map(\.tag))
        entries += writer.place((picture + pointers).filter { !known.contains($0.tag) })
        writer.align()
        let first = writer.end
        writer.append(raw: entries.sorted { $0.tag < $1.tag }, next: layout.number(tail))
        // A classic TIFF can point no further than 4 GiB.
        guard layout.isBig || writer.end < 1 << 32 else { return false }
        guard write(writer.bytes, at: start) else { return false }
        return write(layout.bytes(first, size: layout.offsetSize), at: layout.isBig ? 8 : 4)
    }

    private func write(_ bytes: [UInt8], at offset: Int) -> Bool {
        bytes.withUnsafeBytes {
            pwrite(descriptor, $0.baseAddress, bytes.count, offset) == bytes.count
        }
    }
}
