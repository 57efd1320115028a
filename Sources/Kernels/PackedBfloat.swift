internal import CKernels
package import Tensors

/// The weights of a convolution as bfloat16 numbers, which are multiplied by such numbers and summed
/// in float32.
///
/// Immutable after `init`, so threads may share it.
package final class PackedBfloat: @unchecked Sendable {
    /// Which kernel computes it.
    package enum Form: Sendable {
        /// Blocks of 16 output channels, from blocks of 16 or 4.
        case dense
        /// At most four output channels, from blocks of 32.
        case thin
    }

    /// Places of an input block as kernels read it.
    package let lanes: Int
    /// Bytes of packed weights.
    package let byteCount: Int
    /// Input blocks as kernels read them.
    package var inputBlocks: Int { inputLanes.count }
    /// Parts of the output channels that are computed one by one.
    package let groups: Int

    private let form: Form
    private let instructions: BfloatInstructions
    private let sourceLanes: Int
    private let sourceLanesInUse: [Int32]
    private let inputLanes: [Int32]
    private let outputBlocks: Int
    private let kernelTaps: Int
    private let memory: FloatMemory
    private let ending: PackedEnding

    /// - Parameters:
    ///   - weights: [output channels, input channels, taps].
    ///   - inputs: which channel stands in each place of the map's blocks, −1 for none.
    ///   - lanes: places of a block of the map, 16 or 4; 16 for the thin form.
    package init(
        _ form: Form,
        weights: Tensor,
        bias: [Float],
        activation: SumActivation,
        residual: SumResidual,
        inputs: [Int32],
        lanes: Int,
        instructions: BfloatInstructions = .best
    ) {
        let (outputs, inner, taps) = (weights.shape[0], weights.shape[1], weights.shape[2])
        self.form = form
        self.instructions = instructions
        kernelTaps = taps
        sourceLanes = lanes
        sourceLanesInUse = lanesInUse(inputs, lanes: lanes)
        self.lanes = form == .thin ? 32 : lanes
        let isPadded = inputs.count % self.lanes > 0
        let places = inputs + [Int32](repeating: -1, count: isPadded ? 16 : 0)
        inputLanes =
            form == .thin
            ? [Int32](repeating: 32, count: places.count / 32) : sourceLanesInUse
        let blocks = Int32(places.count / self.lanes)
        let outputPlaces = (outputs + 15) / 16 * 16
        outputBlocks = form == .thin ? outputs : outputPlaces / 16
        ending = PackedEnding(
            bias: bias,
            activation: activation,
            residual: residual,
            places: (0..<Int32(outputPlaces)).map { $0 < outputs ? $0 : -1 }
        )
        let size = Int(atelier_bfloat_group())
        groups = form == .thin ? 1 : (outputBlocks + size - 1) / size
        let count = taps * places.count * (form == .thin ? 4 : outputPlaces)
        memory = FloatMemory(count: count / 2)
        byteCount = count * 2 + ending.byteCount
        let (memory, lanes) = (memory, Int32(self.lanes))
        WorkerPool.shared.run(groups) { group in
            weights.floats.withUnsafeBufferPointer { source in
                switch form {
                case .dense:
                    atelier_bfloat_pack(
                        source.baseAddress,
                        Int32(inner),
                        Int32(taps),
                        Int32(outputs),
                        places,
                        blocks,
                        lanes,
                        Int32(group),
                        memory.halves
                    )
                case .thin:
                    atelier_bfloat_pack_thin(
                        source.baseAddress,
                        Int32(inner),
                        Int32(taps),
                        Int32(outputs),
                        places,
                        blocks,
                        memory.halves
                    )
                }
            }
        }
    }

    /// Rounds a run of pixels.
    ///
    /// - Parameters:
    ///   - blocks: the first pixel in each block of the map.
    ///   - output: the first pixel in the first block of `lanes` numbers.
    package func round(
        _ blocks: UnsafeMutableBufferPointer<UnsafePointer<Float>?>,
        into output: UnsafeMutablePointer<UInt16>,
        blockStride: Int,
        count: Int
    ) {
        let step = lanes
        for (block, source) in blocks.enumerated() {
            let place = block * sourceLanes
            atelier_bfloat_round(
                instructions.variant,
                source,
                Int32(sourceLanes),
                sourceLanesInUse[block],
                output + place / step * blockStride + place % step,
                step,
                Int32(count)
            )
        }
        guard blocks.count * sourceLanes % step > 0 else { return }
        // The second half of the last block holds nothing.
        let last = output + blocks.count * sourceLanes / step * blockStride + sourceLanes
        for pixel in 0..<count { (last + pixel * step).update(repeating: 0, count: sourceLanes) }
    }

    /// Computes `count` pixels of a row for one group of output channels.
    ///
    /// - Parameters:
    ///   - taps: where the first output pixel reads the first block for some places of the kernel.
    ///   - numbers: which places of the kernel they are.
    ///   - inputBlockStride: in numbers, as `inputStep`, from one output pixel's input to the next.
    ///   - output: the first pixel in the first block.
    ///   - residual: for each output block the first pixel, laid out as the output.
    package func run(
        group: Int,
        taps: UnsafeBufferPointer<UnsafePointer<UInt16>?>,
        numbers: UnsafeBufferPointer<Int32>,
        inputBlockStride: Int,
        inputStep: Int,
        output: UnsafeMutablePointer<Float>,
        outputBlockStride: Int,
        outputStep: Int,
        residual: UnsafePointer<UnsafePointer<Float>?>?,
        count: Int
    ) {
        guard count > 0 else { return }
        var call = atelier_bfloat_convolution()
        call.taps = taps.baseAddress
        call.numbers = numbers.baseAddress
        call.tap_count = Int32(taps.count)
        call.lanes = Int32(lanes)
        call.input_blocks = Int32(inputBlocks)
        call.input_block_stride = inputBlockStride
        call.input_step = inputStep
        call.weights = UnsafePointer(memory.halves)
        call.kernel_taps = Int32(kernelTaps)
        call.ending = ending.ending(hasResidual: residual != nil)
        call.output = output
        call.residual = residual
        call.output_blocks = Int32(outputBlocks)
        call.output_block_stride = outputBlockStride
        call.output_step = outputStep
        call.count = Int32(count)
        inputLanes.withUnsafeBufferPointer { inputLanes in
            call.input_lanes = inputLanes.baseAddress
            switch form {
            case .dense: atelier_bfloat_convolve(instructions.variant, &call, Int32(group))
            case .thin: atelier_bfloat_convolve_thin(instructions.variant, &call)
            }
        }
    }
}

extension FloatMemory {
    /// The same memory as twice as many numbers of half the size.
    package var halves: UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt16.self)
    }
}
