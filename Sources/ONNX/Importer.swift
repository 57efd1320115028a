package import FoundationEssentials
package import Graphs
import SwiftProtobuf
package import Tensors

/// A model read from an ONNX file.
package struct ONNXModel: Sendable {
    package var graph: Graph
    /// The version of the standard operators that the file was written for.
    package let opset: Int
    package let producer: String
    /// The file's own notes, key and value.
    package let metadata: [String: String]

    /// The versions of the standard operators that can be read.
    package static let opsets = 6...27

    /// The names of all operators that can be read.
    package static var operators: Set<String> { Set(operatorTable.keys) }

    /// Reads a model from a file.
    package init(path: String) throws(ONNXError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        } catch {
            let message =
                FileManager.default.fileExists(atPath: path)
                ? "expected an ONNX file, found something that cannot be read"
                : "expected an ONNX file, found no such file"
            throw ONNXError(file: path, message)
        }
        let folder = URL(filePath: path).deletingLastPathComponent().path
        try self.init(data: data, name: path, folder: folder)
    }

    /// Reads a model from memory.
    ///
    /// - Parameters:
    ///   - name: stands for the file in messages.
    ///   - folder: where external data may lie; `nil` refuses it.
    package init(data: Data, name: String, folder: String? = nil) throws(ONNXError) {
        let proto: Onnx_ModelProto
        do {
            proto = try Onnx_ModelProto(serializedBytes: data)
        } catch {
            throw ONNXError(
                file: name,
                "expected an ONNX model, found \(data.count) bytes that are not one"
            )
        }
        do throws(PartError) {
            guard proto.hasGraph, !proto.graph.node.isEmpty || !proto.graph.output.isEmpty else {
                throw PartError(expected: "an ONNX model", found: "a file without a graph")
            }
            opset = try Self.opset(of: proto)
            var importer = GraphImporter(opset: opset, reader: WeightReader(folder: folder))
            graph = try importer.graph(proto.graph)
        } catch {
            throw ONNXError(file: name, part: error.part, error.message)
        }
        producer = [proto.producerName, proto.producerVersion].filter { !$0.isEmpty }
            .joined(separator: " ")
        metadata = Dictionary(proto.metadataProps.map { ($0.key, $0.value) }) { $1 }
    }

    private static func opset(of proto: Onnx_ModelProto) throws(PartError) -> Int {
        let standard = proto.opsetImport.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }
        // Files older than IR version 3 do not say; they mean version 1.
        let version = Int(standard.map(\.version).max() ?? 1)
        guard opsets.contains(version) else {
            throw PartError(
                expected: "operator set \(opsets.lowerBound) to \(opsets.upperBound)",
                found: "\(version)"
            )
        }
        return version
    }
}

extension Tensor {
    /// Reads a tensor from a file of its own, as tests of operators come with.
    package init(onnx data: Data, name: String) throws(ONNXError) {
        guard let proto = try? Onnx_TensorProto(serializedBytes: data) else {
            throw ONNXError(
                file: name,
                "expected an ONNX tensor, found \(data.count) bytes that are not one"
            )
        }
        do throws(PartError) {
            self = try WeightReader(folder: nil).tensor(proto)
        } catch {
            throw ONNXError(file: name, part: error.part, error.message)
        }
    }
}

/// Turns the nodes of a file into nodes of a graph, one after the other.
struct GraphImporter {
    let opset: Int
    let reader: WeightReader
    private(set) var graph = Graph()
    /// What is known of each value so far; nodes are checked as they come.
    private var types: [Graph.ValueID: ValueType] = [:]
    private var values: [String: Graph.ValueID] = [:]
    /// The ONNX data types that the file declares, by the name of the value.
    private var declaredTypes: [String: Int32] = [:]
    /// The index of the node that computes a value, by the name of the value.
    private var makers: [String: Int] = [:]
    /// Values that depend on constants only; they are computed once, as wholes.
    private var fixedValues: Set<Graph.ValueID> = []
    private var fixedElementCount = 0

    /// The most nodes and values of a file, and the most elements that its nodes make of constants.
    private static let mostParts = 200_000
    private static let mostFixedElements = 1 << 27

    init(opset: Int, reader: WeightReader) {
        self.opset = opset
        self.reader = reader
    }

    mutating func graph(_ proto: Onnx_GraphProto) throws(PartError) -> Graph {
        graph.name = proto.name
        guard proto.sparseInitializer.isEmpty else {
            throw PartError(expected: "dense weights", found: "sparse ones")
        }
        for (what, count) in [
            ("nodes", proto.node.count), ("weights", proto.initializer.count),
            ("inputs", proto.input.count), ("outputs", proto.output.count),
        ] where count > Self.mostParts {
            throw PartError(expected: "at most \(Self.mostParts) \(what)", found: "\(count)")
        }
        for value in proto.input + proto.valueInfo + proto.output {
            declaredTypes[value.name] = value.type.tensorType.elemType
        }
        for (index, node) in proto.node.enumerated() {
            for output in node.output where !output.isEmpty { makers[output] = index }
        }
        for weights in proto.initializer {
            declaredTypes[weights.name] = weights.dataType
            let tensor = try reader.tensor(weights)
            try define(weights.name, as: graph.addConstant(weights.name, tensor))
        }
        for input in proto.input where values[input.name] == nil {
            let type = try valueType(input)
            let value = graph.addInput(input.name, type)
            types[value] = type
            try define(input.name, as: value)
        }
        for (value, tensor) in graph.constants {
            types[value] = ValueType(of: tensor)
            fixedValues.insert(value)
        }
        for (index, node) in proto.node.enumerated() { try append(node, index, of: proto) }
        for output in proto.output {
            guard let value = values[output.name] else {
                throw PartError(
                    "output \"\(output.name)\"",
                    expected: "a node that computes it",
                    found: "none"
                )
            }
            graph.outputs.append(value)
        }
        do throws(GraphError) {
            try graph.verify()
        } catch {
            throw PartError(error.node.map { "node \($0)" }, error.message)
        }
        return graph
    }

    private mutating func define(_ name: String, as value: Graph.ValueID) throws(PartError) {
        guard values.updateValue(value, forKey: name) == nil else {
            throw PartError("value \"\(name)\"", expected: "one definition", found: "several")
        }
    }

    private func valueType(_ proto: Onnx_ValueInfoProto) throws(PartError) -> ValueType {
        let part = "input \"\(proto.name)\""
        guard case .tensorType(let tensor)? = proto.type.value else {
            throw PartError(part, expected: "a tensor", found: "another type")
        }
        let element = try TensorFormat(tensor.elemType, part: part).elementType
        guard tensor.hasShape else { return ValueType(element, nil) }
        var shape: [Dimension] = []
        for (axis, dimension) in tensor.shape.dim.enumerated() {
            switch dimension.value {
            // Files that mean "any" often say 0 or −1.
            case .dimValue(let side)? where side > 0:
                shape.append(Dimension(Int(side)))
            case .dimParam(let name)? where !name.isEmpty: shape.append(.named(name))
            default: shape.append(.named("\(proto.name)[\(axis)]"))
            }
        }
        let type = ValueType(element, shape)
        do throws(OperatorError) {
            try type.checkBounds(longestSide: ValueType.longestFixedSide)
        } catch {
            throw PartError(part, expected: error.expected, found: error.found)
        }
        return type
    }

    private func label(_ proto: Onnx_NodeProto, _ index: Int) -> String {
        "node \(proto.name.isEmpty ? "#\(index)" : proto.name) (\(proto.opType))"
    }

    /// What is wrong with a node one of whose inputs is not there yet.
    private func missing(
        _ input: String,
        of index: Int,
        in proto: Onnx_GraphProto
    ) -> PartError {
        let part = label(proto.node[index], index)
        let expected = "its input \"\(input)\" to be computed before it"
        guard let maker = makers[input] else {
            return PartError(part, expected: expected, found: "no node that does")
        }
        let found = label(proto.node[maker], maker)
        return depends(maker, on: index, in: proto)
            ? PartError(part, expected: expected, found: "a circle through \(found)")
            : PartError(part, expected: expected, found: "\(found) after it")
    }

    /// Whether one node of the file needs what another one computes.
    private func depends(_ start: Int, on target: Int, in proto: Onnx_GraphProto) -> Bool {
        var (seen, waiting): (Set<Int>, [Int]) = ([start], [start])
        while let index = waiting.popLast() {
            if index == target { return true }
            for maker in proto.node[index].input.compactMap({ makers[$0] })
            where seen.insert(maker).inserted {
                waiting.append(maker)
            }
        }
        return false
    }

    private mutating func append(
        _ proto: Onnx_NodeProto,
        _ index: Int,
        of file: Onnx_GraphProto
    ) throws(PartError) {
        let name = proto.name.isEmpty ? "#\(index)" : proto.name
        let label = label(proto, index)
        guard proto.domain.isEmpty || proto.domain == "ai.onnx" else {
            throw PartError(
                label,
                expected: "a standard operator",
                found: "one of \"\(proto.domain)\""
            )
        }
        guard let build = operatorTable[proto.opType] else {
            throw PartError(label, expected: "an operator this runtime has", found: proto.opType)
        }
        var inputs: [Graph.ValueID?] = []
        for input in proto.input {
            if input.isEmpty {
                inputs.append(nil)
            } else if let value = values[input] {
                inputs.append(value)
            } else {
                throw missing(input, of: index, in: file)
            }
        }
        let doubts = AttributeDoubts()
        do throws(PartError) {
            var node = ImportedNode(proto, name: name, inputs: inputs, opset: opset, doubts)
            let results = try build(&node, &self)
            if let doubt = doubts.first { throw doubt }
            for (output, value) in zip(proto.output, results) where !output.isEmpty {
                guard let value else { continue }
                try define(output, as: value)
                if graph.constants[value] == nil { graph.rename(value, to: output) }
            }
            for output in proto.output.dropFirst(results.count) where !output.isEmpty {
                throw PartError(expected: "\(results.count) outputs", found: "also \"\(output)\"")
            }
        } catch {
            let error = doubts.first ?? error
            throw PartError(error.part ?? label, error.message)
        }
    }
}

extension Onnx_AttributeProto.AttributeType {
    /// For messages.
    fileprivate var text: String {
        switch self {
        case .float: "a number"
        case .int: "an integer"
        case .string: "text"
        case .tensor: "a tensor"
        case .floats: "numbers"
        case .ints: "integers"
        default: "another type"
        }
    }
}

extension PartError {
    init(_ error: OperatorError) { self.init(expected: error.expected, found: error.found) }
}

// MARK: - What importers of operators use

extension GraphImporter {
    /// Adds a node and works out what it puts out.
    mutating func add(
        _ operation: any Operator,
        _ inputs: [Graph.ValueID?],
        outputs count: Int = 1,
        name: String
    ) throws(PartError) -> [Graph.ValueID?] {
        var results: [Graph.ValueID?] = []
        let known = inputs.map { $0.flatMap { types[$0] } }
        do throws(OperatorError) {
            let inferred = try operation.infer(known)
            for type in inferred {
                try type.checkBounds(longestSide: ValueType.longestFixedSide)
            }
            guard count <= inferred.count else {
                throw OperatorError(
                    expected: "at most \(inferred.count) outputs",
                    found: "\(count)"
                )
            }
            for index in 0..<count {
                let type = index < inferred.count ? inferred[index] : nil
                let value = graph.addValue(count == 1 ? name : "\(name):\(index)")
                types[value] = type
                results.append(value)
            }
        } catch {
            throw PartError(error)
        }
        graph.nodes.append(Graph.Node(name: name, operation, inputs: inputs, outputs: results))
        if inputs.allSatisfy({ $0.map(fixedValues.contains) ?? true }) {
            try limit(operation, inputs, fixed: results.compactMap(\.self))
        }
        return results
    }

    /// Checks that what nodes make of constants does not become much more than a file holds, nor
    /// takes long to compute.
    private mutating func limit(
        _ operation: any Operator,
        _ inputs: [Graph.ValueID?],
        fixed values: [Graph.ValueID]
    ) throws(PartError) {
        let weights = inputs.dropFirst().first?.flatMap { types[$0]?.constantShape } ?? []
        // How many elements take as long as one: windows are slow, matrix products are not.
        let cost =
            switch operation {
            case let pooling as Pooling: pooling.rule.kernel.elementCount
            case is Convolution, is TransposedConvolution, is MatMul, is Gemm:
                1 + weights.elementCount / 64
            default: 1
            }
        for value in values {
            fixedValues.insert(value)
            let count = types[value]?.constantShape?.elementCount ?? 0
            fixedElementCount = fixedElementCount.saturatingSum(
                with: count.saturatingProduct(with: cost)
            )
        }
        guard fixedElementCount <= Self.mostFixedElements else {
            throw PartError(
                expected: "at most \(Self.mostFixedElements) elements made of constants",
                found: "\(fixedElementCount)"
            )
        }
    }

    /// A constant that the file has in another form, such as an attribute.
    mutating func constant(_ tensor: Tensor, named name: String) -> Graph.ValueID {
        let value = graph.addConstant(name, tensor)
        types[value] = ValueType(of: tensor)
        fixedValues.insert(value)
        return value
    }

    mutating func constant(_ integers: [Int], named name: String) -> Graph.ValueID {
        constant(Tensor(shape: [integers.count], values: integers.map { Int64($0) }), named: name)
    }

    func type(of value: Graph.ValueID?) -> ValueType? { value.flatMap { types[$0] } }

    /// The short floating-point format that the file declares for a value held as float32.
    func rounding(of value: Graph.ValueID?) -> Cast.Rounding? {
        switch value.flatMap({ declaredTypes[graph.values[$0].name] }) {
        case 10: .float16
        case 16: .bfloat16
        default: nil
        }
    }

    /// The elements of a value that is a constant.
    func tensor(_ value: Graph.ValueID?) -> Tensor? { value.flatMap { graph.constants[$0] } }
}

/// Brings one node of a file into the graph and returns the values of its outputs.
typealias OperatorImporter =
    @Sendable (inout ImportedNode, inout GraphImporter) throws(PartError) -> [Graph.ValueID?]

/// What is wrong with attributes that were asked for: whoever asks goes on with the default, and
/// the node is refused afterwards.
final class AttributeDoubts {
    private(set) var first: PartError?

    func add(_ error: PartError) { first = first ?? error }
}

/// A node of a file, with its attributes by name.
struct ImportedNode {
    let name: String
    let operation: String
    let opset: Int
    let outputCount: Int
    var inputs: [Graph.ValueID?]
    private let attributes: [String: Onnx_AttributeProto]
    private let doubts: AttributeDoubts

    init(
        _ proto: Onnx_NodeProto,
        name: String,
        inputs: [Graph.ValueID?],
        opset: Int,
        _ doubts: AttributeDoubts
    ) {
        self.name = name
        operation = proto.opType
        self.opset = opset
        self.inputs = inputs
        outputCount = proto.output.count
        attributes = Dictionary(proto.attribute.map { ($0.name, $0) }) { $1 }
        self.doubts = doubts
    }

    /// An attribute that must be of a type; files of the first versions do not say which it is.
    private func attribute(
        _ name: String,
        _ type: Onnx_AttributeProto.AttributeType,
        _ text: String
    ) -> Onnx_AttributeProto? {
        guard let attribute = attributes[name] else { return nil }
        guard attribute.type == type || attribute.type == .undefined else {
            doubts.add(
                PartError(
                    expected: "\(text) as attribute \"\(name)\"",
                    found: attribute.type.text
                )
            )
            return nil
        }
        return attribute
    }

    func has(_ attribute: String) -> Bool { attributes[attribute] != nil }

    /// The input at a place, `nil` where it was left out.
    func input(_ index: Int) -> Graph.ValueID? { index < inputs.count ? inputs[index] : nil }

    func int(_ name: String) -> Int? { attribute(name, .int, "an integer").map { Int($0.i) } }
    func ints(_ name: String) -> [Int]? {
        attribute(name, .ints, "integers")?.ints.map { Int($0) }
    }
    func float(_ name: String) -> Float? { attribute(name, .float, "a number")?.f }
    func floats(_ name: String) -> [Float]? { attribute(name, .floats, "numbers")?.floats }
    func tensor(_ name: String) -> Onnx_TensorProto? { attribute(name, .tensor, "a tensor")?.t }
    func string(_ name: String) -> String? {
        attribute(name, .string, "text").map { String(decoding: $0.s, as: UTF8.self) }
    }

    /// An integer attribute that must lie in a range.
    func int(_ name: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        guard let value = int(name) else { return fallback }
        guard range.contains(value) else {
            doubts.add(
                PartError(
                    expected: "\"\(name)\" from \(range.lowerBound) to \(range.upperBound)",
                    found: "\(value)"
                )
            )
            return fallback
        }
        return value
    }

    /// The ONNX data type that an attribute names.
    func format(_ name: String) throws(PartError) -> TensorFormat {
        try TensorFormat(Int32(clamping: int(name) ?? 0), part: nil)
    }

    func requiredInts(_ name: String) throws(PartError) -> [Int] {
        guard let value = ints(name), !value.isEmpty else {
            throw PartError(expected: "an attribute \"\(name)\" of integers", found: "none")
        }
        return value
    }

    /// The choice that an attribute's string stands for.
    func choice<Choice: RawRepresentable<String>>(
        _ name: String,
        default fallback: Choice
    ) throws(PartError) -> Choice {
        guard let text = string(name) else { return fallback }
        guard let choice = Choice(rawValue: text) else {
            throw PartError(expected: "a known value of \"\(name)\"", found: "\"\(text)\"")
        }
        return choice
    }

    func unsupported(_ attribute: String, expected: String) -> PartError {
        PartError(
            expected: "\"\(attribute)\" to be \(expected)",
            found: "\(attributes[attribute]?.i ?? 0)"
        )
    }
}
