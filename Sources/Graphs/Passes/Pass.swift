/// A rewriting of a graph that keeps what it computes.
package struct Pass: Sendable {
    package let name: String
    let rewrite: @Sendable (inout Graph) throws(GraphError) -> Void

    /// The passes a network goes through after it is read, in order: what the sizes in the file say
    /// is used before they are set free, and weights are final before nodes are joined.
    package static let all: [Pass] = [
        .foldConstants, .removeIdentities, .recogniseShuffle, .recogniseEnlargement,
        .recogniseNormalization, .freeSizes,
        .foldPads, .foldAffine, .flattenConcats, .fuse, .removeDeadNodes,
    ]

    /// Drops nodes and constants that no output depends on.
    ///
    /// Exact.
    package static let removeDeadNodes = Pass(name: "remove-dead-nodes") {
        graph throws(GraphError) in graph.removeDeadNodes()
    }
}

extension Graph {
    /// The graph after some passes, checked after each.
    package func applying(_ passes: [Pass] = Pass.all) throws(GraphError) -> Graph {
        var graph = self
        for pass in passes {
            try pass.rewrite(&graph)
            try graph.verify()
        }
        return graph
    }

    /// Removes nodes and constants that no output depends on.
    package mutating func removeDeadNodes() {
        var needed = Set(outputs)
        var kept: [Node] = []
        for node in nodes.reversed() {
            guard node.outputs.contains(where: { $0.map(needed.contains) ?? false }) else {
                continue
            }
            needed.formUnion(node.inputs.compactMap(\.self))
            kept.append(node)
        }
        nodes = kept.reversed()
        constants = constants.filter { needed.contains($0.key) }
    }
}
