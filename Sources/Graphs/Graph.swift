package import Tensors

/// A network: nodes in an order in which they can be computed, joined by values.
package struct Graph: Sendable {
    /// Identifies a value within one graph.
    package typealias ValueID = Int

    package struct Value: Sendable {
        package var name: String
        /// What is known of it; exact for inputs and constants, a hint for others.
        package var type: ValueType?

        package init(name: String, type: ValueType? = nil) {
            self.name = name
            self.type = type
        }
    }

    package struct Node: Sendable {
        package var name: String
        package var operation: any Operator
        /// `nil` marks an optional input or output that was left out.
        package var inputs: [ValueID?]
        package var outputs: [ValueID?]

        package init(
            name: String,
            _ operation: any Operator,
            inputs: [ValueID?],
            outputs: [ValueID?]
        ) {
            self.name = name
            self.operation = operation
            self.inputs = inputs
            self.outputs = outputs
        }

        /// The input at a place; `nil` where it was left out.
        package func input(_ index: Int) -> ValueID? {
            index < inputs.count ? inputs[index] : nil
        }

        /// For messages: the name and the operator.
        package var label: String {
            name.isEmpty ? "(\(operation.name))" : "\(name) (\(operation.name))"
        }
    }

    package var name: String
    package private(set) var values: [Value] = []
    package var nodes: [Node] = []
    package var inputs: [ValueID] = []
    package var outputs: [ValueID] = []
    package var constants: [ValueID: Tensor] = [:]

    package init(name: String = "") { self.name = name }

    // MARK: Building

    package mutating func addValue(_ name: String, type: ValueType? = nil) -> ValueID {
        values.append(Value(name: name, type: type))
        return values.count - 1
    }

    package mutating func addInput(_ name: String, _ type: ValueType) -> ValueID {
        let value = addValue(name, type: type)
        inputs.append(value)
        return value
    }

    package mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
        let value = addValue(name, type: ValueType(of: tensor))
        constants[value] = tensor
        return value
    }

    /// Appends a node with one output and returns that.
    package mutating func append(
        _ operation: any Operator,
        named name: String = "",
        _ inputs: [ValueID?]
    ) -> ValueID {
        let output = addValue(name.isEmpty ? "\(operation.name)\(nodes.count)" : name)
        nodes.append(Node(name: name, operation, inputs: inputs, outputs: [output]))
        return output
    }

    package mutating func setType(_ type: ValueType?, of value: ValueID) {
        values[value].type = type
    }

    package mutating func rename(_ value: ValueID, to name: String) { values[value].name = name }

    // MARK: Asking

    /// The number of weights: elements of all float constants that nodes compute with.
    ///
    /// Bounds, scales and fill values are settings, not weights.
    package var parameterCount: Int {
        let read = Set(
            nodes.filter {
                !($0.operation is Clip || $0.operation is Resize || $0.operation is Pad)
            }
            .flatMap { $0.inputs.compactMap(\.self) }
        )
        return constants.filter { read.contains($0.key) && $0.value.elementType.isFloatingPoint }
            .reduce(0) { $0 + $1.value.count }
    }

    /// How many nodes read each value, outputs of the graph counted too.
    package var useCounts: [ValueID: Int] {
        var counts: [ValueID: Int] = [:]
        for node in nodes {
            for input in node.inputs.compactMap(\.self) { counts[input, default: 0] += 1 }
        }
        for output in outputs { counts[output, default: 0] += 1 }
        return counts
    }

    /// Checks that every value is made once, before it is used.
    package func verify() throws(GraphError) {
        var known = Set(inputs).union(constants.keys)
        for node in nodes {
            for input in node.inputs.compactMap(\.self) where !known.contains(input) {
                throw GraphError(
                    node: node.label,
                    "expected its input \"\(values[input].name)\" to be computed before it, "
                        + "found no node that does"
                )
            }
            for output in node.outputs.compactMap(\.self) {
                guard known.insert(output).inserted else {
                    throw GraphError(
                        node: node.label,
                        "expected an output of its own, found \"\(values[output].name)\" made twice"
                    )
                }
            }
        }
        for output in outputs where !known.contains(output) {
            throw GraphError(
                "expected a node that computes the output \"\(values[output].name)\", found none"
            )
        }
    }

    // MARK: Types

    /// The type of every value, worked out from the inputs through all nodes.
    ///
    /// - Parameter types: what is known of the graph's inputs, in order; their own types otherwise.
    package func inferTypes(_ types: [ValueType]? = nil) throws(GraphError) -> [ValueID: ValueType]
    {
        var known = constants.mapValues { ValueType(of: $0) }
        for (index, input) in inputs.enumerated() {
            known[input] = types?[index] ?? values[input].type
            do throws(OperatorError) {
                try known[input]?.checkBounds()
            } catch {
                throw GraphError(
                    "input \"\(values[input].name)\": expected \(error.expected), found \(error.found)"
                )
            }
        }
        for node in nodes {
            let inputs = node.inputs.map { input in input.flatMap { known[$0] } }
            do throws(OperatorError) {
                let outputs = try node.operation.infer(inputs)
                for type in outputs { try type.checkBounds() }
                for (output, type) in zip(node.outputs, outputs) {
                    if let output { known[output] = type }
                }
            } catch {
                throw GraphError(node, error)
            }
        }
        return known
    }

    // MARK: Evaluation

    /// Computes all outputs, whole tensors at a time.
    ///
    /// Intermediate tensors go as soon as nobody needs them.
    package func evaluate(_ inputs: [Tensor]) throws(GraphError) -> [Tensor] {
        guard inputs.count == self.inputs.count else {
            throw GraphError("expected \(self.inputs.count) inputs, found \(inputs.count)")
        }
        var tensors = constants
        for (value, tensor) in zip(self.inputs, inputs) { tensors[value] = tensor }
        var uses = useCounts
        for node in nodes {
            let arguments = node.inputs.map { input in input.flatMap { tensors[$0] } }
            for case let input? in node.inputs {
                uses[input]! -= 1
                if uses[input] == 0 { tensors[input] = nil }
            }
            do throws(OperatorError) {
                _ = try node.operation.boundedTypes(arguments)
                let results = try node.operation.evaluate(arguments)
                for (output, tensor) in zip(node.outputs, results) {
                    guard let output, uses[output] != nil else { continue }
                    tensors[output] = tensor
                }
            } catch {
                throw GraphError(node, error)
            }
        }
        var results: [Tensor] = []
        for output in outputs {
            guard let tensor = tensors[output] else {
                throw GraphError(
                    "expected a node that computes the output \"\(values[output].name)\", found none"
                )
            }
            results.append(tensor)
        }
        return results
    }
}
