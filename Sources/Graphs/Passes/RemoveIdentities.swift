internal import Tensors

extension Pass {
    /// Takes out nodes that put out what they read: conversions to the same type, shapes, pads and
    /// slices that change nothing, limits at infinity, sums with 0, and the like; and nodes nobody needs.
    ///
    /// Exact. A node stays where it is all there is between an input and an output of the graph.
    package static let removeIdentities = Pass(name: "remove-identities") {
        graph throws(GraphError) in
        var rewriting = try Rewriting(graph)
        for index in rewriting.nodes.indices {
            guard let node = rewriting.nodes[index], node.outputs.count == 1,
                let source = node.inputs.first ?? nil, rewriting.changesNothing(node)
            else { continue }
            rewriting.bypass(index, from: source)
        }
        graph = rewriting.result
    }
}

extension Rewriting {
    /// Whether a node puts out its first input, whatever that is.
    fileprivate func changesNothing(_ node: Graph.Node) -> Bool {
        let inputs = inputTypes(node)
        guard let source = inputs[0], let shape = source.shape else { return false }
        let keepsShape = node.outputs[0].flatMap { types[$0]?.shape } == shape
        switch node.operation {
        case let operation as Unary: return operation.function == .identity
        case let operation as Binary:
            guard keepsShape, let number = constant(node.input(1)), number.count == 1 else {
                return false
            }
            switch operation.function {
            case .add, .subtract: return number.doubles == [0]
            case .multiply, .divide: return number.doubles == [1]
            default: return false
            }
        case let operation as Cast:
            return operation.type == source.elementType && operation.rounding == nil
        case is Reshape, is Flatten, is Squeeze, is Unsqueeze, is Expand, is Tile:
            return keepsShape
        case let operation as Transpose:
            return (operation.order ?? shape.indices.reversed()) == Array(shape.indices)
        case is Concat: return node.inputs.count == 1
        case let operation as Split: return operation.parts == 1
        case let operation as Pad:
            guard let counts = try? operation.counts(inputs, rank: shape.count) else {
                return false
            }
            return (counts.before + counts.after).allSatisfy { $0 == 0 }
        case let operation as Slice:
            guard keepsShape, let cuts = try? operation.cuts(inputs, shape) else { return false }
            return cuts.allSatisfy { $0.step == 1 && $0.start == 0 }
        case let operation as Resize:
            guard let plan = try? operation.plan(inputs, shape) else { return false }
            return plan.allSatisfy { $0.resampling == nil }
        case is Clip:
            let isUnbounded = [-Float.infinity, .infinity].enumerated().map { index, limit in
                guard index + 1 < node.inputs.count, let bound = node.inputs[index + 1] else {
                    return true
                }
                guard let tensor = constant(bound), tensor.elementType == .float32 else {
                    return false
                }
                return tensor.array(of: Float.self) == [limit]
            }
            return isUnbounded == [true, true]
        default: return false
        }
    }
}
