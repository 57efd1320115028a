/// Convolution with a square kernel.
package struct Convolution<Number: Real>: Layer {
    /// Pixels around a picture, and what they are.
    package enum Padding: Sendable {
        case zero(Int)
        case reflect(Int)
        case replicate(Int)
    }

    package let weight: Parameter<Number>
    package let bias: Parameter<Number>?
    /// Divides the weights by their largest singular value.
    package let spectral: SpectralNorm<Number>?
    let sliding: Sliding
    let margin: (mode: PadMode, size: Int)?

    package init(
        _ inputs: Int,
        _ outputs: Int,
        kernel: Int,
        stride: Int = 1,
        padding: Padding? = nil,
        dilation: Int = 1,
        groups: Int = 1,
        bias: Bool = true,
        spectralNorm: Bool = false,
        _ initial: Initialization
    ) {
        let taps = kernel * kernel
        let fanIn = inputs / groups * taps
        weight = initial.weights(
            [outputs, inputs / groups, kernel, kernel],
            fanIn: fanIn,
            fanOut: outputs / groups * taps
        )
        self.bias = bias ? initial.bias(outputs, fanIn: fanIn) : nil
        spectral = spectralNorm ? SpectralNorm(rows: outputs, initial.stream) : nil
        // Zeros keep the size unless something else is said.
        var zeros = 0
        switch padding ?? .zero(stride == 1 ? (kernel - 1) * dilation / 2 : (kernel - 1) / 2) {
        case .zero(let size): (zeros, margin) = (size, nil)
        case .reflect(let size): margin = (.reflect, size)
        case .replicate(let size): margin = (.replicate, size)
        }
        sliding = Sliding(stride: stride, padding: zeros, dilation: dilation, groups: groups)
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        let weights = spectral?(weight.variable) ?? weight.variable
        let framed = margin.map { x.padded($0.mode, $0.size) } ?? x
        return convolution(framed, weights: weights, bias: bias?.variable, sliding)
    }
}

/// Transposed convolution with a square kernel.
package struct TransposedConvolution<Number: Real>: Layer {
    package let weight: Parameter<Number>
    package let bias: Parameter<Number>?
    let sliding: Sliding
    let outputPadding: Int

    package init(
        _ inputs: Int,
        _ outputs: Int,
        kernel: Int,
        stride: Int = 1,
        padding: Int = 0,
        outputPadding: Int = 0,
        bias: Bool = true,
        _ initial: Initialization
    ) {
        let taps = kernel * kernel
        let fanIn = max(1, inputs * taps / (stride * stride))
        weight = initial.weights(
            [inputs, outputs, kernel, kernel],
            fanIn: fanIn,
            fanOut: outputs * taps
        )
        self.bias = bias ? initial.bias(outputs, fanIn: fanIn) : nil
        sliding = Sliding(stride: stride, padding: padding)
        self.outputPadding = outputPadding
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        transposedConvolution(
            x,
            weights: weight.variable,
            bias: bias?.variable,
            sliding,
            outputPadding: outputPadding
        )
    }
}

/// All inputs of a sample, weighted and summed.
package struct Linear<Number: Real>: Layer {
    package let weight: Parameter<Number>
    package let bias: Parameter<Number>?

    package init(_ inputs: Int, _ outputs: Int, bias: Bool = true, _ initial: Initialization) {
        weight = initial.weights([outputs, inputs], fanIn: inputs, fanOut: outputs)
        self.bias = bias ? initial.bias(outputs, fanIn: inputs) : nil
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        linear(x, weights: weight.variable, bias: bias?.variable)
    }
}
