import Graphs
import Support
import Tensors
import Testing

@Suite struct PassTests {
    @Test("every pass leaves results as they were", arguments: everyNetwork.indices)
    func sameResults(index: Int) throws {
        let network = everyNetwork[index]
        var random = SeededRandom(5)
        let graph = network.graph(seed: 5)
        let x = random.tensor([1, 3, 24, 32])
        let expected = try graph.evaluate([x])[0]
        let tolerance = 1e-5 * range(expected)
        for pass in Pass.all {
            let result = try graph.applying([pass]).evaluate([x])[0]
            let difference = difference(result, expected, tolerance: tolerance)
            #expect(difference == nil, "\(network.rawValue): \(pass.name)")
        }
        let result = try graph.applying().evaluate([x])[0]
        let difference = difference(result, expected, tolerance: tolerance)
        #expect(difference == nil, "\(network.rawValue)")
        let again = try graph.applying().applying()
        #expect(
            again.nodes.map(\.operation.name) == (try graph.applying()).nodes.map(\.operation.name)
        )
    }

    @Test("what is true of a network at any size stays true", arguments: everyNetwork.indices)
    func sameFacts(index: Int) throws {
        let network = everyNetwork[index]
        let graph = network.graph(seed: 2)
        let before = try PictureNetwork(graph)
        let after = try PictureNetwork(graph.applying())
        #expect(after.scale == before.scale)
        #expect(after.alignment == before.alignment)
        #expect(after.lostBorder == before.lostBorder)
        #expect(after.halo == before.halo)
        #expect(after.fixedSize == nil)
        // Normalizations that are recognised have other nodes.
        guard network.rawValue != "written" else { return }
        let nodes = after.globalNodes.map { $0.replacing("Fused", with: "") }
        #expect(nodes == before.globalNodes)
    }

    private func range(_ tensor: Tensor) -> Float {
        let values = tensor.array(of: Float.self)
        return values.max()! - values.min()!
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
