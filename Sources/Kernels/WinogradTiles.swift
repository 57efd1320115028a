internal import CKernels

/// Winograd's method in parts: whole maps are transformed, multiplied, and put together again.
///
/// A convolution of stride s is one of stride 1 on s² phases of its input, each with the weights that
/// meet it. Transformed numbers are [place][tile][channel]; channels come in blocks of 16.
package struct WinogradTiles: Sendable {
    /// Of the convolution, along both axes.
    package let stride, size: Int
    /// Weights of a phase along an axis, and outputs of a tile.
    package let taps, tile: Int
    private let instructions: InstructionSet

    /// The way for a stride and a size of kernels; `nil` if there is none.
    package init?(stride: Int, size: Int, using instructions: InstructionSet = .current) {
        switch (stride, size) {
        case (2, 3), (2, 4): (taps, tile) = (2, 4)
        case (1, 3): (taps, tile) = (3, 4)
        case (1, 4): (taps, tile) = (4, 5)
        default: return nil
        }
        (self.stride, self.size) = (stride, size)
        self.instructions = instructions
    }

    /// Rows and columns that a tile reads.
    package var side: Int { tile + taps - 1 }
    package var places: Int { side * side }
    package var phases: Int { stride * stride }

    /// Outputs that are best computed together.
    package var group: Int { 16 * Int(atelier_winograd_group(instructions.isa)) }

    package enum Transform: Sendable { case inputs, gradients }

    /// Transforms `count` tiles, counted row by row.
    ///
    /// - Parameters:
    ///   - rows: for each block the rows that tiles read, where the first tile of a row begins, `nil`
    ///     for zeros: for inputs as many rows more than there are outputs as taps but one.
    ///   - step: floats from one pixel to the next.
    ///   - tileStep: floats from one tile to the next in `places`.
    package func spread(
        _ transform: Transform,
        rows: [UnsafePointer<Float>?],
        blocks: Int,
        step: Int,
        columns: Int,
        count: Int,
        into places: UnsafeMutablePointer<Float>,
        tileStep: Int,
        placeStride: Int
    ) {
        var call = atelier_tiles()
        (call.tile, call.taps) = (Int32(tile), Int32(taps))
        (call.columns, call.count) = (Int32(columns), Int32(count))
        (call.blocks, call.row_count) = (Int32(blocks), Int32(rows.count / blocks))
        call.step = step
        call.places = places
        (call.tile_step, call.place_stride) = (tileStep, placeStride)
        rows.withUnsafeBufferPointer { rows in
            call.rows = rows.baseAddress
            switch transform {
            case .inputs: atelier_tiles_spread(instructions.isa, &call)
            case .gradients: atelier_tiles_scatter(instructions.isa, &call)
            }
        }
    }

    /// Puts tiles together from their sums [place][tile][lanes].
    ///
    /// - Parameters:
    ///   - rows: the rows of outputs that are wanted, as many as `count` tiles have or less.
    ///   - outputColumns: outputs of a row that are wanted.
    ///   - bias: for every lane.
    package func gather(
        _ sums: UnsafePointer<Float>,
        placeStride: Int,
        lanes: Int,
        bias: UnsafePointer<Float>,
        columns: Int,
        count: Int,
        into rows: [UnsafeMutablePointer<Float>?],
        outputColumns: Int,
        step: Int
    ) {
        var call = atelier_tile_outputs()
        (call.tile, call.taps) = (Int32(tile), Int32(taps))
        (call.columns, call.count, call.blocks) = (Int32(columns), Int32(count), Int32(lanes / 16))
        (call.sums, call.place_stride) = (sums, placeStride)
        call.bias = bias
        (call.row_count, call.column_count) = (Int32(rows.count), Int32(outputColumns))
        call.step = step
        rows.withUnsafeBufferPointer { rows in
            call.rows = rows.baseAddress
            atelier_tiles_gather(instructions.isa, &call)
        }
    }

    /// Transformed numbers as one side of products.
    package struct Factor {
        package var base: UnsafePointer<Float>
        package var step, placeStride: Int

        package init(_ base: UnsafePointer<Float>, step: Int, placeStride: Int) {
            self.base = base
            self.step = step
            self.placeStride = placeStride
        }
    }

    /// Multiplies `depth` channels of tiles with weights [place][channel][lanes] into sums
    /// [place][tile][lanes].
    package func multiply(
        _ left: Factor,
        tiles: Int,
        depth: Int,
        _ weights: UnsafePointer<Float>,
        placeStride: Int,
        lanes: Int,
        adding: Bool,
        into sums: UnsafeMutablePointer<Float>,
        sumsStride: Int
    ) {
        var call = atelier_tile_products()
        (call.places, call.tiles, call.depth) = (Int32(places), Int32(tiles), Int32(depth))
        (call.blocks, call.adds) = (Int32(lanes / 16), adding ? 1 : 0)
        (call.left, call.left_step, call.left_stride) = (left.base, left.step, left.placeStride)
        (call.right, call.right_stride) = (weights, placeStride)
        (call.sums, call.sums_stride) = (sums, sumsStride)
        atelier_tile_products_add(instructions.isa, &call)
    }

    /// Kernels of some rows and lanes, channels of either side, in the order of the weights'
    /// memory.
    package struct Kernels {
        package var base: UnsafeMutablePointer<Float>
        package var rows, lanes: Int
        /// Floats between kernels of neighbouring rows, and lanes.
        package var rowStep, laneStep: Int

        package init(
            _ base: UnsafeMutablePointer<Float>,
            rows: Int,
            lanes: Int,
            rowStep: Int,
            laneStep: Int
        ) {
            self.base = base
            (self.rows, self.lanes) = (rows, lanes)
            (self.rowStep, self.laneStep) = (rowStep, laneStep)
        }
    }

    /// Transforms kernels into [phase][place][row][lane]; lanes are filled up with zeros.
    package func widen(
        _ kernels: Kernels,
        flipped: Bool,
        into places: UnsafeMutablePointer<Float>,
        phaseStride: Int,
        placeStride: Int
    ) {
        var call = call(kernels, places, phaseStride, placeStride)
        call.flips = flipped ? 1 : 0
        atelier_tile_weights_widen(instructions.isa, &call)
    }

    /// Makes gradients of kernels from those of their transforms.
    package func narrow(
        _ places: UnsafeMutablePointer<Float>,
        phaseStride: Int,
        placeStride: Int,
        adding: Bool,
        into kernels: Kernels
    ) {
        var call = call(kernels, places, phaseStride, placeStride)
        call.adds = adding ? 1 : 0
        atelier_tile_weights_narrow(instructions.isa, &call)
    }

    private func call(
        _ kernels: Kernels,
        _ places: UnsafeMutablePointer<Float>,
        _ phaseStride: Int,
        _ placeStride: Int
    ) -> atelier_tile_weights {
        var call = atelier_tile_weights()
        (call.stride, call.size) = (Int32(stride), Int32(size))
        (call.rows, call.lanes) = (Int32(kernels.rows), Int32(kernels.lanes))
        call.blocks = Int32((kernels.lanes + 15) / 16)
        call.weights = kernels.base
        (call.row_step, call.lane_step) = (kernels.rowStep, kernels.laneStep)
        call.places = places
        (call.phase_stride, call.place_stride) = (phaseStride, placeStride)
        return call
    }
}
