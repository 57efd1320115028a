internal import Tensors

extension Pass {
    /// Joins convolutions and instance normalizations with the activation and the addition of a
    /// residual that follow them.
    ///
    /// Exact. What is joined may have no other reader; the joined node stands where the last of
    /// them stood, so that its residual is there. Of two convolutions that are added, the later
    /// one takes the sum.
    package static let fuse = Pass(name: "fuse") { graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        for index in rewriting.nodes.indices.reversed() { rewriting.fuse(at: index) }
        graph = rewriting.result
    }
}

extension Rewriting {
    fileprivate mutating func fuse(at index: Int) {
        guard var node = nodes[index], var fused = node.fusable,
            node.input(0).flatMap({ types[$0] })?.elementType == .float32
        else { return }
        var place = index
        while let output = node.outputs[0], let next = onlyReader(of: output),
            absorb(nodes[next]!, into: &fused, &node)
        {
            replace(place, with: nil)
            place = next
            replace(place, with: node)
        }
    }

    /// Joins a node with the one that it reads, if it is something that can be joined.
    private mutating func absorb(
        _ next: Graph.Node,
        into fused: inout any FusedOperator,
        _ node: inout Graph.Node
    ) -> Bool {
        let value = node.outputs[0]!
        var (slopes, residual): (Graph.ValueID?, Graph.ValueID?)
        if let other = residualOf(next, besides: value), fused.residual == .none {
            fused.residual = fused.activation == .none ? .beforeActivation : .afterActivation
            residual = other
        } else if fused.activation == .none, let activation = activation(of: next, reading: value) {
            fused.activation = activation
            if activation == .prelu {
                slopes = addConstant(
                    name(of: next.input(1)!),
                    constant(next.input(1))!.reshaped(to: [shape(value)![1].constant!])
                )
            }
        } else {
            return false
        }
        while node.inputs.count < 5 { node.inputs.append(nil) }
        node.inputs[3] = slopes ?? node.input(3)
        node.inputs[4] = residual ?? node.input(4)
        node.operation = fused
        node.outputs = next.outputs
        return true
    }

    /// The other summand, if a node adds two values of the same shape.
    private func residualOf(_ node: Graph.Node, besides value: Graph.ValueID) -> Graph.ValueID? {
        guard let operation = node.operation as? Binary, operation.function == .add,
            let other = node.input(0) == value ? node.input(1) : node.input(0),
            constant(other) == nil, let type = types[other], type.elementType == .float32,
            let own = shape(value), type.shape == own
        else { return nil }
        return other
    }

    private func activation(
        of node: Graph.Node,
        reading value: Graph.ValueID
    ) -> FusedEnding.Activation? {
        guard node.inputs.first == value else { return nil }
        switch node.operation {
        case let operation as Unary: return .function(operation.function)
        case let operation as Binary where operation.function == .prelu:
            guard let slopes = constant(node.input(1)), let shape = shape(value),
                let channels = shape[1].constant,
                ChannelAffine.perChannel(slopes, channels: channels, rank: shape.count) != nil
            else { return nil }
            return slopes.count == 1 ? .function(.leakyRelu(slopes.floats[0])) : .prelu
        case is Clip:
            var bounds = [-Float.infinity, Float.infinity]
            for (index, input) in node.inputs.dropFirst().enumerated() where input != nil {
                guard let bound = constant(input), bound.count == 1, bound.elementType == .float32
                else { return nil }
                bounds[index] = bound.floats[0]
            }
            return .clip(low: bounds[0], high: bounds[1])
        default: return nil
        }
    }
}
