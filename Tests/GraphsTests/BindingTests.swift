import Graphs
import Support
import Tensors
import Testing

@Suite struct BindingTests {
    /// x · factor + shift, of three inputs.
    private func graph() -> Graph {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, .named("width")]))
        let factor = graph.addInput("factor", ValueType(.float32, [1, 1]))
        let shift = graph.addInput("shift", ValueType(.float32, [1, .named("width")]))
        let product = graph.append(Binary(.multiply), [x, factor])
        graph.outputs = [graph.append(Binary(.add), [product, shift])]
        return graph
    }

    @Test("inputs with a value are inputs no longer, and the others keep their order")
    func values() throws {
        let whole = graph()
        #expect(whole.furtherInputs.map { whole.values[$0].name } == ["factor", "shift"])
        let bound = try whole.binding(["factor": Tensor(shape: [1, 1], values: [Float(3)])])
        #expect(bound.inputs.map { bound.values[$0].name } == ["x", "shift"])
        let (x, shift) = (
            Tensor(shape: [1, 2], values: [Float(1), 2]),
            Tensor(shape: [1, 2], values: [Float(5), 7])
        )
        #expect(try bound.evaluate([x, shift])[0].array(of: Float.self) == [8, 13])
        let folded = try bound.binding(["shift": shift]).applying([.foldConstants])
        #expect(try folded.evaluate([x])[0].array(of: Float.self) == [8, 13])
    }

    @Test("values that do not fit are refused by name")
    func refusals() {
        func expect(_ message: String, _ name: String, _ value: Tensor) {
            let error = #expect(throws: GraphError.self) { try graph().binding([name: value]) }
            #expect(error?.message == message)
        }
        let two = Tensor(shape: [1, 2], values: [Float(1), 2])
        expect(
            "expected one of the inputs \"x\", \"factor\", \"shift\", found \"offset\"",
            "offset",
            two
        )
        expect(
            "input \"factor\": expected float32 of shape 1×1, found float32 of shape [1, 2]",
            "factor",
            two
        )
    }
}
