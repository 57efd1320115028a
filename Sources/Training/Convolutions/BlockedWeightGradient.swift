internal import Kernels
internal import Tensors

/// The gradient of a convolution with respect to its weights: for every weight's place the sum over
/// pixels of products of inputs and outputs.
struct BlockedWeightGradient {
    private let shape: ConvolutionShape
    private let output: [Int]
    private let rows, columns: ReadingRule

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        output = shape.output
        rows = ReadingRule(forward: shape.windows[0])
        columns = ReadingRule(forward: shape.windows[1])
    }

    func run(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        let height = stripHeight
        let strips = (output[0] + height - 1) / height
        let tasks = shape.batch * strips
        let pieces = min(tasks, WorkerPool.shared.threads)
        let sums = (0..<pieces).map { _ in Numbers<Float>(count: shape.taps * narrow * wideDepth) }
        forEachInParallel(pieces) { piece in
            let own = sums[piece].base
            own.update(repeating: 0, count: sums[piece].count)
            for task in (tasks * piece / pieces)..<(tasks * (piece + 1) / pieces) {
                let (image, strip) = task.quotientAndRemainder(dividingBy: strips)
                let lines = (strip * height)..<min((strip + 1) * height, output[0])
                add(
                    lines,
                    x + image * shape.inputChannels * shape.input.elementCount,
                    y + image * shape.outputChannels * output.elementCount,
                    to: own
                )
            }
        }
        gather(sums, into: weights)
    }

    // The channels of one side are spread over vectors, those of the other one are taken one by one.
    private var outputsAreWide: Bool { shape.outputChannels >= shape.inputChannels }
    private var narrow: Int { min(shape.inputChannels, shape.outputChannels) }
    private var wideDepth: Int { (max(shape.inputChannels, shape.outputChannels) + 15) / 16 * 16 }

    private func depth(_ channels: Int, isWide: Bool) -> Int {
        isWide ? wideDepth : PixelRows.depth(channels)
    }

    private var stripHeight: Int {
        let depths = shape.inputChannels + shape.outputChannels
        let bytes = 4 * depths * max(output[1], 1) * shape.windows[0].stride
        return max(4, min(output[0], (256 << 10) / max(1, bytes)))
    }

    private func add(
        _ lines: Range<Int>,
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        to sums: UnsafeMutablePointer<Float>
    ) {
        let read = rows.positions(lines)
        let inputs = PixelRows(
            depth: depth(shape.inputChannels, isWide: !outputsAreWide),
            columns: columns.positions(0..<output[1]),
            height: shape.input[0],
            width: shape.input[1],
            channels: shape.inputChannels,
            base: memory(read.count * columns.positions(0..<output[1]).count, .inputs)
        )
        defer { inputs.base.deallocate() }
        let outputs = PixelRows(
            depth: depth(shape.outputChannels, isWide: outputsAreWide),
            columns: 0..<output[1],
            height: output[0],
            width: output[1],
            channels: shape.outputChannels,
            base: memory(lines.count * output[1], .outputs)
        )
        defer { outputs.base.deallocate() }
        for (index, row) in read.enumerated() { inputs.load(row, of: x, at: index) }
        for (index, row) in lines.enumerated() { outputs.load(row, of: y, at: index) }
        // As many lines at a time as the nearest cache holds.
        let together = max(1, (24 << 10) / (4 * outputs.rowLength))
        for first in stride(from: 0, to: lines.count, by: together) {
            let count = min(together, lines.count - first)
            for i in rows.offsets.indices {
                for j in columns.offsets.indices {
                    let row = (lines.lowerBound + first) * rows.step + rows.offsets[i]
                    let a = PixelSums.Lines(
                        inputs.pixel(row - read.lowerBound, columns.offsets[j]),
                        step: columns.step * inputs.depth,
                        line: rows.step * inputs.rowLength
                    )
                    let b = PixelSums.Lines(
                        outputs.pixel(first, 0),
                        step: outputs.depth,
                        line: outputs.rowLength
                    )
                    PixelSums.addProducts(
                        outputsAreWide ? a : b,
                        rows: narrow,
                        outputsAreWide ? b : a,
                        depth: wideDepth,
                        lines: count,
                        count: output[1],
                        into: sums + (i * columns.offsets.count + j) * narrow * wideDepth
                    )
                }
            }
        }
    }

    private enum Side { case inputs, outputs }

    private func memory(_ pixels: Int, _ side: Side) -> UnsafeMutablePointer<Float> {
        let isInputs = side == .inputs
        let channels = isInputs ? shape.inputChannels : shape.outputChannels
        return .aligned(pixels * depth(channels, isWide: isInputs != outputsAreWide) + 16)
    }

    /// Adds up what the threads found: from [tap][narrow][wide] to [outputs, inputs, taps].
    private func gather(_ sums: [Numbers<Float>], into weights: UnsafeMutablePointer<Float>) {
        let (inputs, taps) = (shape.inputChannels, shape.taps)
        inParallel(shape.outputChannels, grain: 1 + (1 << 14) / (inputs * taps)) { range in
            for output in range {
                for input in 0..<inputs {
                    let (row, lane) = outputsAreWide ? (input, output) : (output, input)
                    for tap in 0..<taps {
                        let place = (tap * narrow + row) * wideDepth + lane
                        weights[(output * inputs + input) * taps + tap] =
                            sums.reduce(0) { $0 + $1.base[place] }
                    }
                }
            }
        }
    }
}
