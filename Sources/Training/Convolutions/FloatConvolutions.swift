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
        guard shape.suitsBlocks(reading: shape.inputChannels, taps: shape.taps) else {
            UnfoldedConvolution(shape).forward(x, weights, bias, into: y)
            return
        }
        BlockedConvolution(forward: shape, weights, bias).run(x, into: y)
    }

    package static func convolveBack(
        _ shape: ConvolutionShape,
        _ y: UnsafePointer<Float>,
        weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?,
        into x: UnsafeMutablePointer<Float>
    ) {
        let phases = shape.windows.reduce(1) { $0 * $1.stride }
        let taps = shape.taps / min(shape.taps, phases)
        guard shape.suitsBlocks(reading: shape.outputChannels, taps: taps) else {
            UnfoldedConvolution(shape).backward(y, weights, bias, into: x)
            return
        }
        BlockedConvolution(backward: shape, weights, bias).run(y, into: x)
    }

    package static func weightGradient(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        into weights: UnsafeMutablePointer<Float>
    ) {
        guard shape.suitsBlocks && shape.output.elementCount >= 256 else {
            UnfoldedConvolution(shape).weightGradient(x, y, into: weights)
            return
        }
        if shape.suitsWinograd {
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

    /// Whether the weights that one output is made of stay in the cache as well.
    fileprivate func suitsBlocks(reading channels: Int, taps: Int) -> Bool {
        suitsBlocks && channels * taps <= 4096 && (output[1] >= 12 || channels * taps <= 1152)
    }

    /// Whether there are pixels enough that kernels gain more from them than packing weights costs,
    /// and channels enough to fill blocks.
    fileprivate var suitsBlocks: Bool {
        groups == 1 && batch * output.elementCount >= 512 && max(inputChannels, outputChannels) >= 8
    }
}
