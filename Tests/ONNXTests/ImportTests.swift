import Foundation
import Graphs
import ONNX
import Support
internal import SwiftProtobuf
import Tensors
import Testing

/// Models put together message by message, as a file would have them.
enum ModelFile {
    static func tensor(_ name: String, _ dims: [Int], _ values: [Float]) -> Onnx_TensorProto {
        var proto = Onnx_TensorProto()
        proto.name = name
        proto.dims = dims.map(Int64.init)
        proto.dataType = 1
        proto.floatData = values
        return proto
    }

    static func input(_ name: String, _ dims: [String]) -> Onnx_ValueInfoProto {
        var proto = Onnx_ValueInfoProto()
        proto.name = name
        proto.type.tensorType.elemType = 1
        for side in dims {
            var dimension = Onnx_TensorShapeProto.Dimension()
            if let side = Int64(side) {
                dimension.dimValue = side
            } else {
                dimension.dimParam = side
            }
            proto.type.tensorType.shape.dim.append(dimension)
        }
        return proto
    }

    static func node(_ type: String, _ inputs: [String], _ outputs: [String]) -> Onnx_NodeProto {
        var proto = Onnx_NodeProto()
        (proto.opType, proto.input, proto.output, proto.name) = (
            type, inputs, outputs, "the_\(type)"
        )
        return proto
    }

    static func ints(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
        var proto = Onnx_AttributeProto()
        (proto.name, proto.type, proto.ints) = (name, .ints, values.map(Int64.init))
        return proto
    }

    /// A 3×3 convolution of 2 channels to 3.
    static func convolution(opset: Int = 17) -> Onnx_ModelProto {
        var model = Onnx_ModelProto()
        model.irVersion = 8
        var set = Onnx_OperatorSetIdProto()
        set.version = Int64(opset)
        model.opsetImport = [set]
        model.graph.name = "small"
        model.graph.input = [input("image", ["1", "2", "height", "width"])]
        var output = Onnx_ValueInfoProto()
        output.name = "y"
        model.graph.output = [output]
        var random = SeededRandom(1)
        let weights = random.tensor([3, 2, 3, 3]).array(of: Float.self)
        model.graph.initializer = [
            tensor("w", [3, 2, 3, 3], weights), tensor("b", [3], [1, 2, 3]),
        ]
        var node = node("Conv", ["image", "w", "b"], ["y"])
        node.attribute = [ints("kernel_shape", [3, 3]), ints("pads", [1, 1, 1, 1])]
        model.graph.node = [node]
        return model
    }

    static func read(_ model: Onnx_ModelProto, folder: String? = nil) throws -> ONNXModel {
        try ONNXModel(data: try model.serializedData(), name: "m.onnx", folder: folder)
    }
}

@Suite struct ImportTests {
    @Test("a graph comes in with its types worked out")
    func types() throws {
        let model = try ModelFile.read(ModelFile.convolution())
        #expect(model.opset == 17)
        let type = try model.graph.inferTypes()[model.graph.outputs[0]]
        #expect(type?.shape.map { text($0) } == "1×3×height×width")
        let y = try model.graph.evaluate([Tensor(shape: [1, 2, 4, 5])])[0]
        #expect(y.array(of: Float.self).prefix(20).allSatisfy { $0 == 1 })
    }

    @Test("weights are the same as raw bytes, as float16, and in another file")
    func weights() throws {
        let values: [Float] = [0.5, -2, 0.25]
        let expected = Tensor(shape: [3], values: values)
        func bias(_ change: (inout Onnx_TensorProto) throws -> Void, folder: String? = nil) throws
            -> Tensor
        {
            var model = ModelFile.convolution()
            model.graph.initializer[1].floatData = []
            try change(&model.graph.initializer[1])
            let graph = try ModelFile.read(model, folder: folder).graph
            return graph.constants[graph.nodes[0].inputs[2]!]!
        }
        #expect(try bias { $0.floatData = values } == expected)
        #expect(try bias { $0.rawData = values.withUnsafeBytes { Data($0) } } == expected)
        #expect(
            try bias {
                $0.dataType = 10
                $0.rawData = values.map { Float16($0).bitPattern }.withUnsafeBytes { Data($0) }
            } == expected
        )
        #expect(
            try bias {
                $0.dataType = 10
                $0.int32Data = values.map { Int32(Float16($0).bitPattern) }
            } == expected
        )
        #expect(
            try bias {
                $0.dataType = 16
                $0.int32Data = values.map { Int32($0.bitPattern >> 16) }
            } == expected
        )
        let folder = try TemporaryFolder()
        var file = Data(repeating: 7, count: 8)
        values.withUnsafeBytes { file.append(contentsOf: $0) }
        try file.write(to: URL(filePath: folder.path("weights.bin")))
        #expect(
            try bias(
                { proto in
                    proto.dataLocation = .external
                    for (key, value) in [
                        ("location", "weights.bin"), ("offset", "8"), ("length", "12"),
                    ] {
                        var entry = Onnx_StringStringEntryProto()
                        (entry.key, entry.value) = (key, value)
                        proto.externalData.append(entry)
                    }
                },
                folder: folder.url.path
            ) == expected
        )
    }

    @Test(
        "external data outside the model's folder is refused",
        arguments: ["/etc/passwd", "../x", "a/../../x", ""]
    )
    func escapes(location: String) throws {
        var model = ModelFile.convolution()
        model.graph.initializer[1].floatData = []
        model.graph.initializer[1].dataLocation = .external
        var entry = Onnx_StringStringEntryProto()
        (entry.key, entry.value) = ("location", location)
        model.graph.initializer[1].externalData = [entry]
        let error = #expect(throws: ONNXError.self) { try ModelFile.read(model, folder: "/tmp") }
        #expect(
            error?.message
                == "expected external data in the model's own folder, found \"\(location)\""
        )
    }

    @Test("what is wrong is said with the node and what was expected")
    func refusals() throws {
        func message(_ change: (inout Onnx_ModelProto) -> Void) -> String? {
            var model = ModelFile.convolution()
            change(&model)
            do {
                _ = try ModelFile.read(model)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(message { _ in } == nil)
        #expect(
            message { $0.graph.node[0].opType = "Convolve" }
                == "m.onnx: node the_Conv (Convolve): expected an operator this runtime has, found Convolve"
        )
        #expect(
            message { $0.graph.node[0].domain = "com.microsoft" }
                == "m.onnx: node the_Conv (Conv): expected a standard operator, found one of \"com.microsoft\""
        )
        #expect(
            message { $0.opsetImport[0].version = 99 }
                == "m.onnx: expected operator set 6 to 27, found 99"
        )
        #expect(
            message { $0.graph.input[0] = ModelFile.input("image", ["1", "4", "h", "w"]) }
                == "m.onnx: node the_Conv (Conv): expected an input of 2 channels, found 4"
        )
        #expect(
            message { $0.graph.input[0] = ModelFile.input("image", ["1", "2"]) }
                == "m.onnx: node the_Conv (Conv): expected a tensor of rank 3...5, found 1×2"
        )
        #expect(
            message { $0.graph.node[0].input[0] = "nothing" }
                == "m.onnx: node the_Conv (Conv): expected its input \"nothing\" to be computed before it, found no node that does"
        )
        #expect(
            message { $0.graph.output[0].name = "z" }
                == "m.onnx: output \"z\": expected a node that computes it, found none"
        )
        #expect(
            message { $0.graph.initializer[1].dims = [4] }
                == "m.onnx: tensor \"b\": expected 4 values of float32 for shape 4, found 3"
        )
        #expect(
            message { $0.graph.initializer[1].dims = [-3] }
                == "m.onnx: tensor \"b\": expected a shape of at most 2147483647 elements, found -3"
        )
        #expect(
            message { $0.graph.initializer[1].dims = [1 << 20, 1 << 20] }
                == "m.onnx: tensor \"b\": expected a shape of at most 2147483647 elements, found 1048576×1048576"
        )
        #expect(
            message { $0.graph.initializer[1].dataType = 8 }
                == "m.onnx: tensor \"b\": expected a number type this runtime computes with, found ONNX data type 8"
        )
        #expect(
            message { $0.graph.node.append($0.graph.node[0]) }
                == "m.onnx: value \"y\": expected one definition, found several"
        )
    }

    @Test("bytes that are no model are refused")
    func noise() {
        let error = #expect(throws: ONNXError.self) {
            try ONNXModel(data: Data("hello, this is text".utf8), name: "x.onnx")
        }
        #expect(error?.message == "expected an ONNX model, found 19 bytes that are not one")
        #expect(throws: ONNXError.self) { try ONNXModel(data: Data(), name: "x.onnx") }
        #expect(throws: ONNXError.self) { try ONNXModel(path: "/no/such/model.onnx") }
    }

    @Test("cut and damaged files are refused or read, and never crash", arguments: 0..<200)
    func damage(seed: Int) throws {
        var random = SeededRandom(seed)
        var data = try ModelFile.convolution().serializedData()
        if seed % 4 == 0 { data = data.prefix(random.int(0...data.count)) }
        for _ in 0..<random.int(0...8) where !data.isEmpty {
            data[data.startIndex + random.int(0...(data.count - 1))] = UInt8(random.int(0...255))
        }
        do {
            let model = try ONNXModel(data: data, name: "x")
            _ = try model.graph.applying()
        } catch is ONNXError {
        } catch is GraphError {
        }
    }
}
