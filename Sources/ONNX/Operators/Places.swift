import Graphs
import Tensors

let concat: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Concat(axis: node.int("axis") ?? 1), node.inputs, name: node.name)
}

/// Split: lengths are an attribute before version 13.
let split: OperatorImporter = { (node, graph) throws(PartError) in
    var inputs = [node.input(0), node.input(1)]
    if let lengths = node.ints("split") {
        inputs[1] = graph.constant(lengths, named: "\(node.name).lengths")
    }
    let count = node.outputCount
    let operation = Split(axis: node.int("axis") ?? 0, parts: count)
    return try graph.add(operation, inputs, outputs: count, name: node.name)
}

/// Slice: starts, ends and axes are attributes before version 10.
let slice: OperatorImporter = { (node, graph) throws(PartError) in
    var inputs = node.inputs
    if node.opset < 10 {
        let (starts, ends) = (try node.requiredInts("starts"), try node.requiredInts("ends"))
        inputs = [
            node.input(0),
            graph.constant(starts, named: "\(node.name).starts"),
            graph.constant(ends, named: "\(node.name).ends"),
        ]
        if let axes = node.ints("axes") {
            inputs.append(graph.constant(axes, named: "\(node.name).axes"))
        }
    }
    return try graph.add(Slice(), inputs, name: node.name)
}

/// Crop, version 1 (experimental): takes a border off, or a window of given size.
let crop: OperatorImporter = { (node, graph) throws(PartError) in
    let limits = 0...Int(Int32.max)
    guard let border = node.ints("border"), border.count == 4,
        border.allSatisfy(limits.contains)
    else {
        throw PartError(
            expected: "a border of 4 numbers of at least 0",
            found: node.ints("border").map { "\($0)" } ?? "none"
        )
    }
    // Left, top, right, bottom.
    let starts = [border[1], border[0]]
    var ends = [-border[3], -border[2]].map { $0 == 0 ? Int(Int32.max) : $0 }
    if let scale = node.ints("scale"), scale.count == 2, scale.allSatisfy(limits.contains) {
        ends = [starts[0] + scale[0], starts[1] + scale[1]]
    }
    let inputs = [
        node.input(0),
        graph.constant(starts, named: "\(node.name).starts"),
        graph.constant(ends, named: "\(node.name).ends"),
        graph.constant([2, 3], named: "\(node.name).axes"),
    ]
    return try graph.add(Slice(), inputs, name: node.name)
}

let gather: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Gather(axis: node.int("axis") ?? 0), node.inputs, name: node.name)
}

let expand: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Expand(), node.inputs, name: node.name)
}

let tile: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Tile(), node.inputs, name: node.name)
}

/// Pad: counts and value are attributes before version 11.
let pad: OperatorImporter = { (node, graph) throws(PartError) in
    var inputs = node.inputs
    if node.opset < 11 {
        let counts = try node.requiredInts("pads")
        let value = Tensor(node.float("value") ?? 0)
        inputs = [
            node.input(0),
            graph.constant(counts, named: "\(node.name).pads"),
            graph.constant(value, named: "\(node.name).value"),
        ]
    }
    let padding = try node.choice("mode", default: Padding.constant)
    return try graph.add(Pad(padding), inputs, name: node.name)
}

let reshape: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = Reshape(allowsZero: node.int("allowzero") == 1)
    return try graph.add(operation, node.inputs, name: node.name)
}

let flatten: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Flatten(axis: node.int("axis") ?? 1), node.inputs, name: node.name)
}

let transpose: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Transpose(order: node.ints("perm")), node.inputs, name: node.name)
}

/// Squeeze and Unsqueeze: axes are an attribute before version 13.
private func axesInput(_ node: ImportedNode, _ graph: inout GraphImporter) -> [Graph.ValueID?] {
    guard let axes = node.ints("axes") else { return node.inputs }
    return [node.input(0), graph.constant(axes, named: "\(node.name).axes")]
}

let squeeze: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Squeeze(), axesInput(node, &graph), name: node.name)
}

let unsqueeze: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Unsqueeze(), axesInput(node, &graph), name: node.name)
}

let depthToSpace: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = DepthToSpace(
        block: try blockSize(node),
        order: try node.choice("mode", default: .dcr)
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

let spaceToDepth: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(SpaceToDepth(block: try blockSize(node)), node.inputs, name: node.name)
}

private func blockSize(_ node: ImportedNode) throws(PartError) -> Int {
    guard let block = node.int("blocksize"), (1...64).contains(block) else {
        throw PartError(
            expected: "a blocksize of 1 to 64",
            found: node.int("blocksize").map(String.init) ?? "none"
        )
    }
    return block
}

// MARK: - Interpolation

/// Resize, versions 10 to 19.
let resize: OperatorImporter = { (node, graph) throws(PartError) in
    var resampling = Resampling(try interpolation(node), try coordinates(node))
    resampling.excludesOutside = node.int("exclude_outside") == 1
    resampling.antialiases = node.int("antialias") == 1
    resampling.extrapolation = node.float("extrapolation_value") ?? 0
    var operation = Resize(
        resampling,
        axes: node.ints("axes"),
        aspect: try node.choice("keep_aspect_ratio_policy", default: .stretch)
    )
    let inputs =
        node.opset < 11
        ? [node.input(0), nil, node.input(1), nil]
        : [node.input(0), node.input(1), node.input(2), node.input(3)]
    operation.scales = scales(graph.tensor(inputs[2]))
    operation.ceilsWhereSmaller = node.opset < 11 && resampling.interpolation == .nearest(.floor)
    return try graph.add(operation, inputs, name: node.name)
}

/// Upsample, versions 7 (scales as an attribute) and 9; replaced by Resize.
let upsample: OperatorImporter = { (node, graph) throws(PartError) in
    let mode = node.string("mode") ?? "nearest"
    let interpolation: Resampling.Interpolation = mode == "nearest" ? .nearest(.floor) : .linear
    guard ["nearest", "linear", "bilinear"].contains(mode) else {
        throw PartError(expected: "a mode of nearest or linear", found: "\"\(mode)\"")
    }
    var operation = Resize(Resampling(interpolation, .asymmetric))
    operation.scales = node.floats("scales") ?? scales(graph.tensor(node.input(1)))
    return try graph.add(operation, [node.input(0), nil, node.input(1), nil], name: node.name)
}

private func scales(_ tensor: Tensor?) -> [Float]? {
    guard let tensor, tensor.count > 0 else { return nil }
    return tensor.converted(to: .float32).array(of: Float.self)
}

private func interpolation(
    _ node: ImportedNode
) throws(PartError) -> Resampling.Interpolation {
    let mode = node.string("mode") ?? "nearest"
    switch mode {
    case "nearest":
        if node.opset < 11 { return .nearest(.floor) }
        return .nearest(try node.choice("nearest_mode", default: .roundPreferFloor))
    case "linear": return .linear
    case "cubic": return .cubic(Double(node.float("cubic_coeff_a") ?? -0.75))
    default: throw PartError(expected: "a mode of nearest, linear or cubic", found: "\"\(mode)\"")
    }
}

private func coordinates(
    _ node: ImportedNode
) throws(PartError) -> Resampling.CoordinateMode {
    if node.opset < 11 { return .asymmetric }
    return try node.choice("coordinate_transformation_mode", default: .halfPixel)
}

// MARK: - Values from nowhere

/// Constant, versions 1 to 23.
let constant: OperatorImporter = { (node, graph) throws(PartError) in
    let tensor: Tensor
    if let proto = node.tensor("value"), node.has("value") {
        tensor = try graph.reader.tensor(proto)
    } else if let value = node.float("value_float"), node.has("value_float") {
        tensor = Tensor(value)
    } else if let value = node.int("value_int") {
        tensor = Tensor(Int64(value))
    } else if let values = node.floats("value_floats") {
        tensor = Tensor(shape: [values.count], values: values)
    } else if let values = node.ints("value_ints") {
        tensor = Tensor(shape: [values.count], values: values.map { Int64($0) })
    } else {
        throw PartError(expected: "a value of numbers", found: "none")
    }
    return [graph.constant(tensor, named: node.name)]
}

let constantOfShape: OperatorImporter = { (node, graph) throws(PartError) in
    var value = Tensor(Float(0))
    if let proto = node.tensor("value") { value = try graph.reader.tensor(proto) }
    guard value.count == 1 else {
        throw PartError(expected: "a value of one element", found: "\(value.count)")
    }
    return try graph.add(ConstantOfShape(value: value), node.inputs, name: node.name)
}

/// RandomNormalLike, versions 1 to 22; without a seed it uses 0, so that results repeat.
let randomNormalLike: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = RandomNormalLike(
        mean: node.float("mean") ?? 0,
        deviation: node.float("scale") ?? 1,
        seed: UInt64(node.float("seed").map { $0.bitPattern } ?? 0)
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

let range: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(NumberRange(), node.inputs, name: node.name)
}

let shape: OperatorImporter = { (node, graph) throws(PartError) in
    let operation = Shape(start: node.int("start") ?? 0, end: node.int("end"))
    return try graph.add(operation, node.inputs, name: node.name)
}

let size: OperatorImporter = { (node, graph) throws(PartError) in
    try graph.add(Size(), node.inputs, name: node.name)
}

// MARK: - Into a file

extension Concat: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name, [.int("axis", axis)]) }
}

extension Split: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name, [.int("axis", axis)]) }
}

extension Slice: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Gather: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name, [.int("axis", axis)]) }
}

extension Expand: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Tile: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Pad: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        guard padding != .wrap, inputs.count < 4 else {
            throw PartError(expected: "a padding of all axes", found: "one of later versions")
        }
        return ExportedNode(name, [.string("mode", padding.rawValue)])
    }
}

extension Reshape: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, allowsZero ? [.int("allowzero", 1)] : [])
    }
}

extension Flatten: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name, [.int("axis", axis)]) }
}

extension Transpose: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, order.map { [.ints("perm", $0)] } ?? [])
    }
}

extension Squeeze: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Unsqueeze: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension DepthToSpace: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, [.int("blocksize", block), .string("mode", order.rawValue)])
    }
}

extension SpaceToDepth: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        guard order == .dcr else {
            throw PartError(expected: "channels in the order of DCR", found: "that of CRD")
        }
        return ExportedNode(name, [.int("blocksize", block)])
    }
}

extension Resize: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        guard axes == nil, aspect == .stretch, !resampling.antialiases,
            resampling.coordinates != .halfPixelSymmetric, !ceilsWhereSmaller
        else { throw PartError(expected: "a resize of operator set 17", found: "a later one") }
        var node = ExportedNode(
            name,
            [.string("coordinate_transformation_mode", resampling.coordinates.rawValue)]
        )
        switch resampling.interpolation {
        case .nearest(let mode):
            node.attributes += [.string("mode", "nearest"), .string("nearest_mode", mode.rawValue)]
        case .linear: node.attributes.append(.string("mode", "linear"))
        case .cubic(let coefficient):
            node.attributes += [
                .string("mode", "cubic"), .float("cubic_coeff_a", Float(coefficient)),
            ]
        }
        if let scales {
            node.addedInputs[2] = ("scales", Tensor(shape: [scales.count], values: scales))
        }
        if resampling.excludesOutside { node.attributes.append(.int("exclude_outside", 1)) }
        if resampling.coordinates == .tfCropAndResize {
            node.attributes.append(.float("extrapolation_value", resampling.extrapolation))
        }
        return node
    }
}

extension ConstantOfShape: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        var attribute = Onnx_AttributeProto()
        (attribute.name, attribute.type) = ("value", .tensor)
        attribute.t = Onnx_TensorProto(value.reshaped(to: [1]), named: "")
        return ExportedNode(name, [attribute])
    }
}

extension NumberRange: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}

extension Shape: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        let end = end.map { [Onnx_AttributeProto.int("end", $0)] } ?? []
        return ExportedNode(name, [.int("start", start)] + end)
    }
}

extension Size: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode { ExportedNode(name) }
}
