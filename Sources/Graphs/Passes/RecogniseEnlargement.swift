extension Pass {
    /// Sees the repetition of pixels where a file writes it as copies joined side by side: each
    /// pixel with itself, then each line with itself, reshaped in between.
    ///
    /// Exact. What a file wrote for one size of picture then works for others.
    package static let recogniseEnlargement = Pass(name: "recognise-enlargement") {
        graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        rewriting.recognise { $0.enlargement(endingAt: $1) }
        graph = rewriting.result
    }
}

extension Rewriting {
    /// The resize that five nodes are, and what it reads.
    fileprivate func enlargement(
        endingAt index: Int
    ) -> (source: Graph.ValueID, operation: any Operator)? {
        guard let last = nodes[index], last.operation is Reshape,
            let (lines, vertical) = copies(last.inputs[0]),
            let middle = makingNode(of: lines), middle.operation is Reshape,
            let (pixels, horizontal) = copies(middle.inputs[0]),
            let first = makingNode(of: pixels), first.operation is Reshape,
            let source = first.inputs[0], let whole = shape(source), whole.count == 4,
            let result = shape(last.outputs[0])
        else { return nil }
        let (count, width) = (whole[0] * whole[1] * whole[2], whole[3] * Dimension(horizontal))
        guard shape(pixels) == [count * whole[3], 1], shape(lines) == [count, width],
            result == [whole[0], whole[1], whole[2] * Dimension(vertical), width]
        else { return nil }
        var resize = Resize(Resampling(.nearest(.floor), .asymmetric))
        resize.scales = [1, 1, Float(vertical), Float(horizontal)]
        return (source, resize)
    }

    /// The matrix of which copies stand side by side in a value, and how many.
    private func copies(_ value: Graph.ValueID?) -> (Graph.ValueID, count: Int)? {
        guard let node = makingNode(of: value), let operation = node.operation as? Concat,
            let part = node.input(0), shape(part)?.count == 2,
            operation.axis == 1 || operation.axis == -1,
            node.inputs.allSatisfy({ $0 == part })
        else { return nil }
        return (part, node.inputs.count)
    }
}
