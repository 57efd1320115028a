internal import Kernels

/// How the tiles of a map are read and transformed, for Winograd's method.
struct TileReading {
    /// Transformed numbers of some images: [place][tile][channel].
    struct Transformed {
        let numbers: Numbers<Float>
        /// Floats from one tile to the next, and from one place to the next.
        let depth, placeStride: Int

        func factor(tile: Int, channel: Int) -> WinogradTiles.Factor {
            WinogradTiles.Factor(
                numbers.base + tile * depth + channel,
                step: depth,
                placeStride: placeStride
            )
        }
    }

    let tiles: WinogradTiles
    let transform: WinogradTiles.Transform
    let channels, height, width: Int
    /// Tiles of an image.
    let down, across: Int
    /// Pixels between neighbours in a tile.
    let factor: Int
    /// For each phase of the axes the position of the first tile's first place.
    let rowOffsets, columnOffsets: [Int]
    /// Whether the phases of 16 channels lie together; else the channels of a phase do.
    let mixesPhases: Bool

    /// Channels, filled up to whole blocks.
    var paddedChannels: Int { (channels + 15) / 16 * 16 }
    var depth: Int { phases * paddedChannels }
    private var phases: Int { rowOffsets.count * columnOffsets.count }
    /// Rows and columns that a tile reads.
    private var reach: Int { transform == .inputs ? tiles.side : tiles.tile }
    private var pixels: Int { height * width }

    /// Bytes of an image transformed.
    var bytesPerImage: Int { 4 * tiles.places * down * across * depth }

    /// Transforms some images [image, channel, row, column].
    func transformed(_ images: Range<Int>, of x: UnsafePointer<Float>) -> Transformed {
        let count = images.count * down * across
        let stride = count * depth + 16
        let result = Transformed(
            numbers: Numbers(count: tiles.places * stride),
            depth: depth,
            placeStride: stride
        )
        // Parts of an image that stay in the cache.
        let partBlocks = min(4, paddedChannels / 16)
        let parts = (paddedChannels / 16 + partBlocks - 1) / partBlocks
        let bytes = 4 * 16 * partBlocks * columns.count * factor * tiles.tile
        let together = max(1, min(down, (256 << 10) / bytes))
        let strips = (down + together - 1) / together
        forEachInParallel(images.count * strips * parts) { task in
            let (rest, part) = task.quotientAndRemainder(dividingBy: parts)
            let (image, strip) = rest.quotientAndRemainder(dividingBy: strips)
            let first = strip * together
            read(
                first..<min(first + together, down),
                (part * partBlocks)..<min((part + 1) * partBlocks, paddedChannels / 16),
                of: x + (images.lowerBound + image) * channels * pixels,
                into: result,
                tile: (image * down + first) * across
            )
        }
        return result
    }

    private var columns: Range<Int> {
        let last = factor * ((across - 1) * tiles.tile + reach - 1)
        return columnOffsets.min()!..<(columnOffsets.max()! + last + 1)
    }

    /// Some rows of tiles, and some blocks of channels, of one image.
    private func read(
        _ lines: Range<Int>,
        _ blocks: Range<Int>,
        of image: UnsafePointer<Float>,
        into result: Transformed,
        tile: Int
    ) {
        let first = factor * lines.lowerBound * tiles.tile + rowOffsets.min()!
        let count = (lines.count - 1) * tiles.tile + reach
        let rows =
            first..<(first + factor * (count - 1) + rowOffsets.max()! - rowOffsets.min()! + 1)
        let own = blocks.count * 16
        let memory = Numbers<Float>(count: rows.count * columns.count * own)
        let pixelRows = PixelRows(
            depth: own,
            columns: columns,
            height: height,
            width: width,
            channels: min(own, channels - blocks.lowerBound * 16),
            base: memory.base
        )
        for (index, row) in rows.enumerated() {
            pixelRows.load(row, of: image + blocks.lowerBound * 16 * pixels, at: index)
        }
        func pointers(_ block: Int, _ phase: Int) -> [UnsafePointer<Float>?] {
            let (i, j) = phase.quotientAndRemainder(dividingBy: columnOffsets.count)
            return (0..<count).map { line in
                let row = line * factor + rowOffsets[i] - rowOffsets.min()!
                return UnsafePointer(pixelRows.pixel(row, columnOffsets[j]) + block * 16)
            }
        }
        func spread(_ rows: [UnsafePointer<Float>?], blocks: Int, channel: Int) {
            tiles.spread(
                transform,
                rows: rows,
                blocks: blocks,
                step: factor * own,
                columns: across,
                count: lines.count * across,
                into: result.numbers.base + tile * depth + channel,
                tileStep: depth,
                placeStride: result.placeStride
            )
        }
        if mixesPhases {
            let rows = (0..<blocks.count).flatMap { block in
                (0..<phases).flatMap { pointers(block, $0) }
            }
            spread(
                rows,
                blocks: blocks.count * phases,
                channel: blocks.lowerBound * phases * 16
            )
        } else {
            for phase in 0..<phases {
                let rows = (0..<blocks.count).flatMap { pointers($0, phase) }
                spread(
                    rows,
                    blocks: blocks.count,
                    channel: phase * paddedChannels + blocks.lowerBound * 16
                )
            }
        }
    }
}
