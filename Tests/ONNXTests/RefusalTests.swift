import Foundation
import Graphs
import ONNX
internal import SwiftProtobuf
import Tensors
import Testing

/// Files that ask for what cannot be: every one is refused with one sentence.
@Suite struct RefusalTests {
    /// What is said about a small model after a change.
    private func message(_ change: (inout Onnx_GraphProto) -> Void) -> String? {
        var model = ModelFile.convolution()
        change(&model.graph)
        do {
            _ = try ModelFile.read(model)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// What is said about a node that reads the picture and some integers.
    private func message(
        _ type: String,
        _ integers: [[Int]] = [],
        image: [String] = ["1", "2", "height", "width"],
        attributes: [Onnx_AttributeProto] = []
    ) -> String? {
        message { graph in
            var inputs = ["image"]
            for (index, values) in integers.enumerated() {
                var tensor = ModelFile.tensor("i\(index)", [values.count], [])
                (tensor.dataType, tensor.int64Data) = (7, values.map(Int64.init))
                graph.initializer.append(tensor)
                inputs.append(tensor.name)
            }
            if type == "ConstantOfShape" || type == "Range" { inputs.removeFirst() }
            graph.input = [ModelFile.input("image", image)]
            graph.node = [ModelFile.node(type, inputs, ["y"])]
            graph.node[0].attribute = attributes
        }
    }

    @Test("nodes in a circle, or out of order, or without their inputs")
    func order() {
        func nodes(_ list: [(String, [String], [String])]) -> String? {
            message { $0.node = list.map { ModelFile.node($0.0, $0.1, $0.2) } }
        }
        #expect(
            nodes([("Add", ["image", "c"], ["a"]), ("Relu", ["a"], ["c"]), ("Abs", ["c"], ["y"])])
                == "m.onnx: node the_Add (Add): expected its input \"c\" to be computed before it, found a circle through node the_Relu (Relu)"
        )
        #expect(
            nodes([("Abs", ["a"], ["y"]), ("Relu", ["image"], ["a"])])
                == "m.onnx: node the_Abs (Abs): expected its input \"a\" to be computed before it, found node the_Relu (Relu) after it"
        )
        #expect(
            nodes([("Add", ["y", "image"], ["y"])])
                == "m.onnx: node the_Add (Add): expected its input \"y\" to be computed before it, found a circle through node the_Add (Add)"
        )
        #expect(
            nodes([("Relu", [], ["y"])])
                == "m.onnx: node the_Relu (Relu): expected an input number 1, found 0 inputs"
        )
        #expect(
            nodes([("Add", ["image", ""], ["y"])])
                == "m.onnx: node the_Add (Add): expected an input number 2, found 1 inputs"
        )
        #expect(
            nodes([("LayerNormalization", ["image", "b"], ["y", "m", "d", "e"])])
                == "m.onnx: node the_LayerNormalization (LayerNormalization): expected at most 3 outputs, found 4"
        )
        #expect(
            nodes(Array(repeating: ("Relu", ["image"], [""]), count: 200_001))
                == "m.onnx: expected at most 200000 nodes, found 200001"
        )
    }

    @Test("attributes of another type, or out of range")
    func attributes() {
        func int(_ name: String, _ value: Int) -> Onnx_AttributeProto {
            var proto = Onnx_AttributeProto()
            (proto.name, proto.type, proto.i) = (name, .int, Int64(value))
            return proto
        }
        let window = ModelFile.ints("kernel_shape", [2, 2])
        let cases: [(String, [Onnx_AttributeProto], String)] = [
            (
                "Flatten", [ModelFile.ints("axis", [1])],
                "expected an integer as attribute \"axis\", found integers"
            ),
            (
                "Transpose", [int("perm", 1)],
                "expected integers as attribute \"perm\", found an integer"
            ),
            (
                "LeakyRelu", [int("alpha", 1)],
                "expected a number as attribute \"alpha\", found an integer"
            ),
            (
                "Flatten", [int("axis", 5)],
                "expected an axis of a tensor of rank 4, found axis 5"
            ),
            (
                "Flatten", [int("axis", .min)],
                "expected an axis of a tensor of rank 4, found axis -9223372036854775808"
            ),
            (
                "DepthToSpace", [int("blocksize", 0)],
                "expected a blocksize of 1 to 64, found 0"
            ),
            (
                "SpaceToDepth", [int("blocksize", 1 << 40)],
                "expected a blocksize of 1 to 64, found 1099511627776"
            ),
            (
                "Transpose", [ModelFile.ints("perm", [0, 0, 1, 2])],
                "expected each of 4 axes once, found [0, 0, 1, 2]"
            ),
            (
                "GlobalLpPool", [int("p", -1)],
                "expected \"p\" from 1 to 64, found -1"
            ),
            (
                "LpPool", [int("p", 1 << 40), window],
                "expected \"p\" from 1 to 64, found 1099511627776"
            ),
            (
                "MaxPool", [window, ModelFile.ints("strides", [0, 1])],
                "expected 2 numbers of at least 1 as strides, found [0, 1]"
            ),
            (
                "MaxPool", [ModelFile.ints("kernel_shape", [4096, 4096])],
                "expected windows of 1 to 4096 positions along an axis, 4194304 in all, found [4096, 4096]"
            ),
            (
                "MaxPool", [ModelFile.ints("kernel_shape", [2])],
                "expected 1 spatial axes, as many as the kernel has, found 2"
            ),
            (
                "MaxPool", [window, ModelFile.ints("pads", [-1, 0, 0, 0])],
                "expected 4 pads of at least 0, found [-1, 0, 0, 0]"
            ),
            (
                "Cast", [int("to", 1 << 40)],
                "expected a number type this runtime computes with, found ONNX data type 2147483647"
            ),
            (
                "Concat", [int("axis", 4)],
                "expected an axis of a tensor of rank 4, found axis 4"
            ),
            (
                "Softmax", [int("axis", -5)],
                "expected an axis of a tensor of rank 4, found axis -5"
            ),
        ]
        for (type, attributes, expected) in cases {
            #expect(
                message(type, attributes: attributes)
                    == "m.onnx: node the_\(type) (\(type)): \(expected)"
            )
        }
    }

    @Test("sizes beyond all bounds, and lists that do not fit")
    func sizes() {
        let cases: [(String, [[Int]], String)] = [
            (
                "ConstantOfShape", [[1 << 20, 1 << 20, 1 << 20]],
                "expected a tensor of at most 281474976710656 elements, found one of 1048576×1048576×1048576"
            ),
            (
                "ConstantOfShape", [[1 << 62, 4]],
                "expected sides of 0 to 67108864, found a tensor of 4611686018427387904×4"
            ),
            (
                "ConstantOfShape", [[-5]],
                "expected sides of 0 to 67108864, found a tensor of -5"
            ),
            (
                "ConstantOfShape", [[1 << 14, 1 << 14]],
                "expected at most 134217728 elements made of constants, found 268435456"
            ),
            (
                "Expand", [[1 << 40, 1, 1, 1, 1]],
                "expected sides of 0 to 67108864, found a tensor of 1099511627776×1×2×height×width"
            ),
            (
                "Tile", [[1, .max, 1, 1]],
                "expected sides of 0 to 67108864, found a tensor of 1×9223372036854775807×height×width"
            ),
            (
                "Tile", [[1, -2, 1, 1]],
                "expected sides of 0 to 67108864, found a tensor of 1×-4×height×width"
            ),
            (
                "Tile", [[1, 2]],
                "expected 4 counts, found 2"
            ),
            (
                "Range", [[0], [.max], [1]],
                "expected sides of 0 to 67108864, found a tensor of 9223372036854775807"
            ),
            (
                "Pad", [[0, 0, 0, 0, 0, .max, 0, 0]],
                "expected counts up to 2147483647, found [0, 0, 0, 0, 0, 9223372036854775807, 0, 0]"
            ),
            (
                "Pad", [[0, -3, 0, 0, 0, 0, 0, 0]],
                "expected a side left at axis 1, found -1"
            ),
            (
                "Reshape", [[.max, .max]],
                "expected sides of 0 to 67108864, found a tensor of 9223372036854775807×9223372036854775807"
            ),
            (
                "Reshape", [[-1, -1]],
                "expected at most one -1 in the shape, found -1×-1"
            ),
            (
                "Reshape", [[-2]],
                "expected sides of at least 0, found -2"
            ),
            (
                "Unsqueeze", [[9]],
                "expected an axis of a tensor of rank 5, found axis 9"
            ),
            (
                "Unsqueeze", [Array(0..<40)],
                "expected a tensor of at most 32 axes, found 44"
            ),
            (
                "Squeeze", [[1]],
                "expected a side of 1 at axis 1, found 2"
            ),
            (
                "Slice", [[0, 0], [1, 1], [2, 2]],
                "expected axes that differ, found [2, 2]"
            ),
            (
                "Slice", [[0], [1], [1], [.min]],
                "expected a step, found -9223372036854775808"
            ),
            (
                "Gather", [[.max]],
                "expected indices below 1, found [9223372036854775807]"
            ),
            (
                "Split", [[-1, 2]],
                "expected 1 lengths, found 2"
            ),
            (
                "Add", [[1]],
                "expected two tensors of the same number type, found float32 and int64"
            ),
        ]
        for (type, integers, expected) in cases {
            #expect(
                message(type, integers) == "m.onnx: node the_\(type) (\(type)): \(expected)"
            )
        }
        for scale in [Float.infinity, .nan, 0, -1, 1e30, 0.123] {
            let said = message { graph in
                graph.initializer.append(ModelFile.tensor("s", [4], [1, 1, scale, 1]))
                graph.node = [ModelFile.node("Resize", ["image", "", "s"], ["y"])]
            }
            #expect(
                said
                    == "m.onnx: node the_Resize (Resize): expected a simple scale above 0 and up to 1048576, found \(scale)"
            )
        }
    }

    @Test("inputs and weights beyond all bounds")
    func declarations() {
        func input(_ sides: [String]) -> String? { message("Relu", image: sides) }
        #expect(
            input(["1", "99999999999", "4", "4"])
                == "m.onnx: input \"image\": expected sides of 0 to 67108864, found a tensor of 1×99999999999×4×4"
        )
        #expect(
            input(["60000000", "60000000", "4", "4"])
                == "m.onnx: input \"image\": expected a tensor of at most 281474976710656 elements, found one of 60000000×60000000×4×4"
        )
        #expect(
            input(Array(repeating: "1", count: 40))
                == "m.onnx: input \"image\": expected a tensor of at most 32 axes, found 40"
        )
        #expect(
            message {
                $0.input = [ModelFile.input("image", ["4"])]
                $0.node = [ModelFile.node("InstanceNormalization", ["image", "b", "b"], ["y"])]
            }
                == "m.onnx: node the_InstanceNormalization (InstanceNormalization): expected a tensor of rank 2...8, found 4"
        )
        #expect(
            message { $0.initializer[1].dims = [Int64](repeating: 1, count: 33) }
                == "m.onnx: tensor \"b\": expected at most 32 axes, found 33"
        )
        #expect(
            message { $0.initializer[1].dims = [0, .max] }
                == "m.onnx: tensor \"b\": expected a shape of at most 2147483647 elements, found 0×9223372036854775807"
        )
    }
}
