internal import Glibc
package import Tensors

// What a node that looks at the whole picture finds is a few numbers for each channel. Gathered
// once, rows at a time, they turn the node into one that looks at single pixels.

extension Graph {
    /// The nodes whose view of the whole picture is a few numbers for each channel, in waves: those
    /// of a wave depend on no node of the same or a later one.
    ///
    /// Numbers are gathered for the first wave, that is frozen, and so on: a wave's inputs are
    /// known for part of a picture once those before it are frozen.
    ///
    /// - Parameter reach: that of this graph, at any size of picture.
    /// - Throws: when some node that looks at the whole picture cannot be frozen; it is named.
    package func statisticNodes(_ reach: Reach) throws(GraphError) -> [[Int]] {
        let global = Set(reach.globalNodes)
        var depths: [ValueID: Int] = [:]
        var waves: [[Int]] = []
        for (index, node) in nodes.enumerated() {
            let depth = node.inputs.compactMap { $0.flatMap { depths[$0] } }.max() ?? 0
            let isGlobal = global.contains(index)
            for output in node.outputs.compactMap(\.self) {
                depths[output] = depth + (isGlobal ? 1 : 0)
            }
            guard isGlobal else { continue }
            guard summary(of: node, reach) != nil else {
                throw GraphError(
                    node: node.label,
                    "expected a node whose view of the whole picture is a few numbers for each "
                        + "channel, found one that depends on every pixel in another way"
                )
            }
            while waves.count <= depth { waves.append([]) }
            waves[depth].append(index)
        }
        // A wave without nodes of its own would wait for nothing.
        return waves.filter { !$0.isEmpty }
    }

    /// What a node gathers over space, if that is all it does with the whole picture.
    private func summary(of node: Node, _ reach: Reach) -> NodeStatistics.Kind? {
        guard let input = node.input(0), let shape = reach.shapes[input], shape.count == 4,
            shape[0] == 1, let axes = reach.axes[input], axes.rows == 2, axes.columns == 3,
            let kind = NodeStatistics.Kind(node.operation)
        else { return nil }
        func isForChannels(_ index: Int, rank: Int, counts: [Int]) -> Bool {
            guard index < node.inputs.count, let value = node.inputs[index] else { return true }
            guard let tensor = constants[value], tensor.elementType == .float32 else {
                return false
            }
            if rank == 1 { return counts.contains(tensor.count) }
            return ChannelAffine.perChannel(tensor, channels: shape[1], rank: rank) != nil
        }
        switch node.operation {
        case is InstanceNormalization, is FusedInstanceNormalization:
            return (1...2).allSatisfy { isForChannels($0, rank: 1, counts: [shape[1]]) }
                ? kind : nil
        case let operation as GroupNormalization:
            let counts = [shape[1], operation.groups]
            return (1...2).allSatisfy { isForChannels($0, rank: 1, counts: counts) } ? kind : nil
        case let operation as LayerNormalization:
            guard let first = try? resolve(axis: operation.axis, rank: 4), (1...2).contains(first)
            else { return nil }
            return (1...2).allSatisfy { isForChannels($0, rank: 4, counts: []) } ? kind : nil
        case let operation as Reduction:
            guard let axes = reducedAxes(operation, node), axes.contains(2), axes.contains(3) else {
                return nil
            }
            return kind
        default: return kind
        }
    }

    /// The axes that a reduction of a picture takes away.
    private func reducedAxes(_ operation: Reduction, _ node: Node) -> [Int]? {
        let axes = node.inputs.dropFirst().first ?? nil
        let type = axes.map { value in constants[value].map { ValueType(of: $0) } }
        // Axes that are computed are not known.
        if let type, type == nil { return nil }
        return try? operation.axes([nil, type ?? nil], rank: 4)
    }

    // MARK: Freezing

    /// The graph with what some nodes found in one picture in place of their looking for it.
    ///
    /// Normalizations become batch normalizations, reductions constants. Values keep their
    /// identities; the passes that fold constants and affine nodes then find new work.
    ///
    /// - Parameter statistics: what nodes found, by their index in this graph; nodes that
    ///   `statisticNodes` gives.
    package func frozen(_ statistics: [Int: NodeStatistics]) throws(GraphError) -> Graph {
        var result = self
        result.nodes = []
        for (index, node) in nodes.enumerated() {
            guard let found = statistics[index] else {
                result.nodes.append(node)
                continue
            }
            guard NodeStatistics.Kind(node.operation) == found.kind else {
                throw GraphError(
                    node: node.label,
                    "expected numbers gathered for this node, found those of another"
                )
            }
            switch node.operation {
            case let operation as Reduction: result.freeze(operation, node, found)
            case is GlobalPooling:
                let values = found.results.map { Float($0) }
                let tensor = Tensor(shape: [1, values.count, 1, 1], values: values)
                result.define(node.outputs[0], as: tensor)
            default: result.freezeNormalization(node, found)
            }
        }
        result.removeDeadNodes()
        try result.verify()
        return result
    }

    private mutating func define(_ value: ValueID?, as tensor: Tensor) {
        guard let value else { return }
        constants[value] = tensor
        setType(ValueType(of: tensor), of: value)
    }

    private mutating func freeze(_ operation: Reduction, _ node: Node, _ found: NodeStatistics) {
        guard let axes = reducedAxes(operation, node) else { return nodes.append(node) }
        let joined = axes.contains(1) ? found.joined(groups: 1) : found
        let values = joined.results.map { Float($0) }
        var shape = [1, values.count, 1, 1]
        if !operation.keepsAxes { shape = (0..<4).filter { !axes.contains($0) }.map { shape[$0] } }
        define(node.outputs[0], as: Tensor(shape: shape, values: values))
    }

    private mutating func freezeNormalization(_ node: Node, _ found: NodeStatistics) {
        let channels = found.channels
        var groups = channels
        var epsilon: Float
        switch node.operation {
        case let operation as InstanceNormalization: epsilon = operation.epsilon
        case let operation as FusedInstanceNormalization: epsilon = operation.base.epsilon
        case let operation as GroupNormalization:
            (groups, epsilon) = (operation.groups, operation.epsilon)
        case let operation as LayerNormalization:
            if (try? resolve(axis: operation.axis, rank: 4)) == 1 { groups = 1 }
            epsilon = operation.epsilon
        default: return nodes.append(node)
        }
        let joined = found.joined(groups: groups)
        func forChannels(_ values: [Double]) -> [Double] {
            (0..<channels).map { values[$0 * values.count / channels] }
        }
        func parameter(_ index: Int, _ name: String, otherwise rest: Double) -> ValueID {
            let given = index < node.inputs.count ? node.inputs[index] : nil
            let values = given.map { constants[$0]!.doubles } ?? [rest]
            return addConstant("\(node.name).\(name)", Tensor(vector: forChannels(values)))
        }
        let (means, variances) = (joined.means, joined.variances)
        let inputs = [
            node.input(0), parameter(1, "scale", otherwise: 1), parameter(2, "bias", otherwise: 0),
            addConstant("\(node.name).mean", Tensor(vector: forChannels(means))),
            addConstant("\(node.name).variance", Tensor(vector: forChannels(variances))),
        ]
        let fused = node.operation as? FusedInstanceNormalization
        let ending = fused.map { self.ending(of: $0, node) }
        var normalized = node.outputs[0]
        if let ending, !ending.isEmpty {
            normalized = addValue("\(node.name).normalized", type: values[normalized!].type)
        }
        nodes.append(
            Node(
                name: node.name,
                BatchNormalization(epsilon: epsilon),
                inputs: inputs,
                outputs: [normalized]
            )
        )
        append(ending ?? [], after: normalized!, into: node.outputs[0]!)
        guard node.outputs.count > 1 else { return }
        // A layer normalization may put out its mean and the reciprocal of its deviation.
        let shape = [1, joined.channels, 1, 1]
        let inverses = variances.map { 1 / ($0 + Double(epsilon)).squareRoot() }
        for (output, values) in zip(node.outputs.dropFirst(), [means, inverses]) {
            define(output, as: Tensor(shape: shape, values: values.map { Float($0) }))
        }
    }
}

extension Graph {
    /// One operator of what a fused one does to its results, and its second input.
    private typealias Part = (operation: any Operator, inputs: [ValueID?])

    private mutating func ending(of fused: FusedInstanceNormalization, _ node: Node) -> [Part] {
        var parts: [Part] = []
        let residual: Part = (Binary(.add), [node.input(4)])
        if fused.residual == .beforeActivation { parts.append(residual) }
        switch fused.activation {
        case .none: break
        case .function(let function): parts.append((Unary(function), []))
        case .prelu:
            let slopes = constants[node.input(3)!]!
            let shape = [slopes.count, 1, 1]
            let value = addConstant("\(node.name).slopes", slopes.reshaped(to: shape))
            parts.append((Binary(.prelu), [value]))
        case .clip(let low, let high):
            let bounds = [low, high].map { addConstant("\(node.name).bound", Tensor($0)) }
            parts.append((Clip(), bounds))
        }
        if fused.residual == .afterActivation { parts.append(residual) }
        return parts
    }

    /// Appends operators one after the other, of which the last gives `output`.
    private mutating func append(_ parts: [Part], after value: ValueID, into output: ValueID) {
        var value = value
        for (index, part) in parts.enumerated() {
            let result =
                index == parts.count - 1
                ? output : addValue("\(values[output].name).\(index)", type: values[output].type)
            nodes.append(
                Node(
                    name: values[result].name,
                    part.operation,
                    inputs: [value] + part.inputs,
                    outputs: [result]
                )
            )
            value = result
        }
    }
}

/// What a node finds out about each channel of a whole picture, gathered from pieces of it.
///
/// Numbers are gathered row by row, in double precision: pieces of whole rows in their order give
/// the same bits however the picture is cut, other pieces the same up to rounding.
package struct NodeStatistics: Sendable {
    /// What is gathered.
    enum Kind: Sendable, Equatable {
        /// Mean and variance, and the function of them that is wanted, if it is one.
        case moments(Reduction.Function?)
        case maximum, minimum, product
        /// The sum of |x|^p, and then its root or not.
        case powers(Int, takesRoot: Bool)
        case exponentials
    }

    let kind: Kind
    /// How many elements of each channel were seen.
    package private(set) var count = 0
    package var channels: Int { values.count }
    /// The mean, or what else is gathered, for each channel.
    private var values: [Double]
    /// The sum of squared distances from the mean; for exponentials, the largest element.
    private var spreads: [Double]

    /// - Parameter node: one that `Graph.statisticNodes` gives.
    package init(for node: Graph.Node, channels: Int) {
        guard let kind = Kind(node.operation) else {
            preconditionFailure("statistics are those of a normalization, pooling or reduction")
        }
        self.init(kind, channels: channels)
    }

    private init(_ kind: Kind, channels: Int) {
        self.kind = kind
        let (value, spread) = kind.start
        values = [Double](repeating: value, count: channels)
        spreads = [Double](repeating: spread, count: channels)
    }

    // MARK: Gathering

    /// Takes in a piece of the node's first input, 1×C×height×width.
    package mutating func add(rows piece: Tensor) {
        precondition(
            piece.rank == 4 && piece.shape[0] == 1 && piece.shape[1] == channels,
            "a piece has the channels of the whole"
        )
        let (height, width) = (piece.shape[2], piece.shape[3])
        guard width > 0, height > 0 else { return }
        let elements = piece.floats
        for channel in 0..<channels {
            var seen = count
            for row in 0..<height {
                let start = (channel * height + row) * width
                let (value, spread) = kind.summary(of: elements, start..<(start + width))
                combine(channel, count: seen, value, spread, count: width)
                seen += width
            }
        }
        count += height * width
    }

    /// Takes in elements of which mean and squared distances from it are known, for each channel; for
    /// nodes that normalize, sum or average.
    mutating func add(count added: Int, means: [Double], squares: [Double]) {
        for channel in 0..<channels {
            combine(channel, count: count, means[channel], squares[channel], count: added)
        }
        count += added
    }

    /// Takes in what was gathered from another part of the picture.
    package mutating func merge(_ other: NodeStatistics) {
        precondition(
            other.kind == kind && other.channels == channels,
            "statistics of one node belong together"
        )
        for channel in 0..<channels {
            let (value, spread) = (other.values[channel], other.spreads[channel])
            combine(channel, count: count, value, spread, count: other.count)
        }
        count += other.count
    }

    /// Joins a summary of `added` elements with that of the first `count` of a channel.
    private mutating func combine(
        _ channel: Int,
        count: Int,
        _ value: Double,
        _ spread: Double,
        count added: Int
    ) {
        guard added > 0 else { return }
        switch kind {
        case .moments:
            // Chan, Golub and LeVeque (1979): means and squared distances of two parts.
            let total = Double(count + added)
            let distance = value - values[channel]
            values[channel] += distance * Double(added) / total
            spreads[channel] += spread + distance * distance * Double(count) * Double(added) / total
        case .maximum: values[channel] = max(values[channel], value)
        case .minimum: values[channel] = min(values[channel], value)
        case .product: values[channel] *= value
        case .powers: values[channel] += value
        case .exponentials:
            let peak = max(spreads[channel], spread)
            guard peak > -.infinity else { return }
            values[channel] =
                values[channel] * exp(spreads[channel] - peak) + value * exp(spread - peak)
            spreads[channel] = peak
        }
    }

    /// The statistics of equal groups of neighbouring channels.
    func joined(groups: Int) -> NodeStatistics {
        var result = NodeStatistics(kind, channels: groups)
        let size = channels / groups
        for channel in 0..<channels {
            let seen = channel % size * count
            let (value, spread) = (values[channel], spreads[channel])
            result.combine(channel / size, count: seen, value, spread, count: count)
        }
        result.count = count * size
        return result
    }

    // MARK: Results

    /// The mean of each channel, for a node that normalizes, sums or averages.
    package var means: [Double] { values }

    /// The biased variance of each channel, likewise.
    package var variances: [Double] { spreads.map { max(0, $0) / Double(max(1, count)) } }

    /// What a pooling or reduction gives for each channel; the means of a normalization.
    package var results: [Double] {
        switch kind {
        case .moments(let function):
            return values.map { mean in
                switch function {
                case .sum: mean * Double(count)
                case .logOfSum: log(mean * Double(count))
                default: mean
                }
            }
        case .powers(let p, true): return values.map { root($0, p) }
        case .exponentials: return zip(values, spreads).map { log($0) + $1 }
        case .maximum, .minimum, .product, .powers(_, false): return values
        }
    }
}

extension NodeStatistics.Kind {
    /// What has to be gathered for an operator; `nil` if numbers for each channel do not say it.
    init?(_ operation: any Operator) {
        switch operation {
        case is InstanceNormalization, is FusedInstanceNormalization, is GroupNormalization,
            is LayerNormalization:
            self = .moments(nil)
        case let pooling as GlobalPooling:
            switch pooling.function {
            case .average: self = .moments(.mean)
            case .max: self = .maximum
            case .norm(let p): self = .powers(p, takesRoot: true)
            }
        case let reduction as Reduction:
            switch reduction.function {
            case .sum, .mean, .logOfSum: self = .moments(reduction.function)
            case .maximum: self = .maximum
            case .minimum: self = .minimum
            case .product: self = .product
            case .l1: self = .powers(1, takesRoot: false)
            case .l2: self = .powers(2, takesRoot: true)
            case .sumOfSquares: self = .powers(2, takesRoot: false)
            case .logOfSumOfExponentials: self = .exponentials
            }
        default: return nil
        }
    }

    /// What stands for no element at all.
    fileprivate var start: (value: Double, spread: Double) {
        switch self {
        case .moments, .powers: (0, 0)
        case .maximum: (-.infinity, 0)
        case .minimum: (.infinity, 0)
        case .product: (1, 0)
        case .exponentials: (0, -.infinity)
        }
    }

    /// What a row says about its channel.
    fileprivate func summary(
        of elements: borrowing Span<Float>,
        _ range: Range<Int>
    ) -> (value: Double, spread: Double) {
        var (value, spread) = start
        switch self {
        case .moments:
            for i in range { value += Double(elements[i]) }
            value /= Double(range.count)
            for i in range {
                let distance = Double(elements[i]) - value
                spread += distance * distance
            }
        case .maximum: for i in range { value = max(value, Double(elements[i])) }
        case .minimum: for i in range { value = min(value, Double(elements[i])) }
        case .product: for i in range { value *= Double(elements[i]) }
        case .powers(let p, _): for i in range { value += power(abs(Double(elements[i])), p) }
        case .exponentials:
            for i in range { spread = max(spread, Double(elements[i])) }
            guard spread > -.infinity else { return start }
            for i in range { value += exp(Double(elements[i]) - spread) }
        }
        return (value, spread)
    }
}
