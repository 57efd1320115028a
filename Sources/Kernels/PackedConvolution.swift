internal import CKernels
package import Tensors

/// What happens to the sums of a convolution on their way out.
package enum SumActivation: Sendable, Equatable {
    case none, relu
    /// Negative values times a slope of their channel.
    case slopes([Float])
    case clip(low: Float, high: Float)
}

/// When a second feature map is added to the sums of a convolution.
package enum SumResidual: Int32, Sendable {
    case none, beforeActivation, afterActivation
}

/// Bias, activation and residual as kernels read them.
///
/// Immutable after `init`, so threads may share it.
final class PackedEnding: @unchecked Sendable {
    private let bias, slopes: UnsafeMutablePointer<Float>
    private let activation: SumActivation
    private let residual: SumResidual
    let byteCount: Int

    /// - Parameter places: which channel stands in each place of the output blocks, −1 for none.
    init(
        bias values: [Float],
        activation: SumActivation,
        residual: SumResidual,
        places: [Int32]
    ) {
        self.activation = activation
        self.residual = residual
        byteCount = 2 * places.count * 4
        bias = .aligned(places.count)
        slopes = .aligned(places.count)
        for (place, channel) in places.enumerated() {
            bias[place] = channel < 0 ? 0 : values[Int(channel)]
            if case .slopes(let values) = activation {
                slopes[place] = channel < 0 ? 0 : values[Int(channel)]
            }
        }
    }

    deinit {
        bias.deallocate()
        slopes.deallocate()
    }

    /// - Parameter hasResidual: whether this call brings one.
    func ending(hasResidual: Bool) -> atelier_ending {
        var ending = atelier_ending()
        ending.bias = UnsafePointer(bias)
        ending.slopes = UnsafePointer(slopes)
        switch activation {
        case .none: ending.activation = Int32(ATELIER_ACTIVATION_NONE.rawValue)
        case .relu: ending.activation = Int32(ATELIER_ACTIVATION_RELU.rawValue)
        case .slopes: ending.activation = Int32(ATELIER_ACTIVATION_SLOPE.rawValue)
        case .clip(let low, let high):
            ending.activation = Int32(ATELIER_ACTIVATION_CLIP.rawValue)
            (ending.low, ending.high) = (low, high)
        }
        ending.residual_mode = hasResidual ? residual.rawValue : 0
        return ending
    }
}

/// A place of a kernel and where its inputs are: one row of pixels for each block of channels.
package struct KernelTap {
    package let blocks: UnsafePointer<UnsafePointer<Float>?>
    /// Floats from a row's start to the input of the first output pixel.
    package let offset: Int
    /// Which place of the kernel it is, counted row by row.
    package let number: Int

    @inlinable
    package init(blocks: UnsafePointer<UnsafePointer<Float>?>, offset: Int, number: Int) {
        self.blocks = blocks
        self.offset = offset
        self.number = number
    }
}

/// The weights of a convolution, packed for the kernels of the instruction set in use.
///
/// Immutable after `init`, so threads may share it.
package final class PackedConvolution: @unchecked Sendable {
    /// Which kernel computes it.
    package enum Form: Sendable {
        /// Blocks of 16 output channels.
        case dense
        /// At most four output channels, from blocks of 16.
        case thin
        /// Each channel by itself.
        case depthwise
    }

    private let form: Form
    private let isa: atelier_isa
    private let lanes: Int
    private let inputLanes: [Int32]
    private let outputBlocks: Int
    private let kernelTaps: Int
    private let weights: FloatMemory
    private let ending: PackedEnding
    /// Bytes of packed weights.
    package let byteCount: Int

    /// - Parameters:
    ///   - weights: [output channels, input channels, taps]; depthwise [channels, 1, taps].
    ///   - inputs: which channel stands in each place of the input blocks, −1 for none.
    ///   - lanes: places of an input block, 16 or 4.
    package init(
        _ form: Form,
        weights: Tensor,
        bias: [Float],
        activation: SumActivation,
        residual: SumResidual,
        inputs: [Int32],
        lanes: Int,
        instructions: InstructionSet = .current
    ) {
        let (outputs, inner, taps) = (weights.shape[0], weights.shape[1], weights.shape[2])
        self.form = form
        self.lanes = lanes
        kernelTaps = taps
        isa = instructions.isa
        inputLanes = lanesInUse(inputs, lanes: lanes)
        let blocks = inputs.count / lanes
        let places: Int
        let count: Int
        switch form {
        case .dense:
            (outputBlocks, places) = ((outputs + 15) / 16, (outputs + 15) / 16 * 16)
            count = atelier_convolution_packed_size(
                Int32(outputBlocks),
                Int32(blocks),
                Int32(lanes),
                Int32(taps)
            )
        case .thin:
            (outputBlocks, places) = (outputs, 16)
            count = taps * blocks * 64
        case .depthwise:
            (outputBlocks, places) = (blocks, inputs.count)
            count = inputs.count * taps
        }
        self.weights = FloatMemory(count: count)
        let order = form == .depthwise ? inputs : (0..<Int32(places)).map { $0 < outputs ? $0 : -1 }
        ending = PackedEnding(
            bias: bias,
            activation: activation,
            residual: residual,
            places: order
        )
        byteCount = count * 4 + ending.byteCount
        let packed = self.weights
        switch form {
        case .dense:
            let size = Int(atelier_convolution_group(isa))
            let outputBlocks = Int32(outputBlocks)
            WorkerPool.shared.run((Int(outputBlocks) + size - 1) / size) { [isa] group in
                weights.floats.withUnsafeBufferPointer { source in
                    atelier_convolution_pack(
                        isa,
                        source.baseAddress,
                        Int32(inner),
                        Int32(taps),
                        order,
                        outputBlocks,
                        inputs,
                        Int32(blocks),
                        Int32(lanes),
                        Int32(group),
                        packed.base
                    )
                }
            }
        case .thin:
            weights.floats.withUnsafeBufferPointer { source in
                atelier_convolution_pack_thin(
                    source.baseAddress,
                    Int32(outputs),
                    Int32(inner),
                    Int32(taps),
                    inputs,
                    Int32(blocks),
                    packed.base
                )
            }
        case .depthwise:
            let source = weights.floats
            for (place, channel) in inputs.enumerated() {
                let (block, lane) = (place / lanes, place % lanes)
                for tap in 0..<taps {
                    packed.base[(block * taps + tap) * lanes + lane] =
                        channel < 0 ? 0 : source[Int(channel) * taps + tap]
                }
            }
        }
    }

    /// Computes `count` pixels of a row.
    ///
    /// - Parameters:
    ///   - inputStep: floats from the input of one output pixel to that of the next.
    ///   - output: the first pixel in the first block.
    ///   - residual: for each output block the first pixel, laid out as the output.
    package func run(
        taps: UnsafeBufferPointer<KernelTap>,
        inputStep: Int,
        output: UnsafeMutablePointer<Float>,
        outputBlockStride: Int,
        outputStep: Int,
        residual: UnsafePointer<UnsafePointer<Float>?>?,
        count: Int
    ) {
        guard count > 0 else { return }
        var call = atelier_convolution()
        call.lanes = Int32(lanes)
        call.input_blocks = Int32(inputLanes.count)
        call.input_step = inputStep
        call.weights = UnsafePointer(weights.base)
        call.kernel_taps = Int32(kernelTaps)
        call.ending = ending.ending(hasResidual: residual != nil)
        call.output = output
        call.residual = residual
        call.output_blocks = Int32(outputBlocks)
        call.output_block_stride = outputBlockStride
        call.output_step = outputStep
        call.count = Int32(count)
        call.tap_count = Int32(taps.count)
        withUnsafeTemporaryAllocation(of: atelier_tap.self, capacity: max(1, taps.count)) { list in
            for (index, tap) in taps.enumerated() {
                list[index] = atelier_tap(
                    blocks: tap.blocks,
                    offset: tap.offset,
                    number: Int32(tap.number)
                )
            }
            call.taps = UnsafePointer(list.baseAddress)
            inputLanes.withUnsafeBufferPointer { lanes in
                call.input_lanes = lanes.baseAddress
                switch form {
                case .dense: atelier_convolve(isa, &call)
                case .thin: atelier_convolve_thin(isa, &call)
                case .depthwise: atelier_convolve_depthwise(isa, &call)
                }
            }
        }
    }
}

extension PackedConvolution {
    /// Groups of output blocks that `run(group:…)` computes.
    package var groups: Int {
        let size = Int(atelier_convolution_group(isa))
        return (outputBlocks + size - 1) / size
    }

    /// Where in the inputs of a tap `run(group:…)` reads the channels of a block for a pixel.
    package func place(pixel: Int, of pixels: Int, block: Int) -> Int {
        let piece = Int(ATELIER_FEW_PIECE) / 16
        let first = block / piece * piece
        let size = min(piece, inputLanes.count - first)
        return (first * pixels + pixel * size + block - first) * 16
    }

    /// Computes a few pixels for one group of output blocks, reading its weights only once.
    ///
    /// For the dense form with blocks of 16, all channels of which are used, and no residual.
    ///
    /// - Parameters:
    ///   - input: for each tap the pixels, laid out as `place` says.
    ///   - taps: which place of the kernel each tap is.
    ///   - output: for each pixel its place in the first block.
    package func run(
        group: Int,
        input: UnsafePointer<Float>,
        taps: [Int32],
        output: UnsafeBufferPointer<UnsafeMutablePointer<Float>?>,
        outputBlockStride: Int
    ) {
        var call = atelier_few_pixels()
        call.input = input
        call.count = Int32(output.count)
        call.depth = Int32(inputLanes.count * lanes)
        call.tap_count = Int32(taps.count)
        call.weights = UnsafePointer(weights.base)
        call.kernel_taps = Int32(kernelTaps)
        call.ending = ending.ending(hasResidual: false)
        call.output = output.baseAddress
        call.output_blocks = Int32(outputBlocks)
        call.group = Int32(group)
        call.output_block_stride = outputBlockStride
        let capacity = output.count * 64
        withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { sums in
            call.sums = sums.baseAddress
            taps.withUnsafeBufferPointer { taps in
                call.taps = taps.baseAddress
                atelier_convolve_few(isa, &call)
            }
        }
    }
}

/// How many channels each input block has; they come first in it.
///
/// - Parameter places: which channel stands in each place of the blocks, −1 for none.
func lanesInUse(_ places: [Int32], lanes: Int) -> [Int32] {
    stride(from: 0, to: places.count, by: lanes).map { start in
        Int32(places[start..<(start + lanes)].prefix { $0 >= 0 }.count)
    }
}

extension UnsafeMutablePointer<Float> {
    /// Memory for floats at the border of a cache line, to be deallocated by the caller.
    package static func aligned(_ count: Int) -> UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer.allocate(byteCount: Swift.max(count, 16) * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: Swift.max(count, 16))
    }
}
