package import Graphs
internal import Tensors

/// Feature maps inside a trained network that gradients pass through but that does not learn.
///
/// The network may have convolutions, activations, poolings, arithmetic and concatenations, as VGG
/// and SqueezeNet have.
package struct FeatureNetwork<Number: Real> {
    private let steps: [Step]
    private let input: Graph.ValueID
    private let outputs: [Graph.ValueID]
    private let constants: [Graph.ValueID: Variable<Number>]

    private typealias Values = [Graph.ValueID: Variable<Number>]

    private struct Step {
        let output: Graph.ValueID
        let compute: (Values) -> Variable<Number>
    }

    /// - Parameter features: the names of the values that are wanted, in this order.
    package init(_ graph: Graph, features: [String]) throws(TrainingError) {
        var part = graph
        let made = Set(graph.inputs + graph.nodes.flatMap { $0.outputs.compactMap(\.self) })
        part.outputs = []
        for name in features {
            guard let value = made.first(where: { graph.values[$0].name == name }) else {
                throw .unknownValue(name, network: graph.name)
            }
            part.outputs.append(value)
        }
        // What comes after the last wanted feature is left out.
        part.removeDeadNodes()
        outputs = part.outputs
        input = graph.inputs[0]
        constants = part.constants.filter { $0.value.elementType.isFloatingPoint }
            .mapValues { Variable($0) }
        var known = Set(constants.keys).union([input])
        var steps: [Step] = []
        for node in part.nodes {
            guard let output = node.outputs[0] else { continue }
            for case let source? in node.inputs where !known.contains(source) {
                throw .unsupportedNode(
                    node.label,
                    expected: "what it reads to come from the picture or from weights",
                    found: "\"\(graph.values[source].name)\""
                )
            }
            steps.append(Step(output: output, compute: try Self.computation(of: node)))
            known.insert(output)
        }
        self.steps = steps
    }

    package func callAsFunction(_ x: Variable<Number>) -> [Variable<Number>] {
        var values = constants
        values[input] = x
        for step in steps { values[step.output] = step.compute(values) }
        return outputs.map { values[$0]! }
    }

    private static func computation(
        of node: Graph.Node
    ) throws(TrainingError) -> (Values) -> Variable<Number> {
        let inputs = node.inputs
        func first(_ values: Values) -> Variable<Number> { values[inputs[0]!]! }
        switch node.operation {
        case let operation as Graphs.Convolution:
            let sliding = try square(operation.rule, operation.groups, node)
            return { values in
                convolution(
                    first(values),
                    weights: values[inputs[1]!]!,
                    bias: node.input(2).map { values[$0]! },
                    sliding
                )
            }
        case let operation as Unary:
            switch operation.function {
            case .relu: return { relu(first($0)) }
            case .leakyRelu(let slope): return { leakyRelu(first($0), slope: Double(slope)) }
            case .sigmoid: return { sigmoid(first($0)) }
            case .tanh: return { tanh(first($0)) }
            case .identity: return { first($0) }
            default: break
            }
        case let operation as Pooling where !operation.roundsUp:
            let sliding = try square(operation.rule, 1, node)
            let (size, stride, padding) = (
                operation.rule.kernel[0], sliding.stride, sliding.padding
            )
            switch operation.function {
            case .max: return { first($0).maxPooled(size, stride: stride, padding: padding) }
            case .average(false):
                return { first($0).averagePooled(size, stride: stride, padding: padding) }
            case .average(true) where padding == 0:
                return { first($0).averagePooled(size, stride: stride) }
            default: break
            }
        case let operation as Concat:
            return { values in concatenated(inputs.map { values[$0!]! }, axis: operation.axis) }
        case let operation as Binary:
            func second(_ values: Values) -> Variable<Number> { values[inputs[1]!]! }
            switch operation.function {
            case .add: return { first($0) + second($0) }
            case .subtract: return { first($0) - second($0) }
            case .multiply: return { first($0) * second($0) }
            case .divide: return { first($0) / second($0) }
            default: break
            }
        default: break
        }
        throw .unsupportedNode(
            node.label,
            expected: "a convolution, an activation, a pooling, arithmetic or a concatenation",
            found: node.operation.name
        )
    }

    /// The movement of a square kernel that pads all sides alike.
    private static func square(
        _ rule: WindowRule,
        _ groups: Int,
        _ node: Graph.Node
    ) throws(TrainingError) -> Sliding {
        let pads: [Int]
        switch rule.pads {
        case .explicit(let before, let after): pads = before + after
        case .valid: pads = [0]
        case .sameUpper, .sameLower:
            throw .unsupportedNode(node.label, expected: "explicit padding", found: "SAME")
        }
        let isSquare =
            Set(pads).count == 1 && Set(rule.strides).count == 1 && Set(rule.dilations).count == 1
            && rule.kernel.count == 2
        guard isSquare else {
            throw .unsupportedNode(
                node.label,
                expected: "the same steps and pads along both axes",
                found: "steps \(rule.strides), pads \(pads)"
            )
        }
        return Sliding(
            stride: rule.strides[0],
            padding: pads[0],
            dilation: rule.dilations[0],
            groups: groups
        )
    }
}
