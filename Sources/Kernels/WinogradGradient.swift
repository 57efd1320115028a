internal import CKernels

/// The gradient of 3 × 3 weights by Winograd's method, with tiles of 4 × 4 outputs.
///
/// For every place of a transformed tile products are summed over tiles; there are 36 places
/// instead of 16 · 9 multiplications.
package enum WinogradGradient {
    package static let tile = 4
    package static let places = 36

    package enum Side: Sendable { case inputs, gradients }

    /// Floats between two places of transformed tiles.
    package static func placeStride(tiles: Int, depth: Int) -> Int { tiles * depth + 16 }

    /// Transforms tiles into [place][tile][channel].
    ///
    /// - Parameters:
    ///   - rows: where each row of pixels begins that tiles read: for inputs two rows more than
    ///     there are outputs.
    ///   - depth: channels of a pixel, a multiple of 16.
    package static func spread(
        _ side: Side,
        rows: [UnsafePointer<Float>],
        depth: Int,
        columns: Int,
        tiles: Int,
        into places: UnsafeMutablePointer<Float>,
        using instructions: InstructionSet = .current
    ) {
        let blocks = depth / 16
        let pointers: [UnsafePointer<Float>?] = (0..<blocks).flatMap { block in
            rows.map { $0 + block * 16 }
        }
        var call = atelier_winograd()
        call.tile = Int32(tile)
        call.taps = 3
        call.columns = Int32(columns)
        call.count = Int32(tiles)
        call.input_blocks = Int32(blocks)
        call.input_rows = Int32(rows.count)
        call.input_step = depth
        call.scratch = places
        pointers.withUnsafeBufferPointer { pointers in
            call.input = pointers.baseAddress
            switch side {
            case .inputs: atelier_winograd_spread_inputs(instructions.isa, &call)
            case .gradients: atelier_winograd_spread_gradients(instructions.isa, &call)
            }
        }
    }

    /// The nine gradients of one pair of channels from its sums at all places.
    package static func weights(
        _ sums: UnsafePointer<Float>,
        placeStride: Int,
        into weights: UnsafeMutablePointer<Float>
    ) { atelier_winograd_gather_weights(sums, placeStride, weights) }
}
