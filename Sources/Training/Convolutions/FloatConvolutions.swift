package import Kernels
internal import Tensors

/// Which way a convolution of float32 numbers is computed.
extension Float {
    package static func convolve(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Float>,
        weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        if shape.hasFewPixels {
            FewPixelsConvolution(shape).forward(x, weights, bias, into: y)
        } else if let tiled = shape.tiled {
            tiled.forward(x, weights, bias, into: y)
        } else if shape.suitsBlocks(from: shape.inputChannels, to: shape.outputChannels) {
            BlockedConvolution(forward: shape, weights, bias).run(x, into: y)
        } else {
            UnfoldedConvolution(shape).forward(x, weights, bias, into: y)
        }
    }

    package static func convolveBack(
        _ shape: ConvolutionShape,
        _ y: UnsafePointer<Float>,
        weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?,
        into x: UnsafeMutablePointer<Float>
    ) {
        let phases = shape.windows.reduce(1) { $0 * $1.stride }
        if shape.hasFewPixels {
            FewPixelsConvolution(shape).backward(y, weights, bias, into: x)
        } else if let tiled = shape.tiled {
            tiled.backward(y, weights, bias, into: x)
        } else if shape.suitsBlocks(
            from: shape.outputChannels,
            to: shape.inputChannels,
            phases: phases
        ) {
            BlockedConvolution(backward: shape, weights, bias).run(y, into: x)
        } else {
            UnfoldedConvolution(shape).backward(y, weights, bias, into: x)
        }
    }

    package static func weightGradient(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        if shape.hasFewPixels {
            FewPixelsConvolution(shape).weightGradient(x, y, into: weights)
        } else if let tiled = shape.tiled {
            tiled.weightGradient(x, y, into: weights)
        } else if !shape.fillsBlocks || shape.output.elementCount < 256 {
            UnfoldedConvolution(shape).weightGradient(x, y, into: weights)
        } else if shape.suitsWinograd {
            WinogradWeightGradient(shape).run(x, y, into: weights)
        } else {
            BlockedWeightGradient(shape).run(x, y, into: weights)
        }
    }
}

extension ConvolutionShape {
    /// Whether it is 3 × 3 without steps or gaps, and both sides fill blocks.
    var suitsWinograd: Bool {
        min(inputChannels, outputChannels) > 4
            && windows.allSatisfy { $0.size == 3 && $0.stride == 1 && $0.dilation == 1 }
    }

    /// Whether there are so few outputs that reading the weights takes longer than computing.
    fileprivate var hasFewPixels: Bool {
        groups == 1 && batch * output.elementCount <= FewPixelsConvolution.mostPixels
    }

    /// The way of transformed maps, where it is the fastest.
    fileprivate var tiled: TiledConvolution? {
        guard min(inputChannels, outputChannels) >= 16 else { return nil }
        // Transforming few weights for every strip costs less than moving many pixels about.
        let weights = inputChannels * outputChannels
        if suitsWinograd && weights < batch * output.elementCount { return nil }
        return TiledConvolution(self)
    }

    /// Whether there are pixels enough that kernels gain more from them than packing weights costs,
    /// and channels enough to fill blocks.
    fileprivate var fillsBlocks: Bool {
        groups == 1 && batch * output.elementCount >= 512 && max(inputChannels, outputChannels) >= 8
    }

    /// Whether the weights that one output is made of stay in the cache as well.
    fileprivate func suitsBlocks(from inputs: Int, to outputs: Int, phases: Int = 1) -> Bool {
        let weights = inputs * taps / min(taps, phases)
        return fillsBlocks && weights <= (outputs <= 4 ? 16_384 : 4096)
            && (output[1] >= 12 || weights <= 1152)
    }
}
