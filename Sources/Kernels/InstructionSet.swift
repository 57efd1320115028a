internal import CKernels
internal import Synchronization

/// The processor abilities that kernels have variants for.
package enum InstructionSet: Int, Sendable, CaseIterable, CustomStringConvertible {
    case plain, avx2, avx512

    /// The best one that this processor has.
    package static let best = InstructionSet(rawValue: Int(atelier_best_isa().rawValue)) ?? .plain

    /// Those that this processor has, from the plainest to the best.
    package static var available: [InstructionSet] {
        allCases.filter { $0.rawValue <= best.rawValue }
    }

    /// What kernels use unless they are told otherwise: the best at first.
    package static var current: InstructionSet {
        InstructionSet(rawValue: chosen.load(ordering: .relaxed))!
    }

    private static let chosen = Atomic(best.rawValue)

    /// Makes kernels use another instruction set from now on; weights that are packed already keep
    /// theirs.
    package static func use(_ instructions: InstructionSet) {
        precondition(available.contains(instructions), "the processor has the instructions")
        chosen.store(instructions.rawValue, ordering: .relaxed)
    }

    package var description: String {
        switch self {
        case .plain: "plain"
        case .avx2: "AVX2"
        case .avx512: "AVX-512"
        }
    }

    /// Multiply-adds of float32 numbers that one thread does in a second with its data in registers,
    /// measured now: what no kernel can surpass.
    package var peakMultiplyAdds: Double {
        var numbers: (Float, Float) = (0.5, 1)
        var best = 0.0
        for _ in 0..<5 {
            let clock = ContinuousClock()
            var done = 0
            let time = clock.measure {
                done = withUnsafeMutablePointer(to: &numbers.0) {
                    atelier_multiply_adds(isa, 500_000, $0)
                }
            }
            best = max(best, Double(done) / (time / .seconds(1)))
            numbers = (0.5, 1)
        }
        return best
    }

    var isa: atelier_isa { atelier_isa(UInt32(rawValue)) }
}
