import Foundation
import Graphs
import ONNX
import Support
import Tensors
import Testing

/// What comes back from a file is what went into it.
@Suite struct ExportTests {
    private func reread(_ graph: Graph) throws -> ONNXModel {
        try ONNXModel(data: try graph.onnxFile(name: "test"), name: "test")
    }

    @Test(
        "every network gives the same numbers after a way through a file",
        arguments: everyNetwork.indices
    )
    func networks(index: Int) throws {
        let graph = everyNetwork[index].graph(seed: 4)
        // Group normalization is younger than these files.
        guard !graph.nodes.contains(where: { $0.operation is GroupNormalization }) else { return }
        let model = try reread(graph)
        #expect(model.opset == 17)
        var random = SeededRandom(index)
        for side in [16, 24] {
            let x = random.tensor([1, 3, side, 16])
            let (found, wanted) = (try model.graph.evaluate([x])[0], try graph.evaluate([x])[0])
            #expect(
                difference(found, wanted, tolerance: 0) == nil,
                "\(everyNetwork[index].rawValue)"
            )
        }
    }

    @Test("sides that are not known stay open, by name")
    func openSides() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        builder.graph.outputs = [builder.transposed(x, 3, 3, kernel: 2, stride: 2, pad: 0)]
        let graph = try reread(builder.graph).graph
        let (input, output) = (graph.inputs[0], graph.outputs[0])
        #expect(graph.values[input].type?.shape == [1, 3, .named("height"), .named("width")])
        let shape = try graph.inferTypes()[output]?.shape
        #expect(shape == [1, 3, .named("height") * 2, .named("width") * 2])
    }

    @Test("names of nodes and weights are kept, and told apart where two are the same")
    func names() throws {
        var graph = Graph(name: "small")
        let x = graph.addInput("picture", ValueType(.float32, [1, 2, 4, 4]))
        let a = graph.addConstant("body.weight", Tensor(shape: [2, 1, 1], values: [Float(1), 2]))
        let b = graph.addConstant("body.weight", Tensor(shape: [2, 1, 1], values: [Float(3), 4]))
        let scaled = graph.append(Binary(.multiply), named: "body.scale", [x, a])
        graph.outputs = [graph.append(Binary(.add), named: "body.shift", [scaled, b])]
        let found = try reread(graph).graph
        #expect(found.nodes.map(\.name) == ["body.scale", "body.shift"])
        #expect(found.constants.keys.map { found.values[$0].name }.sorted().first == "body.weight")
        #expect(found.constants.count == 2 && found.values[found.inputs[0]].name == "picture")
    }

    @Test("an operator that files have no form for is named")
    func refused() {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, 2, 4, 4]))
        graph.outputs = [graph.append(Unary(.mish), named: "last", [x])]
        #expect(
            throws: ONNXError(
                file: "test",
                part: "last",
                "expected a function of operator set 17, found Mish"
            )
        ) { _ = try graph.onnxFile(name: "test") }
    }

    @Test("notes come back")
    func notes() throws {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1]))
        graph.outputs = [graph.append(Unary(.relu), [x])]
        let data = try graph.onnxFile(name: "test", metadata: ["recipe": "none", "seed": "1"])
        let model = try ONNXModel(data: data, name: "test")
        #expect(model.metadata == ["recipe": "none", "seed": "1"])
        #expect(model.producer == "atelier")
    }
}
