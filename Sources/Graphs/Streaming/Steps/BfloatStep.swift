internal import Kernels
internal import Tensors

/// A convolution or transposed convolution with products of bfloat16 numbers.
///
/// The input rows of some output rows are rounded at a time, with the zeros beside them; then the
/// output rows are computed. Where there are few of them, threads share the output channels, so that
/// the weights of each are read once.
final class BfloatStep: StreamStep {
    typealias Geometry = ConvolutionStep.Geometry

    private let input: BlockList
    private let output: RowMap
    private let rows, columns: Geometry
    private let inputRows: Int
    private let inputColumns: Range<Int>
    private let weights: PackedBfloat
    /// What the kernel adds.
    private let residual: BlockList?
    private let late: LateEnding?
    /// Output rows that are computed at a time.
    private let chunk: Int
    private let sharesChannels: Bool
    /// The columns of rounded rows.
    private let reading: Range<Int>
    /// Rounded rows, one after the other, block by block.
    private let rounded: FloatMemory

    /// - Parameters:
    ///   - inputColumns: the columns of the input that are there.
    ///   - height: rows of the whole result.
    init(
        input: BlockList,
        output: RowMap,
        rows: Geometry,
        columns: Geometry,
        inputRows: Int,
        inputColumns: Range<Int>,
        height: Int,
        weights: PackedBfloat,
        ending: SumEnding
    ) {
        self.input = input
        self.output = output
        self.rows = rows
        self.columns = columns
        self.inputRows = inputRows
        self.inputColumns = inputColumns
        self.weights = weights
        residual = ending.added
        late = ending.late
        let width = output.layout.columns.count
        sharesChannels =
            weights.groups > 1 && width * height <= 1024 && weights.byteCount >= 1 << 19
        chunk = min(height, sharesChannels ? 1024 : 16)
        reading = ConvolutionStep.reading(output.layout.columns, columns)
        let most = ConvolutionStep.reading(0..<chunk, rows).count + 1
        let count = most * weights.inputBlocks * reading.count * weights.lanes
        rounded = FloatMemory(count: (count + 1) / 2)
    }

    var byteCount: Int { weights.byteCount + rounded.count * 4 }

    private var blockStride: Int { reading.count * weights.lanes }
    private var rowStride: Int { weights.inputBlocks * blockStride }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        for first in stride(from: range.lowerBound, to: range.upperBound, by: chunk) {
            let ys = first..<min(first + chunk, range.upperBound)
            let sources = needed(ys)
            pool.run(sources.count) { [self] in round(sources.lowerBound + $0, to: $0) }
            if sharesChannels {
                pool.run(weights.groups) { [self] group in
                    for y in ys {
                        computeRow(y, output.layout.columns, sources, group..<(group + 1))
                    }
                }
            } else {
                pool.forEach(rows: ys, columns: output.layout.columns) { [self] y, columns in
                    computeRow(y, columns, sources, 0..<weights.groups)
                }
            }
        }
        guard let late else { return }
        pool.forEach(rows: range, columns: output.layout.columns) { [self] y, columns in
            late.finish(output, y, columns)
        }
    }

    /// The input rows that output rows depend on; others may not be at hand.
    private func needed(_ ys: Range<Int>) -> Range<Int> {
        var (first, end) = (inputRows, 0)
        for y in ys {
            for tap in 0..<rows.window.size {
                guard let source = rows.input(of: tap, at: y), (0..<inputRows).contains(source)
                else { continue }
                (first, end) = (min(first, source), max(end, source + 1))
            }
        }
        return first..<max(first, end)
    }

    /// Rounds an input row, with zeros where no column is.
    private func round(_ source: Int, to place: Int) {
        let target = rounded.halves + place * rowStride
        let there = inputColumns.clamped(to: reading)
        let (left, right) = (
            there.lowerBound - reading.lowerBound, reading.upperBound - there.upperBound
        )
        for block in 0..<weights.inputBlocks {
            let row = target + block * blockStride
            row.update(repeating: 0, count: left * weights.lanes)
            (row + blockStride - right * weights.lanes).update(
                repeating: 0,
                count: right * weights.lanes
            )
        }
        withBlockPointers(input.count) { blocks in
            input.fill(blocks, row: source)
            for block in blocks.indices { blocks[block]! += there.lowerBound * input.lanes }
            weights.round(
                blocks,
                into: target + left * weights.lanes,
                blockStride: blockStride,
                count: there.count
            )
        }
    }

    /// - Parameter sources: the input rows that are rounded.
    private func computeRow(
        _ y: Int,
        _ range: Range<Int>,
        _ sources: Range<Int>,
        _ groups: Range<Int>
    ) {
        let (height, width) = (rows.window.size, columns.window.size)
        let layout = output.layout
        let most = max(1, height * width)
        withUnsafeTemporaryAllocation(of: UnsafePointer<UInt16>?.self, capacity: most) { taps in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: most) { numbers in
                withBlockPointers(residual?.count ?? 0) { pointers in
                    for phase in 0..<min(columns.phases, range.count) {
                        let first = range.lowerBound + phase
                        var count = 0
                        for row in 0..<height {
                            guard let source = rows.input(of: row, at: y),
                                sources.contains(source)
                            else { continue }
                            let start =
                                rounded.halves + (source - sources.lowerBound) * rowStride
                            for column in 0..<width {
                                guard let x = columns.input(of: column, at: first) else {
                                    continue
                                }
                                taps.initializeElement(
                                    at: count,
                                    to: start + (x - reading.lowerBound) * weights.lanes
                                )
                                numbers.initializeElement(
                                    at: count,
                                    to: Int32(row * width + column)
                                )
                                count += 1
                            }
                        }
                        if let residual {
                            residual.fill(pointers, row: y)
                            for block in pointers.indices {
                                pointers[block]! += first * layout.lanes
                            }
                        }
                        for group in groups {
                            weights.run(
                                group: group,
                                taps: UnsafeBufferPointer(rebasing: taps[..<count]),
                                numbers: UnsafeBufferPointer(rebasing: numbers[..<count]),
                                inputBlockStride: blockStride,
                                inputStep: columns.inputStep * weights.lanes,
                                output: output.origin(y, block: 0) + first * layout.lanes,
                                outputBlockStride: layout.blockStride,
                                outputStep: columns.phases * layout.lanes,
                                residual: residual == nil
                                    ? nil : UnsafePointer(pointers.baseAddress!),
                                count: (range.upperBound - first).ceiledQuotient(
                                    by: columns.phases
                                )
                            )
                        }
                    }
                }
            }
        }
    }
}
