import Foundation
import ONNX
import Support
internal import SwiftProtobuf
import Tensors

/// The networks that are damaged.
enum Models {
    /// All ONNX files in a folder and below it.
    static func files(below folder: String) throws -> [Data] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return try paths.filter { $0.hasSuffix(".onnx") }.sorted()
            .map { try Data(contentsOf: URL(filePath: folder).appending(path: $0)) }
    }

    /// Small networks of the kinds that people run on pictures.
    static func builtIn() throws -> [Data] {
        try [enlarging(), resizing(), normalizing()].map { try $0.serializedData() }
    }

    /// A convolution and a pixel shuffle.
    private static func enlarging() -> Onnx_ModelProto {
        var file = ModelBuilder(channels: 3)
        file.convolution("image", 3, 12, to: "a")
        file.node("PRelu", ["a", file.tensor([12, 1, 1])], to: "b")
        file.node("DepthToSpace", ["b"], to: "c", [.int("blocksize", 2), .text("mode", "CRD")])
        file.node("Resize", ["image", "", file.floats([1, 1, 2, 2])], to: "d")
        file.node("Add", ["c", "d"], to: "y")
        return file.model
    }

    /// Strides down, and up to a size that is worked out from shapes.
    private static func resizing() -> Onnx_ModelProto {
        var file = ModelBuilder(channels: 3)
        file.node("Pad", ["image", file.integers([0, 0, 1, 1, 0, 0, 1, 1])], to: "a")
        file.convolution("a", 3, 4, stride: 2, to: "b")
        file.node("Shape", ["image"], to: "s")
        file.node("Slice", ["s", file.integers([2]), file.integers([4])], to: "t")
        file.node("Shape", ["b"], to: "u")
        file.node("Slice", ["u", file.integers([0]), file.integers([2])], to: "v")
        file.node("Concat", ["v", "t"], to: "w", [.int("axis", 0)])
        file.node("Resize", ["b", "", "", "w"], to: "c", [.text("mode", "linear")])
        file.node("MaxPool", ["c"], to: "d", [.ints("kernel_shape", [1, 1])])
        file.node("Concat", ["d", "image"], to: "e", [.int("axis", 1)])
        file.convolution("e", 7, 3, to: "y")
        return file.model
    }

    /// Normalization over the whole picture, and a transposed convolution.
    private static func normalizing() -> Onnx_ModelProto {
        var file = ModelBuilder(channels: 1)
        file.convolution("image", 1, 4, stride: 2, to: "a")
        file.node("InstanceNormalization", ["a", file.tensor([4]), file.tensor([4])], to: "b")
        file.node("GlobalAveragePool", ["b"], to: "g")
        file.node("Sigmoid", ["g"], to: "h")
        file.node("Mul", ["b", "h"], to: "c")
        file.node(
            "ConvTranspose",
            ["c", file.tensor([4, 1, 4, 4])],
            to: "d",
            [.ints("strides", [2, 2]), .ints("pads", [1, 1, 1, 1])]
        )
        file.node("Clip", ["d"], to: "y")
        return file.model
    }
}

/// Puts a file together node by node.
private struct ModelBuilder {
    var model = Onnx_ModelProto()
    private var random = SeededRandom(1)

    init(channels: Int) {
        model.irVersion = 8
        var set = Onnx_OperatorSetIdProto()
        set.version = 17
        model.opsetImport = [set]
        var input = Onnx_ValueInfoProto()
        input.name = "image"
        input.type.tensorType.elemType = 1
        for (side, name) in [(1, ""), (channels, ""), (0, "height"), (0, "width")] {
            var dimension = Onnx_TensorShapeProto.Dimension()
            dimension.value = side > 0 ? .dimValue(Int64(side)) : .dimParam(name)
            input.type.tensorType.shape.dim.append(dimension)
        }
        model.graph.input = [input]
        var output = Onnx_ValueInfoProto()
        output.name = "y"
        model.graph.output = [output]
    }

    mutating func node(
        _ type: String,
        _ inputs: [String],
        to output: String,
        _ attributes: [Onnx_AttributeProto] = []
    ) {
        var node = Onnx_NodeProto()
        (node.opType, node.input, node.output, node.attribute) = (
            type, inputs, [output], attributes
        )
        model.graph.node.append(node)
    }

    mutating func convolution(
        _ x: String,
        _ inputs: Int,
        _ outputs: Int,
        stride: Int64 = 1,
        to output: String
    ) {
        let weights = tensor([outputs, inputs, 3, 3])
        let attributes: [Onnx_AttributeProto] = [
            .ints("kernel_shape", [3, 3]), .ints("strides", [stride, stride]),
            .ints("pads", [1, 1, 1, 1]),
        ]
        node("Conv", [x, weights, tensor([outputs])], to: output, attributes)
    }

    /// A weight with random elements; returns its name.
    mutating func tensor(_ shape: [Int]) -> String {
        add(shape) { [values = random.tensor(shape).array(of: Float.self)] in $0.floatData = values
        }
    }

    mutating func floats(_ values: [Float]) -> String {
        add([values.count]) { $0.floatData = values }
    }

    mutating func integers(_ values: [Int64]) -> String {
        add([values.count]) {
            $0.dataType = 7
            $0.int64Data = values
        }
    }

    private mutating func add(_ shape: [Int], _ fill: (inout Onnx_TensorProto) -> Void) -> String {
        var tensor = Onnx_TensorProto()
        (tensor.name, tensor.dataType) = ("w\(model.graph.initializer.count)", 1)
        tensor.dims = shape.map { Int64($0) }
        fill(&tensor)
        model.graph.initializer.append(tensor)
        return tensor.name
    }
}

extension Onnx_AttributeProto {
    fileprivate static func int(_ name: String, _ value: Int64) -> Onnx_AttributeProto {
        with(name, .int) { $0.i = value }
    }

    fileprivate static func ints(_ name: String, _ values: [Int64]) -> Onnx_AttributeProto {
        with(name, .ints) { $0.ints = values }
    }

    fileprivate static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
        with(name, .string) { $0.s = Data(value.utf8) }
    }

    private static func with(
        _ name: String,
        _ type: AttributeType,
        _ fill: (inout Onnx_AttributeProto) -> Void
    ) -> Onnx_AttributeProto {
        var attribute = Onnx_AttributeProto()
        (attribute.name, attribute.type) = (name, type)
        fill(&attribute)
        return attribute
    }
}
