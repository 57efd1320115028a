internal import Kernels
internal import Tensors

/// Convolution of a batch by Winograd's method, for many channels on maps of any size: the maps are
/// transformed as a whole, the weights some channels at a time, so that those of no layer are too
/// many for the cache.
///
/// A stride of 2 is taken apart into the phases of the input, with the weights that meet them.
struct TiledConvolution {
    private let shape: ConvolutionShape
    private let tiles: WinogradTiles
    private let inputs, outputs: Int
    private let input, output: [Int]
    private let padding: [Int]

    /// `nil` for a shape that there are no tiles for.
    init?(_ shape: ConvolutionShape) {
        let (rows, columns) = (shape.windows[0], shape.windows[1])
        guard shape.groups == 1, rows.size == columns.size, rows.stride == columns.stride,
            rows.dilation == 1, columns.dilation == 1,
            let tiles = WinogradTiles(stride: rows.stride, size: rows.size)
        else { return nil }
        self.shape = shape
        self.tiles = tiles
        (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
        (input, output) = (shape.input, shape.output)
        padding = [rows.padBefore, columns.padBefore]
    }

    private var taps: Int { shape.taps }
    private var stride: Int { tiles.stride }

    /// Rows and columns of tiles over maps of a size.
    private func grid(_ sides: [Int]) -> [Int] {
        sides.map { ($0 + tiles.tile - 1) / tiles.tile }
    }

    /// Images that are transformed at a time.
    private func imageSteps(_ readings: TileReading...) -> [Range<Int>] {
        let bytes = readings.reduce(0) { $0 + $1.bytesPerImage }
        let step = max(1, min(shape.batch, (32 << 20) / max(1, bytes)))
        return Swift.stride(from: 0, to: shape.batch, by: step).map {
            $0..<min($0 + step, shape.batch)
        }
    }

    /// The input, as outputs see it.
    private var inputReading: TileReading {
        let grid = grid(output)
        let offsets = padding.map { padding in (0..<stride).map { $0 - padding } }
        return TileReading(
            tiles: tiles,
            transform: .inputs,
            channels: inputs,
            height: input[0],
            width: input[1],
            down: grid[0],
            across: grid[1],
            factor: stride,
            rowOffsets: offsets[0],
            columnOffsets: offsets[1],
            mixesPhases: true
        )
    }

    /// The gradient of the output, as that of the weights needs it.
    private var gradientReading: TileReading {
        let grid = grid(output)
        return TileReading(
            tiles: tiles,
            transform: .gradients,
            channels: outputs,
            height: output[0],
            width: output[1],
            down: grid[0],
            across: grid[1],
            factor: 1,
            rowOffsets: [0],
            columnOffsets: [0],
            mixesPhases: true
        )
    }

    /// Which inputs the weights of a phase meet: those whose position leaves this when it is divided
    /// by the stride.
    private func remainder(_ phase: Int, axis: Int) -> Int {
        let distance = (phase - padding[axis]) % stride
        return distance < 0 ? distance + stride : distance
    }

    /// The output, as the inputs of each phase see it.
    private var outputReading: TileReading {
        let grid = grid(input.map { ($0 + stride - 1) / stride })
        let offsets = [0, 1].map { axis in
            (0..<stride).map { phase in
                (remainder(phase, axis: axis) + padding[axis] - phase) / stride - (tiles.taps - 1)
            }
        }
        return TileReading(
            tiles: tiles,
            transform: .inputs,
            channels: outputs,
            height: output[0],
            width: output[1],
            down: grid[0],
            across: grid[1],
            factor: 1,
            rowOffsets: offsets[0],
            columnOffsets: offsets[1],
            mixesPhases: false
        )
    }

    // MARK: Forward

    func forward(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        let reading = inputReading
        for images in imageSteps(reading) {
            let left = reading.transformed(images, of: x)
            forEachTask(reading, images, channels: outputs, mostTiles: 48) { job in
                let sums = forwardSums(left, job, UnsafeMutablePointer(mutating: weights))
                let pixels = Numbers<Float>(count: tiles.tile * output[1] * job.lanes)
                for (index, line) in job.lines.enumerated() {
                    let (image, row) = line.quotientAndRemainder(dividingBy: reading.down)
                    let first = row * tiles.tile
                    let rows = min(tiles.tile, output[0] - first)
                    let rowLength = output[1] * job.lanes
                    job.bias(bias).withUnsafeBufferPointer { bias in
                        tiles.gather(
                            sums.base + index * reading.across * job.lanes,
                            placeStride: job.tileCount * job.lanes + 16,
                            lanes: job.lanes,
                            bias: bias.baseAddress!,
                            columns: reading.across,
                            count: reading.across,
                            into: (0..<rows).map { pixels.base + $0 * rowLength },
                            outputColumns: output[1],
                            step: job.lanes
                        )
                    }
                    let planes = y + (images.lowerBound + image) * outputs * output.elementCount
                    job.store(pixels, into: planes, of: output, rows: first..<(first + rows))
                }
            }
        }
    }

    /// Sums of some tiles and outputs over all inputs: [place][tile][lane].
    private func forwardSums(
        _ left: TileReading.Transformed,
        _ job: Job,
        _ weights: UnsafeMutablePointer<Float>
    ) -> Numbers<Float> {
        let lanes = job.lanes
        let sumsStride = job.tileCount * lanes + 16
        let sums = Numbers<Float>(count: tiles.places * sumsStride)
        // Weights that stay in the cache.
        let blockRows = 16 * tiles.phases
        let blocks = (inputs + 15) / 16
        let together = max(1, min(blocks, (96 << 10) / (tiles.places * lanes * blockRows)))
        let placeStride = together * blockRows * lanes + 16
        let right = Numbers<Float>(count: tiles.places * placeStride)
        for first in Swift.stride(from: 0, to: blocks, by: together) {
            let count = min(together, blocks - first)
            // Places of inputs that are not there count as zeros.
            if (first + count) * 16 > inputs {
                right.base.update(repeating: 0, count: right.count)
            }
            for block in first..<(first + count) {
                tiles.widen(
                    kernels(
                        weights,
                        inputs: (block * 16)..<min((block + 1) * 16, inputs),
                        outputs: job.channels
                    ),
                    flipped: false,
                    into: right.base + (block - first) * blockRows * lanes,
                    phaseStride: 16 * lanes,
                    placeStride: placeStride
                )
            }
            tiles.multiply(
                left.factor(tile: job.firstTile, channel: first * blockRows),
                tiles: job.tileCount,
                depth: count * blockRows,
                right.base,
                placeStride: placeStride,
                lanes: lanes,
                adding: first > 0,
                into: sums.base,
                sumsStride: sumsStride
            )
        }
        return sums
    }

    /// Kernels whose rows are inputs and whose lanes are outputs.
    private func kernels(
        _ weights: UnsafeMutablePointer<Float>,
        inputs rows: Range<Int>,
        outputs lanes: Range<Int>
    ) -> WinogradTiles.Kernels {
        WinogradTiles.Kernels(
            weights + (lanes.lowerBound * inputs + rows.lowerBound) * taps,
            rows: rows.count,
            lanes: lanes.count,
            rowStep: taps,
            laneStep: inputs * taps
        )
    }

    // MARK: Backward

    func backward(
        _ y: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into x: UnsafeMutablePointer<Float>
    ) {
        let reading = outputReading
        for images in imageSteps(reading) {
            let left = reading.transformed(images, of: y)
            forEachTask(reading, images, channels: inputs, mostTiles: 128 / tiles.phases) { job in
                let sums = backwardSums(left, job, UnsafeMutablePointer(mutating: weights))
                let rowLength = input[1] * job.lanes
                let pixels = Numbers<Float>(count: stride * tiles.tile * rowLength)
                for (index, line) in job.lines.enumerated() {
                    let (image, row) = line.quotientAndRemainder(dividingBy: reading.down)
                    let first = row * tiles.tile * stride
                    let rows = min(stride * tiles.tile, input[0] - first)
                    for phase in 0..<tiles.phases {
                        let (i, j) = phase.quotientAndRemainder(dividingBy: stride)
                        let column = remainder(j, axis: 1)
                        let own = Swift.stride(from: remainder(i, axis: 0), to: rows, by: stride)
                        job.bias(bias).withUnsafeBufferPointer { bias in
                            tiles.gather(
                                sums[phase].base + index * reading.across * job.lanes,
                                placeStride: job.tileCount * job.lanes + 16,
                                lanes: job.lanes,
                                bias: bias.baseAddress!,
                                columns: reading.across,
                                count: reading.across,
                                into: own.map {
                                    pixels.base + $0 * rowLength + column * job.lanes
                                },
                                outputColumns: (input[1] - column + stride - 1) / stride,
                                step: stride * job.lanes
                            )
                        }
                    }
                    let planes = x + (images.lowerBound + image) * inputs * input.elementCount
                    job.store(pixels, into: planes, of: input, rows: first..<(first + rows))
                }
            }
        }
    }

    /// For each phase the sums of some tiles and inputs over all outputs.
    private func backwardSums(
        _ left: TileReading.Transformed,
        _ job: Job,
        _ weights: UnsafeMutablePointer<Float>
    ) -> [Numbers<Float>] {
        let lanes = job.lanes
        let sumsStride = job.tileCount * lanes + 16
        let sums = (0..<tiles.phases).map { _ in
            Numbers<Float>(count: tiles.places * sumsStride)
        }
        let step = max(16, (160 << 10) / (tiles.places * tiles.phases * lanes) / 16 * 16)
        let together = min(step, (outputs + 15) / 16 * 16)
        let placeStride = together * lanes + 16
        let phaseStride = tiles.places * placeStride
        let right = Numbers<Float>(count: tiles.phases * phaseStride)
        let padded = left.depth / tiles.phases
        for first in Swift.stride(from: 0, to: outputs, by: together) {
            let rows = first..<min(first + together, outputs)
            tiles.widen(
                WinogradTiles.Kernels(
                    weights + (first * inputs + job.channels.lowerBound) * taps,
                    rows: rows.count,
                    lanes: job.channels.count,
                    rowStep: inputs * taps,
                    laneStep: taps
                ),
                flipped: true,
                into: right.base,
                phaseStride: phaseStride,
                placeStride: placeStride
            )
            for phase in 0..<tiles.phases {
                tiles.multiply(
                    left.factor(tile: job.firstTile, channel: phase * padded + first),
                    tiles: job.tileCount,
                    depth: rows.count,
                    right.base + phase * phaseStride,
                    placeStride: placeStride,
                    lanes: lanes,
                    adding: first > 0,
                    into: sums[phase].base,
                    sumsStride: sumsStride
                )
            }
        }
        return sums
    }

    // MARK: Weights

    func weightGradient(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        let (reading, other) = (inputReading, gradientReading)
        let blocks = (inputs + 15) / 16
        let groups = (outputs + tiles.group - 1) / tiles.group
        let rows = 16 * tiles.phases
        for images in imageSteps(reading, other) {
            let left = reading.transformed(images, of: x)
            let right = other.transformed(images, of: y)
            forEachInParallel(blocks * groups) { task in
                let (group, block) = task.quotientAndRemainder(dividingBy: blocks)
                let first = group * tiles.group
                let lanes = min(tiles.group, other.depth - first)
                let stride = rows * lanes + 16
                let sums = Numbers<Float>(count: tiles.places * stride)
                sums.base.update(repeating: 0, count: sums.count)
                let a = left.factor(tile: 0, channel: block * rows)
                let b = right.factor(tile: 0, channel: first)
                for place in 0..<tiles.places {
                    PixelSums.addProducts(
                        .init(a.base + place * a.placeStride, step: a.step, line: 0),
                        rows: rows,
                        .init(b.base + place * b.placeStride, step: b.step, line: 0),
                        depth: lanes,
                        lines: 1,
                        count: images.count * reading.down * reading.across,
                        into: sums.base + place * stride
                    )
                }
                tiles.narrow(
                    sums.base,
                    phaseStride: 16 * lanes,
                    placeStride: stride,
                    adding: images.lowerBound > 0,
                    into: kernels(
                        weights,
                        inputs: (block * 16)..<min((block + 1) * 16, inputs),
                        outputs: first..<min(first + lanes, outputs)
                    )
                )
            }
        }
    }

    // MARK: Tasks

    /// Some rows of tiles, and the channels that are computed of them.
    private struct Job {
        let lines: Range<Int>
        let firstTile, tileCount: Int
        let channels: Range<Int>
        /// Channels, filled up to whole blocks.
        let lanes: Int

        /// For every lane where its sum begins.
        func bias(_ bias: UnsafePointer<Float>?) -> [Float] {
            (0..<lanes).map { lane in
                lane < channels.count ? bias?[channels.lowerBound + lane] ?? 0 : 0
            }
        }

        /// Writes rows of pixels of these channels into the planes of an image.
        func store(
            _ pixels: Numbers<Float>,
            into planes: UnsafeMutablePointer<Float>,
            of sides: [Int],
            rows: Range<Int>
        ) {
            let first = channels.lowerBound * sides.elementCount + rows.lowerBound * sides[1]
            PixelSums.planes(
                fromPixels: pixels.base,
                depth: lanes,
                channels: channels.count,
                into: planes + first,
                stride: sides.elementCount,
                count: rows.count * sides[1]
            )
        }
    }

    private func forEachTask(
        _ reading: TileReading,
        _ images: Range<Int>,
        channels: Int,
        mostTiles: Int,
        _ body: (Job) -> Void
    ) {
        let lines = images.count * reading.down
        let together = max(1, min(lines, mostTiles / reading.across))
        let parts = (lines + together - 1) / together
        let groups = (channels + tiles.group - 1) / tiles.group
        forEachInParallel(parts * groups) { task in
            let (part, group) = task.quotientAndRemainder(dividingBy: groups)
            let own = (part * together)..<min((part + 1) * together, lines)
            let first = group * tiles.group
            let last = min(first + tiles.group, channels)
            body(
                Job(
                    lines: own,
                    firstTile: own.lowerBound * reading.across,
                    tileCount: own.count * reading.across,
                    channels: first..<last,
                    lanes: (last - first + 15) / 16 * 16
                )
            )
        }
    }
}
