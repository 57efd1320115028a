internal import Tensors

extension Reach {
    /// Multiply-adds of convolutions and matrix products at this size.
    package var multiplyAdds: Int { graph.nodes.reduce(0) { $0 + multiplyAdds(of: $1) } }

    /// Multiply-adds of one node; 0 for everything that does not multiply by weights.
    package func multiplyAdds(of node: Graph.Node) -> Int {
        guard let output = node.outputs.first ?? nil, let result = shapes[output],
            let input = node.inputs.first ?? nil, let source = shapes[input],
            let second = node.inputs.dropFirst().first ?? nil, let weights = shapes[second]
        else { return 0 }
        if let convolution = node.convolution {
            let taps = Array(weights.dropFirst()).elementCount
            switch convolution.base {
            case .convolution: return result.elementCount * taps
            case .transposed: return source.elementCount * taps
            }
        }
        return node.operation is MatMul || node.operation is Gemm
            ? result.elementCount * (source.last ?? 1) : 0
    }
}
