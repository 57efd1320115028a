internal import Kernels
internal import Tensors

/// The largest or the mean of the inputs under a sliding window.
final class PoolingStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let rows, columns: Window
    private let sides: (rows: Int, columns: Int)
    /// `nil` for the maximum; else whether padding counts for the mean.
    private let countsPadding: Bool?

    init(
        rows: Window,
        columns: Window,
        sides: (rows: Int, columns: Int),
        countsPadding: Bool?,
        input: BlockList,
        output: RowMap
    ) {
        self.rows = rows
        self.columns = columns
        self.sides = sides
        self.countsPadding = countsPadding
        self.input = input
        self.output = output
    }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        pool.forEach(rows: range, columns: output.layout.columns) { [self] y, part in
            let valid = Self.taps(rows, at: y, in: sides.rows)
            // Windows that lie inside from one end of the row to the other are computed in one go.
            let first = columns.padBefore.ceiledQuotient(by: columns.stride)
            let last = (sides.columns - columns.extent + columns.padBefore).flooredQuotient(
                by: columns.stride
            )
            let inside = part.clamped(to: first..<max(first, last + 1))
            guard !inside.isEmpty else {
                for x in part { self.pool(y, valid, x..<(x + 1)) }
                return
            }
            for x in part.lowerBound..<inside.lowerBound { self.pool(y, valid, x..<(x + 1)) }
            self.pool(y, valid, inside)
            for x in inside.upperBound..<part.upperBound { self.pool(y, valid, x..<(x + 1)) }
        }
    }

    /// The taps of a window that lie inside the input.
    private static func taps(_ window: Window, at output: Int, in length: Int) -> [Int] {
        (0..<window.size).filter { tap in
            (0..<length).contains(window.position(of: tap, at: output))
        }
    }

    /// The taps that a mean counts where padding counts: all but those beyond the padding's end.
    private static func paddedTaps(_ window: Window, at output: Int, in length: Int) -> Int {
        (0..<window.size).count {
            window.position(of: $0, at: output) < length + window.padAfter
        }
    }

    /// Outputs of a row whose windows have the same taps inside.
    private func pool(_ y: Int, _ rowTaps: [Int], _ range: Range<Int>) {
        let columnTaps = Self.taps(columns, at: range.lowerBound, in: sides.columns)
        let lanes = output.layout.lanes
        let count = rowTaps.count * columnTaps.count
        let first = columns.position(of: 0, at: range.lowerBound)
        for block in 0..<input.count {
            let target = output.origin(y, block: block) + range.lowerBound * lanes
            guard count > 0 else {
                target.update(
                    repeating: countsPadding == nil ? -.infinity : 0,
                    count: range.count * lanes
                )
                continue
            }
            withBlockPointers(count) { pointers in
                var index = 0
                for row in rowTaps {
                    let source = input.origin(rows.position(of: row, at: y), block: block)
                    for column in columnTaps {
                        pointers[index] = source + (first + column * columns.dilation) * lanes
                        index += 1
                    }
                }
                let taps = UnsafeBufferPointer(pointers)
                let step = columns.stride * lanes
                guard let countsPadding else {
                    RowKernels.poolMaximum(
                        taps,
                        step: step,
                        lanes: lanes,
                        into: target,
                        count: range.count
                    )
                    return
                }
                let divisor =
                    countsPadding
                    ? Self.paddedTaps(rows, at: y, in: sides.rows)
                        * Self.paddedTaps(columns, at: range.lowerBound, in: sides.columns)
                    : count
                RowKernels.poolSum(
                    taps,
                    step: step,
                    lanes: lanes,
                    factor: 1 / Float(divisor),
                    into: target,
                    count: range.count
                )
            }
        }
    }
}
