internal import Kernels
internal import Synchronization
internal import Tensors

/// Packed weights of a network, made once and shared by all its plans.
package final class WeightCache: Sendable {
    enum Form: Hashable {
        case plain(PackedConvolution.Form)
        case interleaved([[Int?]])
        case bfloat(PackedBfloat.Form)
        case winograd(PackedWinograd.Tiling, taps: [[[Int?]]])
    }

    /// What packed weights depend on, within one network.
    struct Key: Hashable {
        let weights, bias, slopes: Graph.ValueID?
        let form: Form
        let places: [Int32]
        let lanes: Int
        let activation: String
        let residual: SumResidual
    }

    private let packed = Mutex<[Key: any Sendable]>([:])

    package init() {}

    /// - Parameter make: packs them; a key's form decides the type.
    func weights<Packed: Sendable>(_ key: Key, _ make: () -> Packed) -> Packed {
        if let found = packed.withLock({ $0[key] as? Packed }) { return found }
        let made = make()
        return packed.withLock { cache in
            if let found = cache[key] as? Packed { return found }
            cache[key] = made
            return made
        }
    }
}
