internal import Graphs
internal import Tensors
internal import Vips

/// The tiles that a network computes a picture in.
struct TileSize {
    /// Pixels of the output.
    let rows, columns: Int

    /// The largest tiles whose feature maps fit into the budget; the whole picture for a network
    /// that must see all of it.
    init(_ fitted: PictureNetwork.Fitted, channels: Int, _ budget: StreamBudget) throws {
        if fitted.isGlobal {
            let needed = fitted.reach.peakBytes
            guard needed <= budget.wholePictureBytes else {
                throw StreamError(
                    "this network looks at the whole picture at once, which takes \(needed >> 20) MiB "
                        + "for \(fitted.width) × \(fitted.height) pixels; expected at most "
                        + "\(budget.wholePictureBytes >> 20) MiB: resize the picture first"
                )
            }
            (rows, columns) = (fitted.outputHeight, fitted.outputWidth)
            return
        }
        let unit = fitted.scale.numerator
        var rows = min(128 * unit, fitted.outputHeight)
        var columns = fitted.outputWidth
        while columns > 64 * unit, Self.bytes(rows, columns, fitted, channels) > budget.bytes {
            columns = (columns / 2).ceiledQuotient(by: unit) * unit
        }
        while rows > 16 * unit, Self.bytes(rows, columns, fitted, channels) > budget.bytes {
            rows = (rows / 2).ceiledQuotient(by: unit) * unit
        }
        (self.rows, self.columns) = (rows, columns)
    }

    private static func bytes(
        _ rows: Int,
        _ columns: Int,
        _ fitted: PictureNetwork.Fitted,
        _ channels: Int
    ) -> Int {
        let area = InputArea(
            Rectangle(left: 0, top: 0, width: columns, height: rows),
            fitted
        )
        let shape = [1, channels, area.rows.count, area.columns.count]
        return (try? Reach(fitted.reach.graph, input: shape))?.peakBytes ?? .max
    }
}

/// The part of the input that a tile of the output is computed from.
private struct InputArea {
    let rows, columns: Range<Int>

    init(_ tile: Rectangle, _ fitted: PictureNetwork.Fitted) {
        rows = Self.interval(tile.top..<tile.bottom, fitted, .rows, fitted.height)
        columns = Self.interval(tile.left..<tile.right, fitted, .columns, fitted.width)
    }

    /// Begins and ends where the network works as it does at the borders: at multiples of its
    /// alignment.
    private static func interval(
        _ interval: Range<Int>,
        _ fitted: PictureNetwork.Fitted,
        _ direction: Direction,
        _ length: Int
    ) -> Range<Int> {
        let seen = fitted.reach.inputInterval(
            behind: interval,
            of: fitted.output,
            direction
        )
        let step = fitted.alignment
        let low = seen.lowerBound / step * step
        return low..<min(length, max(low + step, seen.upperBound.ceiledQuotient(by: step) * step))
    }
}

/// Makes strips of a network's output, tile by tile.
final class StripMaker: @unchecked Sendable {
    private let fitted: PictureNetwork.Fitted
    private let tiles: TileSize
    private let rows: PixelRows
    private let outputChannels: Int
    /// Used by one strip at a time: `RowStream` makes them one after the other.
    private var window: InputWindow

    init(
        fitted: PictureNetwork.Fitted,
        tiles: TileSize,
        rows: PixelRows,
        outputChannels: Int
    ) {
        self.fitted = fitted
        self.tiles = tiles
        self.rows = rows
        self.outputChannels = outputChannels
        window = InputWindow(columns: 0..<fitted.width)
    }

    private var bytesPerPixel: Int { outputChannels * rows.format.bytes }

    /// The next rows over the full width, from `first` on.
    func strip(_ first: Int, _ request: NodeRequest) throws -> [[UInt8]] {
        let height = min(tiles.rows, fitted.outputHeight - first)
        let width = fitted.outputWidth
        var strip = [[UInt8]](
            repeating: [UInt8](repeating: 0, count: width * bytesPerPixel),
            count: height
        )
        for left in stride(from: 0, to: width, by: tiles.columns) {
            let tile = Rectangle(
                left: left,
                top: first,
                width: min(tiles.columns, width - left),
                height: height
            )
            try compute(tile, from: &window, request) { y, write in
                strip[y - first].withUnsafeMutableBytes { row in
                    write(row.baseAddress! + left * bytesPerPixel)
                }
            }
        }
        return strip
    }

    /// Fills a request on its own, whatever has been made before.
    func fill(_ request: NodeRequest) throws {
        let area = request.output.area
        var window = InputWindow(columns: InputArea(area, fitted).columns)
        try compute(area, from: &window, request) { y, write in
            write(request.output.base + (y - area.top) * request.output.stride)
        }
    }

    /// Computes a tile and hands its rows to `deliver`, with a function that writes the pixels.
    private func compute(
        _ tile: Rectangle,
        from window: inout InputWindow,
        _ request: NodeRequest,
        deliver: (Int, (UnsafeMutableRawPointer) -> Void) -> Void
    ) throws {
        let area = InputArea(tile, fitted)
        try window.load(area.rows, rows, request)
        let input = window.tensor(area.rows, area.columns, channels: request.channels)
        let graph = fitted.reach.graph
        let index = graph.outputs.firstIndex(of: fitted.output)!
        let output = try graph.evaluate([input])[index]
        // The tile's own first pixel stands for the first pixel of its input.
        let scale = fitted.scale
        let top = area.rows.lowerBound * scale.numerator / scale.denominator
        let left = area.columns.lowerBound * scale.numerator / scale.denominator
        let axes = fitted.reach.axes[fitted.output]!
        let strides = output.shape.strides
        let channelStride = strides[fitted.reach.channelAxis(of: fitted.output)!]
        let numbers = output.floats
        numbers.withUnsafeBufferPointer { numbers in
            for y in tile.top..<tile.bottom {
                let start =
                    (y - top) * strides[axes.rows!] + (tile.left - left) * strides[axes.columns!]
                deliver(y) { bytes in
                    rows.write(
                        numbers.baseAddress! + start,
                        stride: channelStride,
                        step: strides[axes.columns!],
                        channels: outputChannels,
                        width: tile.width,
                        into: bytes
                    )
                }
            }
        }
    }
}

extension NodeRequest {
    /// The bands of the node's input; a network's node has one.
    fileprivate var channels: Int { inputBands(0) }
}

/// The rows of the input that are at hand, as a network's channels.
private struct InputWindow {
    let columns: Range<Int>
    private var rows: [[Float]] = []
    private var first = 0

    init(columns: Range<Int>) { self.columns = columns }

    /// Makes rows available, pulling those that are new, and forgets all before them.
    mutating func load(
        _ wanted: Range<Int>,
        _ reader: PixelRows,
        _ request: NodeRequest
    ) throws {
        if wanted.lowerBound < first || wanted.lowerBound > first + rows.count {
            rows = []
            first = wanted.lowerBound
        }
        rows.removeFirst(wanted.lowerBound - first)
        first = wanted.lowerBound
        let missing = (first + rows.count)..<max(first + rows.count, wanted.upperBound)
        guard !missing.isEmpty else { return }
        let view = try request.pull(
            0,
            Rectangle(
                left: columns.lowerBound,
                top: missing.lowerBound,
                width: columns.count,
                height: missing.count
            )
        )
        for row in missing { rows.append(reader.read(view, row: row, channels: view.bands)) }
    }

    func tensor(_ rowRange: Range<Int>, _ columnRange: Range<Int>, channels: Int) -> Tensor {
        var tensor = Tensor(uninitialized: [1, channels, rowRange.count, columnRange.count])
        var target = tensor.mutableFloats
        var i = 0
        for channel in 0..<channels {
            let start = channel * columns.count + columnRange.lowerBound - columns.lowerBound
            for y in rowRange {
                let row = rows[y - first]
                for x in 0..<columnRange.count {
                    target[i] = row[start + x]
                    i += 1
                }
            }
        }
        return tensor
    }
}
