internal import Kernels

/// Puts the channels of a map in other places: joins, cuts and reorders them.
final class GatherStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    /// For each place of the output, where its channel stands in the input.
    private let sources: [(block: Int, lane: Int)?]

    /// - Parameter channels: for each channel of the output, the input's channel that it is.
    init(channels: [Int], input: BlockList, output: RowMap) {
        self.input = input
        self.output = output
        sources = output.layout.places.map { $0 < 0 ? nil : input.place(of: channels[Int($0)]) }
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let lanes = output.layout.lanes
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            withBlockPointers(lanes) { pointers in
                for block in 0..<output.layout.blocks {
                    for lane in 0..<lanes {
                        pointers[lane] = sources[block * lanes + lane].map {
                            input.origin(y, block: $0.block) + columns.lowerBound * input.lanes
                                + $0.lane
                        }
                    }
                    RowKernels.gather(
                        UnsafeBufferPointer(pointers),
                        sourceStep: input.lanes,
                        into: output.origin(y, block: block) + columns.lowerBound * lanes,
                        step: lanes,
                        count: columns.count
                    )
                }
            }
        }
    }
}

/// Moves blocks of channels into space: pixel (x, y) of the result comes from a place in the block.
final class DepthToSpaceStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let block: Int
    /// For each place of the output and each place in the block: where its channel stands.
    private let sources: [[(block: Int, lane: Int)?]]

    init(_ operation: DepthToSpace, input: BlockList, output: RowMap) {
        self.input = input
        self.output = output
        block = operation.block
        let size = operation.block * operation.block
        let channels = input.channels / size
        sources = (0..<size).map { place in
            output.layout.places.map { channel in
                guard channel >= 0 else { return nil }
                let channel = Int(channel)
                return input.place(
                    of: operation.order == .crd
                        ? channel * size + place : place * channels + channel
                )
            }
        }
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let layout = output.layout
        pool.forEach(rows: rows, columns: layout.columns) { [self] y, columns in
            withBlockPointers(layout.lanes) { pointers in
                for phase in 0..<block {
                    // The first of these columns with this place in the block.
                    let source = (columns.lowerBound - phase + block - 1) / block
                    let first = source * block + phase
                    guard first < columns.upperBound else { continue }
                    let places = sources[y % block * block + phase]
                    for target in 0..<layout.blocks {
                        for lane in 0..<layout.lanes {
                            pointers[lane] = places[target * layout.lanes + lane].map {
                                input.origin(y / block, block: $0.block) + source * input.lanes
                                    + $0.lane
                            }
                        }
                        RowKernels.gather(
                            UnsafeBufferPointer(pointers),
                            sourceStep: input.lanes,
                            into: output.origin(y, block: target) + first * layout.lanes,
                            step: block * layout.lanes,
                            count: (columns.upperBound - first + block - 1) / block
                        )
                    }
                }
            }
        }
    }
}

/// Moves blocks of space into channels.
final class SpaceToDepthStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let block: Int
    /// For each place of the output: its place in the block and where its channel stands.
    private let sources: [(row: Int, column: Int, block: Int, lane: Int)?]

    /// - Parameter split: the row and column in the block and the input's channel of an output
    ///   channel.
    init(
        block: Int,
        input: BlockList,
        output: RowMap,
        split: (Int) -> (row: Int, column: Int, channel: Int)
    ) {
        self.input = input
        self.output = output
        self.block = block
        sources = output.layout.places.map { channel in
            guard channel >= 0 else { return nil }
            let own = split(Int(channel))
            let place = input.place(of: own.channel)
            return (own.row, own.column, place.block, place.lane)
        }
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let layout = output.layout
        pool.forEach(rows: rows, columns: layout.columns) { [self] y, columns in
            withBlockPointers(layout.lanes) { pointers in
                for target in 0..<layout.blocks {
                    for lane in 0..<layout.lanes {
                        pointers[lane] = sources[target * layout.lanes + lane].map {
                            input.origin(y * block + $0.row, block: $0.block)
                                + (columns.lowerBound * block + $0.column) * input.lanes + $0.lane
                        }
                    }
                    RowKernels.gather(
                        UnsafeBufferPointer(pointers),
                        sourceStep: block * input.lanes,
                        into: output.origin(y, block: target) + columns.lowerBound * layout.lanes,
                        step: layout.lanes,
                        count: columns.count
                    )
                }
            }
        }
    }
}

/// Adds rows and columns at the borders, or takes some away.
final class PadStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let padding: Padding
    private let before: (rows: Int, columns: Int)
    private let sides: (rows: Int, columns: Int)
    private let value: Float

    /// - Parameters:
    ///   - before: rows and columns added at the top and left.
    ///   - sides: rows and columns of the whole input.
    init(
        _ padding: Padding,
        before: (rows: Int, columns: Int),
        sides: (rows: Int, columns: Int),
        value: Float,
        input: BlockList,
        output: RowMap
    ) {
        self.padding = padding
        self.before = before
        self.sides = sides
        self.value = value
        self.input = input
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let lanes = output.layout.lanes
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            let row = padding.source(of: y - before.rows, in: sides.rows)
            // What lies inside is copied in one go.
            let inside = columns.clamped(to: before.columns..<(before.columns + sides.columns))
            for block in 0..<input.count {
                let target = output.origin(y, block: block)
                let source = row.map { input.origin($0, block: block) }
                func fill(_ x: Int) {
                    let place = padding.source(of: x - before.columns, in: sides.columns)
                    if let source, let place {
                        (target + x * lanes).update(from: source + place * lanes, count: lanes)
                    } else {
                        (target + x * lanes).update(repeating: value, count: lanes)
                    }
                }
                guard let source, !inside.isEmpty else {
                    for x in columns { fill(x) }
                    continue
                }
                for x in columns.lowerBound..<inside.lowerBound { fill(x) }
                (target + inside.lowerBound * lanes).update(
                    from: source + (inside.lowerBound - before.columns) * lanes,
                    count: inside.count * lanes
                )
                for x in inside.upperBound..<columns.upperBound { fill(x) }
            }
        }
    }
}

/// Takes every k-th row and column from a start on.
final class SliceStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let start, step: (rows: Int, columns: Int)

    init(
        start: (rows: Int, columns: Int),
        step: (rows: Int, columns: Int),
        input: BlockList,
        output: RowMap
    ) {
        self.start = start
        self.step = step
        self.input = input
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let lanes = output.layout.lanes
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            for block in 0..<input.count {
                let source = input.origin(start.rows + y * step.rows, block: block)
                let target = output.origin(y, block: block)
                if step.columns == 1 {
                    (target + columns.lowerBound * lanes).update(
                        from: source + (start.columns + columns.lowerBound) * lanes,
                        count: columns.count * lanes
                    )
                    continue
                }
                for x in columns {
                    (target + x * lanes).update(
                        from: source + (start.columns + x * step.columns) * lanes,
                        count: lanes
                    )
                }
            }
        }
    }
}
