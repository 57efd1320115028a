internal import Tensors

extension Pass {
    /// Sees an instance normalization where a file writes it with means, roots and arithmetic, and
    /// that of groups where it reshapes them into channels.
    ///
    /// (x − mean) / √(variance + ε), the means taken over all space, in any of these forms: the
    /// square as a power or a product, the mean of a picture with its space in one axis, a
    /// quotient or a product with the reciprocal, and x · a + (b − mean · a). Scales and offsets
    /// of channels that follow become part of it. Exact up to rounding.
    package static let recogniseNormalization = Pass(name: "recognise-normalization") {
        graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        for index in rewriting.nodes.indices {
            guard
                let found = rewriting.normalization(endingAt: index)
                    ?? rewriting.groupNormalization(endingAt: index)
            else { continue }
            rewriting.replace(index, with: found)
            rewriting.foldAffines(after: index)
        }
        graph = rewriting.result
    }
}

extension Rewriting {
    /// Moves scales and offsets of channels that follow a normalization into it.
    fileprivate mutating func foldAffines(after index: Int) {
        while let value = nodes[index]!.outputs[0], let next = onlyReader(of: value),
            let (source, affine) = ChannelAffine.of(nodes[next]!, in: self), source == value,
            let output = nodes[next]!.outputs[0],
            fold(affine, intoMaker: index, output: output)
        { replace(next, with: nil) }
    }

    /// The normalization whose result the node in a place computes.
    fileprivate mutating func normalization(endingAt index: Int) -> Graph.Node? {
        guard let node = nodes[index], let (spread, factor, offset) = parts(of: node),
            types[spread.source]?.elementType == .float32, let shape = shape(spread.source),
            shape.count == 4, let channels = shape[1].constant,
            let scale = parameter(factor, channels, otherwise: 1),
            let bias = parameter(offset, channels, otherwise: 0)
        else { return nil }
        return Graph.Node(
            name: node.name,
            InstanceNormalization(epsilon: spread.epsilon),
            inputs: [
                spread.source, addConstant("\(node.name).scale", scale),
                addConstant("\(node.name).bias", bias),
            ],
            outputs: node.outputs
        )
    }

    /// The normalization of groups that a reshape, an instance normalization and a reshape back
    /// are.
    fileprivate func groupNormalization(endingAt index: Int) -> Graph.Node? {
        guard let last = nodes[index], last.operation is Reshape,
            let middle = makingNode(of: last.inputs[0]),
            let operation = middle.operation as? InstanceNormalization,
            constant(middle.inputs[1]) != nil, constant(middle.inputs[2]) != nil,
            let first = makingNode(of: middle.inputs[0]), first.operation is Reshape,
            let source = first.inputs[0], let whole = shape(source), whole.count == 4,
            shape(last.outputs[0]) == whole, let split = shape(first.outputs[0]),
            split[0] == whole[0], let groups = split[1].constant, groups > 0,
            let channels = whole[1].constant, channels % groups == 0
        else { return nil }
        return Graph.Node(
            name: middle.name,
            GroupNormalization(groups: groups, epsilon: operation.epsilon),
            inputs: [source] + middle.inputs.dropFirst(),
            outputs: last.outputs
        )
    }

    /// A constant as one number for each channel.
    private func parameter(
        _ value: Graph.ValueID?,
        _ channels: Int,
        otherwise rest: Float
    ) -> Tensor? {
        guard let value else { return Tensor(shape: [channels], repeating: rest) }
        return constant(value).flatMap {
            ChannelAffine.perChannel($0, channels: channels, rank: 4)
        }.map { Tensor(vector: $0) }
    }

    // MARK: Parts of the formula

    /// √(variance + ε) of what `source` holds.
    private typealias Spread = (source: Graph.ValueID, epsilon: Float)

    /// What a node normalizes, and by which factor and offset, where there are any.
    private func parts(
        of node: Graph.Node
    ) -> (spread: Spread, scale: Graph.ValueID?, bias: Graph.ValueID?)? {
        switch (node.operation as? Binary)?.function {
        case .divide:
            guard let x = centred(node.input(0)), let spread = deviation(node.input(1)),
                spread.source == x
            else { return nil }
            return (spread, nil, nil)
        case .multiply:
            for (a, b) in bothWays(node) {
                guard let x = centred(a), let spread = inverseDeviation(b), spread.source == x
                else { continue }
                return (spread, nil, nil)
            }
            return nil
        case .add:
            for (a, b) in bothWays(node) {
                if let parts = affineParts(a, b) { return parts }
            }
            return nil
        default: return nil
        }
    }

    /// x · a + (b − mean · a), where a is the reciprocal of the deviation, or that times a scale.
    private func affineParts(
        _ product: Graph.ValueID,
        _ offset: Graph.ValueID
    ) -> (spread: Spread, scale: Graph.ValueID?, bias: Graph.ValueID?)? {
        guard let first = node(product, .multiply), let second = node(offset, .subtract),
            let bias = second.inputs[0], let shift = node(second.inputs[1], .multiply)
        else { return nil }
        for (x, a) in bothWays(first) {
            for (mean, b) in bothWays(shift) where a == b && means(mean).contains(x) {
                if let spread = inverseDeviation(a), spread.source == x {
                    return (spread, nil, bias)
                }
                guard let scaled = node(a, .multiply) else { continue }
                for (inverse, scale) in bothWays(scaled) {
                    guard let spread = inverseDeviation(inverse), spread.source == x else {
                        continue
                    }
                    return (spread, scale, bias)
                }
            }
        }
        return nil
    }

    /// 1/√(variance + ε).
    private func inverseDeviation(_ value: Graph.ValueID?) -> Spread? {
        guard let node = makingNode(of: value) else { return nil }
        switch node.operation {
        case let operation as Unary where operation.function == .reciprocal:
            return deviation(node.input(0))
        case let operation as Binary where operation.function == .divide:
            return number(node.input(0)) == 1 ? deviation(node.input(1)) : nil
        case let operation as Binary where operation.function == .power:
            return number(node.input(1)) == -0.5 ? sum(node.input(0)) : nil
        default: return nil
        }
    }

    /// √(variance + ε).
    private func deviation(_ value: Graph.ValueID?) -> Spread? {
        guard let node = makingNode(of: value) else { return nil }
        switch node.operation {
        case let operation as Unary where operation.function == .sqrt: return sum(node.input(0))
        case let operation as Binary where operation.function == .power:
            return number(node.input(1)) == 0.5 ? sum(node.input(0)) : nil
        default: return nil
        }
    }

    /// variance + ε.
    private func sum(_ value: Graph.ValueID?) -> Spread? {
        guard let node = node(value, .add) else { return nil }
        for (variance, epsilon) in bothWays(node) {
            guard let epsilon = number(epsilon) else { continue }
            for square in means(variance) {
                if let source = squared(square) { return (source, epsilon) }
            }
        }
        return nil
    }

    /// x, if a value holds (x − mean)².
    private func squared(_ value: Graph.ValueID) -> Graph.ValueID? {
        if let power = node(value, .power) {
            return number(power.inputs[1]) == 2 ? centred(power.inputs[0]) : nil
        }
        guard let product = node(value, .multiply) else { return nil }
        for (a, b) in bothWays(product) {
            guard let source = centred(a) else { continue }
            if centred(b) == source { return source }
            // A number added to one factor falls out of the mean, as that of the other is 0.
            guard let sum = node(b, .add) else { continue }
            for (c, rest) in bothWays(sum) where number(rest) != nil && centred(c) == source {
                return source
            }
        }
        return nil
    }

    /// x, if a value holds x − mean.
    private func centred(_ value: Graph.ValueID?) -> Graph.ValueID? {
        guard let node = node(value, .subtract), let source = node.input(0),
            let mean = node.input(1), means(mean).contains(source)
        else { return nil }
        return source
    }

    /// The pictures of whose channels a value of shape [N, C, 1, 1] holds the means.
    private func means(_ value: Graph.ValueID) -> [Graph.ValueID] {
        guard let node = makingNode(of: value), let input = node.input(0),
            let sides = shape(input), sides.count == 4
        else { return [] }
        switch node.operation {
        case let operation as GlobalPooling: return operation.function == .average ? [input] : []
        case let operation as Reduction:
            guard operation.function == .mean, operation.keepsAxes,
                let axes = try? operation.axes(inputTypes(node), rank: 4),
                axes.allSatisfy({ $0 >= 2 }),
                [2, 3].allSatisfy({ axes.contains($0) || sides[$0] == 1 })
            else { return [] }
        default: return []
        }
        // Space may have been put into one axis.
        guard let reshape = makingNode(of: input), reshape.operation is Reshape,
            let source = reshape.inputs[0], let whole = shape(source), whole.count == 4,
            whole[0] == sides[0], whole[1] == sides[1]
        else { return [input] }
        return [input, source]
    }

    /// The node that computes a value, if it is arithmetic of a kind.
    private func node(_ value: Graph.ValueID?, _ function: Binary.Function) -> Graph.Node? {
        guard let node = makingNode(of: value),
            (node.operation as? Binary)?.function == function
        else { return nil }
        return node
    }

    /// The two inputs of a node in both orders.
    private func bothWays(_ node: Graph.Node) -> [(Graph.ValueID, Graph.ValueID)] {
        let (a, b) = (node.input(0)!, node.input(1)!)
        return [(a, b), (b, a)]
    }

    /// The value of a constant of one float.
    private func number(_ value: Graph.ValueID?) -> Float? {
        guard let tensor = constant(value), tensor.count == 1, tensor.elementType == .float32 else {
            return nil
        }
        return tensor.floats[0]
    }
}
