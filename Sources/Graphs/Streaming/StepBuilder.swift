internal import Kernels
internal import Tensors

/// Makes the steps of a plan and the maps between them.
struct StepBuilder {
    let network: SizedNetwork
    let neededRows, neededColumns: [Graph.ValueID: Range<Int>]
    private(set) var features: [Graph.ValueID: Feature] = [:]
    /// The maps that own memory.
    private(set) var maps: [Graph.ValueID: RowMap] = [:]
    private(set) var inputMap: RowMap?
    /// Nodes that compute nothing.
    private(set) var virtual: Set<Int> = []

    var flow: Flow { network.flow }

    init(
        _ network: SizedNetwork,
        neededRows: [Graph.ValueID: Range<Int>],
        neededColumns: [Graph.ValueID: Range<Int>]
    ) {
        self.network = network
        self.neededRows = neededRows
        self.neededColumns = neededColumns
    }

    mutating func build() throws(GraphError) -> [StreamPlan.PlannedNode] {
        let input = flow.graph.inputs[0]
        if neededRows[input] != nil { inputMap = addMap(input) }
        var planned: [StreamPlan.PlannedNode] = []
        for (index, node) in flow.graph.nodes.enumerated()
        where flow.hull(of: node, neededRows) != nil && !flow.edges[index].isEmpty {
            let results = node.outputs.compactMap(\.self).filter { neededRows[$0] != nil }
            if case .joined = network.treatments[index] {
                let parts = node.inputs.compactMap { features[$0!]?.blocks }
                let value = results[0]
                features[value] = .map(BlockList(joining: parts))
                virtual.insert(index)
                continue
            }
            if case .channels(let parts) = network.treatments[index] {
                planned += cuts(index, node, parts)
                continue
            }
            planned.append(
                StreamPlan.PlannedNode(index: index, step: try step(index, node), results: results)
            )
        }
        return planned
    }

    /// A map for a value, in the usual order of channels.
    private mutating func addMap(_ value: Graph.ValueID) -> RowMap {
        let columns = neededColumns[value]!
        let map = RowMap(
            layout: MapLayout(
                channels: flow.shape(value)[1],
                isWide: network.wideMaps.contains(value),
                columns: columns
            )
        )
        maps[value] = map
        features[value] = .map(BlockList(map))
        return map
    }

    func blocks(_ value: Graph.ValueID?) -> BlockList { features[value!]!.blocks! }

    private func sides(_ value: Graph.ValueID?) -> (rows: Int, columns: Int) {
        (flow.length(value!, .rows), flow.length(value!, .columns))
    }

    /// One step for each result that is cut out of the inputs' channels.
    private mutating func cuts(
        _ index: Int,
        _ node: Graph.Node,
        _ parts: [[Int]]
    ) -> [StreamPlan.PlannedNode] {
        let list = BlockList(joining: flow.edges[index].map { blocks($0.value) })
        var planned: [StreamPlan.PlannedNode] = []
        for (output, channels) in zip(node.outputs, parts) {
            guard let output, neededRows[output] != nil else { continue }
            let step = GatherStep(channels: channels, input: list, output: addMap(output))
            planned.append(StreamPlan.PlannedNode(index: index, step: step, results: [output]))
        }
        return planned
    }

    private mutating func step(
        _ index: Int,
        _ node: Graph.Node
    ) throws(GraphError) -> any StreamStep {
        if case .definition(let isPointwise) = network.treatments[index] {
            return definition(index, node, isWhole: !isPointwise)
        }
        let result = node.outputs.compactMap(\.self)[0]
        let source = flow.edges[index][0].value
        let output = addMap(result)
        if case .binary(let function) = network.treatments[index] {
            let operands = node.inputs.map { operand($0!, beside: result) }
            return BinaryStep(function, operands[0], operands[1], output: output)
        }
        let input = blocks(source)
        switch network.treatments[index] {
        case .convolution(let convolution):
            return try self.convolution(
                convolution,
                node,
                input,
                output,
                isFast: network.fastNodes.contains(index)
            )
        case .unary(let function): return UnaryStep(function, input: input, output: output)
        case .affine(let factors, let offsets):
            return AffineStep(factors: factors, offsets: offsets, input: input, output: output)
        case .pooling(let rows, let columns, let countsPadding):
            return PoolingStep(
                rows: rows,
                columns: columns,
                sides: sides(source),
                countsPadding: countsPadding,
                input: input,
                output: output
            )
        case .resize(let rows, let columns):
            return ResizeStep(rows: rows, columns: columns, input: input, output: output)
        case .depthToSpace(let shuffle):
            return DepthToSpaceStep(shuffle, input: input, output: output)
        case .spaceToDepth(let shuffle):
            return SpaceToDepthStep(
                block: shuffle.block,
                input: input,
                output: output,
                split: shuffle.place(channels: input.channels)
            )
        case .pad(let padding, let before, let value):
            return PadStep(
                padding,
                before: before,
                sides: sides(source),
                value: value,
                input: input,
                output: output
            )
        case .slice(let start, let step):
            return SliceStep(start: start, step: step, input: input, output: output)
        case .instanceNormalization(let normalization):
            let ending = ending(of: normalization, node, channels: input.channels)
            return InstanceNormalizationStep(
                scale: flow.graph.constants[node.input(1)!]!.array(of: Float.self),
                bias: flow.graph.constants[node.input(2)!]!.array(of: Float.self),
                epsilon: normalization.base.epsilon,
                ending: ending,
                sides: sides(source),
                input: input,
                output: output
            )
        case .reduction(let function):
            return SpatialReductionStep(
                function,
                sides: sides(source),
                input: input,
                output: output
            )
        case .noise(let noise):
            return NoiseStep(noise, shape: flow.shape(result), output: output)
        case .joined, .binary, .channels, .definition:
            preconditionFailure("the node has been dealt with")
        }
    }

    // MARK: Operands

    private func operand(_ value: Graph.ValueID, beside result: Graph.ValueID) -> StreamOperand {
        let channels = flow.shape(result)[1]
        if let constant = flow.graph.constants[value] {
            let layout = maps[result]!.layout
            let values = constant.array(of: Float.self)
            return .constant(
                layout.places.map { place in
                    place < 0 ? 0 : values.count == 1 ? values[0] : values[Int(place)]
                }
            )
        }
        if flow.shape(value)[1] != channels { return .oneChannel(blocks(value)) }
        let shape = flow.shape(result)
        let own = sides(value)
        return .map(
            blocks(value),
            hasRows: own.rows == shape[2],
            hasColumns: own.columns == shape[3]
        )
    }

    private mutating func definition(
        _ index: Int,
        _ node: Graph.Node,
        isWhole: Bool
    ) -> DefinitionStep {
        let edges = flow.edges[index]
        let flow = flow
        let own = flow.hull(of: node, neededColumns)!
        let inputs = node.inputs.enumerated().map { place, value -> DefinitionStep.Input in
            guard let value else { return .none }
            if let constant = flow.graph.constants[value] { return .constant(constant) }
            guard let edge = edges.first(where: { $0.index == place }),
                let feature = features[value]
            else { return .none }
            let columns = flow.inputs(edge, node, for: own, .columns)
            return .feature(
                feature,
                rows: { flow.inputs(edge, node, for: $0, .rows) },
                columns: columns
            )
        }
        let outputs = node.outputs.map { value -> DefinitionStep.Output in
            guard let value, neededRows[value] != nil else { return .none }
            if flow.isMap(value) { return .map(addMap(value)) }
            let axes = flow.reach.axes[value] ?? PictureAxes()
            let map = PlainMap(axes, channelAxis: flow.reach.channelAxis(of: value), columns: own)
            features[value] = .plain(map)
            return .plain(map)
        }
        return DefinitionStep(
            node.operation,
            isWhole: isWhole,
            inputs: inputs,
            outputs: outputs
        )
    }
}
