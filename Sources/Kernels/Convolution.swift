internal import Tensors

/// The geometry of a convolution over any number of spatial axes, the same for all its kernels.
package struct ConvolutionShape: Hashable, Sendable {
    package var batch, inputChannels, outputChannels, groups: Int
    /// The spatial sides of the input.
    package var input: [Int]
    /// One window per spatial axis.
    package var windows: [Window]

    package init(
        batch: Int,
        inputChannels: Int,
        outputChannels: Int,
        groups: Int = 1,
        input: [Int],
        windows: [Window]
    ) {
        self.batch = batch
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.groups = groups
        self.input = input
        self.windows = windows
    }

    /// The spatial sides of the output.
    package var output: [Int] { zip(windows, input).map { $0.count(over: $1) } }

    /// Taps of one kernel: the product of the window sizes.
    package var taps: Int { windows.map(\.size).reduce(1, *) }
}

/// Convolution (really correlation) of `x` [batch, inputChannels, input…] with `weights`
/// [outputChannels, inputChannels/groups, window…] into `y` [batch, outputChannels, output…].
///
/// Unfolds the input (im2col) a block of output rows at a time and multiplies by the weights.
package func convolution(
    _ shape: ConvolutionShape,
    _ x: Span<Float>,
    weights: Span<Float>,
    bias: Span<Float>?,
    into y: inout MutableSpan<Float>
) {
    let (inSize, outSize) = (shape.input.elementCount, shape.output.elementCount)
    let groupIn = shape.inputChannels / shape.groups
    let groupOut = shape.outputChannels / shape.groups
    let inner = groupIn * shape.taps
    precondition(x.count == shape.batch * shape.inputChannels * inSize)
    precondition(weights.count == shape.outputChannels * inner)
    precondition(y.count == shape.batch * shape.outputChannels * outSize)
    let blocks = OutputBlocks(output: shape.output, inner: inner)
    x.withUnsafeBufferPointer { x in
        weights.withUnsafeBufferPointer { weights in
            y.withUnsafeMutableBufferPointer { y in
                let columns = UnsafeMutablePointer<Float>.allocate(capacity: blocks.capacity)
                defer { columns.deallocate() }
                for image in 0..<shape.batch {
                    for group in 0..<shape.groups {
                        let source = (image * shape.groups + group) * groupIn * inSize
                        let target = (image * shape.groups + group) * groupOut * outSize
                        for rows in blocks.rows {
                            let width = rows.count * blocks.rowLength
                            unfold(
                                x.baseAddress! + source,
                                channels: groupIn,
                                shape,
                                rows: rows,
                                into: columns
                            )
                            matrixProduct(
                                rows: groupOut,
                                columns: width,
                                inner: inner,
                                Matrix(
                                    weights.baseAddress! + group * groupOut * inner,
                                    stride: inner
                                ),
                                Matrix(columns, stride: width),
                                into: y.baseAddress! + target + rows.lowerBound * blocks.rowLength,
                                stride: outSize
                            )
                        }
                    }
                }
            }
        }
    }
    if let bias { addBias(bias, batch: shape.batch, planeSize: outSize, to: &y) }
}

/// Transposed convolution: the adjoint of `convolution` with the same windows, that is, of a
/// convolution from the *output* here to the input here.
///
/// `x` is [batch, inputChannels, input…], `weights` [inputChannels, outputChannels/groups,
/// window…], `y` [batch, outputChannels, output…]; `forward` describes the convolution that this
/// is the adjoint of, so its `input` is the output's sides and its `output` the sides of `x`.
package func transposedConvolution(
    forward: ConvolutionShape,
    _ x: Span<Float>,
    weights: Span<Float>,
    bias: Span<Float>?,
    into y: inout MutableSpan<Float>
) {
    let (inSize, outSize) = (forward.output.elementCount, forward.input.elementCount)
    let groupIn = forward.outputChannels / forward.groups
    let groupOut = forward.inputChannels / forward.groups
    let inner = groupOut * forward.taps
    precondition(x.count == forward.batch * forward.outputChannels * inSize)
    precondition(weights.count == forward.outputChannels * inner)
    precondition(y.count == forward.batch * forward.inputChannels * outSize)
    let blocks = OutputBlocks(output: forward.output, inner: inner)
    x.withUnsafeBufferPointer { x in
        weights.withUnsafeBufferPointer { weights in
            y.withUnsafeMutableBufferPointer { y in
                y.update(repeating: 0)
                let columns = UnsafeMutablePointer<Float>.allocate(capacity: blocks.capacity)
                defer { columns.deallocate() }
                for image in 0..<forward.batch {
                    for group in 0..<forward.groups {
                        let source = (image * forward.groups + group) * groupIn * inSize
                        let target = (image * forward.groups + group) * groupOut * outSize
                        for rows in blocks.rows {
                            let width = rows.count * blocks.rowLength
                            let first = source + rows.lowerBound * blocks.rowLength
                            matrixProduct(
                                rows: inner,
                                columns: width,
                                inner: groupIn,
                                Matrix(
                                    weights.baseAddress! + group * groupIn * inner,
                                    stride: inner,
                                    transposed: true
                                ),
                                Matrix(x.baseAddress! + first, stride: inSize),
                                into: columns,
                                stride: width
                            )
                            fold(
                                columns,
                                channels: groupOut,
                                forward,
                                rows: rows,
                                into: y.baseAddress! + target
                            )
                        }
                    }
                }
            }
        }
    }
    if let bias { addBias(bias, batch: forward.batch, planeSize: outSize, to: &y) }
}

/// The output positions, cut into blocks of rows whose unfolded input stays in the cache.
private struct OutputBlocks {
    /// Ranges of rows, a row being a run along the last spatial axis.
    let rows: [Range<Int>]
    let rowLength: Int
    /// Floats of the largest block, unfolded.
    let capacity: Int

    init(output: [Int], inner: Int) {
        rowLength = output.last ?? 1
        let rowCount = output.dropLast().reduce(1, *)
        let wanted = (1 << 20) / Swift.max(1, inner * rowLength)
        let step = Swift.max(1, Swift.min(rowCount, wanted))
        rows =
            rowLength == 0
            ? []
            : stride(from: 0, to: rowCount, by: step).map { $0..<Swift.min($0 + step, rowCount) }
        capacity = Swift.max(1, inner * rowLength * step)
    }
}

/// Writes the inputs under each tap for a block of output rows: [channels × taps, positions].
private func unfold(
    _ x: UnsafePointer<Float>,
    channels: Int,
    _ shape: ConvolutionShape,
    rows: Range<Int>,
    into columns: UnsafeMutablePointer<Float>
) {
    let inSize = shape.input.elementCount
    var target = columns
    let last = shape.windows.count - 1
    let (window, length) = (shape.windows[last], shape.output[last])
    for channel in 0..<channels {
        forEachIndex(shape.windows.map(\.size)) { tap in
            let valid = window.validWindows(
                tap: tap[last],
                over: shape.input[last],
                count: length
            )
            for row in rows {
                guard let start = inputRow(of: row, tap: tap, shape), !valid.isEmpty else {
                    target.update(repeating: 0, count: length)
                    target += length
                    continue
                }
                let source = x + channel * inSize + start
                target.update(repeating: 0, count: valid.lowerBound)
                for i in valid { target[i] = source[window.position(of: tap[last], at: i)] }
                (target + valid.upperBound).update(repeating: 0, count: length - valid.upperBound)
                target += length
            }
        }
    }
}

/// The adjoint of `unfold`: adds every column to the place it would have been read from.
private func fold(
    _ columns: UnsafePointer<Float>,
    channels: Int,
    _ shape: ConvolutionShape,
    rows: Range<Int>,
    into y: UnsafeMutablePointer<Float>
) {
    let size = shape.input.elementCount
    var source = columns
    let last = shape.windows.count - 1
    let (window, length) = (shape.windows[last], shape.output[last])
    for channel in 0..<channels {
        forEachIndex(shape.windows.map(\.size)) { tap in
            let valid = window.validWindows(
                tap: tap[last],
                over: shape.input[last],
                count: length
            )
            for row in rows {
                if let start = inputRow(of: row, tap: tap, shape) {
                    let target = y + channel * size + start
                    for i in valid { target[window.position(of: tap[last], at: i)] += source[i] }
                }
                source += length
            }
        }
    }
}

/// Where the input row begins that a tap of an output row reads, or `nil` in the padding.
private func inputRow(of row: Int, tap: [Int], _ shape: ConvolutionShape) -> Int? {
    var (rest, start) = (row, 0)
    var stride = shape.input.last!
    for axis in shape.windows.indices.dropLast().reversed() {
        let position = shape.windows[axis].position(of: tap[axis], at: rest % shape.output[axis])
        guard position >= 0, position < shape.input[axis] else { return nil }
        start += position * stride
        stride *= shape.input[axis]
        rest /= shape.output[axis]
    }
    return start
}

private func addBias(
    _ bias: Span<Float>,
    batch: Int,
    planeSize: Int,
    to y: inout MutableSpan<Float>
) {
    for plane in 0..<(batch * bias.count) {
        let value = bias[plane % bias.count]
        for i in (plane * planeSize)..<((plane + 1) * planeSize) { y[i] += value }
    }
}
