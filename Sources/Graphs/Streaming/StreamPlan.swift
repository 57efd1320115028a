internal import Kernels
internal import Tensors

/// A rectangle of a network's output, and how it is computed strip by strip: static, made once.
///
/// Rows of the input come from top to bottom, rows of the output leave from top to bottom. Every
/// feature row is computed once; only rows that later ones need are kept.
///
/// The maps that steps work on are the plan's own: one run at a time uses it.
package final class StreamPlan: @unchecked Sendable {
    /// The part of the output that is computed.
    package let rows, columns: Range<Int>
    /// The rows of the input that it depends on.
    package let inputRows: Range<Int>
    /// The columns of the input that it depends on.
    package var inputColumns: Range<Int> { input.layout.columns }
    package let outputChannels: Int
    /// Rows of the input in a strip.
    package let stripRows: Int
    /// Strips until the output is complete.
    package var strips: Int { schedule.count }

    let network: SizedNetwork
    let flow: Flow
    let schedule: StripSchedule
    let output: Feature
    let input: RowMap
    let inputValue: Graph.ValueID
    let outputValue: Graph.ValueID
    let nodes: [PlannedNode]
    /// The values that own memory.
    let maps: [Graph.ValueID: RowMap]
    /// Values of other shapes.
    let plainMaps: [(value: Graph.ValueID, map: PlainMap)]
    /// What steps read and write.
    let features: [Graph.ValueID: Feature]
    let memory: ArenaLayout
    /// Bytes of packed weights and tables.
    package let weightBytes: Int
    let neededColumns: [Graph.ValueID: Range<Int>]

    /// A node with its step, in the order of computation.
    struct PlannedNode {
        let index: Int
        let step: any StreamStep
        /// The results, for memory and rows.
        let results: [Graph.ValueID]
    }

    /// Bytes of feature maps: what strips share, and what is kept between them.
    package var featureBytes: Int { memory.bytes }

    /// Bytes of feature maps and weights.
    package var bytes: Int { memory.bytes + weightBytes }

    /// - Parameters:
    ///   - rows: rows of the output to compute; all if not given.
    ///   - stripRows: rows of the input in a strip; `nil` takes as many as fit into the budget.
    ///   - budget: bytes for feature maps. A plan that needs more at one row at a time is made all
    ///     the same: `bytes` says what it takes.
    package init(
        _ network: SizedNetwork,
        output value: Graph.ValueID,
        rows: Range<Int>? = nil,
        columns: Range<Int>? = nil,
        stripRows: Int? = nil,
        budget: Int = .max
    ) throws(GraphError) {
        let flow = network.flow
        self.network = network
        self.flow = flow
        inputValue = flow.graph.inputs[0]
        outputValue = value
        self.rows = rows ?? 0..<flow.length(value, .rows)
        self.columns = columns ?? 0..<flow.length(value, .columns)
        let axes = flow.reach.axes[value]
        guard flow.types[value]?.elementType == .float32, axes?.rows != nil, axes?.columns != nil
        else {
            throw GraphError("expected a picture of float32 as output, found something else")
        }
        guard !self.rows.isEmpty, !self.columns.isEmpty else {
            throw GraphError("expected an output of at least one pixel, found none")
        }
        let neededRows = flow.needs(for: self.rows, of: value, .rows)
        neededColumns = flow.needs(for: self.columns, of: value, .columns)
        inputRows = neededRows[inputValue] ?? 0..<0
        var builder = StepBuilder(network, neededRows: neededRows, neededColumns: neededColumns)
        let planned = try builder.build()
        guard let input = builder.inputMap, let output = builder.features[value] else {
            throw GraphError("expected an output that depends on the picture, found a constant one")
        }
        nodes = planned
        self.input = input
        self.output = output
        outputChannels = output.blocks?.channels ?? flow.reach.channels(of: value)
        weightBytes = planned.reduce(0) { $0 + $1.step.byteCount }
        let maps = builder.maps
        self.maps = maps
        features = builder.features
        plainMaps = builder.features.compactMap { value, feature in
            if case .plain(let map) = feature { return (value, map) }
            return nil
        }
        let virtual = builder.virtual
        func schedule(_ rows: Int) -> (StripSchedule, ArenaLayout) {
            let schedule = StripSchedule(
                flow,
                needed: neededRows,
                virtual: virtual,
                output: value,
                stripRows: rows
            )
            return (schedule, ArenaLayout(flow, schedule, planned, maps, virtual, output: value))
        }
        let height = max(1, inputRows.count)
        if let stripRows {
            (self.schedule, memory) = schedule(min(max(1, stripRows), height))
            self.stripRows = min(max(1, stripRows), height)
        } else {
            let found = Self.largest(
                height,
                weightBytes,
                rowBytes: maps.values.map { $0.layout.rowStride * 4 }.max() ?? 0,
                budget,
                isGlobal: network.isGlobal,
                schedule
            )
            (self.stripRows, self.schedule, memory) = found
        }
    }

    /// The most rows in a strip with which everything fits into the budget, up to a number from
    /// which on more are no faster: more where weights do not stay in the cache from one strip to
    /// the next, fewer where a strip of the widest map would not stay there from one step to the next.
    ///
    /// - Parameter rowBytes: bytes of a row of the widest map.
    private static func largest(
        _ height: Int,
        _ weightBytes: Int,
        rowBytes: Int,
        _ budget: Int,
        isGlobal: Bool,
        _ schedule: (Int) -> (StripSchedule, ArenaLayout)
    ) -> (Int, StripSchedule, ArenaLayout) {
        // A third-level cache holds 16 MiB and more. Where not even 12 rows stay in it, fewer than 48
        // gain nothing.
        let cache = 12 << 20
        let kept = [48, 24, 12].first { $0 * rowBytes <= cache } ?? 48
        let most = min(height - 1, weightBytes > 32 << 20 ? 192 : kept)
        var candidates = [192, 96, 48, 24, 12, 6, 2, 1].filter { $0 <= most }
        if isGlobal || height * rowBytes <= cache { candidates.insert(height, at: 0) }
        if candidates.isEmpty { candidates = [height] }
        var last: (Int, StripSchedule, ArenaLayout)?
        for rows in candidates {
            let (strips, memory) = schedule(rows)
            if let last, memory.bytes >= last.2.bytes { return last }
            last = (rows, strips, memory)
            if memory.bytes + weightBytes <= budget { break }
        }
        return last!
    }

    /// Multiply-adds of everything that is computed.
    package var multiplyAdds: Double {
        nodes.reduce(0) { $0 + multiplyAdds($1.index, rows: schedule.allRows($1.results[0])) }
    }

    /// Multiply-adds of a node for some rows of its result, over the plan's columns.
    func multiplyAdds(_ index: Int, rows: Range<Int>) -> Double {
        let node = flow.graph.nodes[index]
        return flow.multiplyAdds(
            node,
            rows: rows,
            columns: flow.hull(of: node, neededColumns) ?? 0..<0
        )
    }
}

/// A network specialized to one size of picture, with the weights that its plans share.
package final class SizedNetwork: Sendable {
    package let flow: Flow
    let treatments: [Treatment]
    /// Maps of few channels that are stored in blocks of 16.
    let wideMaps: Set<Graph.ValueID>
    let weights: WeightCache
    /// Whether something in it looks at the whole picture.
    package let isGlobal: Bool
    /// Convolutions that may be computed with bfloat16 products.
    let fastNodes: Set<Int>

    /// - Parameter fast: convolutions that may be computed with bfloat16 products, counted in the
    ///   order of computation.
    package init(
        _ graph: Graph,
        input shape: [Int],
        weights: WeightCache,
        fast: Set<Int> = []
    ) throws(GraphError) {
        var flow = try Flow(graph, input: shape)
        guard flow.isMap(flow.graph.inputs[0]) else {
            throw GraphError("expected one picture of shape 1×C×height×width, found \(text(shape))")
        }
        var treatments: [Treatment] = []
        for index in flow.graph.nodes.indices {
            let treatment = flow.treatment(of: index)
            if case .definition(isPointwise: false) = treatment { flow.makeWhole(index) }
            treatments.append(treatment)
        }
        self.flow = flow
        self.treatments = treatments
        wideMaps = Self.wideMaps(flow, treatments)
        self.weights = weights
        isGlobal = flow.edges.contains { edges in
            edges.contains { edge in
                guard case .everything = edge.rows else { return false }
                return flow.length(edge.value, .rows) > 1
            }
        }
        let numbered = Self.convolutions(treatments).enumerated()
        fastNodes = Set(numbered.filter { fast.contains($0.offset) }.map(\.element))
    }

    /// Multiply-adds of everything that a part of the output depends on; of all of it if no part is
    /// given.
    package func multiplyAdds(
        of output: Graph.ValueID,
        rows: Range<Int>? = nil,
        columns: Range<Int>? = nil
    ) -> Double {
        let rows = rows ?? 0..<flow.length(output, .rows)
        let columns = columns ?? 0..<flow.length(output, .columns)
        let neededRows = flow.needs(for: rows, of: output, .rows)
        let neededColumns = flow.needs(for: columns, of: output, .columns)
        return flow.graph.nodes.reduce(0) { sum, node in
            guard let rows = flow.hull(of: node, neededRows),
                let columns = flow.hull(of: node, neededColumns)
            else { return sum }
            return sum + flow.multiplyAdds(node, rows: rows, columns: columns)
        }
    }
}
