internal import Kernels

/// Interpolation along rows and columns.
final class ResizeStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let rows: Resampling.Axis?
    /// For each stored column of the output: input columns and weights, equally many for all.
    private let taps: Int
    private let positions: [Int32]
    private let weights: [Float]
    /// The input columns that any of them reads.
    private let seen: Range<Int>

    /// - Parameters: `rows` and `columns` are `nil` where the side stays as it is.
    init(
        rows: Resampling.Axis?,
        columns: Resampling.Axis?,
        input: BlockList,
        output: RowMap
    ) {
        self.input = input
        self.output = output
        self.rows = rows
        let lists = output.layout.columns.map { x in
            columns?.taps(x) ?? [Resampling.Tap(position: x, weight: 1)]
        }
        taps = lists.map(\.count).max() ?? 1
        let low = lists.compactMap { $0.first?.position }.min() ?? 0
        seen = low..<((lists.compactMap { $0.last?.position }.max() ?? low) + 1)
        var (positions, weights): ([Int32], [Float]) = ([], [])
        for list in lists {
            // Places without a tap read something that is there, with no weight.
            for index in 0..<taps {
                let tap = index < list.count ? list[index] : nil
                positions.append(Int32((tap?.position ?? list[0].position) - low))
                weights.append(tap?.weight ?? 0)
            }
        }
        (self.positions, self.weights) = (positions, weights)
    }

    var byteCount: Int { positions.count * 8 }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        let lanes = output.layout.lanes
        let columns = output.layout.columns
        pool.run(range.count * input.count) { [self] task in
            let (y, block) = (range.lowerBound + task / input.count, task % input.count)
            let list = rows?.taps(y) ?? [Resampling.Tap(position: y, weight: 1)]
            let count = seen.count * lanes
            func start(_ row: Int) -> UnsafePointer<Float> {
                input.origin(row, block: block) + seen.lowerBound * lanes
            }
            func spread(_ row: UnsafePointer<Float>) {
                RowKernels.resample(
                    row,
                    positions: positions,
                    weights: weights,
                    taps: taps,
                    lanes: lanes,
                    into: output.origin(y, block: block) + columns.lowerBound * lanes,
                    count: columns.count
                )
            }
            if list.count == 1, list[0].weight == 1 { return spread(start(list[0].position)) }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { mixed in
                let mixed = mixed.baseAddress!
                mixed.update(repeating: 0, count: count)
                for tap in list {
                    RowKernels.accumulate(
                        tap.weight,
                        start(tap.position),
                        into: mixed,
                        count: count
                    )
                }
                spread(UnsafePointer(mixed))
            }
        }
    }
}
