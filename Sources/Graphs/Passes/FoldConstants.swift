internal import Tensors

extension Pass {
    /// Computes once what depends on constants only, shape arithmetic included, and drops what is
    /// then unused.
    package static let foldConstants = Pass(name: "fold-constants") { graph throws(GraphError) in
        let types = try graph.inferTypes()
        var kept: [Graph.Node] = []
        for node in graph.nodes {
            guard let output = node.outputs.first ?? nil, node.outputs.count == 1 else {
                kept.append(node)
                continue
            }
            if let tensor = try foldedValue(of: node, types[output], in: graph) {
                graph.constants[output] = tensor
            } else {
                kept.append(node)
            }
        }
        graph.nodes = kept
        graph.removeDeadNodes()
    }

    private static func foldedValue(
        of node: Graph.Node,
        _ type: ValueType?,
        in graph: Graph
    ) throws(GraphError) -> Tensor? {
        if let content = type?.content, let shape = type?.constantShape, type?.elementType == .int64
        {
            let numbers = content.compactMap(\.constant)
            if numbers.count == content.count, shape.elementCount == numbers.count {
                return Tensor(shape: shape, values: numbers.map { Int64($0) })
            }
        }
        let inputs = node.inputs.map { input in input.flatMap { graph.constants[$0] } }
        let isConstant = zip(node.inputs, inputs).allSatisfy { $0.0 == nil || $0.1 != nil }
        guard isConstant, !node.inputs.isEmpty,
            (type?.constantShape?.elementCount ?? .max) < 1 << 24
        else { return nil }
        do throws(OperatorError) {
            return try node.operation.evaluate(inputs).first
        } catch {
            throw GraphError(node, error)
        }
    }
}
