internal import CKernels
package import Tensors

/// The weights of a small convolution of stride 1, transformed for Winograd's method.
///
/// Immutable after `init`, so threads may share it.
package final class PackedWinograd: @unchecked Sendable {
    /// Tiles of `outputs` × `outputs` results of `taps` × `taps` weights.
    package struct Tiling: Hashable, Sendable {
        package let outputs, taps: Int

        /// Those there are for a kernel.
        package static func all(taps: Int) -> [Tiling] {
            let outputs = [2: [4, 5, 7], 3: [4, 6], 4: [5], 5: [4], 7: [2]][taps] ?? []
            return outputs.map { Tiling(outputs: $0, taps: taps) }
        }

        /// Products that a tile takes for each pair of channels.
        package var places: Int { Int(atelier_winograd_places(Int32(outputs), Int32(taps))) }
    }

    package let tiling: Tiling
    /// Output rows and columns that are computed together.
    package var tile: Int { tiling.outputs }
    /// Tiles that are best computed by one call.
    package let tilesPerCall: Int
    /// Bytes of packed weights.
    package let byteCount: Int
    package let outputBlocks: Int

    private let isa: atelier_isa
    private let inputLanes: [Int32]
    private let weights: FloatMemory
    private let ending: PackedEnding

    /// - Parameters:
    ///   - weights: [output channels, input channels, 9 or 4].
    ///   - inputs: which channel stands in each place of the input blocks of 16, −1 for none.
    package init(
        _ tiling: Tiling,
        weights: Tensor,
        bias: [Float],
        activation: SumActivation,
        residual: SumResidual,
        inputs: [Int32],
        instructions: InstructionSet = .current
    ) {
        precondition(inputs.count % 16 == 0, "tiles of blocks")
        precondition(weights.shape[2] == tiling.taps * tiling.taps, "tiles of the kernel")
        let (outputs, inner) = (weights.shape[0], weights.shape[1])
        self.tiling = tiling
        isa = instructions.isa
        inputLanes = lanesInUse(inputs, lanes: 16)
        let channels = inputLanes.reduce(0, +)
        precondition(channels == inputs.count { $0 >= 0 }, "channels come first in their block")
        outputBlocks = (outputs + 15) / 16
        let order = (0..<Int32(outputBlocks * 16)).map { $0 < outputs ? $0 : -1 }
        ending = PackedEnding(
            bias: bias,
            activation: activation,
            residual: residual,
            places: order
        )
        let (tile, taps) = (Int32(tiling.outputs), Int32(tiling.taps))
        let count = atelier_winograd_packed_size(tile, taps, Int32(outputBlocks), channels)
        self.weights = FloatMemory(count: count)
        byteCount = count * 4 + ending.byteCount
        tilesPerCall = Self.tilesPerCall(tiling, isa, inputLanes.count, outputBlocks)
        let packed = self.weights
        let (blocks, size) = (Int32(outputBlocks), Int(atelier_winograd_group(isa)))
        WorkerPool.shared.run((outputBlocks + size - 1) / size) { [isa] group in
            weights.floats.withUnsafeBufferPointer { source in
                atelier_winograd_pack(
                    isa,
                    tile,
                    taps,
                    source.baseAddress,
                    Int32(inner),
                    order,
                    blocks,
                    inputs,
                    Int32(inputs.count / 16),
                    Int32(group),
                    packed.base
                )
            }
        }
    }

    /// As many as half of a usual second-level cache holds, in whole steps of the kernel.
    private static func tilesPerCall(
        _ tiling: Tiling,
        _ isa: atelier_isa,
        _ inputBlocks: Int,
        _ outputBlocks: Int
    ) -> Int {
        let step = Int(atelier_winograd_step(isa, Int32(outputBlocks)))
        let group = min(outputBlocks, Int(atelier_winograd_group(isa)))
        let bytes = tiling.places * (inputBlocks + group) * 64
        return max(12, (512 << 10) / bytes, step) / step * step
    }

    /// Computes a run of tiles, which are counted row by row.
    ///
    /// - Parameters:
    ///   - tiles: the tiles to compute, counted from the first of the first row.
    ///   - columns: tiles in a row.
    ///   - input: for each input block the rows that tiles read, where the first tile of a row
    ///     begins to read, with room for all tiles of the row; `nil` for a row of zeros.
    ///   - inputStep: floats from one pixel to the next, as `outputStep`.
    ///   - output: the rows of outputs that are wanted, where the first tile of a row begins.
    ///   - outputColumns: pixels of a row that are wanted.
    ///   - residual: for each output block the same rows, laid out as the output.
    package func run(
        tiles: Range<Int>,
        columns: Int,
        input: UnsafeBufferPointer<UnsafePointer<Float>?>,
        inputStep: Int,
        output: UnsafeBufferPointer<UnsafeMutablePointer<Float>?>,
        outputColumns: Int,
        outputBlockStride: Int,
        outputStep: Int,
        residual: UnsafePointer<UnsafePointer<Float>?>?
    ) {
        precondition(tiles.lowerBound < columns, "the first tile lies in the first row")
        var call = atelier_winograd()
        call.tile = Int32(tiling.outputs)
        call.taps = Int32(tiling.taps)
        call.columns = Int32(columns)
        call.first = Int32(tiles.lowerBound)
        call.count = Int32(tiles.count)
        call.input_blocks = Int32(inputLanes.count)
        call.input = input.baseAddress
        call.input_rows = Int32(input.count / inputLanes.count)
        call.input_step = inputStep
        call.weights = UnsafePointer(weights.base)
        call.ending = ending.ending(hasResidual: residual != nil)
        call.output = output.baseAddress
        call.output_rows = Int32(output.count)
        call.output_columns = Int32(outputColumns)
        call.residual = residual
        call.output_blocks = Int32(outputBlocks)
        call.output_block_stride = outputBlockStride
        call.output_step = outputStep
        let scratch = atelier_winograd_scratch_size(
            call.tile,
            call.taps,
            call.input_blocks,
            call.count
        )
        withUnsafeTemporaryAllocation(byteCount: scratch * 4, alignment: 64) { memory in
            call.scratch = memory.baseAddress!.bindMemory(to: Float.self, capacity: scratch)
            inputLanes.withUnsafeBufferPointer { lanes in
                call.input_lanes = lanes.baseAddress
                atelier_winograd_convolve(isa, &call)
            }
        }
    }
}
