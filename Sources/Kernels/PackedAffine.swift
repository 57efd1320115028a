internal import CKernels

/// A factor and an offset for each channel, and what happens to the sums on their way out.
///
/// Immutable after `init`, so threads may share it.
package final class PackedAffine: @unchecked Sendable {
    private let factors: UnsafeMutablePointer<Float>
    private let endings: [PackedEnding]
    private let lanes: Int
    private let isa: atelier_isa

    /// - Parameters:
    ///   - factors: one for each channel, as `offsets`.
    ///   - places: which channel stands in each place of the blocks, −1 for none.
    ///   - lanes: places of a block, 16 or 4.
    package init(
        factors values: [Float],
        offsets: [Float],
        activation: SumActivation = .none,
        residual: SumResidual = .none,
        places: [Int32],
        lanes: Int,
        instructions: InstructionSet = .current
    ) {
        self.lanes = lanes
        isa = instructions.isa
        factors = .aligned(places.count)
        for (place, channel) in places.enumerated() {
            factors[place] = channel < 0 ? 0 : values[Int(channel)]
        }
        endings = stride(from: 0, to: places.count, by: lanes).map { start in
            PackedEnding(
                bias: offsets,
                activation: activation,
                residual: residual,
                places: Array(places[start..<(start + lanes)])
            )
        }
    }

    deinit { factors.deallocate() }

    /// Computes a run of pixels of one block.
    ///
    /// - Parameters:
    ///   - y: may be `x`.
    ///   - other: what is added, laid out as `y`.
    package func run(
        block: Int,
        _ x: UnsafePointer<Float>,
        adding other: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        var ending = endings[block].ending(hasResidual: other != nil)
        atelier_affine(isa, x, factors + block * lanes, &ending, other, Int32(lanes), y, count)
    }
}
