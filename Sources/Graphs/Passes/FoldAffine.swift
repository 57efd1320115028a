internal import Tensors

extension Pass {
    /// Moves factors and offsets of channels into the weights of a neighbour.
    ///
    /// They go into the convolution or normalization of space before them where that is read by
    /// them only, or else into the convolution after them if it is their only reader — an offset
    /// only where that pads nothing, since its padding stays 0. Two in a row become one batch
    /// normalization. Exact up to rounding; weights that others read stay as they are for them.
    package static let foldAffine = Pass(name: "fold-affine") { graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        for index in rewriting.nodes.indices { while rewriting.foldAffine(at: index) {} }
        graph = rewriting.result
    }
}

extension Rewriting {
    /// Moves what the node in a place does to channels into a neighbour; whether it then may go
    /// on.
    fileprivate mutating func foldAffine(at index: Int) -> Bool {
        guard let node = nodes[index], let output = node.outputs[0],
            let (source, affine) = ChannelAffine.of(node, in: self)
        else { return false }
        if affine.changesNothing {
            bypass(index, from: source)
            return false
        }
        if let maker = maker(of: source), onlyReader(of: source) == index {
            if fold(affine, intoMaker: maker, output: output) {
                replace(index, with: nil)
                return false
            }
            if let (first, before) = ChannelAffine.of(nodes[maker]!, in: self),
                let both = before.then(affine)
            {
                replace(maker, with: nil)
                replace(index, with: normalization(both, named: node.name, of: first, to: output))
                return true
            }
        }
        if let reader = onlyReader(of: output), nodes[reader]!.inputs[0] == output,
            fold(affine, of: source, intoReader: reader)
        {
            replace(index, with: nil)
        }
        return false
    }

    /// Moves an affine into the node in front of it, which then makes what came out of it.
    mutating func fold(
        _ affine: ChannelAffine,
        intoMaker index: Int,
        output: Graph.ValueID
    ) -> Bool {
        var node = nodes[index]!
        if node.operation is InstanceNormalization || node.operation is GroupNormalization {
            guard let scale = constant(node.input(1))?.doubles,
                let bias = constant(node.input(2))?.doubles, scale.count == bias.count
            else { return false }
            // Groups may share what their channels now have each.
            let channels = affine.scale.indices
            let own = channels.map { $0 * scale.count / channels.count }
            let scaled = channels.map { scale[own[$0]] * affine.scale[$0] }
            node.inputs[1] = derived(node.input(1)!, scaled)
            node.inputs[2] = derived(node.input(2)!, shifted(own.map { bias[$0] }, by: affine))
        } else {
            guard let fused = node.convolution, fused.activation == .none, fused.residual == .none,
                let weights = constant(node.input(1)), let bias = bias(of: node)
            else { return false }
            let scaled: Tensor
            switch fused.base {
            case .convolution: scaled = weights.scaled { m, _ in affine.scale[m] }
            case .transposed(let operation):
                let (c, m) = (weights.shape[0] / operation.groups, weights.shape[1])
                scaled = weights.scaled { affine.scale[$0 / c * m + $1] }
            }
            set(scaled, shifted(bias, by: affine), of: &node)
        }
        node.outputs = [output]
        replace(index, with: node)
        return true
    }

    /// Moves an affine into the convolution behind it, which then reads what went into it.
    private mutating func fold(
        _ affine: ChannelAffine,
        of source: Graph.ValueID,
        intoReader index: Int
    ) -> Bool {
        var node = nodes[index]!
        guard let fused = node.convolution, let weights = constant(node.input(1)),
            var bias = bias(of: node)
        else { return false }
        let scaled: Tensor
        switch fused.base {
        case .convolution(let operation):
            guard !affine.shifts || operation.rule.padsNothing else { return false }
            let (m, c) = (weights.shape[0] / operation.groups, weights.shape[1])
            if affine.shifts {
                for (filter, sum) in weights.sums({ affine.shift[$0 / m * c + $1] }).enumerated() {
                    bias[filter] += sum
                }
            }
            scaled = weights.scaled { affine.scale[$0 / m * c + $1] }
        case .transposed:
            guard !affine.shifts else { return false }
            scaled = weights.scaled { c, _ in affine.scale[c] }
        }
        node.inputs[0] = source
        set(scaled, affine.shifts ? bias : nil, of: &node)
        replace(index, with: node)
        return true
    }

    /// A batch normalization that does what an affine says.
    private mutating func normalization(
        _ affine: ChannelAffine,
        named name: String,
        of source: Graph.ValueID,
        to output: Graph.ValueID
    ) -> Graph.Node {
        let rest = affine.scale.map { _ in 0.0 }
        let parameters = [
            ("scale", affine.scale), ("bias", affine.shift), ("mean", rest),
            ("variance", rest.map { _ in 1 }),
        ]
        let inputs = parameters.map { addConstant("\(name).\($0.0)", Tensor(vector: $0.1)) }
        return Graph.Node(
            name: name,
            BatchNormalization(epsilon: 0),
            inputs: [source] + inputs,
            outputs: [output]
        )
    }

    // MARK: Weights

    /// The constant bias of a convolution, zeros if it has none; `nil` where it is computed.
    private func bias(of node: Graph.Node) -> [Double]? {
        guard node.inputs.count > 2, let bias = node.input(2) else {
            guard let channels = shape(node.outputs[0])?[1].constant else { return nil }
            return [Double](repeating: 0, count: channels)
        }
        return constant(bias)?.doubles
    }

    /// Gives a convolution other weights and, where there is one, another bias.
    private mutating func set(_ weights: Tensor, _ bias: [Double]?, of node: inout Graph.Node) {
        let name = name(of: node.input(1)!)
        node.inputs[1] = addConstant(name, weights)
        guard let bias else { return }
        if node.inputs.count < 3 { node.inputs.append(nil) }
        let old = node.input(2).map { self.name(of: $0) } ?? "\(name).bias"
        node.inputs[2] = addConstant(old, Tensor(vector: bias))
    }

    /// A constant with other values under the same name.
    private mutating func derived(_ value: Graph.ValueID, _ values: [Double]) -> Graph.ValueID {
        addConstant(name(of: value), Tensor(vector: values))
    }

    private func shifted(_ bias: [Double], by affine: ChannelAffine) -> [Double] {
        bias.indices.map { bias[$0] * affine.scale[$0] + affine.shift[$0] }
    }
}

extension WindowRule {
    /// Whether no window ever sees padding.
    var padsNothing: Bool {
        switch pads {
        case .valid: true
        case .explicit(let before, let after): (before + after).allSatisfy { $0 == 0 }
        case .sameUpper, .sameLower: false
        }
    }
}

extension Tensor {
    /// Weights with every element times a factor that its first two indices say.
    fileprivate func scaled(_ factor: (Int, Int) -> Double) -> Tensor {
        var result = self
        var elements = result.mutableFloats
        let size = Array(shape.dropFirst(2)).elementCount
        for i in 0..<shape[0] {
            for j in 0..<shape[1] {
                let (factor, start) = (factor(i, j), (i * shape[1] + j) * size)
                for k in start..<(start + size) {
                    elements[k] = Float(Double(elements[k]) * factor)
                }
            }
        }
        return result
    }

    /// For each first index, the sum of all elements times factors that their first two indices
    /// say.
    fileprivate func sums(_ factor: (Int, Int) -> Double) -> [Double] {
        let elements = floats
        let size = Array(shape.dropFirst(2)).elementCount
        return (0..<shape[0]).map { i in
            var sum = 0.0
            for j in 0..<shape[1] {
                let (factor, start) = (factor(i, j), (i * shape[1] + j) * size)
                for k in start..<(start + size) { sum += Double(elements[k]) * factor }
            }
            return sum
        }
    }
}
