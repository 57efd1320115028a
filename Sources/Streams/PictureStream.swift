internal import Graphs
internal import Kernels
internal import Synchronization
internal import Tensors
internal import Vips

/// Makes rows of a network's output from rows of pixels.
///
/// One strip at a time is made by `strip`; `fill` may be called at any time, by several threads.
final class PictureStream: Sendable {
    private let network: StreamedNetwork
    /// What is true of the network at this size, whether it is complete or not.
    private let fitted: PictureNetwork.Fitted
    private let layout: StreamLayout
    private let budget: StreamBudget
    private let pixels: PixelRows
    private let outputChannels: Int
    /// How far the network looks around, in pixels.
    private let halo: Int
    private let work: StreamWork
    private let progress = Mutex(Progress())

    /// Where strips have come to.
    private struct Progress {
        var run: StreamRun?
        /// The first row of the next strip.
        var next = 0
        var window: InputWindow?
        var sized: SizedNetwork?
    }

    /// The complete network at this size.
    private func sized() throws -> SizedNetwork {
        if let sized = progress.withLock({ $0.sized }) { return sized }
        let complete = try network.network().fitted(
            height: fitted.height - fitted.border.before - fitted.border.bottom,
            width: fitted.width - fitted.border.before - fitted.border.right
        ).sized
        progress.withLock { $0.sized = complete }
        return complete
    }

    init(
        network: StreamedNetwork,
        fitted: PictureNetwork.Fitted,
        layout: StreamLayout,
        budget: StreamBudget,
        pixels: PixelRows,
        outputChannels: Int,
        halo: Int,
        work: StreamWork
    ) {
        self.network = network
        self.fitted = fitted
        self.layout = layout
        self.budget = budget
        self.pixels = pixels
        self.outputChannels = outputChannels
        self.halo = halo
        self.work = work
    }

    private var bytesPerPixel: Int { outputChannels * pixels.format.bytes }

    /// The next rows over the full width, from `first` on.
    ///
    /// `RowStream` asks for one strip after the other; no lock is held while one is made.
    func strip(_ first: Int, _ request: NodeRequest) throws -> [[UInt8]] {
        switch layout.way {
        case .rows(let rows):
            let taken = progress.withLock { state in
                state.next == first ? state.run.take() : nil
            }
            let run =
                try taken
                ?? StreamRun(
                    StreamPlan(
                        sized(),
                        output: fitted.output,
                        rows: first..<fitted.outputHeight,
                        columns: 0..<fitted.outputWidth,
                        stripRows: rows
                    )
                )
            var strip: [[UInt8]] = []
            while strip.isEmpty { strip = try rowsOfNextStrip(run, request) }
            let end = first + strip.count
            progress.withLock { state in
                (state.run, state.next) = (run.isFinished ? nil : run, end)
            }
            return strip
        case .tiles(let rows, let columns):
            return try band(first..<min(first + rows, fitted.outputHeight), columns, request)
        case .patches: preconditionFailure("patches are made one by one")
        }
    }

    private func rowsOfNextStrip(_ run: StreamRun, _ request: NodeRequest) throws -> [[UInt8]] {
        var strip: [[UInt8]] = []
        let before = run.multiplyAdds
        try run.advance(.shared) { rows, input in
            try pull(rows, into: input, request)
        } push: { output in
            strip = output.rows.map { y in
                [UInt8](unsafeUninitializedCapacity: fitted.outputWidth * bytesPerPixel) {
                    pixels.write(output, y, channels: outputChannels, into: $0.baseAddress!)
                    $1 = fitted.outputWidth * bytesPerPixel
                }
            }
        }
        work.add(run.multiplyAdds - before)
        return strip
    }

    /// Brings rows of pixels into a network's input, straight from the image before.
    private func pull(_ rows: Range<Int>, into input: InputRows, _ request: NodeRequest) throws {
        let view = try request.pull(0, Rectangle(rows: rows, columns: input.columns))
        for y in rows { pixels.read(view.start(of: y), view.bands, y, into: input) }
    }

    // MARK: Tiles

    /// Rows that are put together from tiles.
    private func band(
        _ rows: Range<Int>,
        _ columns: Int,
        _ request: NodeRequest
    ) throws -> [[UInt8]] {
        let pixel = bytesPerPixel
        let band = TileRows(
            rows: rows.count,
            bytesPerRow: fitted.outputWidth * pixel
        )
        var window = progress.withLock { $0.window.take() } ?? InputWindow(width: fitted.width)
        for left in stride(from: 0, to: fitted.outputWidth, by: columns) {
            let run = StreamRun(
                try StreamPlan(
                    sized(),
                    output: fitted.output,
                    rows: rows,
                    columns: left..<min(left + columns, fitted.outputWidth),
                    budget: budget.bytes / 2
                )
            )
            if left == 0 { window.drop(before: run.plan.inputRows.lowerBound) }
            while !run.isFinished {
                try run.advance(.shared) { rows, input in
                    try window.load(rows, request)
                    window.read(rows, pixels, into: input)
                } push: { output in
                    for y in output.rows {
                        pixels.write(
                            output,
                            y,
                            channels: outputChannels,
                            into: band.row(y - rows.lowerBound) + left * pixel
                        )
                    }
                }
            }
            work.add(run.multiplyAdds)
        }
        let loaded = window
        progress.withLock { $0.window = loaded }
        return band.rows
    }

    // MARK: Any area

    /// Fills a request on its own, whatever has been made before.
    func fill(_ request: NodeRequest) throws {
        let output = request.output
        try make(output.area, request) { output.start(of: $0) }
    }

    /// The pixels of a square that its mask wants; all of a square without a mask.
    func patch(_ square: Rectangle, _ request: NodeRequest) throws -> [PatchStore.Piece] {
        try wanted(square, request).map { area in
            let bytesPerRow = area.width * bytesPerPixel
            var bytes = [UInt8](repeating: 0, count: area.height * bytesPerRow)
            try bytes.withUnsafeMutableBytes { bytes in
                let base = bytes.baseAddress!
                try make(area, request) { base + ($0 - area.top) * bytesPerRow }
            }
            return PatchStore.Piece(area: area, bytes: bytes)
        }
    }

    private func wanted(_ square: Rectangle, _ request: NodeRequest) throws -> [Rectangle] {
        guard pixels.mapping.masks > 0, fitted.scale.value == 1 else { return [square] }
        // In the picture with its border.
        let before = fitted.border.before
        var area = square
        area.left += before
        area.top += before
        let cover = try MaskCover(lastBandOf: PulledRows(area, request))
        return cover.rectangles(halo: halo).map { part in
            var part = part
            part.left -= before
            part.top -= before
            return part
        }
    }

    /// - Parameter row: where the pixels of a row go.
    private func make(
        _ area: Rectangle,
        _ request: NodeRequest,
        row: (Int) -> UnsafeMutableRawPointer
    ) throws {
        let run = StreamRun(
            try StreamPlan(
                sized(),
                output: fitted.output,
                rows: area.top..<area.bottom,
                columns: area.left..<area.right,
                budget: budget.bytes / 2
            )
        )
        var source = PulledRows(
            Rectangle(rows: run.plan.inputRows, columns: run.plan.inputColumns),
            request
        )
        while !run.isFinished {
            try run.advance(.shared) { rows, input in
                for y in rows {
                    let view = try source.view(of: y)
                    pixels.read(view.start(of: y), view.bands, y, into: input)
                }
            } push: { output in
                for y in output.rows {
                    pixels.write(output, y, channels: outputChannels, into: row(y))
                }
            }
        }
        work.add(run.multiplyAdds)
    }
}

/// How a network is laid over a picture, and how much it has computed, counted while it does.
package final class StreamWork: Sendable {
    private let sum = Mutex(0.0)
    private let decided = Mutex<StreamLayout?>(nil)

    package init() {}

    /// Once the network has been laid over a picture.
    package var layout: StreamLayout? { decided.withLock { $0 } }

    func begin(_ layout: StreamLayout) { decided.withLock { $0 = layout } }

    func add(_ multiplyAdds: Double) { sum.withLock { $0 += multiplyAdds } }

    /// Multiply-adds done so far.
    package var multiplyAdds: Double { sum.withLock { $0 } }
}

/// Rows of pixels that tiles are written into.
private final class TileRows {
    private let memory: UnsafeMutableRawPointer
    private let count, bytesPerRow: Int

    init(rows: Int, bytesPerRow: Int) {
        (count, self.bytesPerRow) = (rows, bytesPerRow)
        memory = .allocate(byteCount: max(1, rows * bytesPerRow), alignment: 16)
    }

    deinit { memory.deallocate() }

    func row(_ index: Int) -> UnsafeMutableRawPointer { memory + index * bytesPerRow }

    var rows: [[UInt8]] {
        (0..<count).map {
            [UInt8](UnsafeRawBufferPointer(start: row($0), count: bytesPerRow))
        }
    }
}

/// Rows of the input over the full width, as they came, for tiles to be cut from.
private struct InputWindow {
    let width: Int
    private var rows: [[UInt8]] = []
    private var first = 0
    private var bands = 1

    init(width: Int) { self.width = width }

    /// Forgets rows that no later tile reads.
    mutating func drop(before row: Int) {
        if row > first + rows.count || row < first {
            (rows, first) = ([], row)
        } else {
            rows.removeFirst(row - first)
            first = row
        }
    }

    /// Makes rows available, pulling those that are new.
    mutating func load(_ wanted: Range<Int>, _ request: NodeRequest) throws {
        let missing = (first + rows.count)..<max(first + rows.count, wanted.upperBound)
        guard !missing.isEmpty else { return }
        let area = Rectangle(left: 0, top: missing.lowerBound, width: width, height: missing.count)
        let view = try request.pull(0, area)
        bands = view.bands
        let bytes = width * view.bands * view.format.bytes
        for y in 0..<missing.count {
            rows.append(
                [UInt8](UnsafeRawBufferPointer(start: view.base + y * view.stride, count: bytes))
            )
        }
    }

    func read(_ wanted: Range<Int>, _ pixels: PixelRows, into input: InputRows) {
        let skipped = input.columns.lowerBound * bands * pixels.format.bytes
        for y in wanted {
            rows[y - first].withUnsafeBytes {
                pixels.read($0.baseAddress! + skipped, bands, y, into: input)
            }
        }
    }
}
