internal import Kernels

/// How a kernel moves over pictures.
package struct Sliding: Sendable, Hashable {
    package var stride, padding, dilation, groups: Int

    package init(stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
    }

    fileprivate func window(_ size: Int, extra: Int = 0) -> Window {
        Window(
            size: size,
            stride: stride,
            dilation: dilation,
            padBefore: padding,
            padAfter: padding - extra
        )
    }
}

/// Convolution of x [batch, inputs, height, width] with weights [outputs, inputs / groups, rows,
/// columns].
package func convolution<Number: Real>(
    _ x: Variable<Number>,
    weights: Variable<Number>,
    bias: Variable<Number>? = nil,
    _ sliding: Sliding = Sliding()
) -> Variable<Number> {
    precondition(
        x.shape[1] == weights.shape[1] * sliding.groups,
        "weights for \(x.shape[1]) channels, not \(weights.shape)"
    )
    let shape = ConvolutionShape(
        batch: x.shape[0],
        inputChannels: x.shape[1],
        outputChannels: weights.shape[0],
        groups: sliding.groups,
        input: [x.shape[2], x.shape[3]],
        windows: [sliding.window(weights.shape[2]), sliding.window(weights.shape[3])]
    )
    return convolve(shape, x, weights, bias)
        .traced(sliding.convolution(weights.shape), [x, weights, bias])
}

/// Transposed convolution of x [batch, inputs, height, width] with weights [inputs, outputs /
/// groups, rows, columns]: the gradient of a convolution with respect to its input.
///
/// - Parameter outputPadding: pixels added at the end of both sides of the result.
package func transposedConvolution<Number: Real>(
    _ x: Variable<Number>,
    weights: Variable<Number>,
    bias: Variable<Number>? = nil,
    _ sliding: Sliding = Sliding(),
    outputPadding: Int = 0
) -> Variable<Number> {
    precondition(
        x.shape[1] == weights.shape[0],
        "weights for \(x.shape[1]) channels, not \(weights.shape)"
    )
    let windows = [2, 3].map { sliding.window(weights.shape[$0], extra: outputPadding) }
    let shape = ConvolutionShape(
        batch: x.shape[0],
        inputChannels: weights.shape[1] * sliding.groups,
        outputChannels: x.shape[1],
        groups: sliding.groups,
        input: windows.indices.map { axis in
            (x.shape[axis + 2] - 1) * sliding.stride + windows[axis].extent
                - windows[axis].padBefore - windows[axis].padAfter
        },
        windows: windows
    )
    return convolveBack(shape, x, weights, bias)
        .traced(
            sliding.transposedConvolution(weights.shape, outputPadding: outputPadding),
            [x, weights, bias]
        )
}

private func convolve<Number: Real>(
    _ shape: ConvolutionShape,
    _ x: Variable<Number>,
    _ weights: Variable<Number>,
    _ bias: Variable<Number>?
) -> Variable<Number> {
    let result = Variable<Number>([shape.batch, shape.outputChannels] + shape.output) { y in
        Number.convolve(shape, x.base, weights: weights.base, bias: bias?.base, into: y)
    }
    return result.recorded(from: [x, weights] + (bias.map { [$0] } ?? [])) { gradient, wanted in
        [
            wanted[0] ? convolveBack(shape, gradient, weights, nil) : nil,
            wanted[1] ? weightGradient(shape, x, gradient, like: weights.shape) : nil,
        ] + wanted.flags.dropFirst(2).map { $0 ? gradient.channelSums : nil }
    }
}

private func convolveBack<Number: Real>(
    _ shape: ConvolutionShape,
    _ y: Variable<Number>,
    _ weights: Variable<Number>,
    _ bias: Variable<Number>?
) -> Variable<Number> {
    let result = Variable<Number>([shape.batch, shape.inputChannels] + shape.input) { x in
        Number.convolveBack(shape, y.base, weights: weights.base, bias: bias?.base, into: x)
    }
    return result.recorded(from: [y, weights] + (bias.map { [$0] } ?? [])) { gradient, wanted in
        [
            wanted[0] ? convolve(shape, gradient, weights, nil) : nil,
            wanted[1] ? weightGradient(shape, gradient, y, like: weights.shape) : nil,
        ] + wanted.flags.dropFirst(2).map { $0 ? gradient.channelSums : nil }
    }
}

private func weightGradient<Number: Real>(
    _ shape: ConvolutionShape,
    _ x: Variable<Number>,
    _ y: Variable<Number>,
    like weights: [Int]
) -> Variable<Number> {
    let result = Variable<Number>(weights) {
        Number.weightGradient(shape, x.base, y.base, into: $0)
    }
    return result.recorded(from: [x, y]) { gradient, wanted in
        [
            wanted[0] ? convolveBack(shape, y, gradient, nil) : nil,
            wanted[1] ? convolve(shape, x, gradient, nil) : nil,
        ]
    }
}

extension Variable {
    /// What a bias of channels gets.
    fileprivate var channelSums: Variable { summed(to: [1, shape[1], 1, 1]).reshaped([shape[1]]) }
}
