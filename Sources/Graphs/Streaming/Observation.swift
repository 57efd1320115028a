package import Kernels
package import Tensors

// A network with nodes that look at the whole picture is made one that looks at a neighbourhood: what
// those nodes find in one picture, observed once, takes their place.

extension PictureNetwork {
    /// The network with unknown numbers in place of what its nodes find: right in everything but what
    /// it computes.
    package func frozenStructure() throws(GraphError) -> PictureNetwork {
        let reach = try self.reach()
        var statistics: [Int: NodeStatistics] = [:]
        for index in try graph.statisticNodes(reach).joined() {
            statistics[index] = try emptyStatistics(index, reach)
        }
        return try specialized(statistics)
    }

    /// The network with what its nodes find in a picture, which goes through it as a whole.
    ///
    /// - Parameter picture: [1, channels, height, width], of any size; with a border of its edge
    ///   pixels where the network needs one.
    package func frozen(observing picture: Tensor, _ pool: WorkerPool) throws -> PictureNetwork {
        let fitted = try fitted(height: picture.shape[2], width: picture.shape[3])
        let reach = try Reach(graph, input: fitted.sized.flow.shape(graph.inputs[0]))
        let waves = try graph.statisticNodes(reach)
        let plan = try StreamPlan(fitted.sized, output: fitted.output, stripRows: .max)
        let run = StreamRun(plan)
        for index in waves.joined() {
            run.statistics[graph.nodes[index].outputs[0]!] = try emptyStatistics(index, reach)
        }
        _ = try run.evaluate(fitted.border.added(to: picture), pool)
        var found: [Int: NodeStatistics] = [:]
        for index in waves.joined() {
            found[index] = run.statistics[graph.nodes[index].outputs[0]!]
        }
        return try specialized(found)
    }

    /// The network with what its nodes find in a picture that streams through it, once for each of
    /// them: exact for any size.
    ///
    /// - Parameters:
    ///   - height: of the picture with its border.
    ///   - pass: brings the whole picture through a run, and what comes out to a function.
    package func frozen(
        height: Int,
        width: Int,
        budget: Int,
        _ pool: WorkerPool,
        pass: (StreamRun, (ChannelRows) throws -> Void) throws -> Void
    ) throws -> PictureNetwork {
        let shape = [1, inputChannels, height, width]
        let reach = try Reach(graph, input: shape)
        var found: [Int: NodeStatistics] = [:]
        for wave in try graph.statisticNodes(reach) {
            let known = try graph.frozen(found)
            for index in wave {
                var part = known
                let tap = graph.nodes[index].input(0)!
                part.outputs = [tap]
                part.removeDeadNodes()
                let sized = try SizedNetwork(
                    part.applying(),
                    input: shape,
                    weights: WeightCache()
                )
                let run = StreamRun(try StreamPlan(sized, output: tap, budget: budget))
                var statistics = try emptyStatistics(index, reach)
                try pass(run) { rows in
                    try statistics.add(
                        rows.feature,
                        rows: rows.rows,
                        columns: rows.columns.count,
                        pool
                    )
                }
                found[index] = statistics
            }
        }
        return try specialized(found)
    }

    /// The network with what was found in place of what is looked for, in the same precision.
    private func specialized(_ found: [Int: NodeStatistics]) throws(GraphError) -> PictureNetwork {
        var network = try PictureNetwork(try graph.frozen(found).applying())
        network.fastProducts = fastProducts
        return network
    }

    /// Multiply-adds of all passes that `frozen(height:width:)` makes, and how many there are.
    package func passes(
        height: Int,
        width: Int
    ) throws(GraphError) -> (count: Int, multiplyAdds: Double) {
        let shape = [1, inputChannels, height, width]
        let sized = try SizedNetwork(graph, input: shape, weights: WeightCache())
        let waves = try graph.statisticNodes(Reach(graph, input: shape))
        var (count, work) = (0, 0.0)
        for index in waves.joined() {
            count += 1
            work += sized.multiplyAdds(of: graph.nodes[index].input(0)!)
        }
        return (count, work)
    }

    private func emptyStatistics(
        _ index: Int,
        _ reach: Reach
    ) throws(GraphError) -> NodeStatistics {
        let node = graph.nodes[index]
        guard let shape = node.input(0).flatMap({ reach.shapes[$0] }), shape.count == 4 else {
            throw GraphError(
                node: node.label,
                "expected an input of shape N×C×height×width, found another"
            )
        }
        return NodeStatistics(for: node, channels: shape[1])
    }
}

extension NodeStatistics {
    /// Takes in whole rows of a map, one after the other, so that it does not matter how many come at
    /// a time.
    mutating func add(
        _ feature: Feature,
        rows: Range<Int>,
        columns: Int,
        _ pool: WorkerPool
    ) throws(OperatorError) {
        guard case .moments = kind, let list = feature.blocks else {
            add(rows: try feature.tensor(rows, 0..<columns))
            return
        }
        let places = (0..<list.channels).map { list.place(of: $0) }
            .map { $0.block * list.lanes + $0.lane }
        let moments = RowMoments(list, rows: rows, columns: columns, pool)
        for row in 0..<rows.count {
            add(
                count: columns,
                means: places.map { moments.mean(row: row, place: $0) },
                squares: places.map { moments.squares(row: row, place: $0) }
            )
        }
    }
}
