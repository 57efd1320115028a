internal import Kernels
internal import Tensors

/// Makes the steps of a plan and the maps between them.
struct StepBuilder {
    private let network: SizedNetwork
    private let neededRows, neededColumns: [Graph.ValueID: Range<Int>]
    private let wide: Set<Graph.ValueID>
    private(set) var features: [Graph.ValueID: Feature] = [:]
    /// The maps that own memory.
    private(set) var maps: [Graph.ValueID: RowMap] = [:]
    private(set) var inputMap: RowMap?
    /// Nodes that compute nothing.
    private(set) var virtual: Set<Int> = []

    private var flow: Flow { network.flow }

    init(
        _ network: SizedNetwork,
        neededRows: [Graph.ValueID: Range<Int>],
        neededColumns: [Graph.ValueID: Range<Int>]
    ) {
        self.network = network
        self.neededRows = neededRows
        self.neededColumns = neededColumns
        wide = network.wideMaps()
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
                isWide: wide.contains(value),
                columns: columns
            )
        )
        maps[value] = map
        features[value] = .map(BlockList(map))
        return map
    }

    private func blocks(_ value: Graph.ValueID?) -> BlockList { features[value!]!.blocks! }

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
            return try self.convolution(convolution, node, input, output)
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
        case .instanceNormalization(let scale, let bias, let epsilon):
            return InstanceNormalizationStep(
                scale: scale,
                bias: bias,
                epsilon: epsilon,
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

    // MARK: Convolutions

    private func convolution(
        _ convolution: FusedConvolution,
        _ node: Graph.Node,
        _ input: BlockList,
        _ output: RowMap
    ) throws(GraphError) -> any StreamStep {
        let source = node.input(0)!
        let (rows, columns) = try geometry(convolution, node)
        let reading = ConvolutionStep.reading(output.layout.columns, columns)
        let stored = neededColumns[source]!
        input.requireMargins(
            left: max(0, stored.lowerBound - reading.lowerBound),
            right: max(0, reading.upperBound - stored.upperBound)
        )
        func value(_ index: Int) -> Graph.ValueID? {
            index < node.inputs.count ? node.inputs[index] : nil
        }
        let (weights, isDepthwise) = kernel(convolution, flow.graph.constants[node.input(1)!]!)
        let isThin = output.layout.lanes == 4
        let form: PackedConvolution.Form =
            isDepthwise && input.lanes == output.layout.lanes
            ? .depthwise : isThin && input.lanes == 16 ? .thin : .dense
        let isNarrowed = isThin && form == .dense
        var activation = SumActivation.none
        var function: Unary.Function?
        switch convolution.activation {
        case .none: break
        case .function(.relu): activation = .relu
        case .function(.leakyRelu(let slope)):
            activation = .slopes([Float](repeating: slope, count: weights.shape[0]))
        case .prelu:
            activation = .slopes(flow.graph.constants[value(3)!]!.array(of: Float.self))
        case .clip(let low, let high): activation = .clip(low: low, high: high)
        case .function(let other): function = other
        }
        let residual: SumResidual =
            switch convolution.residual {
            case .none: .none
            case .beforeActivation: .beforeActivation
            // What the kernel cannot do comes after it, and so does the residual.
            case .afterActivation: function == nil ? .afterActivation : .none
            }
        let bias = value(2).flatMap { flow.graph.constants[$0] }
        let biasValues =
            bias?.array(of: Float.self) ?? [Float](repeating: 0, count: weights.shape[0])
        let method =
            form == .dense && !isThin && input.lanes == 16
            ? WinogradStep.method(
                rows,
                columns,
                input,
                output,
                height: flow.shape(node.outputs[0]!)[2]
            ) : nil
        func key(_ form: WeightCache.Form) -> WeightCache.Key {
            WeightCache.Key(
                weights: node.input(1),
                bias: value(2),
                slopes: value(3),
                form: form,
                places: input.places,
                lanes: input.lanes,
                activation: "\(convolution.activation)",
                residual: residual
            )
        }
        let added = convolution.residual == .none ? nil : blocks(value(4))
        let addsResidualLast = convolution.residual == .afterActivation && function != nil
        if let method {
            WinogradStep.requireMargins(method, of: input, output, stored: stored)
            let parts = method.parts.map { part in
                let packed = network.weights.weights(
                    key(.winograd(tile: method.tile, taps: part.taps))
                ) {
                    PackedWinograd(
                        tile: method.tile,
                        weights: part.kernel(weights, width: columns.window.size),
                        bias: biasValues,
                        activation: activation,
                        residual: residual,
                        inputs: part.places(input)
                    )
                }
                return (part, packed)
            }
            return WinogradStep(
                input: input,
                residual: added,
                output: output,
                inputRows: flow.length(source, .rows),
                parts: parts,
                function: function,
                addsResidualLast: addsResidualLast
            )
        }
        let packed = network.weights.weights(key(.plain(form))) {
            PackedConvolution(
                form,
                weights: weights,
                bias: biasValues,
                activation: activation,
                residual: residual,
                inputs: input.places,
                lanes: input.lanes
            )
        }
        if form == .dense, !isThin, added == nil,
            FewPixelsStep.suits(input, output, height: flow.shape(node.outputs[0]!)[2], packed)
        {
            return FewPixelsStep(
                input: input,
                output: output,
                rows: rows,
                columns: columns,
                inputRows: flow.length(source, .rows),
                inputColumns: stored,
                weights: packed,
                function: function
            )
        }
        return ConvolutionStep(
            input: input,
            residual: added,
            output: output,
            rows: rows,
            columns: columns,
            inputRows: flow.length(source, .rows),
            weights: packed,
            function: function,
            addsResidualLast: addsResidualLast,
            isNarrowed: isNarrowed
        )
    }

    private func geometry(
        _ convolution: FusedConvolution,
        _ node: Graph.Node
    ) throws(GraphError) -> (rows: ConvolutionStep.Geometry, columns: ConvolutionStep.Geometry) {
        let shape = flow.shape(node.input(0)!)
        do throws(OperatorError) {
            switch convolution.base {
            case .convolution(let base):
                let windows = try base.rule.windows(Array(shape[2...]))
                return (.forward(windows[0]), .forward(windows[1]))
            case .transposed(let base):
                let windows = [
                    try base.geometry(0, side: Dimension(shape[2])).window,
                    try base.geometry(1, side: Dimension(shape[3])).window,
                ]
                return (.transposed(windows[0]), .transposed(windows[1]))
            }
        } catch {
            throw GraphError(node, error)
        }
    }

    /// Weights as [outputs, inputs, taps], with zeros between groups, or as [channels, 1, taps].
    private func kernel(
        _ convolution: FusedConvolution,
        _ weights: Tensor
    ) -> (weights: Tensor, isDepthwise: Bool) {
        let taps = weights.shape[2] * weights.shape[3]
        let groups = convolution.groups
        var isTransposed = false
        if case .transposed = convolution.base { isTransposed = true }
        let inputs = isTransposed ? weights.shape[0] : weights.shape[1] * groups
        let outputs = isTransposed ? weights.shape[1] * groups : weights.shape[0]
        if groups == inputs, groups == outputs, groups > 1 {
            return (weights.reshaped(to: [groups, 1, taps]), true)
        }
        if groups == 1, !isTransposed {
            return (weights.reshaped(to: [outputs, inputs, taps]), false)
        }
        let (groupIn, groupOut) = (inputs / groups, outputs / groups)
        var dense = Tensor(shape: [outputs, inputs, taps])
        let source = weights.floats
        var target = dense.mutableFloats
        for output in 0..<outputs {
            let group = output / groupOut
            for i in 0..<groupIn {
                let input = group * groupIn + i
                let first =
                    isTransposed
                    ? (input * groupOut + output % groupOut) * taps
                    : (output * groupIn + i) * taps
                for tap in 0..<taps {
                    target[(output * inputs + input) * taps + tap] = source[first + tap]
                }
            }
        }
        return (dense, false)
    }
}

extension SizedNetwork {
    /// Maps of few channels that are stored in blocks of 16 all the same, because they are read
    /// beside such maps.
    func wideMaps() -> Set<Graph.ValueID> {
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
