internal import Kernels
internal import Tensors

/// How rows and columns of a network's values depend on each other, at one size of picture.
///
/// The graph is specialized to the size: everything that does not depend on the pixels is a constant.
package struct Flow: Sendable {
    package let graph: Graph
    package let reach: Reach

    /// An input of a node that depends on the picture, and which of its positions a result needs.
    struct Edge: Sendable {
        let index: Int
        let value: Graph.ValueID
        var rows: AxisMap
        var columns: AxisMap
    }

    /// For each node, its inputs that depend on the picture.
    private(set) var edges: [[Edge]]

    package init(_ graph: Graph, input shape: [Int]) throws(GraphError) {
        var sized = graph
        sized.setType(ValueType(.float32, shape.map { Dimension($0) }), of: graph.inputs[0])
        sized = try sized.applying([.foldConstants])
        self.graph = sized
        reach = try Reach(sized, input: shape)
        edges = []
        var dependent = Set(sized.inputs)
        for node in sized.nodes {
            edges.append(edges(of: node, dependent))
            dependent.formUnion(node.outputs.compactMap(\.self))
        }
    }

    /// Makes a node wait for all of its inputs before it gives anything.
    mutating func makeWhole(_ node: Int) {
        for index in edges[node].indices {
            edges[node][index].rows = .everything
            edges[node][index].columns = .everything
        }
    }

    private func edges(of node: Graph.Node, _ dependent: Set<Graph.ValueID>) -> [Edge] {
        let output = node.outputs.compactMap(\.self).first { reach.axes[$0] != nil }
        let types = node.inputs.map { input in input.flatMap { self.types[$0] } }
        func map(_ index: Int, _ value: Graph.ValueID, _ direction: Direction) -> AxisMap {
            guard let output, let operation = node.operation as? any LocalOperator,
                let axis = reach.axes[output]?[direction],
                let own = reach.axes[value]?[direction]
            else { return .everything }
            let sources = operation.sources(ofOutputAxis: axis, types)
            guard index < sources.count, let source = sources[index], source.axis == own else {
                return .everything
            }
            return source.map
        }
        return node.inputs.enumerated().compactMap { index, value in
            guard let value, dependent.contains(value) else { return nil }
            return Edge(
                index: index,
                value: value,
                rows: map(index, value, .rows),
                columns: map(index, value, .columns)
            )
        }
    }

    /// What is known of every value, constants included.
    var types: [Graph.ValueID: ValueType] { reach.types }

    /// Whether a value is a feature map: one picture of float32 channels, or a number for each channel.
    func isMap(_ value: Graph.ValueID?) -> Bool {
        guard let value, let type = types[value], type.elementType == .float32,
            let shape = type.constantShape, shape.count == 4, shape[0] == 1, shape[1] > 0,
            graph.constants[value] == nil
        else { return false }
        let axes = reach.axes[value] ?? PictureAxes()
        return (axes.rows == 2 || axes.rows == nil && shape[2] == 1)
            && (axes.columns == 3 || axes.columns == nil && shape[3] == 1)
    }

    func shape(_ value: Graph.ValueID) -> [Int] { reach.shapes[value] ?? [] }

    /// How many rows or columns a value has; 1 where it has no such direction.
    func length(_ value: Graph.ValueID, _ direction: Direction) -> Int {
        reach.length(of: value, direction)
    }

    /// The rows or columns of every value that an interval of one value depends on.
    package func needs(
        for interval: Range<Int>,
        of output: Graph.ValueID,
        _ direction: Direction
    ) -> [Graph.ValueID: Range<Int>] {
        var needed = [output: interval]
        for (index, node) in graph.nodes.enumerated().reversed() {
            guard let own = hull(of: node, needed) else { continue }
            for result in node.outputs.compactMap(\.self) { needed[result] = own }
            for edge in edges[index] {
                var part = inputs(edge, node, for: own, direction)
                // Where windows see nothing but padding, there still is a place to read.
                if part.isEmpty, needed[edge.value]?.isEmpty ?? true,
                    length(edge.value, direction) > 0
                {
                    part = 0..<1
                }
                needed[edge.value] = needed[edge.value].map { $0.hull(with: part) } ?? part
            }
        }
        return needed
    }

    /// Multiply-adds of a node for a part of its result.
    func multiplyAdds(_ node: Graph.Node, rows: Range<Int>, columns: Range<Int>) -> Double {
        guard let result = node.outputs.compactMap(\.self).first else { return 0 }
        let whole = length(result, .rows) * length(result, .columns)
        let part = Double(rows.count * columns.count) / Double(whole)
        return Double(reach.multiplyAdds(of: node)) * part
    }

    /// The interval over all outputs of a node; `nil` where none is needed.
    func hull(
        of node: Graph.Node,
        _ needed: [Graph.ValueID: Range<Int>]
    ) -> Range<Int>? {
        let intervals = node.outputs.compactMap { $0.flatMap { needed[$0] } }
        guard let first = intervals.first else { return nil }
        return intervals.dropFirst().reduce(first) { $0.hull(with: $1) }
    }

    /// The positions of an edge's value behind positions of the node's result.
    func inputs(
        _ edge: Edge,
        _ node: Graph.Node,
        for interval: Range<Int>,
        _ direction: Direction
    ) -> Range<Int> {
        let output =
            node.outputs.compactMap(\.self).first { reach.axes[$0] != nil }
            ?? node.outputs.compactMap(\.self)[0]
        return (direction == .rows ? edge.rows : edge.columns).inputs(
            for: interval,
            inputLength: length(edge.value, direction),
            outputLength: length(output, direction)
        )
    }
}
