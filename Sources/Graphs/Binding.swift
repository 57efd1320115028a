package import Tensors

extension Graph {
    /// The inputs beside the first one, which is the picture of networks that work on one.
    package var furtherInputs: [ValueID] { Array(inputs.dropFirst()) }

    /// The graph with fixed values for some of its inputs, by name.
    package func binding(_ values: [String: Tensor]) throws(GraphError) -> Graph {
        var graph = self
        for (name, tensor) in values.sorted(by: { $0.key < $1.key }) {
            guard let place = graph.inputs.firstIndex(where: { self.values[$0].name == name })
            else {
                let names = graph.inputs.map { "\"\(self.values[$0].name)\"" }
                throw GraphError(
                    "expected one of the inputs \(names.joined(separator: ", ")), found \"\(name)\""
                )
            }
            let input = graph.inputs.remove(at: place)
            if let type = self.values[input].type { try type.check(tensor, of: name) }
            graph.constants[input] = tensor
            graph.setType(ValueType(of: tensor), of: input)
        }
        return graph
    }
}

extension ValueType {
    fileprivate func check(_ tensor: Tensor, of name: String) throws(GraphError) {
        let sides = shape ?? tensor.shape.map { Dimension($0) }
        let fits =
            tensor.elementType == elementType && sides.count == tensor.rank
            && zip(sides, tensor.shape).allSatisfy { ($0.constant ?? $1) == $1 }
        guard fits else {
            throw GraphError(
                "input \"\(name)\": expected \(elementType) of shape \(text(sides)), found "
                    + "\(tensor.elementType) of shape \(tensor.shape)"
            )
        }
    }
}
