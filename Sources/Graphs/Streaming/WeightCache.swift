internal import Kernels
internal import Synchronization
internal import Tensors

/// Packed weights of a network, made once and shared by all its plans.
package final class WeightCache: Sendable {
    /// What packed weights depend on, within one network.
    struct Key: Hashable {
        let weights, bias, slopes: Graph.ValueID?
        let form: Int
        let places: [Int32]
        let lanes: Int
        let activation: String
        let residual: SumResidual
        let isa: InstructionSet
    }

    private let packed = Mutex<[Key: PackedConvolution]>([:])

    package init() {}

    func weights(_ key: Key, _ make: () -> PackedConvolution) -> PackedConvolution {
        if let found = packed.withLock({ $0[key] }) { return found }
        let made = make()
        return packed.withLock { cache in
            if let found = cache[key] { return found }
            cache[key] = made
            return made
        }
    }
}
