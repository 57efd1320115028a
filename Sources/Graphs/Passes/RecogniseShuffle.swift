extension Pass {
    /// Sees a pixel shuffle, or its inverse, where a file writes it as a reshape to six axes, a
    /// transposition and a reshape.
    ///
    /// Exact. What a file wrote for one size of picture then works for others.
    package static let recogniseShuffle = Pass(name: "recognise-shuffle") {
        graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        rewriting.recognise { $0.shuffle(endingAt: $1) }
        graph = rewriting.result
    }
}

extension Rewriting {
    /// The one operator that three nodes are, and what it reads.
    fileprivate func shuffle(
        endingAt index: Int
    ) -> (source: Graph.ValueID, operation: any Operator)? {
        guard let last = nodes[index], last.operation is Reshape,
            let middle = makingNode(of: last.inputs[0]),
            let order = (middle.operation as? Transpose)?.order, order.count == 6,
            let first = makingNode(of: middle.inputs[0]), first.operation is Reshape,
            let source = first.inputs[0], let whole = shape(source), whole.count == 4,
            let split = shape(first.outputs[0]), split.count == 6,
            let result = shape(last.outputs[0]), result.count == 4, split[0] == whole[0],
            result[0] == whole[0]
        else { return nil }
        let (height, width) = (whole[2], whole[3])
        switch order {
        case [0, 3, 4, 1, 5, 2], [0, 1, 4, 2, 5, 3]:
            let (depth, places) = order[1] == 3 ? (3, [1, 2]) : (1, [2, 3])
            let (block, channels) = (split[places[0]], split[depth])
            guard let side = block.constant, side > 1, split[places[1]] == block,
                channels * block * block == whole[1], split[4] == height, split[5] == width,
                Array(result[1...]) == [channels, height * block, width * block]
            else { return nil }
            return (source, DepthToSpace(block: side, order: depth == 3 ? .dcr : .crd))
        case [0, 3, 5, 1, 2, 4], [0, 1, 3, 5, 2, 4]:
            let block = split[3]
            guard let side = block.constant, side > 1, split[5] == block, split[1] == whole[1],
                split[2] == height.floored(by: side), split[4] == width.floored(by: side),
                Array(result[1...]) == [whole[1] * block * block, split[2], split[4]]
            else { return nil }
            return (source, SpaceToDepth(block: side, order: order[1] == 3 ? .dcr : .crd))
        default: return nil
        }
    }
}
