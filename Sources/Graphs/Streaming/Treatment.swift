internal import Kernels
internal import Tensors

/// How a node is computed row by row.
enum Treatment: Sendable {
    /// Not at all: readers of a concatenation read its parts.
    case joined
    case convolution(FusedConvolution)
    case unary(UnaryStep.Function)
    case affine(factors: [Float], offsets: [Float])
    case binary(BinaryStep.Function)
    case pooling(rows: Window, columns: Window, countsPadding: Bool?)
    case resize(rows: Resampling.Axis?, columns: Resampling.Axis?)
    case depthToSpace(DepthToSpace)
    case spaceToDepth(SpaceToDepth)
    case pad(Padding, before: (rows: Int, columns: Int), value: Float)
    case slice(start: (rows: Int, columns: Int), step: (rows: Int, columns: Int))
    /// For each output, the channels of the inputs, counted through, that it is made of.
    case channels([[Int]])
    case instanceNormalization(FusedInstanceNormalization)
    case reduction(SpatialReductionStep.Function)
    case noise(RandomNormalLike)
    /// As the operator defines it: row by row where it treats all positions alike, else all at once.
    case definition(isPointwise: Bool)

    /// Whether results have the places of the inputs that have as many channels.
    var keepsPlaces: Bool {
        switch self {
        case .convolution, .depthToSpace, .spaceToDepth, .channels, .definition, .noise, .joined:
            false
        default: true
        }
    }
}

extension Flow {
    /// How a node is computed.
    func treatment(of index: Int) -> Treatment {
        let node = graph.nodes[index]
        let isOfMaps = node.outputs.allSatisfy { $0 == nil || isMap($0) }
        if isOfMaps, let treatment = mapTreatment(node, index) { return treatment }
        return .definition(isPointwise: isPointwise(index))
    }

    /// The fast way, where there is one for what the node reads.
    private func mapTreatment(_ node: Graph.Node, _ index: Int) -> Treatment? {
        guard let input = edges[index].first?.value, edges[index].allSatisfy({ isMap($0.value) })
        else { return nil }
        let result = node.outputs.compactMap(\.self)[0]
        func constant(_ index: Int) -> Tensor? {
            guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
            return graph.constants[value]
        }
        func numbers(_ index: Int) -> [Float]? {
            constant(index).flatMap {
                $0.elementType == .float32 ? $0.array(of: Float.self) : nil
            }
        }
        let inputTypes = node.inputs.map { input in input.flatMap { types[$0] } }
        if let convolution = node.convolution {
            guard constant(1) != nil,
                node.inputs.count < 3 || node.input(2) == nil
                    || constant(2) != nil, node.input(0) == input
            else { return nil }
            return .convolution(convolution)
        }
        if let normalization = node.instanceNormalization {
            guard numbers(1) != nil, numbers(2) != nil, node.input(0) == input else { return nil }
            return .instanceNormalization(normalization)
        }
        switch node.operation {
        case let unary as Unary: return .unary(.unary(unary.function))
        case let cast as Cast where cast.type == .float32 && cast.rounding == nil:
            return .unary(.unary(.identity))
        case is Clip:
            func bound(_ index: Int, _ fallback: Float) -> Float? {
                guard index < node.inputs.count, node.inputs[index] != nil else { return fallback }
                return numbers(index)?.first
            }
            guard let low = bound(1, -.infinity), let high = bound(2, .infinity) else { return nil }
            return .unary(.clip(low: low, high: high))
        case let norm as BatchNormalization:
            guard let scale = numbers(1), let bias = numbers(2), let mean = numbers(3),
                let variance = numbers(4)
            else { return nil }
            let factors = scale.indices.map {
                scale[$0] / (variance[$0] + norm.epsilon).squareRoot()
            }
            let offsets = scale.indices.map { bias[$0] - mean[$0] * factors[$0] }
            return .affine(factors: factors, offsets: offsets)
        case let binary as Binary:
            let isSimple = node.inputs.allSatisfy { $0 != nil && canStretch($0!, to: result) }
            return isSimple ? .binary(function(of: binary)) : nil
        case let pooling as Pooling: return self.pooling(pooling, input)
        case let resize as Resize:
            guard let shape = types[input]?.shape,
                resize.resampling.coordinates != .tfCropAndResize,
                let plan = try? resize.plan(inputTypes, shape), plan[0].resampling == nil,
                plan[1].resampling == nil
            else { return nil }
            let (from, to) = (self.shape(input), self.shape(result))
            let axes = (2...3).map { axis in
                plan[axis].resampling?.axis(inputLength: from[axis], outputLength: to[axis])
            }
            return .resize(rows: axes[0], columns: axes[1])
        case let shuffle as DepthToSpace: return .depthToSpace(shuffle)
        case let shuffle as SpaceToDepth: return .spaceToDepth(shuffle)
        case let pad as Pad:
            guard let counts = try? pad.counts(inputTypes, rank: 4),
                let before = constants(counts.before), let after = constants(counts.after),
                before[..<2] == [0, 0], after[..<2] == [0, 0]
            else { return nil }
            let value = node.inputs.count > 2 && node.input(2) != nil ? numbers(2)?.first : 0
            return value.map { .pad(pad.padding, before: (before[2], before[3]), value: $0) }
        case let slice as Slice: return self.slice(slice, inputTypes, input)
        case let split as Split: return channels(of: node, axis: split.axis)
        case let concat as Concat:
            guard edges[index].count == node.inputs.count,
                (try? resolve(axis: concat.axis, rank: 4)) == 1
            else { return nil }
            return isReadInPlace(node) ? .joined : .channels([Array(0..<shape(result)[1])])
        case is GlobalPooling, is Reduction: return reduction(node, inputTypes)
        case let noise as RandomNormalLike: return .noise(noise)
        default: return nil
        }
    }

    private func constants(_ dimensions: [Dimension]) -> [Int]? {
        let numbers = dimensions.compactMap(\.constant)
        return numbers.count == dimensions.count ? numbers : nil
    }

    /// Whether an operand can be read beside a map: a map of its size, or one number for each channel,
    /// row or picture.
    private func canStretch(_ value: Graph.ValueID, to result: Graph.ValueID) -> Bool {
        let target = shape(result)
        if let constant = graph.constants[value] {
            guard constant.elementType == .float32 else { return false }
            let shape = [Int](repeating: 1, count: max(0, 4 - constant.rank)) + constant.shape
            return shape.count == 4 && shape[0] == 1 && shape[2...] == [1, 1]
                && (shape[1] == 1 || shape[1] == target[1])
        }
        guard isMap(value) else { return false }
        let own = shape(value)
        if own[1] != target[1] { return own[1] == 1 && own[2...] == target[2...] }
        return own[2] == target[2] && own[3] == target[3] || own[3] == 1 && own[2] == 1
            || own[2] == 1 && own[3] == target[3] || own[3] == 1 && own[2] == target[2]
    }

    private func function(of binary: Binary) -> BinaryStep.Function {
        switch binary.function {
        case .add: .kernel(.add)
        case .subtract: .kernel(.subtract)
        case .multiply: .kernel(.multiply)
        case .divide: .kernel(.divide)
        case .minimum: .kernel(.minimum)
        case .maximum: .kernel(.maximum)
        case .prelu: .kernel(.slope)
        case .power, .modulo, .remainder: .definition(binary.float)
        }
    }

    private func pooling(_ pooling: Pooling, _ input: Graph.ValueID) -> Treatment? {
        let sides = Array(shape(input)[2...])
        guard let windows = try? pooling.rule.windows(sides) else { return nil }
        switch pooling.function {
        case .max(indices: nil):
            return .pooling(rows: windows[0], columns: windows[1], countsPadding: nil)
        case .average(let counts):
            return .pooling(rows: windows[0], columns: windows[1], countsPadding: counts)
        default: return nil
        }
    }

    private func slice(
        _ slice: Slice,
        _ inputTypes: [ValueType?],
        _ input: Graph.ValueID
    ) -> Treatment? {
        guard let side = types[input]?.shape, let cuts = try? slice.cuts(inputTypes, side) else {
            return nil
        }
        var (start, step) = ([0, 0, 0, 0], [1, 1, 1, 1])
        var channels: Range<Int>?
        for cut in cuts {
            guard let first = cut.start.constant, let count = cut.count.constant, cut.step > 0
            else { return nil }
            let isWhole = first == 0 && cut.step == 1 && side[cut.axis].constant == count
            if cut.axis == 1, !isWhole, cut.step == 1 { channels = first..<(first + count) }
            if cut.axis < 2, !isWhole, channels == nil { return nil }
            if cut.axis >= 2 { (start[cut.axis], step[cut.axis]) = (first, cut.step) }
        }
        guard let channels else {
            return .slice(start: (start[2], start[3]), step: (step[2], step[3]))
        }
        let isElsewhere =
            start != [0, 0, 0, 0] || step != [1, 1, 1, 1]
            || cuts.contains { $0.axis >= 2 && side[$0.axis] != $0.count }
        return isElsewhere ? nil : .channels([Array(channels)])
    }

    /// Cuts along the channels.
    private func channels(of node: Graph.Node, axis: Int) -> Treatment? {
        guard (try? resolve(axis: axis, rank: 4)) == 1 else { return nil }
        var (parts, first): ([[Int]], Int) = ([], 0)
        for output in node.outputs {
            guard let output else { return nil }
            let count = shape(output)[1]
            parts.append(Array(first..<(first + count)))
            first += count
        }
        return .channels(parts)
    }

    /// Whether the parts of a concatenation can stay where they are.
    ///
    /// Blocks with places left over in the middle are read by convolutions only.
    private func isReadInPlace(_ node: Graph.Node) -> Bool {
        let result = node.outputs[0]!
        guard shape(result)[1] > 4 else { return false }
        if node.inputs.dropLast().allSatisfy({ shape($0!)[1] % 16 == 0 }) { return true }
        if graph.outputs.contains(result) { return false }
        return graph.nodes.allSatisfy { reader in
            guard reader.inputs.contains(result) else { return true }
            guard let convolution = reader.convolution else { return false }
            return reader.inputs.firstIndex(of: result) == 0
                && !reader.inputs.dropFirst().contains(result) && !convolution.isGrouped
        }
    }

    private func reduction(_ node: Graph.Node, _ inputTypes: [ValueType?]) -> Treatment? {
        switch node.operation {
        case let pooling as GlobalPooling:
            switch pooling.function {
            case .average: return .reduction(.mean)
            case .max: return .reduction(.maximum)
            case .norm: return nil
            }
        case let reduction as Reduction:
            guard reduction.keepsAxes, (try? reduction.axes(inputTypes, rank: 4)) == [2, 3] else {
                return nil
            }
            switch reduction.function {
            case .mean: return .reduction(.mean)
            case .sum: return .reduction(.sum)
            case .maximum: return .reduction(.maximum)
            case .minimum: return .reduction(.minimum)
            default: return nil
            }
        default: return nil
        }
    }

    /// Whether a node treats every row and column by itself and all alike.
    private func isPointwise(_ index: Int) -> Bool {
        let node = graph.nodes[index]
        let outputs = node.outputs.compactMap(\.self)
        guard node.operation is any LocalOperator,
            let result = outputs.first(where: { reach.axes[$0] != nil }),
            outputs.allSatisfy({ reach.axes[$0] == reach.axes[result] }),
            let axes = reach.axes[result], axes.rows != nil
        else { return false }
        func isIdentity(_ map: AxisMap, _ value: Graph.ValueID, _ direction: Direction) -> Bool {
            if case .identity = map { return true }
            return reach.axes[value]?[direction] == nil && length(value, direction) == 1
                && reach.axes[value] != nil
        }
        guard
            edges[index].allSatisfy({ edge in
                isIdentity(edge.rows, edge.value, .rows)
                    && isIdentity(edge.columns, edge.value, .columns)
            })
        else { return false }
        // A constant that differs from row to row cannot be told from one that does not.
        let rank = shape(result).count
        let first = [axes.rows, axes.columns].compactMap(\.self).map { rank - $0 }
        return node.inputs.allSatisfy { input in
            guard let input, let constant = graph.constants[input] else { return true }
            return !first.contains { $0 <= constant.rank && constant.shape[constant.rank - $0] > 1 }
                || !(node.operation is Binary || node.operation is Comparison
                    || node.operation is Where)
        }
    }
}

extension FusedConvolution {
    var groups: Int {
        switch base {
        case .convolution(let convolution): convolution.groups
        case .transposed(let convolution): convolution.groups
        }
    }

    /// Whether a filter reads some of the channels only; where it reads one, places stay as they are.
    var isGrouped: Bool { groups > 1 }
}
