package import Kernels
package import Tensors

/// Rows of channels in memory, for a short time.
package struct ChannelRows {
    let feature: Feature
    /// The rows that are there.
    package let rows: Range<Int>
    package let columns: Range<Int>

    /// Where the first column of a channel in a row is, and how far apart columns are, in floats.
    ///
    /// Valid inside `body`.
    package func withChannel<Result>(
        _ channel: Int,
        row y: Int,
        _ body: (UnsafePointer<Float>, _ step: Int) -> Result
    ) -> Result {
        switch feature {
        case .map(let list):
            let place = list.place(of: channel)
            let row = list.origin(y, block: place.block) + place.lane
            return body(row + columns.lowerBound * list.lanes, list.lanes)
        case .plain(let map):
            let tensor = map.row(y)
            let strides = tensor.shape.strides
            let start = map.channelAxis.map { channel * strides[$0] } ?? 0
            return tensor.floats.withUnsafeBufferPointer { values in
                body(values.baseAddress! + start, map.columnAxis.map { strides[$0] } ?? 0)
            }
        }
    }
}

/// Where a picture's rows are put as a network's input.
package struct InputRows {
    let map: RowMap

    /// The columns to fill.
    package var columns: Range<Int> { map.layout.columns }
    /// Floats from a pixel to the next of the same channel.
    package var step: Int { map.layout.lanes }

    /// The first column of a channel in a row.
    package func channel(_ channel: Int, row y: Int) -> UnsafeMutablePointer<Float> {
        map.row(y) + channel / map.layout.lanes * map.layout.blockStride
            + channel % map.layout.lanes
    }
}

/// A plan at work: gives strip after strip of the output.
///
/// Used by one thread at a time, which need not always be the same.
package final class StreamRun: @unchecked Sendable {
    package let plan: StreamPlan
    /// Multiply-adds done so far.
    package private(set) var multiplyAdds = 0.0
    /// What nodes that look at the whole picture find in it, by their first result: those that are
    /// asked for before the run begins, in a plan of one strip.
    package var statistics: [Graph.ValueID: NodeStatistics] = [:]
    /// Whether each step's time is taken.
    package var isTimed = false
    private var times: [Duration]
    private let arena: FloatMemory
    private var strip = 0

    package init(_ plan: StreamPlan) {
        self.plan = plan
        times = Array(repeating: .zero, count: plan.nodes.count)
        arena = FloatMemory(count: plan.memory.arenaFloats)
        plan.memory.reserve(plan.maps)
    }

    package var isFinished: Bool { strip == plan.strips }

    /// Begins again with the first strip, in the same memory.
    package func restart() {
        for (_, map) in plan.plainMaps { map.drop(before: .max) }
        strip = 0
    }

    /// A step's part in what has been computed.
    package struct StepTime: Sendable {
        package let operation, name: String
        package let shape: [Int]
        package let time: Duration
        /// Of the whole plan, once.
        package let multiplyAdds: Double
    }

    /// The time that each step has taken in all strips while `isTimed` was set.
    package var stepTimes: [StepTime] {
        zip(plan.nodes, times).map { node, time in
            let own = plan.flow.graph.nodes[node.index]
            let result = node.results[0]
            return StepTime(
                operation: own.operation.name,
                name: own.name,
                shape: plan.flow.shape(result),
                time: time,
                multiplyAdds: plan.multiplyAdds(
                    node.index,
                    rows: plan.schedule.allRows(result)
                )
            )
        }
    }

    /// Computes the next strip.
    ///
    /// - Parameters:
    ///   - pull: puts the given rows of the picture into the network's input.
    ///   - push: takes the rows of the output that are new; they are there during the call only.
    package func advance(
        _ pool: WorkerPool,
        pull: (Range<Int>, InputRows) throws -> Void,
        push: (ChannelRows) throws -> Void
    ) throws {
        precondition(!isFinished, "there is a strip left")
        begin()
        let rows = plan.schedule.newRows(plan.inputValue, strip: strip)
        if !rows.isEmpty {
            try pull(rows, InputRows(map: plan.input))
            for y in rows { plan.input.clearMargins(y) }
        }
        for (place, node) in plan.nodes.enumerated() {
            // All results of a node have the same rows.
            let rows = plan.schedule.newRows(node.results[0], strip: strip)
            if !rows.isEmpty {
                let start = isTimed ? ContinuousClock.now : nil
                do throws(OperatorError) {
                    try observe(node, pool)
                    try node.step.compute(rows, pool)
                } catch {
                    throw GraphError(plan.flow.graph.nodes[node.index], error)
                }
                for value in node.results {
                    guard let map = plan.maps[value] else { continue }
                    for y in rows { map.clearMargins(y) }
                }
                multiplyAdds += plan.multiplyAdds(node.index, rows: rows)
                if let start { times[place] += start.duration(to: .now) }
            }
            release(plan.memory.released[place])
        }
        let made = plan.schedule.newRows(plan.outputValue, strip: strip)
        if !made.isEmpty {
            try push(ChannelRows(feature: plan.output, rows: made, columns: plan.columns))
        }
        release(plan.memory.released[plan.nodes.count])
        for (value, map) in plan.plainMaps {
            map.drop(before: plan.schedule.kept(value, strip: strip))
        }
        strip += 1
    }

    /// Gathers the statistics of a node, whose input is at hand as a whole.
    private func observe(_ node: StreamPlan.PlannedNode, _ pool: WorkerPool) throws(OperatorError) {
        guard var found = statistics[node.results[0]],
            let input = plan.flow.graph.nodes[node.index].inputs[0],
            let feature = plan.features[input]
        else { return }
        let rows = 0..<plan.flow.length(input, .rows)
        try found.add(feature, rows: rows, columns: plan.flow.length(input, .columns), pool)
        statistics[node.results[0]] = found
    }

    private func begin() {
        for (value, map) in plan.maps {
            let offset = plan.memory.offsets[ObjectIdentifier(map)]
            map.begin(
                at: plan.schedule.newRows(value, strip: strip).lowerBound,
                in: offset.map { arena.base + $0 }
            )
        }
    }

    /// Saves what later strips need of values that nobody reads any more in this one.
    private func release(_ values: [Graph.ValueID]) {
        for value in values {
            guard let map = plan.maps[value] else { continue }
            map.carry(plan.schedule.keptRows(value, strip: strip))
        }
    }

    /// Computes the plan's rectangle from a whole picture.
    ///
    /// - Parameter picture: [1, channels, height, width].
    /// - Returns: the rectangle, with the axes in the order that the graph gives them.
    package func evaluate(_ picture: Tensor, _ pool: WorkerPool) throws -> Tensor {
        let sides = picture.shape
        let axes = plan.flow.reach.axes[plan.outputValue]!
        var shape = plan.flow.shape(plan.outputValue)
        shape[axes.rows!] = plan.rows.count
        shape[axes.columns!] = plan.columns.count
        let strides = shape.strides
        let channelStride =
            plan.flow.reach.channelAxis(of: plan.outputValue).map { strides[$0] } ?? 0
        var result = Tensor(uninitialized: shape)
        while !isFinished {
            try advance(pool) { rows, input in
                let values = picture.floats
                for y in rows {
                    for channel in 0..<sides[1] {
                        let target = input.channel(channel, row: y)
                        let start = (channel * sides[2] + y) * sides[3]
                        for (i, x) in input.columns.enumerated() {
                            target[i * input.step] = values[start + x]
                        }
                    }
                }
            } push: { output in
                var values = result.mutableFloats
                for y in output.rows {
                    for channel in 0..<plan.outputChannels {
                        let start =
                            channel * channelStride
                            + (y - plan.rows.lowerBound) * strides[axes.rows!]
                        output.withChannel(channel, row: y) { source, step in
                            for x in 0..<plan.columns.count {
                                values[start + x * strides[axes.columns!]] = source[x * step]
                            }
                        }
                    }
                }
            }
        }
        return result
    }
}
