extension SizedNetwork {
    /// Maps of few channels that are stored in blocks of 16 all the same, because they are read
    /// beside such maps.
    static func wideMaps(_ flow: Flow, _ treatments: [Treatment]) -> Set<Graph.ValueID> {
        var wide: Set<Graph.ValueID> = []
        /// Values that must be stored alike.
        var groups: [[Graph.ValueID]] = []
        func isFew(_ value: Graph.ValueID) -> Bool { flow.shape(value)[1] <= 4 }
        for (index, node) in flow.graph.nodes.enumerated() {
            let treatment = treatments[index]
            let results = node.outputs.compactMap(\.self).filter { flow.isMap($0) }
            let inputs = flow.edges[index].map(\.value).filter { flow.isMap($0) }
            switch treatment {
            case .joined: wide.formUnion(inputs.filter(isFew))
            case .channels where inputs.count > 1:
                if inputs.reduce(0, { $0 + flow.shape($1)[1] }) > 4 {
                    wide.formUnion(inputs.filter(isFew))
                } else {
                    groups.append(inputs)
                }
            case .convolution(let convolution):
                let residual = convolution.residual == .none ? nil : node.input(4)
                if let residual { groups.append([results[0], residual]) }
                if convolution.groups > 1 { groups.append([results[0], node.input(0)!]) }
                // A thin map made from a thin one has no kernel that adds a residual.
                if residual != nil, isFew(results[0]), isFew(node.input(0)!) {
                    wide.insert(results[0])
                }
            default:
                guard treatment.keepsPlaces, let result = results.first else { continue }
                let count = flow.shape(result)[1]
                groups.append([result] + inputs.filter { flow.shape($0)[1] == count })
            }
        }
        var isChanging = true
        while isChanging {
            isChanging = false
            for group in groups where group.contains(where: wide.contains) {
                for value in group where isFew(value) && wide.insert(value).inserted {
                    isChanging = true
                }
            }
        }
        return wide
    }
}
