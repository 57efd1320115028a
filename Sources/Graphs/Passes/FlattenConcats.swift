internal import Tensors

extension Pass {
    /// Joins what a concatenation of concatenations joins in one step.
    ///
    /// Exact. An inner one stays for others that read it.
    package static let flattenConcats = Pass(name: "flatten-concats") { graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        for index in rewriting.nodes.indices { rewriting.flattenConcat(at: index) }
        graph = rewriting.result
    }
}

extension Rewriting {
    /// Parts of one concatenation; more would be found again in too many others.
    private static let mostParts = 1024

    fileprivate mutating func flattenConcat(at index: Int) {
        guard var node = nodes[index], let axis = joinedAxis(node) else { return }
        let parts = node.inputs.flatMap { input -> [Graph.ValueID?] in
            guard let inner = makingNode(of: input), joinedAxis(inner) == axis else {
                return [input]
            }
            return inner.inputs
        }
        guard parts.count > node.inputs.count, parts.count <= Self.mostParts else { return }
        node.inputs = parts
        replace(index, with: node)
    }

    /// The axis along which a node joins others.
    private func joinedAxis(_ node: Graph.Node) -> Int? {
        guard let operation = node.operation as? Concat,
            let rank = node.outputs[0].flatMap({ shape($0)?.count })
        else { return nil }
        return try? resolve(axis: operation.axis, rank: rank)
    }
}
