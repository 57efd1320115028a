import Graphs
import Tensors

/// A function of one number, whose attributes give its parameters.
func unary(_ function: @escaping @Sendable (ImportedNode) -> Unary.Function) -> OperatorImporter {
    { (node, graph) throws(PartError) in
        try graph.add(Unary(function(node)), node.inputs, name: node.name)
    }
}

let not: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Not(), node.inputs, name: node.name)
}

/// Cast, versions 1 to 23.
///
/// Names of types before version 6 are not read.
let cast: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(castOperator(try node.format("to")), node.inputs, name: node.name)
}

/// CastLike: to the type of the second input.
let castLike: OperatorImporter = { (node, graph) throws(PartError) in
    guard let target = graph.type(of: node.input(1))?.elementType else {
        throw PartError(expected: "a second input whose type is known", found: "none")
    }
    let operation = Cast(to: target, rounding: graph.rounding(of: node.input(1)))
    return try graph.add(operation, [node.input(0)], name: node.name)
}

private func castOperator(_ format: TensorFormat) -> Cast {
    switch format {
    case .float16: return Cast(to: .float32, rounding: .float16)
    case .bfloat16: return Cast(to: .float32, rounding: .bfloat16)
    default: return Cast(to: format.elementType)
    }
}

/// Clip: bounds are attributes before version 11.
let clip: OperatorImporter = { (node, graph) throws(PartError) in
    var inputs = [node.input(0), node.input(1), node.input(2)]
    if node.opset < 11 {
        for (index, key) in ["min", "max"].enumerated() {
            guard let bound = node.float(key) else { continue }
            inputs[index + 1] = graph.constant(Tensor(bound), named: "\(node.name).\(key)")
        }
    }
    return try graph.add(Clip(), inputs, name: node.name)
}

/// Dropout does nothing at inference; the mask it may put out is all true.
let dropout: OperatorImporter = { (node, graph) throws(PartError) in
    if let training = graph.tensor(node.input(2)), training.integers.first == 1,
        graph.tensor(node.input(1))?.converted(to: .float32).array(of: Float.self).first != 0
    {
        throw PartError(expected: "a dropout at inference", found: "one that trains")
    }
    let output = try graph.add(Unary(.identity), [node.input(0)], name: node.name)
    guard node.outputCount > 1 else { return output }
    let shape = try graph.add(Shape(), [node.input(0)], name: "\(node.name).shape")
    let mask = ConstantOfShape(value: Tensor(true))
    return output + (try graph.add(mask, shape, name: "\(node.name).mask"))
}

/// Arithmetic of two tensors.
func binary(_ function: Binary.Function) -> OperatorImporter {
    { (node, graph) throws(PartError) in
        let inputs = try alignedInputs(&node, &graph)
        return try graph.add(Binary(function), inputs, name: node.name)
    }
}

func comparison(_ function: Comparison.Function) -> OperatorImporter {
    { (node, graph) throws(PartError) in
        let inputs = try alignedInputs(&node, &graph)
        return try graph.add(Comparison(function), inputs, name: node.name)
    }
}

/// Before version 7 a second input was stretched only on request, and from a given axis on:
/// brings it to the form in which stretching from the last axis does the same.
private func alignedInputs(
    _ node: inout ImportedNode,
    _ graph: inout GraphImporter
) throws(PartError) -> [Graph.ValueID?] {
    guard node.opset < 7, node.int("broadcast") == 1, let axis = node.int("axis"),
        let rank = graph.type(of: node.input(0))?.shape?.count,
        let own = graph.type(of: node.input(1))?.shape?.count
    else { return node.inputs }
    guard (-rank...rank).contains(axis) else {
        throw PartError(expected: "an axis of a tensor of rank \(rank)", found: "axis \(axis)")
    }
    let missing = rank - (axis < 0 ? axis + rank : axis) - own
    guard missing > 0 else { return node.inputs }
    let axes = graph.constant((0..<missing).map { own + $0 }, named: "\(node.name).axes")
    let aligned = try graph.add(Unsqueeze(), [node.input(1), axes], name: "\(node.name).aligned")
    return [node.input(0)] + aligned
}

/// The same function through any number of inputs.
func variadic(_ function: Binary.Function) -> OperatorImporter {
    { (node, graph) throws(PartError) in
        guard var result = node.input(0) else {
            throw PartError(expected: "at least one input", found: "none")
        }
        if node.inputs.count == 1 {
            return try graph.add(Unary(.identity), node.inputs, name: node.name)
        }
        for (index, input) in node.inputs.enumerated().dropFirst() {
            let isLast = index == node.inputs.count - 1
            let name = isLast ? node.name : "\(node.name).\(index)"
            result = try graph.add(Binary(function), [result, input], name: name)[0]!
        }
        return [result]
    }
}

let mean: OperatorImporter = { (node, graph) throws(PartError) in
    let sum = try variadic(.add)(&node, &graph)
    let type = graph.type(of: sum[0])?.elementType ?? .float32
    let number = Tensor(Float(node.inputs.count)).converted(to: type)
    let count = graph.constant(number, named: "\(node.name).count")
    return try graph.add(Binary(.divide), sum + [count], name: node.name)
}

let modulo: OperatorImporter = { (node, graph) throws(PartError) in
    let function: Binary.Function = node.int("fmod") == 1 ? .remainder : .modulo
    return try graph.add(Binary(function), node.inputs, name: node.name)
}

/// PRelu: before version 7 a vector of slopes belonged to the channels.
let prelu: OperatorImporter = { (node, graph) throws(PartError) in
    var inputs = node.inputs
    if let slope = graph.tensor(node.input(1)), slope.rank == 1, slope.count > 1,
        let rank = graph.type(of: node.input(0))?.shape?.count, rank > 2, node.opset < 7
    {
        let shape = [slope.count] + [Int](repeating: 1, count: rank - 2)
        inputs[1] = graph.constant(slope.reshaped(to: shape), named: "\(node.name).slope")
    }
    return try graph.add(Binary(.prelu), inputs, name: node.name)
}

let select: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Where(), node.inputs, name: node.name)
}

// MARK: - Experimental operators of the first files

/// Affine, version 1: alpha · x + beta.
let affine: OperatorImporter = { (node, graph) throws(PartError) in
    let alpha = graph.constant(Tensor(node.float("alpha") ?? 1), named: "\(node.name).alpha")
    let beta = graph.constant(Tensor(node.float("beta") ?? 0), named: "\(node.name).beta")
    let product = try graph.add(
        Binary(.multiply),
        [node.input(0), alpha],
        name: "\(node.name).product"
    )
    return try graph.add(Binary(.add), product + [beta], name: node.name)
}

/// ImageScaler, version 1: scale · x + bias, one bias for each channel.
let imageScaler: OperatorImporter = { (node, graph) throws(PartError) in
    let scale = graph.constant(Tensor(node.float("scale") ?? 1), named: "\(node.name).scale")
    let product = try graph.add(
        Binary(.multiply),
        [node.input(0), scale],
        name: "\(node.name).product"
    )
    guard let bias = node.floats("bias"), !bias.isEmpty else { return product }
    let values = Tensor(shape: [bias.count, 1, 1], values: bias)
    let offset = graph.constant(values, named: "\(node.name).bias")
    return try graph.add(Binary(.add), product + [offset], name: node.name)
}

// MARK: - Into a file

extension Unary: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        switch function {
        case .leakyRelu(let alpha), .elu(let alpha), .celu(let alpha), .thresholdedRelu(let alpha):
            return ExportedNode(name, [.float("alpha", alpha)])
        case .selu(let alpha, let gamma):
            return ExportedNode(name, [.float("alpha", alpha), .float("gamma", gamma)])
        case .hardSigmoid(let alpha, let beta):
            return ExportedNode(name, [.float("alpha", alpha), .float("beta", beta)])
        case .gelu, .mish:
            throw PartError(expected: "a function of operator set 17", found: name)
        default: return ExportedNode(name)
        }
    }
}

extension Binary: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, function == .remainder ? [.int("fmod", 1)] : [])
    }
}

extension Comparison: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Where: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Not: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Clip: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Cast: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        guard rounding == nil else {
            throw PartError(expected: "a cast to a type of tensors", found: "one that rounds")
        }
        return ExportedNode(name, [.int("to", Int(TensorFormat(type).code))])
    }
}
