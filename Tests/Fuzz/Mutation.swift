import Foundation
import ONNX
import Support
internal import SwiftProtobuf

/// Changes to the file of a network, drawn by chance.
enum Mutation {
    /// One of `models` with one to three changes, to its bytes or to its messages.
    static func damaged(_ models: [Data], _ random: inout SeededRandom) -> Data {
        let data = models[random.int(0...(models.count - 1))]
        if random.int(0...4) == 0 { return damagedBytes(data, models, &random) }
        guard var model = try? Onnx_ModelProto(serializedBytes: data) else {
            return damagedBytes(data, models, &random)
        }
        for _ in 0..<random.int(1...3) { change(&model, &random) }
        let result = (try? model.serializedData()) ?? data
        return random.int(0...9) == 0 ? damagedBytes(result, models, &random) : result
    }

    /// Numbers at which something ends, and small ones.
    static func number(_ random: inout SeededRandom) -> Int64 {
        let ends: [Int64] = [
            0, 1, -1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 4095, 4096,
            4097, 65535, 65536, 1 << 20, 1 << 24, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 32,
            1 << 40, 1 << 53, 1 << 62, .max, .max - 1, .min, .min + 1,
        ]
        return random.int(0...2) == 0 ? Int64(random.int(-9...9)) : element(ends, &random)
    }

    static func float(_ random: inout SeededRandom) -> Float {
        let ends: [Float] = [
            0, -0.0, 1, -1, 0.5, 2, 3, 1e-9, 1e9, 1e38, -1e38, .nan, .infinity, -.infinity, 1.0 / 3,
        ]
        return random.int(0...2) == 0
            ? .random(in: -4...4, using: &random) : element(ends, &random)
    }

    static func element<Element>(_ list: [Element], _ random: inout SeededRandom) -> Element {
        list[random.int(0...(list.count - 1))]
    }

    /// A place in a list, `nil` for an empty one.
    static func place(_ list: some Collection, _ random: inout SeededRandom) -> Int? {
        list.isEmpty ? nil : random.int(0...(list.count - 1))
    }
}

// MARK: - Bytes

extension Mutation {
    private static func damagedBytes(
        _ data: Data,
        _ models: [Data],
        _ random: inout SeededRandom
    ) -> Data {
        var bytes = [UInt8](data)
        for _ in 0..<random.int(1...3) {
            guard !bytes.isEmpty else { break }
            switch random.int(0...5) {
            case 0: bytes = Array(bytes.prefix(random.int(0...bytes.count)))
            case 1:
                let other = [UInt8](element(models, &random))
                let from = random.int(0...other.count)
                let part = other[from..<min(other.count, from + random.int(0...200))]
                bytes.insert(contentsOf: part, at: random.int(0...bytes.count))
            case 2:
                let from = random.int(0...bytes.count)
                bytes.removeSubrange(from..<min(bytes.count, from + random.int(0...200)))
            default:
                // Weights lie in the middle; what is said about them, at the ends.
                for _ in 0..<random.int(1...16) {
                    let end = min(bytes.count, random.int(0...1) == 0 ? 4000 : bytes.count)
                    let place = random.int(0...(end - 1))
                    let index = random.int(0...1) == 0 ? place : bytes.count - 1 - place
                    bytes[index] = UInt8(random.int(0...255))
                }
            }
        }
        return Data(bytes)
    }
}

// MARK: - Messages

extension Mutation {
    private static func change(_ model: inout Onnx_ModelProto, _ random: inout SeededRandom) {
        switch random.int(0...19) {
        case 0:
            guard !model.opsetImport.isEmpty else { return }
            model.opsetImport[0].version =
                random.int(0...2) == 0 ? number(&random) : Int64(random.int(5...28))
        case 1: changeDimension(&model.graph.input, &random)
        case 2...4:
            guard let index = place(model.graph.initializer, &random) else { return }
            change(&model.graph.initializer[index], &random)
        case 5...6: changeOrder(&model.graph.node, &random)
        case 7:
            // What was inside comes out.
            guard let name = model.graph.node.randomElement(using: &random)?.output.first else {
                return
            }
            var output = Onnx_ValueInfoProto()
            output.name = name
            if random.int(0...1) == 0 { model.graph.output = [] }
            model.graph.output.append(output)
        case 8: insertNode(&model.graph, &random)
        default:
            guard let index = place(model.graph.node, &random) else { return }
            change(&model.graph.node[index], in: model.graph, &random)
        }
    }

    private static func changeDimension(
        _ inputs: inout [Onnx_ValueInfoProto],
        _ random: inout SeededRandom
    ) {
        guard let index = place(inputs, &random) else { return }
        let shape = inputs[index].type.tensorType.shape.dim
        guard let axis = place(shape, &random) else { return }
        switch random.int(0...5) {
        case 0: inputs[index].type.tensorType.shape.dim.remove(at: axis)
        case 1: inputs[index].type.tensorType.shape.dim.append(shape[axis])
        case 2: inputs[index].type.tensorType.elemType = Int32(random.int(0...20))
        case 3: inputs[index].type.tensorType.shape.dim[axis].dimParam = "n"
        default: inputs[index].type.tensorType.shape.dim[axis].dimValue = number(&random)
        }
    }

    private static func change(_ tensor: inout Onnx_TensorProto, _ random: inout SeededRandom) {
        switch random.int(0...6) {
        case 0:
            guard let axis = place(tensor.dims, &random) else { return }
            tensor.dims[axis] = number(&random)
        case 1: tensor.dims = tensor.dims.shuffled(using: &random)
        case 2: tensor.dataType = Int32(random.int(0...20))
        case 3: tensor.dims.append(1)
        case 4: tensor = integers((0..<random.int(0...8)).map { _ in number(&random) }, tensor.name)
        case 5 where !tensor.dims.isEmpty: tensor.dims.removeLast()
        default:
            if let index = place(tensor.int64Data, &random) {
                tensor.int64Data[index] = number(&random)
            } else if let index = place(tensor.floatData, &random) {
                tensor.floatData[index] = float(&random)
            } else if tensor.rawData.count >= 8 {
                let value =
                    tensor.dataType == 7
                    ? UInt64(bitPattern: number(&random)) : UInt64(float(&random).bitPattern)
                let width = tensor.dataType == 7 ? 8 : 4
                let start = random.int(0...(tensor.rawData.count / width - 1)) * width
                for byte in 0..<width {
                    tensor.rawData[tensor.rawData.startIndex + start + byte] =
                        UInt8(truncatingIfNeeded: value >> (8 * byte))
                }
            }
        }
    }

    private static func integers(_ values: [Int64], _ name: String) -> Onnx_TensorProto {
        var tensor = Onnx_TensorProto()
        (tensor.name, tensor.dataType) = (name, 7)
        (tensor.dims, tensor.int64Data) = ([Int64(values.count)], values)
        return tensor
    }

    private static func changeOrder(
        _ nodes: inout [Onnx_NodeProto],
        _ random: inout SeededRandom
    ) {
        guard let first = place(nodes, &random), let second = place(nodes, &random) else { return }
        switch random.int(0...3) {
        case 0: nodes.swapAt(first, second)
        case 1: nodes.insert(nodes[first], at: second)
        case 2: nodes.remove(at: first)
        default:
            // The same once more, under another name.
            var copy = nodes[first]
            copy.output = copy.output.map { $0 + "'" }
            nodes.insert(copy, at: min(first, second))
        }
    }

    /// A node of any kind, between a value and all who read it.
    private static func insertNode(_ graph: inout Onnx_GraphProto, _ random: inout SeededRandom) {
        guard let place = place(graph.node, &random),
            let index = Self.place(graph.node[place].input, &random)
        else { return }
        let value = graph.node[place].input[index]
        var node = Onnx_NodeProto()
        node.opType = element(ONNXModel.operators.sorted(), &random)
        node.input = [value]
        for number in 1..<random.int(1...4) + 1 {
            guard random.int(0...1) == 0 else { continue }
            if random.int(0...1) == 0 {
                let name = "made\(place)-\(number)-\(random.int(0...999))"
                let values = (0..<random.int(0...8)).map { _ in Self.number(&random) }
                graph.initializer.append(integers(values, name))
                node.input.append(name)
            } else {
                node.input.append(anyValue(in: graph, &random))
            }
        }
        node.output = ["new\(random.int(0...999_999))"]
        node.attribute = anyAttributes(in: graph, &random)
        graph.node[place].input[index] = node.output[0]
        graph.node.insert(node, at: place)
    }

    private static func anyValue(
        in graph: Onnx_GraphProto,
        _ random: inout SeededRandom
    ) -> String {
        switch random.int(0...9) {
        case 0: return ""
        case 1: return "nothing"
        case 2...4: return graph.initializer.randomElement(using: &random)?.name ?? ""
        default:
            let node = graph.node.randomElement(using: &random)
            return node?.output.randomElement(using: &random) ?? ""
        }
    }

    private static func anyAttributes(
        in graph: Onnx_GraphProto,
        _ random: inout SeededRandom
    ) -> [Onnx_AttributeProto] {
        (0..<random.int(0...4)).map { _ in
            let names = [
                "axis", "axes", "perm", "pads", "strides", "kernel_shape", "dilations", "group",
                "blocksize", "keepdims", "mode", "alpha", "epsilon", "to", "split", "block_size",
                "output_shape", "output_padding", "scales", "num_groups", "auto_pad", "ceil_mode",
                "value", "coordinate_transformation_mode", "nearest_mode", "antialias", "p",
            ]
            var attribute = Onnx_AttributeProto()
            attribute.name = element(names, &random)
            attribute.type = element([.int, .ints, .float, .floats, .string, .tensor], &random)
            refill(&attribute, &random)
            return attribute
        }
    }

    /// Another value of the attribute's type.
    private static func refill(
        _ attribute: inout Onnx_AttributeProto,
        _ random: inout SeededRandom
    ) {
        let texts = [
            "", "SAME_UPPER", "SAME_LOWER", "VALID", "nearest", "linear", "cubic", "CRD", "DCR",
            "reflect", "edge", "wrap", "align_corners", "asymmetric", "tf_crop_and_resize",
            "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "not_larger", "tanh",
            "ceil",
        ]
        switch attribute.type {
        case .float: attribute.f = float(&random)
        case .floats: attribute.floats = (0..<random.int(0...8)).map { _ in float(&random) }
        case .ints:
            if let index = place(attribute.ints, &random), random.int(0...3) > 0 {
                attribute.ints[index] = number(&random)
            } else {
                attribute.ints = (0..<random.int(0...8)).map { _ in number(&random) }
            }
        case .string: attribute.s = Data(element(texts, &random).utf8)
        case .tensor: change(&attribute.t, &random)
        default: attribute.i = number(&random)
        }
    }

    private static func change(
        _ node: inout Onnx_NodeProto,
        in graph: Onnx_GraphProto,
        _ random: inout SeededRandom
    ) {
        switch random.int(0...11) {
        case 0: node.opType = element(ONNXModel.operators.sorted(), &random)
        case 1...2:
            guard let index = place(node.input, &random) else { return }
            node.input[index] = anyValue(in: graph, &random)
        case 3: node.input.append(anyValue(in: graph, &random))
        case 4 where !node.input.isEmpty: node.input.removeLast()
        case 5:
            guard let index = place(node.output, &random) else { return }
            node.output[index] = anyValue(in: graph, &random)
        case 6: node.attribute += anyAttributes(in: graph, &random)
        default:
            guard let index = place(node.attribute, &random) else { return }
            switch random.int(0...6) {
            case 0: node.attribute.remove(at: index)
            case 1:
                node.attribute[index].type = element([.int, .ints, .float, .string], &random)
            default: refill(&node.attribute[index], &random)
            }
        }
    }
}
