package import Graphs
internal import Tensors

/// Writes down what a network computes, as a graph.
///
/// While `current` is set, operations add their nodes; numbers that no operation made become
/// constants, under the names of the parameters and buffers that hold them. It never leaves the task
/// that it was made in.
package final class Tracer: @unchecked Sendable {
    @TaskLocal static var current: Tracer?

    private var graph = Graph()
    private var values: [Place: Graph.ValueID] = [:]
    private var names: [ObjectIdentifier: String] = [:]
    /// Numbers that are known, which keeps others from getting their addresses.
    private var kept: [AnyObject] = []

    /// Numbers in a shape.
    private struct Place: Hashable {
        let numbers: ObjectIdentifier
        let shape: [Int]

        init<Number: Real>(_ variable: Variable<Number>) {
            (numbers, shape) = (ObjectIdentifier(variable.numbers), variable.shape)
        }
    }

    private init() {}

    /// The graph of a network that makes a picture of a picture, of any height and width that are
    /// multiples of those of `sample`'s strides.
    ///
    /// - Parameters:
    ///   - sample: a picture of a size that the network takes; its numbers do not matter.
    package static func graph<N: Module, Number: Real>(
        of network: N,
        named name: String,
        input: String = "input",
        output: String = "output",
        sample: Variable<Number>,
        _ forward: (Variable<Number>) -> Variable<Number>
    ) throws(GraphError) -> Graph where N.Number == Number {
        try graph(of: network, named: name, inputs: [(input, sample)], output: output) {
            forward($0[0])
        }
    }

    /// The graph of a network that makes a picture of several ones of the same size, and of whatever
    /// else it takes.
    ///
    /// - Parameter inputs: samples of four sides are pictures; others keep their shape.
    package static func graph<N: Module, Number: Real>(
        of network: N,
        named name: String,
        inputs: [(name: String, sample: Variable<Number>)],
        output: String = "output",
        _ forward: ([Variable<Number>]) -> Variable<Number>
    ) throws(GraphError) -> Graph where N.Number == Number {
        let tracer = Tracer()
        tracer.graph.name = name
        for (name, parameter) in network.namedParameters {
            tracer.names[ObjectIdentifier(parameter.variable.numbers)] = name
        }
        for (name, buffer) in network.namedBuffers {
            tracer.names[ObjectIdentifier(buffer.variable.numbers)] = name
        }
        let result = inference {
            $current.withValue(tracer) {
                for (name, sample) in inputs {
                    var sides = sample.shape.map { Dimension($0) }
                    if sides.count == 4 { sides[2...] = [.named("height"), .named("width")] }
                    let type = ValueType(.float32, sides)
                    tracer.set(tracer.graph.addInput(name, type), of: sample)
                }
                return forward(inputs.map(\.sample))
            }
        }
        let value = tracer.value(of: result)
        tracer.graph.rename(value, to: output)
        tracer.graph.outputs = [value]
        return try tracer.graph.applying([
            .foldConstants, .removeIdentities, .foldAffine, .removeDeadNodes,
        ])
    }

    private func set<Number: Real>(_ value: Graph.ValueID, of variable: Variable<Number>) {
        values[Place(variable)] = value
        kept.append(variable.numbers)
    }

    private func value<Number: Real>(of variable: Variable<Number>) -> Graph.ValueID {
        let place = Place(variable)
        if let value = values[place] { return value }
        let name = names[place.numbers] ?? "constant\(values.count)"
        let value = graph.addConstant(name, variable.tensor.converted(to: .float32))
        set(value, of: variable)
        return value
    }

    /// - Parameter constants: inputs behind the variables.
    fileprivate func add<Number: Real>(
        _ operation: any Graphs.Operator,
        _ inputs: [Variable<Number>?],
        _ constants: [Tensor?],
        _ result: Variable<Number>
    ) {
        let name = inputs.dropFirst().lazy.compactMap { $0 }
            .compactMap { self.names[ObjectIdentifier($0.numbers)] }.first
            .map { $0.split(separator: ".").dropLast().joined(separator: ".") }
        let node =
            name.map { $0.isEmpty ? operation.name : $0 }
            ?? "\(operation.name)_\(graph.nodes.count)"
        let own = inputs.map { $0.map { value(of: $0) } }
        let others = constants.enumerated().map { index, tensor in
            tensor.map { graph.addConstant("\(node).\(index)", $0) }
        }
        set(graph.append(operation, named: node, own + others), of: result)
    }
}

extension Variable {
    /// The same numbers in another shape, without a reshape in the graph: there they stand in that shape
    /// at once, under the name of the parameter that holds them.
    func asConstant(_ shape: [Int]) -> Variable { Variable(shape: shape, numbers: numbers) }

    /// The same, written down by the tracer if there is one.
    func traced(
        _ operation: @autoclosure () -> any Graphs.Operator,
        _ inputs: [Variable?],
        _ constants: @autoclosure () -> [Tensor?] = []
    ) -> Variable {
        Tracer.current?.add(operation(), inputs, constants(), self)
        return self
    }
}
