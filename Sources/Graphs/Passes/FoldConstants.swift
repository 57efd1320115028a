internal import Tensors

extension Pass {
    /// Computes once what depends on constants only, shape arithmetic included, and drops what is
    /// then unused.
    ///
    /// Exact. What would take much more room than what it is made of stays as it is.
    package static let foldConstants = Pass(name: "fold-constants") { graph throws(GraphError) in
        // A shape that has become a constant makes others known.
        while try graph.foldConstants() {}
        graph.removeDeadNodes()
    }
}

extension Graph {
    /// Replaces what can be computed by constants; whether there was something.
    fileprivate mutating func foldConstants() throws(GraphError) -> Bool {
        let types = try inferTypes()
        var kept: [Node] = []
        for node in nodes {
            guard let results = try foldedValues(of: node, types) else {
                kept.append(node)
                continue
            }
            for (output, tensor) in zip(node.outputs, results) {
                guard let output else { continue }
                constants[output] = tensor
                setType(ValueType(of: tensor), of: output)
            }
        }
        defer { nodes = kept }
        return kept.count < nodes.count
    }

    /// The outputs of a node, if they depend on constants only.
    private func foldedValues(
        of node: Node,
        _ types: [ValueID: ValueType]
    ) throws(GraphError) -> [Tensor]? {
        let outputs = node.outputs.map { output in output.flatMap { types[$0] } }
        let known = outputs.compactMap { $0.flatMap(knownContent) }
        if known.count == outputs.count { return known }
        let inputs = node.inputs.map { input in input.flatMap { constants[$0] } }
        let isConstant = zip(node.inputs, inputs).allSatisfy { $0.0 == nil || $0.1 != nil }
        guard isConstant, !node.inputs.isEmpty else { return nil }
        let limit = inputs.reduce(1 << 16) { max($0, $1?.count ?? 0) }
        for output in outputs.compactMap(\.self) {
            guard let count = output.constantShape?.elementCount, count <= limit else { return nil }
        }
        do throws(OperatorError) {
            let results = try node.operation.evaluate(inputs)
            return results.count >= outputs.count ? results : nil
        } catch {
            throw GraphError(node, error)
        }
    }

    /// The tensor that a type describes, if it says all elements.
    private func knownContent(_ type: ValueType) -> Tensor? {
        guard let content = type.content, let shape = type.constantShape, type.elementType.isInteger
        else { return nil }
        let numbers = content.compactMap(\.constant)
        guard numbers.count == content.count, shape.elementCount == numbers.count else {
            return nil
        }
        return Tensor(shape: shape, values: numbers.map { Int64($0) })
            .converted(to: type.elementType)
    }
}
