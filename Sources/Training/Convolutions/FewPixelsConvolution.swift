internal import Kernels
internal import Tensors

/// Convolution of a batch that has only a few outputs in a channel: products with the weights as they
/// lie in memory, of which every number is read, or written, once.
struct FewPixelsConvolution {
    /// Outputs of a channel, of all images, up to which weights are what takes the time.
    static let mostPixels = 16

    private let shape: ConvolutionShape
    /// Numbers that an output is a sum of, and outputs of a channel.
    private let inner, pixels: Int
    /// For every output of a channel where its image begins, and what it reads there.
    private let readings: [(image: Int, taps: [(tap: Int, place: Int)])]

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        inner = shape.inputChannels * shape.taps
        pixels = shape.batch * shape.output.elementCount
        let (rows, columns) = (shape.windows[0], shape.windows[1])
        let (input, output) = (shape.input, shape.output)
        readings = (0..<pixels).map { pixel in
            let (image, place) = pixel.quotientAndRemainder(dividingBy: output.elementCount)
            let (y, x) = place.quotientAndRemainder(dividingBy: output[1])
            var taps: [(tap: Int, place: Int)] = []
            for tap in 0..<shape.taps {
                let (i, j) = tap.quotientAndRemainder(dividingBy: columns.size)
                let (row, column) = (rows.position(of: i, at: y), columns.position(of: j, at: x))
                if (0..<input[0]).contains(row), (0..<input[1]).contains(column) {
                    taps.append((tap, row * input[1] + column))
                }
            }
            return (image * shape.inputChannels * input.elementCount, taps)
        }
    }

    func forward(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        let windows = unfolded(x)
        let outputs = shape.outputChannels
        let sums = Numbers<Float>(count: outputs * pixels)
        inParallel(outputs, grain: 1 + (1 << 16) / (inner * pixels)) { range in
            PixelSums.multiplyRows(
                weights + range.lowerBound * inner,
                rows: range.count,
                step: inner,
                windows.base,
                columns: pixels,
                step: inner,
                length: inner,
                into: sums.base + range.lowerBound * pixels,
                sumsStep: pixels
            )
        }
        let size = shape.output.elementCount
        for pixel in 0..<pixels {
            let (image, place) = pixel.quotientAndRemainder(dividingBy: size)
            for output in 0..<outputs {
                y[(image * outputs + output) * size + place] =
                    sums.base[output * pixels + pixel] + (bias?[output] ?? 0)
            }
        }
    }

    func backward(
        _ y: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into x: UnsafeMutablePointer<Float>
    ) {
        let gradients = gathered(y) { $0 * pixels + $1 }
        let windows = Numbers<Float>(count: pixels * inner)
        // Some rows of weights at a time, so that each is read from start to end.
        let rows = 8
        let blocks = max(1, inner / 16)
        inParallel(blocks, grain: 1 + (1 << 12) / (shape.outputChannels * pixels)) { range in
            let first = range.lowerBound * 16
            let isLast = range.upperBound == blocks
            for row in stride(from: 0, to: shape.outputChannels, by: rows) {
                addProducts(
                    gradients.base + row * pixels,
                    weights + row * inner,
                    rows: min(rows, shape.outputChannels - row),
                    columns: first..<(isLast ? inner : range.upperBound * 16),
                    beginning: row == 0,
                    into: windows.base
                )
            }
        }
        fold(windows.base, bias, into: x)
    }

    /// Adds products of some rows of gradients and weights to windows [pixel][inner].
    private func addProducts(
        _ gradients: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        rows: Int,
        columns: Range<Int>,
        beginning: Bool,
        into windows: UnsafeMutablePointer<Float>
    ) {
        let whole = columns.count / 16 * 16
        PixelSums.addProducts(
            .init(gradients, step: pixels, line: 0),
            rows: pixels,
            .init(weights + columns.lowerBound, step: inner, line: 0),
            depth: whole,
            lines: 1,
            count: rows,
            beginning: beginning,
            into: windows + columns.lowerBound,
            sumsStep: inner
        )
        for column in (columns.lowerBound + whole)..<columns.upperBound {
            for pixel in 0..<pixels {
                var sum = beginning ? 0 : windows[pixel * inner + column]
                for row in 0..<rows {
                    sum += gradients[row * pixels + pixel] * weights[row * inner + column]
                }
                windows[pixel * inner + column] = sum
            }
        }
    }

    func weightGradient(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        let windows = unfolded(x)
        let outputs = shape.outputChannels
        let gradients = gathered(y) { $1 * outputs + $0 }
        let whole = inner / 16 * 16
        // Few rows at a time are written from start to end.
        let rows = 6
        inParallel((outputs + rows - 1) / rows, grain: 1 + (1 << 14) / (rows * inner)) { range in
            for part in range {
                let first = part * rows
                let count = min(rows, outputs - first)
                PixelSums.addProducts(
                    .init(gradients.base + first, step: outputs, line: 0),
                    rows: count,
                    .init(windows.base, step: inner, line: 0),
                    depth: whole,
                    lines: 1,
                    count: pixels,
                    beginning: true,
                    into: weights + first * inner,
                    sumsStep: inner
                )
                for output in first..<(first + count) {
                    for column in whole..<inner {
                        weights[output * inner + column] = (0..<pixels).reduce(0) { sum, pixel in
                            sum + gradients.base[pixel * outputs + output]
                                * windows.base[pixel * inner + column]
                        }
                    }
                }
            }
        }
    }

    /// The outputs, or their gradients, in another order.
    private func gathered(
        _ y: UnsafePointer<Float>,
        _ place: (_ output: Int, _ pixel: Int) -> Int
    ) -> Numbers<Float> {
        let size = shape.output.elementCount
        let result = Numbers<Float>(count: shape.outputChannels * pixels)
        for pixel in 0..<pixels {
            let (image, own) = pixel.quotientAndRemainder(dividingBy: size)
            for output in 0..<shape.outputChannels {
                result.base[place(output, pixel)] =
                    y[(image * shape.outputChannels + output) * size + own]
            }
        }
        return result
    }

    /// What every output reads: [pixel][input, tap].
    private func unfolded(_ x: UnsafePointer<Float>) -> Numbers<Float> {
        let windows = Numbers<Float>(count: pixels * inner)
        let (size, taps) = (shape.input.elementCount, shape.taps)
        inParallel(shape.inputChannels, grain: 1 + (1 << 14) / (taps * pixels)) { range in
            for (pixel, reading) in readings.enumerated() {
                let own = windows.base + pixel * inner
                (own + range.lowerBound * taps).update(repeating: 0, count: range.count * taps)
                for (tap, place) in reading.taps {
                    let source = x + reading.image + place
                    for input in range { own[input * taps + tap] = source[input * size] }
                }
            }
        }
        return windows
    }

    /// Adds what every output gives back to where it was read from.
    private func fold(
        _ windows: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into x: UnsafeMutablePointer<Float>
    ) {
        let (size, taps) = (shape.input.elementCount, shape.taps)
        inParallel(shape.inputChannels, grain: 1 + (1 << 14) / (taps * pixels)) { range in
            for image in 0..<shape.batch {
                for input in range {
                    let value = bias?[input] ?? 0
                    (x + (image * shape.inputChannels + input) * size)
                        .update(repeating: value, count: size)
                }
            }
            for (pixel, reading) in readings.enumerated() {
                let own = windows + pixel * inner
                for (tap, place) in reading.taps {
                    let target = x + reading.image + place
                    for input in range { target[input * size] += own[input * taps + tap] }
                }
            }
        }
    }
}
