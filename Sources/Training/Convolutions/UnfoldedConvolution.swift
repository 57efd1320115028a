internal import Kernels
internal import Tensors

/// Convolution as a product of matrices: the inputs under every weight become columns (im2col).
///
/// For few pixels of many channels, and for everything that other ways do not suit.
struct UnfoldedConvolution {
    let shape: ConvolutionShape
    private let inputs, outputs, inner, pixels: Int
    private let height, width, outputHeight, outputWidth: Int
    /// The outputs for which each row, and each column, of the kernel lies inside the input.
    private let validRows, validColumns: [Range<Int>]
    /// Images whose columns are made at a time.
    private let step: Int

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        inputs = shape.inputChannels / shape.groups
        outputs = shape.outputChannels / shape.groups
        inner = inputs * shape.taps
        (height, width) = (shape.input[0], shape.input[1])
        (outputHeight, outputWidth) = (shape.output[0], shape.output[1])
        pixels = outputHeight * outputWidth
        let (height, width) = (height, width)
        let (outputHeight, outputWidth) = (outputHeight, outputWidth)
        validRows = (0..<shape.windows[0].size).map {
            shape.windows[0].validWindows(tap: $0, over: height, count: outputHeight)
        }
        validColumns = (0..<shape.windows[1].size).map {
            shape.windows[1].validWindows(tap: $0, over: width, count: outputWidth)
        }
        step = max(1, min(shape.batch, (8 << 20) / max(1, inner * pixels)))
    }

    func forward(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        forEachPart { images, group, columns, rows in
            unfold(x, images, group, into: columns.base)
            multiply(
                weights + group * outputs * inner,
                isTransposed: false,
                columns.base,
                isTransposed: false,
                into: rows.base,
                MatrixSides(rows: outputs, columns: images.count * pixels, inner: inner)
            )
            for (index, image) in images.enumerated() {
                for output in 0..<outputs {
                    let channel = group * outputs + output
                    let source = rows.base + (output * images.count + index) * pixels
                    let target = y + (image * shape.outputChannels + channel) * pixels
                    let offset = Double(bias?[channel] ?? 0)
                    Float.apply(
                        .scale(factor: 1, offset: offset),
                        source,
                        into: target,
                        count: pixels
                    )
                }
            }
        }
    }

    func backward(
        _ y: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?,
        into x: UnsafeMutablePointer<Float>
    ) {
        let size = height * width
        for plane in 0..<(shape.batch * shape.inputChannels) {
            let value = bias?[plane % shape.inputChannels] ?? 0
            (x + plane * size).update(repeating: value, count: size)
        }
        forEachPart { images, group, columns, rows in
            gatherRows(y, images, group, into: rows.base)
            multiply(
                weights + group * outputs * inner,
                isTransposed: true,
                rows.base,
                isTransposed: false,
                into: columns.base,
                MatrixSides(rows: inner, columns: images.count * pixels, inner: outputs)
            )
            fold(columns.base, images, group, into: x)
        }
    }

    func weightGradient(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        let count = outputs * inner
        weights.update(repeating: 0, count: shape.groups * count)
        let part = Numbers<Float>(count: count)
        forEachPart { images, group, columns, rows in
            unfold(x, images, group, into: columns.base)
            gatherRows(y, images, group, into: rows.base)
            multiply(
                rows.base,
                isTransposed: false,
                columns.base,
                isTransposed: true,
                into: part.base,
                MatrixSides(rows: outputs, columns: inner, inner: images.count * pixels)
            )
            Float.accumulate(1, part.base, into: weights + group * count, count: count)
        }
    }

    private func forEachPart(
        _ body: (Range<Int>, Int, _ columns: Numbers<Float>, _ rows: Numbers<Float>) -> Void
    ) {
        let columns = Numbers<Float>(count: inner * step * pixels)
        let rows = Numbers<Float>(count: outputs * step * pixels)
        for first in stride(from: 0, to: shape.batch, by: step) {
            for group in 0..<shape.groups {
                body(first..<min(first + step, shape.batch), group, columns, rows)
            }
        }
    }

    private func multiply(
        _ a: UnsafePointer<Float>,
        isTransposed aIsTransposed: Bool,
        _ b: UnsafePointer<Float>,
        isTransposed bIsTransposed: Bool,
        into c: UnsafeMutablePointer<Float>,
        _ sides: MatrixSides
    ) {
        Float.multiply(
            a,
            isTransposed: aIsTransposed,
            b,
            isTransposed: bIsTransposed,
            into: c,
            sides: sides
        )
    }

    /// The outputs of a group, channel by channel.
    private func gatherRows(
        _ y: UnsafePointer<Float>,
        _ images: Range<Int>,
        _ group: Int,
        into rows: UnsafeMutablePointer<Float>
    ) {
        for output in 0..<outputs {
            for (index, image) in images.enumerated() {
                let channel = image * shape.outputChannels + group * outputs + output
                (rows + (output * images.count + index) * pixels)
                    .update(from: y + channel * pixels, count: pixels)
            }
        }
    }

    /// The inputs under each weight: [input, tap][image, pixel].
    private func unfold(
        _ x: UnsafePointer<Float>,
        _ images: Range<Int>,
        _ group: Int,
        into columns: UnsafeMutablePointer<Float>
    ) {
        forEachRow(images, group) { row, plane, tap in
            let source = x + plane.from
            let target = columns + row + plane.index * pixels
            target.update(repeating: 0, count: pixels)
            forEachLine(tap) { from, to, count, step in
                if step == 1 {
                    (target + to).update(from: source + from, count: count)
                } else {
                    for i in 0..<count { target[to + i] = source[from + i * step] }
                }
            }
        }
    }

    /// Adds every column to where it was read from.
    private func fold(
        _ columns: UnsafePointer<Float>,
        _ images: Range<Int>,
        _ group: Int,
        into x: UnsafeMutablePointer<Float>
    ) {
        forEachRow(images, group) { row, plane, tap in
            let target = x + plane.from
            let source = columns + row + plane.index * pixels
            forEachLine(tap) { from, to, count, step in
                for i in 0..<count { target[from + i * step] += source[to + i] }
            }
        }
    }

    /// Every row of the columns, image by image; the rows of one channel are done by one thread.
    private func forEachRow(
        _ images: Range<Int>,
        _ group: Int,
        _ body: (_ row: Int, _ plane: (from: Int, index: Int), _ tap: Int) -> Void
    ) {
        let size = height * width
        inParallel(inputs, grain: 1 + (1 << 14) / (shape.taps * images.count * pixels)) { range in
            for input in range {
                for tap in 0..<shape.taps {
                    let row = (input * shape.taps + tap) * images.count * pixels
                    for (index, image) in images.enumerated() {
                        let channel = image * shape.inputChannels + group * inputs + input
                        body(row, (channel * size, index), tap)
                    }
                }
            }
        }
    }

    /// The runs of inputs and outputs that belong together under a weight.
    @inline(__always)
    private func forEachLine(
        _ tap: Int,
        _ body: (_ from: Int, _ to: Int, _ count: Int, _ step: Int) -> Void
    ) {
        let (rows, columns) = (shape.windows[0], shape.windows[1])
        let (i, j) = tap.quotientAndRemainder(dividingBy: columns.size)
        let across = validColumns[j]
        guard !across.isEmpty else { return }
        let start = columns.position(of: j, at: across.lowerBound)
        for y in validRows[i] {
            body(
                rows.position(of: i, at: y) * width + start,
                y * outputWidth + across.lowerBound,
                across.count,
                columns.stride
            )
        }
    }
}
