import Graphs
import Tensors

let gemm: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = Gemm(
        alpha: node.float("alpha") ?? 1,
        beta: node.float("beta") ?? 1,
        transposesA: node.int("transA") == 1,
        transposesB: node.int("transB") == 1
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

let matMul: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(MatMul(), node.inputs, name: node.name)
}

/// Softmax and LogSoftmax: before version 13 they sum over all axes from the given one on.
let softmax: OperatorImporter = { (node, graph) throws(PartError) in
    let flattens = node.opset < 13
    let operation = Softmax(
        axis: node.int("axis") ?? (flattens ? 1 : -1),
        isLogarithm: node.operation == "LogSoftmax",
        flattens: flattens
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

/// The Reduce operators: axes are an attribute before version 18 (ReduceSum: 13).
func reduction(_ function: Reduction.Function) -> OperatorImporter {
    { (node, graph) throws(PartError) in
        let operation = Reduction(
            function,
            keepsAxes: node.int("keepdims") != 0,
            emptyIsNone: node.int("noop_with_empty_axes") == 1
        )
        var inputs = [node.input(0), node.input(1)]
        if let axes = node.ints("axes") {
            inputs[1] = graph.constant(axes, named: "\(node.name).axes")
        }
        return try graph.add(operation, inputs, name: node.name)
    }
}

// MARK: - Normalization and numbers of few bits

/// BatchNormalization, versions 6 to 15, as it works at inference.
let batchNormalization: OperatorImporter = { (node, graph) throws(PartError) in
    guard node.int("training_mode") != 1 else {
        throw node.unsupported("training_mode", expected: "0")
    }
    guard node.int("spatial") != 0 else { throw node.unsupported("spatial", expected: "1") }
    let operation = BatchNormalization(epsilon: node.float("epsilon") ?? 1e-5)
    return try graph.add(operation, node.inputs, name: node.name)
}

let instanceNormalization: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = InstanceNormalization(epsilon: node.float("epsilon") ?? 1e-5)
    return try graph.add(operation, node.inputs, name: node.name)
}

let layerNormalization: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = LayerNormalization(
        axis: node.int("axis") ?? -1,
        epsilon: node.float("epsilon") ?? 1e-5
    )
    let outputs = max(1, node.outputCount)
    return try graph.add(operation, node.inputs, outputs: outputs, name: node.name)
}

let groupNormalization: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = GroupNormalization(
        groups: node.int("num_groups") ?? 1,
        epsilon: node.float("epsilon") ?? 1e-5
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

let quantizeLinear: OperatorImporter = { (node, graph) throws(PartError) in
    var type = ElementType.uint8
    if let code = node.int("output_dtype"), code != 0 {
        type = try node.format("output_dtype").elementType
    }
    let operation = QuantizeLinear(
        axis: node.int("axis") ?? 1,
        blockSize: node.int("block_size", in: 0...Int(Int32.max), default: 0),
        type: type
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

let dequantizeLinear: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = DequantizeLinear(
        axis: node.int("axis") ?? 1,
        blockSize: node.int("block_size", in: 0...Int(Int32.max), default: 0)
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

// MARK: - Into a file

extension Gemm: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(
            name,
            [
                .float("alpha", alpha), .float("beta", beta),
                .int("transA", transposesA ? 1 : 0), .int("transB", transposesB ? 1 : 0),
            ]
        )
    }
}

extension MatMul: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Softmax: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        guard !flattens else {
            throw PartError(expected: "a softmax along one axis", found: "one over several")
        }
        return ExportedNode(name, [.int("axis", axis)])
    }
}

extension Reduction: ExportedOperator {
    /// Axes are an attribute, of ReduceSum an input.
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        var node = ExportedNode(name, [.int("keepdims", keepsAxes ? 1 : 0)])
        if function == .sum {
            if emptyIsNone { node.attributes.append(.int("noop_with_empty_axes", 1)) }
            return node
        }
        guard inputs.count > 1 else { return node }
        guard let axes = inputs[1] else {
            throw PartError(expected: "axes that are known", found: "computed ones")
        }
        node.attributes.append(.ints("axes", axes.integers))
        node.omittedInputs = [1]
        return node
    }
}

extension BatchNormalization: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, [.float("epsilon", epsilon)])
    }
}

extension InstanceNormalization: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, [.float("epsilon", epsilon)])
    }
}

extension LayerNormalization: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, [.int("axis", axis), .float("epsilon", epsilon)])
    }
}
