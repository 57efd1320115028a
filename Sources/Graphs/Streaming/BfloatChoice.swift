internal import Kernels

extension SizedNetwork {
    /// The convolutions of the network, in the order of computation.
    var convolutions: [Int] { Self.convolutions(treatments) }

    static func convolutions(_ treatments: [Treatment]) -> [Int] {
        treatments.indices.filter {
            if case .convolution = treatments[$0] { return true }
            return false
        }
    }
}

extension StreamPlan {
    /// The convolutions that are computed with bfloat16 products, counted in the order of
    /// computation, and their multiply-adds.
    var fastConvolutions: [Int: Double] {
        let convolutions = network.convolutions
        var found: [Int: Double] = [:]
        for node in nodes where node.step is BfloatStep {
            guard let number = convolutions.firstIndex(of: node.index) else { continue }
            found[number] = multiplyAdds(node.index, rows: schedule.allRows(node.results[0]))
        }
        return found
    }
}

extension PackedBfloat.Form {
    /// The form for a kernel with which bfloat16 products take less time than `cost` multiplications
    /// of a float32 vector; `nil` where there is none.
    init?(
        _ form: PackedConvolution.Form,
        _ input: BlockList,
        _ output: RowMap,
        multiplications: Int,
        cost: Int?
    ) {
        switch form {
        case .depthwise: return nil
        case .thin: self = .thin
        case .dense:
            // Two products for one; what Winograd's method says it costs leaves out a tenth.
            let own = multiplications * 9 / 20
            guard output.layout.lanes == 16, own < cost ?? .max else { return nil }
            self = .dense
        }
    }
}
