package import FoundationEssentials
package import Graphs
import SwiftProtobuf
import Tensors

/// An operator that can be written into an ONNX file.
protocol ExportedOperator: Operator {
    /// Its name and attributes in operator set 17, and how it takes its inputs there.
    func exported(_ inputs: [Tensor?]) throws(PartError) -> ExportedNode
}

/// What an operator becomes in a file.
struct ExportedNode {
    var operation: String
    var attributes: [Onnx_AttributeProto] = []
    /// Inputs that the file gives as attributes.
    var omittedInputs: Set<Int> = []
    /// Inputs that the file needs beside those of the graph's node, by their place.
    var addedInputs: [Int: (name: String, Tensor)] = [:]

    init(_ operation: String, _ attributes: [Onnx_AttributeProto] = []) {
        self.operation = operation
        self.attributes = attributes
    }
}

extension Graph {
    /// The bytes of an ONNX file with this graph: operator set 17, IR version 8.
    ///
    /// Constants become weights of the file, with the names of their values; sides of inputs and
    /// outputs that are not known stay open, under their own names.
    ///
    /// - Parameters:
    ///   - name: stands for the file in messages.
    ///   - metadata: notes, key and value.
    /// - Throws: for an operator that files of this version have no form for.
    package func onnxFile(
        name: String,
        metadata: [String: String] = [:]
    ) throws(ONNXError) -> Data {
        do throws(PartError) {
            var model = Onnx_ModelProto()
            model.irVersion = 8
            model.producerName = "atelier"
            var opset = Onnx_OperatorSetIdProto()
            opset.version = 17
            model.opsetImport = [opset]
            model.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
                var entry = Onnx_StringStringEntryProto()
                (entry.key, entry.value) = (key, value)
                return entry
            }
            model.graph = try GraphExporter(self).graph()
            guard let data: Data = try? model.serializedBytes() else {
                throw PartError(nil, "expected a model of less than 2 GiB, found a larger one")
            }
            return data
        } catch {
            throw ONNXError(file: name, part: error.part, error.message)
        }
    }
}

/// Turns the nodes of a graph into those of a file.
private struct GraphExporter {
    let source: Graph
    let types: [Graph.ValueID: ValueType]
    /// The name of each value in the file; no two are the same.
    let names: [Graph.ValueID: String]

    init(_ graph: Graph) throws(PartError) {
        source = graph
        do throws(GraphError) {
            types = try graph.inferTypes()
        } catch {
            throw PartError(nil, "\(error)")
        }
        var names: [Graph.ValueID: String] = [:]
        var taken: Set<String> = []
        for (value, description) in graph.values.enumerated() {
            var name = description.name.isEmpty ? "value\(value)" : description.name
            while !taken.insert(name).inserted { name += "_\(value)" }
            names[value] = name
        }
        self.names = names
    }

    func graph() throws(PartError) -> Onnx_GraphProto {
        var result = Onnx_GraphProto()
        result.name = source.name.isEmpty ? "graph" : source.name
        result.input = source.inputs.map { value($0) }
        result.output = source.outputs.map { value($0) }
        var weights: Set<Graph.ValueID> = Set(source.outputs.filter { source.constants[$0] != nil })
        for (index, node) in source.nodes.enumerated() {
            var proto = Onnx_NodeProto()
            proto.name = node.name.isEmpty ? "\(node.operation.name)_\(index)" : node.name
            guard let operation = node.operation as? any ExportedOperator else {
                throw PartError(
                    proto.name,
                    expected: "an operator of operator set 17",
                    found: node.operation.name
                )
            }
            let form: ExportedNode
            do throws(PartError) {
                form = try operation.exported(
                    node.inputs.map { $0.flatMap { source.constants[$0] } }
                )
            } catch {
                throw PartError(proto.name, error.message)
            }
            proto.opType = form.operation
            proto.attribute = form.attributes
            var inputs = node.inputs.enumerated().map { form.omittedInputs.contains($0) ? nil : $1 }
            while case .some(.none) = inputs.last { inputs.removeLast() }
            proto.input = inputs.map { $0.map { names[$0]! } ?? "" }
            for (place, (name, tensor)) in form.addedInputs.sorted(by: { $0.key < $1.key }) {
                while proto.input.count <= place { proto.input.append("") }
                proto.input[place] = "\(proto.name).\(name)"
                result.initializer.append(Onnx_TensorProto(tensor, named: proto.input[place]))
            }
            proto.output = node.outputs.map { $0.map { names[$0]! } ?? "" }
            weights.formUnion(inputs.compactMap(\.self).filter { source.constants[$0] != nil })
            result.node.append(proto)
        }
        for value in weights.sorted() {
            result.initializer.append(
                Onnx_TensorProto(source.constants[value]!, named: names[value]!)
            )
        }
        return result
    }

    private func value(_ value: Graph.ValueID) -> Onnx_ValueInfoProto {
        var result = Onnx_ValueInfoProto()
        result.name = names[value]!
        guard let type = types[value] else { return result }
        result.type.tensorType.elemType = TensorFormat(type.elementType).code
        for side in type.shape ?? [] {
            var dimension = Onnx_TensorShapeProto.Dimension()
            if let constant = side.constant {
                dimension.dimValue = Int64(constant)
            } else {
                dimension.dimParam = side.description
            }
            result.type.tensorType.shape.dim.append(dimension)
        }
        return result
    }
}

extension Onnx_TensorProto {
    init(_ tensor: Tensor, named name: String) {
        self.init()
        self.name = name
        dims = tensor.shape.map { Int64($0) }
        dataType = TensorFormat(tensor.elementType).code
        rawData = tensor.withBytes { Data($0) }
    }
}

// MARK: - Attributes

extension Onnx_AttributeProto {
    private init(_ name: String, _ type: Onnx_AttributeProto.AttributeType) {
        self.init()
        self.name = name
        self.type = type
    }

    static func int(_ name: String, _ value: Int) -> Onnx_AttributeProto {
        var result = Onnx_AttributeProto(name, .int)
        result.i = Int64(value)
        return result
    }

    static func ints(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
        var result = Onnx_AttributeProto(name, .ints)
        result.ints = values.map { Int64($0) }
        return result
    }

    static func float(_ name: String, _ value: Float) -> Onnx_AttributeProto {
        var result = Onnx_AttributeProto(name, .float)
        result.f = value
        return result
    }

    static func string(_ name: String, _ value: String) -> Onnx_AttributeProto {
        var result = Onnx_AttributeProto(name, .string)
        result.s = Data(value.utf8)
        return result
    }
}
