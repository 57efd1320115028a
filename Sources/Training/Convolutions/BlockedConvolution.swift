internal import Kernels
internal import Tensors

/// Convolution by kernels for blocks of channels: strips of rows are put together to pixels, summed,
/// and taken apart again while they are in the cache.
struct BlockedConvolution {
    private let batch, inputs, outputs: Int
    /// Sides of what is read and of what is written.
    private let source, target: [Int]
    private let rows, columns: ReadingRule
    private let kernel: Kernel

    private enum Kernel {
        case direct(PackedConvolution)
        case winograd(PackedWinograd)
    }

    init(
        forward shape: ConvolutionShape,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?
    ) {
        self.init(
            shape,
            (shape.inputChannels, shape.outputChannels),
            (shape.input, shape.output),
            (ReadingRule(forward: shape.windows[0]), ReadingRule(forward: shape.windows[1])),
            PackingOrder(shape).weights(weights),
            bias
        )
    }

    init(
        backward shape: ConvolutionShape,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?
    ) {
        self.init(
            shape,
            (shape.outputChannels, shape.inputChannels),
            (shape.output, shape.input),
            (ReadingRule(backward: shape.windows[0]), ReadingRule(backward: shape.windows[1])),
            PackingOrder(shape).transposed(weights, flipped: shape.suitsWinograd),
            bias
        )
    }

    private init(
        _ shape: ConvolutionShape,
        _ channels: (inputs: Int, outputs: Int),
        _ sides: (source: [Int], target: [Int]),
        _ rules: (rows: ReadingRule, columns: ReadingRule),
        _ weights: Tensor,
        _ bias: UnsafePointer<Float>?
    ) {
        batch = shape.batch
        (inputs, outputs) = channels
        (source, target) = sides
        (rows, columns) = rules
        let (inputs, outputs) = (Int32(channels.inputs), channels.outputs)
        let bias = (0..<outputs).map { bias?[$0] ?? 0 }
        let depth = Int32(PixelRows.depth(channels.inputs))
        let places = (0..<depth).map { $0 < inputs ? $0 : -1 }
        if shape.suitsWinograd {
            kernel = .winograd(
                PackedWinograd(
                    PackedWinograd.Tiling.all(taps: 3)[0],
                    weights: weights,
                    bias: bias,
                    activation: .none,
                    residual: .none,
                    inputs: places
                )
            )
        } else {
            kernel = .direct(
                PackedConvolution(
                    outputs <= 4 && depth > 4 ? .thin : .dense,
                    weights: weights,
                    bias: bias,
                    activation: .none,
                    residual: .none,
                    inputs: places,
                    lanes: depth == 4 ? 4 : 16
                )
            )
        }
    }

    func run(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>) {
        let height = stripHeight
        let strips = (target[0] + height - 1) / height
        forEachInParallel(batch * strips) { task in
            let (image, strip) = task.quotientAndRemainder(dividingBy: strips)
            let lines = (strip * height)..<min((strip + 1) * height, target[0])
            self.strip(
                lines,
                x + image * inputs * source.elementCount,
                y + image * outputs * target.elementCount
            )
        }
    }

    /// Rows whose inputs and outputs stay in the cache beside the weights, and enough tasks for all.
    private var stripHeight: Int {
        let bytes = 4 * (target[1] * outputDepth + source[1] * PixelRows.depth(inputs))
        let cached = max(1, (512 << 10) / bytes)
        let shared = (target[0] * batch + 7) / 8
        return max(8, min(cached, shared, target[0]) / 4 * 4)
    }

    private var outputDepth: Int {
        if case .direct = kernel, outputs <= 4, inputs > 4 { return 4 }
        return (outputs + 15) / 16 * 16
    }

    private func strip(
        _ lines: Range<Int>,
        _ x: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>
    ) {
        // Whole tiles are read, even where not all of their outputs are wanted.
        let (height, width) = paddedSides(lines.count)
        let read = rows.positions(lines.lowerBound..<(lines.lowerBound + height))
        let across = columns.positions(0..<width)
        let depth = PixelRows.depth(inputs)
        let memory = Numbers<Float>(count: read.count * across.count * depth + 16)
        let pixels = PixelRows(
            depth: depth,
            columns: across,
            height: source[0],
            width: source[1],
            channels: inputs,
            base: memory.base
        )
        for (index, row) in read.enumerated() { pixels.load(row, of: x, at: index) }
        let rowLength = target[1] * outputDepth
        let sums = Numbers<Float>(count: lines.count * rowLength + 16)
        switch kernel {
        case .direct(let kernel):
            for line in lines {
                let row = sums.base + (line - lines.lowerBound) * rowLength
                direct(kernel, line, pixels, read.lowerBound, into: row)
            }
        case .winograd(let kernel):
            winograd(kernel, lines, pixels, into: sums.base)
        }
        PixelSums.planes(
            fromPixels: sums.base,
            depth: outputDepth,
            channels: outputs,
            into: y + lines.lowerBound * target[1],
            stride: target.elementCount,
            count: lines.count * target[1]
        )
    }

    private func paddedSides(_ lines: Int) -> (Int, Int) {
        guard case .winograd(let kernel) = kernel else { return (lines, target[1]) }
        return (roundedUp(lines, to: kernel.tile), roundedUp(target[1], to: kernel.tile))
    }

    /// One row of outputs; those of each phase, where outputs lie closer than inputs.
    private func direct(
        _ kernel: PackedConvolution,
        _ line: Int,
        _ pixels: PixelRows,
        _ firstRow: Int,
        into sums: UnsafeMutablePointer<Float>
    ) {
        let lanes = min(16, pixels.depth)
        let blocks = pixels.depth / lanes
        let taps = rows.offsets.count * columns.offsets.count
        withUnsafeTemporaryAllocation(
            of: UnsafePointer<Float>?.self,
            capacity: rows.offsets.count * blocks
        ) { pointers in
            withUnsafeTemporaryAllocation(of: KernelTap.self, capacity: taps) { list in
                for phase in 0..<min(columns.divisor, target[1]) {
                    var count = 0
                    for i in rows.offsets.indices {
                        guard let row = rows.position(of: i, at: line),
                            (0..<source[0]).contains(row)
                        else { continue }
                        let own = pointers.baseAddress! + i * blocks
                        for block in 0..<blocks {
                            own[block] = UnsafePointer(
                                pixels.pixel(row - firstRow, pixels.columns.lowerBound)
                                    + block * lanes
                            )
                        }
                        for j in columns.offsets.indices {
                            guard let column = columns.position(of: j, at: phase) else { continue }
                            list[count] = KernelTap(
                                blocks: own,
                                offset: (column - pixels.columns.lowerBound) * pixels.depth,
                                number: i * columns.offsets.count + j
                            )
                            count += 1
                        }
                    }
                    kernel.run(
                        taps: UnsafeBufferPointer(rebasing: list[..<count]),
                        inputStep: columns.step * pixels.depth,
                        output: sums + phase * outputDepth,
                        outputBlockStride: 16,
                        outputStep: columns.divisor * outputDepth,
                        residual: nil,
                        count: (target[1] - phase + columns.divisor - 1) / columns.divisor
                    )
                }
            }
        }
    }

    private func winograd(
        _ kernel: PackedWinograd,
        _ lines: Range<Int>,
        _ pixels: PixelRows,
        into sums: UnsafeMutablePointer<Float>
    ) {
        let tile = kernel.tile
        let across = roundedUp(target[1], to: tile) / tile
        let together = max(1, kernel.tilesPerCall / across)
        let blocks = pixels.depth / 16
        for first in stride(from: 0, to: lines.count, by: together * tile) {
            let wanted = min(together * tile, lines.count - first)
            let read = roundedUp(wanted, to: tile) + 2
            withUnsafeTemporaryAllocation(
                of: UnsafePointer<Float>?.self,
                capacity: blocks * read
            ) { input in
                withUnsafeTemporaryAllocation(
                    of: UnsafeMutablePointer<Float>?.self,
                    capacity: wanted
                ) { output in
                    for row in 0..<read {
                        let start = pixels.pixel(first + row, pixels.columns.lowerBound)
                        for block in 0..<blocks {
                            input[block * read + row] = UnsafePointer(start + block * 16)
                        }
                    }
                    for row in 0..<wanted {
                        output[row] = sums + (first + row) * target[1] * outputDepth
                    }
                    kernel.run(
                        tiles: 0..<(roundedUp(wanted, to: tile) / tile * across),
                        columns: across,
                        input: UnsafeBufferPointer(input),
                        inputStep: pixels.depth,
                        output: UnsafeBufferPointer(output),
                        outputColumns: target[1],
                        outputBlockStride: 16,
                        outputStep: outputDepth,
                        residual: nil
                    )
                }
            }
        }
    }
}

/// The weights of a convolution in the order that packing them expects.
private struct PackingOrder {
    let shape: ConvolutionShape

    init(_ shape: ConvolutionShape) { self.shape = shape }

    /// As they are: [outputs, inputs, taps].
    func weights(_ weights: UnsafePointer<Float>) -> Tensor {
        let sides = [shape.outputChannels, shape.inputChannels, shape.taps]
        return Tensor(
            shape: sides,
            type: .float32,
            bytes: UnsafeRawBufferPointer(
                UnsafeBufferPointer(start: weights, count: sides.elementCount)
            )
        )
    }

    /// The other way round: [inputs, outputs, taps], with the last tap first if they are flipped.
    func transposed(_ weights: UnsafePointer<Float>, flipped: Bool) -> Tensor {
        let (outputs, inputs, taps) = (shape.outputChannels, shape.inputChannels, shape.taps)
        var result = Tensor(uninitialized: [inputs, outputs, taps])
        var elements = result.mutableFloats
        elements.withUnsafeMutableBufferPointer { elements in
            let target = elements.baseAddress!
            inParallel(inputs, grain: 1 + (1 << 15) / (outputs * taps)) { range in
                for input in range {
                    for output in 0..<outputs {
                        let from = weights + (output * inputs + input) * taps
                        let to = target + (input * outputs + output) * taps
                        for tap in 0..<taps { to[tap] = from[flipped ? taps - 1 - tap : tap] }
                    }
                }
            }
        }
        return result
    }
}

private func roundedUp(_ count: Int, to unit: Int) -> Int { (count + unit - 1) / unit * unit }
