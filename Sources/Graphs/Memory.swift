internal import Tensors

extension Reach {
    /// The most bytes that evaluating the whole graph at this size holds at once, weights left out.
    package var peakBytes: Int {
        var uses = graph.useCounts
        func bytes(_ value: Graph.ValueID) -> Int {
            graph.constants[value] == nil ? (shapes[value]?.elementCount ?? 0) * 4 : 0
        }
        var live = graph.inputs.reduce(0) { $0 + bytes($1) }
        var peak = live
        for node in graph.nodes {
            live += node.outputs.compactMap(\.self).reduce(0) { $0 + bytes($1) }
            peak = max(peak, live)
            for case let input? in node.inputs {
                uses[input]! -= 1
                if uses[input] == 0 { live -= bytes(input) }
            }
        }
        return peak
    }
}
