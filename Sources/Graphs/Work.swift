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
        switch node.operation {
        case is Convolution:
            return (result + weights.dropFirst()).elementCount
        case is TransposedConvolution:
            return (source + weights.dropFirst()).elementCount
        case is MatMul, is Gemm:
            return (result + source.suffix(1)).elementCount
        default: return 0
        }
    }
}
