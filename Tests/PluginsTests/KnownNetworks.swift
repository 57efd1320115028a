import Graphs
import Tensors

extension ValueType {
    static let picture = ValueType(.float32, [1, 3, .named("height"), .named("width")])
}

extension Graph {
    /// A style network: the mean colour of a picture, [1, 3].
    static var meanColor: Graph {
        var graph = Graph()
        let x = graph.addInput("input", .picture)
        let sides = graph.addConstant("sides", Tensor(shape: [2], values: [Int64(1), 3]))
        let mean = graph.append(GlobalPooling(.average), [x])
        graph.outputs = [graph.append(Reshape(), [mean, sides])]
        return graph
    }

    /// A network that adds a style, which is a colour, to every pixel.
    static var tinting: Graph {
        var graph = Graph()
        let x = graph.addInput("picture", .picture)
        let style = graph.addInput("style", ValueType(.float32, [1, 3]))
        let sides = graph.addConstant("sides", Tensor(shape: [4], values: [Int64(1), 3, 1, 1]))
        let color = graph.append(Reshape(), [style, sides])
        graph.outputs = [graph.append(Binary(.add), [x, color])]
        return graph
    }
}
