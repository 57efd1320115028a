import Graphs
import Support
import Tensors
import Testing
import Training

/// Features of networks that come as graphs.
@Suite struct FeatureTests {
    private static func graph() -> Graph {
        var random = SeededRandom(1)
        var graph = Graph(name: "features")
        let x = graph.addInput("x", ValueType(.float32, [1, 3, 12, 10]))
        let rule = WindowRule(kernel: [3, 3], pads: .explicit(before: [1, 1], after: [1, 1]))
        let first = graph.addConstant("w1", random.tensor([4, 3, 3, 3]))
        let bias = graph.addConstant("b1", random.tensor([4]))
        let a = graph.append(Graphs.Convolution(rule: rule), named: "conv1", [x, first, bias])
        let b = graph.append(Unary(.relu), named: "relu1", [a])
        let pooling = WindowRule(kernel: [2, 2], strides: [2, 2])
        let c = graph.append(Pooling(.max(indices: nil), rule: pooling), named: "pool1", [b])
        let second = graph.addConstant("w2", random.tensor([5, 4, 3, 3]))
        let d = graph.append(Graphs.Convolution(rule: rule), named: "conv2", [c, second])
        let e = graph.append(Concat(axis: 1), named: "both", [c, d])
        graph.outputs = [b, e]
        return graph
    }

    @Test("features equal what the graph computes, and gradients reach the picture")
    func features() throws {
        let graph = Self.graph()
        let network = try FeatureNetwork<Float>(graph, features: ["relu1", "both"])
        var random = SeededRandom(2)
        let picture = random.tensor([1, 3, 12, 10])
        let x = Variable<Float>(picture).tracked
        let found = network(x)
        for (a, b) in zip(found, try graph.evaluate([picture])) {
            #expect(difference(a.tensor, b) == nil)
        }
        let other = network(Variable(random.tensor([1, 3, 12, 10])))
        let loss = featureError(found, other) + styleError(found, other, weights: [1, 10])
        #expect(loss.gradients(for: [x])[0].values.contains { $0 != 0 })
    }

    @Test("a picture is brought to a network's own range, and what is not needed is not looked at")
    func ranges() throws {
        var graph = Graph(name: "scaled")
        let x = graph.addInput("x", ValueType(.float32, [1, 3, 4, 4]))
        let mean = graph.addConstant(
            "mean",
            Tensor(shape: [3, 1, 1], values: [0.5, 0.4, 0.3 as Float])
        )
        let scale = graph.addConstant("scale", Tensor(0.25 as Float))
        let a = graph.append(Binary(.subtract), named: "shifted", [x, mean])
        let b = graph.append(Binary(.divide), named: "scaled", [a, scale])
        graph.outputs = [graph.append(Unary(.sin), named: "wave", [b])]
        let network = try FeatureNetwork<Float>(graph, features: ["scaled"])
        var random = SeededRandom(4)
        let picture = random.tensor([1, 3, 4, 4])
        graph.outputs = [b]
        let expected = try graph.evaluate([picture])[0]
        #expect(difference(network(Variable(picture))[0].tensor, expected) == nil)
    }

    @Test("a name or a node that is not understood is said")
    func mistakes() {
        #expect(throws: TrainingError.unknownValue("conv9", network: "features")) {
            _ = try FeatureNetwork<Float>(Self.graph(), features: ["conv9"])
        }
        var graph = Graph(name: "waves")
        let x = graph.addInput("x", ValueType(.float32, [1, 1, 2, 2]))
        graph.outputs = [graph.append(Unary(.sin), named: "wave", [x])]
        #expect(throws: TrainingError.self) {
            _ = try FeatureNetwork<Float>(graph, features: ["wave"])
        }
    }

    @Test("the style error of a picture with itself is zero, and grows with contrast")
    func style() {
        let x = OperationTests.numbers([1, 3, 8, 8], seed: 3)
        #expect(styleError([x], [x]).value == 0)
        #expect(styleError([x * 2], [x]).value > styleError([x * 1.5], [x]).value)
    }
}
