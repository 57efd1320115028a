internal import CKernels

/// The processor abilities that products of bfloat16 numbers have variants for.
package enum BfloatInstructions: Int, Sendable, CaseIterable {
    /// What every processor has: slower than float32, the definition of the others.
    case plain
    case avx512

    /// The best one that this processor has.
    package static let best =
        BfloatInstructions(rawValue: Int(atelier_best_bfloat().rawValue)) ?? .plain

    /// Those that this processor has, from the plainest to the best.
    package static var available: [BfloatInstructions] {
        allCases.filter { $0.rawValue <= best.rawValue }
    }

    /// Whether they are faster than float32.
    package var areFast: Bool { self != .plain }

    var variant: atelier_bfloat { atelier_bfloat(UInt32(rawValue)) }
}
