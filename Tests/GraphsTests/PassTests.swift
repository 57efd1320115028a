import Graphs
import Support
import Tensors
import Testing

@Suite struct PassTests {
    @Test("every pass leaves results as they were", arguments: TestNetwork.allCases)
    func sameResults(network: TestNetwork) throws {
        var random = SeededRandom(5)
        let graph = network.graph(seed: 5)
        let x = random.tensor([1, 3, 24, 32])
        let expected = try graph.evaluate([x])
        for pass in Pass.all {
            let result = try graph.applying([pass]).evaluate([x])
            #expect(difference(result[0], expected[0], tolerance: 1e-6) == nil, "\(pass.name)")
        }
        #expect(
            difference(try graph.applying().evaluate([x])[0], expected[0], tolerance: 1e-6) == nil
        )
    }

    @Test("shape arithmetic on known sizes becomes a constant")
    func shapes() throws {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, 6, 8, 10]))
        let shape = graph.append(Shape(), [x])
        let two = graph.addConstant("two", Tensor(shape: [1], values: [Int64(1)]))
        let side = graph.append(Gather(), [shape, two])
        let rest = graph.addConstant("rest", Tensor(shape: [1], values: [Int64(-1)]))
        let target = graph.append(Concat(axis: 0), [side, rest])
        graph.outputs = [graph.append(Reshape(), [x, target])]
        let folded = try graph.applying([.foldConstants])
        #expect(folded.nodes.map(\.operation.name) == ["Reshape"])
        #expect(try folded.inferTypes()[folded.outputs[0]]?.constantShape == [6, 80])
    }

    @Test("a network saved for one size is freed from it")
    func freeing() throws {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, 2, 20, 30]))
        var random = SeededRandom(1)
        let w = graph.addConstant("w", random.tensor([2, 2, 3, 3]))
        let rule = WindowRule(kernel: [3, 3], strides: [2, 2])
        let fixed = TransposedConvolution(rule: rule, outputSides: [40, 60])
        graph.outputs = [graph.append(fixed, [x, w])]
        let free = try graph.applying()
        let type = try free.inferTypes()[free.outputs[0]]
        #expect(type?.shape.map { text($0) } == "1×2×2·height×2·width")
        let input = random.tensor([1, 2, 20, 30])
        #expect(difference(try free.evaluate([input])[0], try graph.evaluate([input])[0]) == nil)
    }
}
