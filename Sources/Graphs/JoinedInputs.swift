internal import Tensors

extension Graph {
    /// How many channels each input has; `nil` unless all are float32 pictures N × C × height × width.
    package var pictureChannels: [Int]? {
        var counts: [Int] = []
        for input in inputs {
            guard let type = values[input].type, type.elementType == .float32,
                let shape = type.shape, shape.count == 4, let channels = shape[1].constant
            else { return nil }
            counts.append(channels)
        }
        return counts
    }

    /// The graph with one picture as input that has the channels of all its inputs, in their order;
    /// itself where it has one input, or others than pictures.
    package var withJoinedInputs: Graph {
        guard inputs.count > 1, let channels = pictureChannels else { return self }
        var graph = self
        var type = values[inputs[0]].type!
        type.shape![1] = Dimension(channels.reduce(0, +))
        let joined = graph.addValue("joined", type: type)
        let counts = Tensor(shape: [channels.count], values: channels.map { Int64($0) })
        let lengths = graph.addConstant("joined.lengths", counts)
        let split = Node(
            name: "joined.split",
            Split(axis: 1, parts: channels.count),
            inputs: [joined, lengths],
            outputs: inputs.map { $0 }
        )
        graph.nodes.insert(split, at: 0)
        graph.inputs = [joined]
        return graph
    }
}
