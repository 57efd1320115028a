internal import Glibc
internal import Synchronization

/// A copy of an image in a scratch file, made block by block as somebody looks at its pixels, so that what
/// is dear to compute is computed once, however often it is read.
///
/// The copying ends with `finish`: what is not in the file by then comes from the source, and is not kept.
package final class ScratchCopy: Sendable {
    private let source: Image
    private let header: ImageHeader
    private let isBlack: Bool
    private let warn: @Sendable (String) -> Void
    private let columns: Int
    private let blocks: [Block]
    private let state = Mutex(State())

    private struct State {
        var isWanted = false
        var isFinished = false
        var file: ScratchFile?
    }

    private final class Block: Sendable {
        /// Held while the block is copied, so that others who want it wait.
        let isCopied = Mutex(false)
    }

    private static let side = 256

    /// - Parameters:
    ///   - isBlack: pixels are black and the source is never asked, for who only lays out a pipeline.
    ///   - warn: told once if the file cannot be written; pixels come from the source then.
    package init(
        of source: Image,
        isBlack: Bool = false,
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.source = source
        self.isBlack = isBlack
        self.warn = warn
        header = ImageHeader(
            width: source.width,
            height: source.height,
            bands: source.bands,
            format: source.format
        )
        columns = (source.width + Self.side - 1) / Self.side
        let rows = (source.height + Self.side - 1) / Self.side
        blocks = (0..<(columns * rows)).map { _ in Block() }
    }

    /// The image, to be read in place of the source.
    package func image() throws(VipsError) -> Image {
        try Image.node(header, inputs: [source], demand: .rows) { try self.fill($0) }
    }

    /// Bytes of the whole copy.
    package var bytes: Int { header.width * header.height * pixelBytes }

    /// Whether somebody looked at pixels before `finish`.
    package var isWanted: Bool { state.withLock { $0.isWanted } }

    /// From now on pixels are asked for the last time.
    package func finish() { state.withLock { $0.isFinished = true } }

    private var pixelBytes: Int { header.bands * header.format.bytes }

    private func fill(_ request: NodeRequest) throws {
        let (output, area) = (request.output, request.output.area)
        let (isFinished, hasFile) = state.withLock { state in
            if !state.isFinished { state.isWanted = true }
            return (state.isFinished, state.file != nil)
        }
        if isBlack {
            for y in area.rows { memset(output.start(of: y), 0, area.width * pixelBytes) }
        } else if isFinished, !hasFile {
            output.copy(try request.pull(0, area))
        } else {
            for row in (area.top / Self.side)...((area.bottom - 1) / Self.side) {
                for column in (area.left / Self.side)...((area.right - 1) / Self.side) {
                    try fill(request, fromBlock: row * columns + column, isCopying: !isFinished)
                }
            }
        }
    }

    private func fill(_ request: NodeRequest, fromBlock index: Int, isCopying: Bool) throws {
        let block = area(ofBlock: index)
        let isCopied = try blocks[index].isCopied.withLock { isCopied in
            if !isCopied, isCopying { isCopied = write(try request.pull(0, block), at: index) }
            return isCopied
        }
        let part = block.clipped(to: request.output.area)
        if isCopied {
            try read(part, of: block, at: index, into: request.output)
        } else {
            request.output.copy(try request.pull(0, part))
        }
    }

    private func area(ofBlock index: Int) -> Rectangle {
        Rectangle(
            left: index % columns * Self.side,
            top: index / columns * Self.side,
            width: Self.side,
            height: Self.side
        ).clipped(to: Rectangle(left: 0, top: 0, width: header.width, height: header.height))
    }

    // MARK: The file, in which blocks lie one after another

    private func offset(ofBlock index: Int) -> Int { index * Self.side * Self.side * pixelBytes }

    /// Returns whether there was room.
    private func write(_ block: PixelView, at index: Int) -> Bool {
        let row = block.area.width * pixelBytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(row * block.area.height)
        for y in block.area.rows {
            bytes += UnsafeRawBufferPointer(start: block.start(of: y), count: row)
        }
        do {
            try file().write(bytes, at: offset(ofBlock: index))
            return true
        } catch {
            let isNews = state.withLock { state in
                defer { state.isFinished = true }
                return !state.isFinished
            }
            if isNews { warn("\(error); what it would have kept is computed again") }
            return false
        }
    }

    private func file() throws -> ScratchFile {
        try state.withLock { state in
            if let file = state.file { return file }
            let file = try ScratchFile()
            state.file = file
            return file
        }
    }

    private func read(
        _ part: Rectangle,
        of block: Rectangle,
        at index: Int,
        into output: PixelView
    ) throws {
        let file = try file()
        for y in part.rows {
            let pixel = (y - block.top) * block.width + part.left - block.left
            try file.read(
                UnsafeMutableRawBufferPointer(
                    start: output.start(of: y) + (part.left - output.area.left) * pixelBytes,
                    count: part.width * pixelBytes
                ),
                at: offset(ofBlock: index) + pixel * pixelBytes
            )
        }
    }
}

/// A file without a name, which is gone when nobody holds it any more.
private final class ScratchFile: Sendable {
    private let descriptor: Int32
    private let folder: String

    /// Made where libvips makes its own.
    init() throws(VipsError) {
        folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var path = Array("\(folder)/atelier-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        try check(descriptor >= 0 ? 0 : -1, of: 0)
        unlink(path)
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], at offset: Int) throws(VipsError) {
        try check(pwrite(descriptor, bytes, bytes.count, offset), of: bytes.count)
    }

    func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(VipsError) {
        try check(pread(descriptor, bytes.baseAddress, bytes.count, offset), of: bytes.count)
    }

    private func check(_ count: Int, of expected: Int) throws(VipsError) {
        if count == expected { return }
        let reason = count < 0 ? String(cString: strerror(errno)) : "\(count) bytes of \(expected)"
        throw VipsError(folder, "expected room for a scratch file, found: \(reason)")
    }
}
