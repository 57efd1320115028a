internal import Tensors

extension Reach {
    /// Multiply-adds of convolutions and matrix products at this size.
    package var multiplyAdds: Int {
        graph.nodes.reduce(0) { $0.saturatingSum(with: multiplyAdds(of: $1)) }
    }

    /// Multiply-adds of one node; 0 for everything that does not multiply by weights.
    package func multiplyAdds(of node: Graph.Node) -> Int {
        guard let output = node.outputs.first ?? nil, let result = shapes[output],
            let input = node.inputs.first ?? nil, let source = shapes[input],
            let second = node.inputs.dropFirst().first ?? nil, let weights = shapes[second]
        else { return 0 }
        if let convolution = node.convolution {
            switch convolution.base {
            case .convolution: return (result + weights.dropFirst()).elementCount
            case .transposed: return (source + weights.dropFirst()).elementCount
            }
        }
        return node.operation is MatMul || node.operation is Gemm
            ? (result + source.suffix(1)).elementCount : 0
    }
}
