internal import Kernels
internal import Tensors

/// The gradient of a 3 × 3 convolution with respect to its weights, by Winograd's method.
struct WinogradWeightGradient {
    private let shape: ConvolutionShape
    private let output: [Int]
    private let rows, columns: ReadingRule
    private let inputDepth, outputDepth: Int
    /// Tiles along a row, rows of tiles in a strip, and strips of an image.
    private let across, together, strips: Int

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        output = shape.output
        rows = ReadingRule(forward: shape.windows[0])
        columns = ReadingRule(forward: shape.windows[1])
        inputDepth = (shape.inputChannels + 15) / 16 * 16
        outputDepth = (shape.outputChannels + 15) / 16 * 16
        let tile = WinogradGradient.tile
        let down = (output[0] + tile - 1) / tile
        across = (output[1] + tile - 1) / tile
        // Transformed tiles fill about a megabyte.
        let tiles = max(1, (1 << 20) / (WinogradGradient.places * 4 * (inputDepth + outputDepth)))
        together = max(1, min(down, tiles / across))
        strips = (down + together - 1) / together
    }

    func run(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        let tasks = shape.batch * strips
        let pieces = min(tasks, WorkerPool.shared.threads)
        let size = WinogradGradient.places * shape.inputChannels * outputDepth
        let sums = (0..<pieces).map { _ in Numbers<Float>(count: size) }
        forEachInParallel(pieces) { piece in
            let own = sums[piece].base
            own.update(repeating: 0, count: size)
            for task in (tasks * piece / pieces)..<(tasks * (piece + 1) / pieces) {
                let (image, strip) = task.quotientAndRemainder(dividingBy: strips)
                add(
                    strip,
                    x + image * shape.inputChannels * shape.input.elementCount,
                    y + image * shape.outputChannels * output.elementCount,
                    to: own
                )
            }
        }
        for part in sums.dropFirst() {
            inParallel(size) { range in
                Float.accumulate(
                    1,
                    part.base + range.lowerBound,
                    into: sums[0].base + range.lowerBound,
                    count: range.count
                )
            }
        }
        inParallel(shape.inputChannels, grain: 4) { range in
            for input in range {
                for channel in 0..<shape.outputChannels {
                    WinogradGradient.weights(
                        sums[0].base + input * outputDepth + channel,
                        placeStride: shape.inputChannels * outputDepth,
                        into: weights + (channel * shape.inputChannels + input) * 9
                    )
                }
            }
        }
    }

    private func add(
        _ strip: Int,
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        to sums: UnsafeMutablePointer<Float>
    ) {
        let tile = WinogradGradient.tile
        let first = strip * together * tile
        let down = min(together, (output[0] - first + tile - 1) / tile)
        let lines = first..<(first + down * tile)
        let tiles = down * across
        let inputs = transformed(
            .inputs,
            x,
            rows.positions(lines),
            columns.positions(0..<(across * tile)),
            sides: shape.input,
            channels: shape.inputChannels,
            depth: inputDepth,
            tiles: tiles
        )
        let gradients = transformed(
            .gradients,
            y,
            lines,
            0..<(across * tile),
            sides: output,
            channels: shape.outputChannels,
            depth: outputDepth,
            tiles: tiles
        )
        let inputStride = WinogradGradient.placeStride(tiles: tiles, depth: inputDepth)
        let outputStride = WinogradGradient.placeStride(tiles: tiles, depth: outputDepth)
        for place in 0..<WinogradGradient.places {
            PixelSums.addProducts(
                .init(inputs.base + place * inputStride, step: inputDepth, line: 0),
                rows: shape.inputChannels,
                .init(gradients.base + place * outputStride, step: outputDepth, line: 0),
                depth: outputDepth,
                lines: 1,
                count: tiles,
                into: sums + place * shape.inputChannels * outputDepth
            )
        }
    }

    /// The tiles of some rows of an image, transformed.
    private func transformed(
        _ side: WinogradGradient.Side,
        _ image: UnsafePointer<Float>,
        _ lines: Range<Int>,
        _ span: Range<Int>,
        sides: [Int],
        channels: Int,
        depth: Int,
        tiles: Int
    ) -> Numbers<Float> {
        let memory = Numbers<Float>(count: lines.count * span.count * depth)
        let pixels = PixelRows(
            depth: depth,
            columns: span,
            height: sides[0],
            width: sides[1],
            channels: channels,
            base: memory.base
        )
        for (index, row) in lines.enumerated() { pixels.load(row, of: image, at: index) }
        let stride = WinogradGradient.placeStride(tiles: tiles, depth: depth)
        let places = Numbers<Float>(count: WinogradGradient.places * stride)
        WinogradGradient.spread(
            side,
            rows: lines.indices.map { line in
                UnsafePointer(pixels.pixel(line - lines.lowerBound, span.lowerBound))
            },
            depth: depth,
            columns: across,
            tiles: tiles,
            into: places.base
        )
        return places
    }
}
