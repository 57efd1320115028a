import Graphs
import Tensors

/// The windows of a convolution or pooling, from attributes that all versions have.
private func windowRule(_ node: ImportedNode, kernel: [Int]) throws(PartError) -> WindowRule {
    guard !kernel.isEmpty, kernel.allSatisfy({ (1...4096).contains($0) }),
        kernel.elementCount <= 1 << 22
    else {
        throw PartError(
            expected: "windows of 1 to 4096 positions along an axis, 4194304 in all",
            found: "\(kernel)"
        )
    }
    var rule = WindowRule(kernel: kernel)
    for (name, path) in [("strides", \WindowRule.strides), ("dilations", \WindowRule.dilations)] {
        guard let values = node.ints(name), !values.isEmpty else { continue }
        guard values.count == kernel.count, values.allSatisfy({ (1...4096).contains($0) }) else {
            throw PartError(
                expected: "\(kernel.count) numbers of at least 1 as \(name)",
                found: "\(values)"
            )
        }
        rule[keyPath: path] = values
    }
    let automatic = node.string("auto_pad") ?? "NOTSET"
    switch automatic {
    case "SAME_UPPER": rule.pads = .sameUpper
    case "SAME_LOWER": rule.pads = .sameLower
    case "VALID": rule.pads = .valid
    case "NOTSET", "":
        guard let pads = node.ints("pads"), !pads.isEmpty else { break }
        guard pads.count == 2 * kernel.count, pads.allSatisfy({ (0...65536).contains($0) }) else {
            throw PartError(
                expected: "\(2 * kernel.count) pads of at least 0",
                found: "\(pads)"
            )
        }
        rule.pads = .explicit(
            before: Array(pads.prefix(kernel.count)),
            after: Array(pads.suffix(kernel.count))
        )
    default:
        throw PartError(expected: "a known auto_pad", found: "\"\(automatic)\"")
    }
    return rule
}

/// The window of a convolution: the attribute, or else the weights' own shape.
private func kernelShape(
    _ node: ImportedNode,
    _ graph: GraphImporter
) throws(PartError) -> [Int] {
    if let kernel = node.ints("kernel_shape"), !kernel.isEmpty { return kernel }
    guard let shape = graph.type(of: node.input(1))?.constantShape, shape.count > 2 else {
        throw PartError(expected: "weights of a known shape", found: "none")
    }
    return Array(shape.dropFirst(2))
}

private func groups(_ node: ImportedNode) throws(PartError) -> Int {
    let groups = node.int("group") ?? 1
    guard (1...65536).contains(groups) else {
        throw PartError(expected: "1 to 65536 groups", found: "\(groups)")
    }
    return groups
}

/// Conv, versions 1 to 22.
let convolution: OperatorImporter = { (node, graph) throws(PartError) in
    let rule = try windowRule(node, kernel: try kernelShape(node, graph))
    let operation = Convolution(groups: try groups(node), rule: rule)
    return try graph.add(operation, node.inputs, name: node.name)
}

/// ConvTranspose, versions 1 to 22.
let transposedConvolution: OperatorImporter = { (node, graph) throws(PartError) in
    let rule = try windowRule(node, kernel: try kernelShape(node, graph))
    // Some files give the shape with batch and channels.
    let sides = node.ints("output_shape").map { Array($0.suffix(rule.kernel.count)) }
    let padding = node.ints("output_padding")
    for values in [sides, padding].compactMap(\.self) where !values.isEmpty {
        guard values.count == rule.kernel.count, values.allSatisfy({ (0...1_000_000).contains($0) })
        else {
            throw PartError(
                expected: "\(rule.kernel.count) numbers of at least 0",
                found: "\(values)"
            )
        }
    }
    let operation = TransposedConvolution(
        groups: try groups(node),
        rule: rule,
        outputPadding: padding.flatMap { $0.isEmpty ? nil : $0 },
        outputSides: sides.flatMap { $0.isEmpty ? nil : $0 }
    )
    return try graph.add(operation, node.inputs, name: node.name)
}

private func pooling(
    _ function: Pooling.Function,
    _ node: ImportedNode,
    _ graph: inout GraphImporter,
    outputs: Int = 1
) throws(PartError) -> [Graph.ValueID?] {
    let rule = try windowRule(node, kernel: try node.requiredInts("kernel_shape"))
    let operation = Pooling(function, rule: rule, roundsUp: node.int("ceil_mode") == 1)
    return try graph.add(operation, node.inputs, outputs: outputs, name: node.name)
}

/// MaxPool, versions 1 to 22.
let maxPool: OperatorImporter = { (node, graph) throws(PartError) in
    guard node.outputCount > 1 else {
        return try pooling(.max(indices: nil), node, &graph)
    }
    let order: Pooling.IndexOrder = node.int("storage_order") == 1 ? .columnMajor : .rowMajor
    return try pooling(.max(indices: order), node, &graph, outputs: 2)
}

/// AveragePool, versions 1 to 22.
let averagePool: OperatorImporter = { (node, graph) throws(PartError) in
    try pooling(.average(countsPadding: node.int("count_include_pad") == 1), node, &graph)
}

/// LpPool, versions 1 to 22.
let lpPool: OperatorImporter = { (node, graph) throws(PartError) in
    try pooling(.norm(node.int("p", in: 1...64, default: 2)), node, &graph)
}

func globalPool(
    _ function: @escaping @Sendable (ImportedNode) -> GlobalPooling.Function
) -> OperatorImporter {
    { (node, graph) throws(PartError) in
        try graph.add(GlobalPooling(function(node)), node.inputs, name: node.name)
    }
}

// MARK: - Into a file

extension WindowRule {
    fileprivate var attributes: [Onnx_AttributeProto] {
        var result: [Onnx_AttributeProto] = [
            .ints("kernel_shape", kernel), .ints("strides", strides), .ints("dilations", dilations),
        ]
        switch pads {
        case .explicit(let before, let after): result.append(.ints("pads", before + after))
        case .sameUpper: result.append(.string("auto_pad", "SAME_UPPER"))
        case .sameLower: result.append(.string("auto_pad", "SAME_LOWER"))
        case .valid: result.append(.string("auto_pad", "VALID"))
        }
        return result
    }
}

extension Convolution: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        ExportedNode(name, rule.attributes + [.int("group", groups)])
    }
}

extension TransposedConvolution: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        let sides = outputSides.map { [Onnx_AttributeProto.ints("output_shape", $0)] } ?? []
        let own: [Onnx_AttributeProto] = [
            .int("group", groups), .ints("output_padding", outputPadding),
        ]
        return ExportedNode(name, rule.attributes + own + sides)
    }
}

extension Pooling: ExportedOperator {
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode {
        var attributes = rule.attributes
        if case .max(let order) = function {
            attributes.append(.int("ceil_mode", roundsUp ? 1 : 0))
            if order == .columnMajor { attributes.append(.int("storage_order", 1)) }
            return ExportedNode(name, attributes)
        }
        guard rule.dilations.allSatisfy({ $0 == 1 }) else {
            throw PartError(expected: "a pooling of neighbours", found: "a dilated one")
        }
        attributes.removeAll { $0.name == "dilations" }
        switch function {
        case .average(let countsPadding):
            attributes.append(.int("ceil_mode", roundsUp ? 1 : 0))
            attributes.append(.int("count_include_pad", countsPadding ? 1 : 0))
        case .norm(let p):
            guard !roundsUp else {
                throw PartError(expected: "a norm of whole windows", found: "one that rounds up")
            }
            attributes.append(.int("p", p))
        case .max: break
        }
        return ExportedNode(name, attributes)
    }
}

extension GlobalPooling: ExportedOperator {
    func exported(_ inputs: [Tensor?]) -> ExportedNode {
        guard case .norm(let p) = function else { return ExportedNode(name) }
        return ExportedNode(name, [.int("p", p)])
    }
}
