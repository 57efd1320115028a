internal import Kernels
internal import Tensors

/// A convolution of a small map with many channels, whose weights no cache holds.
///
/// The inputs of all pixels are copied side by side, so that the weights are read once for all of
/// them; threads share the output channels. Of a transposed convolution the pixels of one phase are
/// computed together.
final class FewPixelsStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let rows, columns: ConvolutionStep.Geometry
    private let inputRows: Int
    private let inputColumns: Range<Int>
    private let weights: PackedConvolution
    private let late: LateEnding?
    /// The inputs of all pixels, as `PackedConvolution.run(group:…)` reads them.
    private let gathered: FloatMemory

    init(
        input: BlockList,
        output: RowMap,
        rows: ConvolutionStep.Geometry,
        columns: ConvolutionStep.Geometry,
        inputRows: Int,
        inputColumns: Range<Int>,
        height: Int,
        weights: PackedConvolution,
        late: LateEnding?
    ) {
        self.input = input
        self.output = output
        self.rows = rows
        self.columns = columns
        self.inputRows = inputRows
        self.inputColumns = inputColumns
        self.weights = weights
        self.late = late
        /// Taps and pixels of a phase along an axis.
        func most(_ axis: ConvolutionStep.Geometry, _ length: Int) -> Int {
            axis.window.size.ceiledQuotient(by: axis.phases)
                * length.ceiledQuotient(by: axis.phases)
        }
        let reads = most(rows, height) * most(columns, output.layout.columns.count)
        gathered = FloatMemory(count: reads * input.places.count)
    }

    var byteCount: Int { weights.byteCount + gathered.count * 4 }

    /// Whether the weights are large and the pixels few.
    ///
    /// - Parameter height: rows of the whole result.
    static func suits(
        _ input: BlockList,
        _ output: RowMap,
        height: Int,
        _ weights: PackedConvolution
    ) -> Bool {
        input.lanes == 16 && input.places.allSatisfy { $0 >= 0 }
            && output.layout.columns.count * height <= 1024 && weights.byteCount >= 1 << 20
    }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        for row in 0..<min(rows.phases, range.count) {
            for column in 0..<min(columns.phases, output.layout.columns.count) {
                compute(
                    Array(
                        stride(from: range.lowerBound + row, to: range.upperBound, by: rows.phases)
                    ),
                    Array(
                        stride(
                            from: output.layout.columns.lowerBound + column,
                            to: output.layout.columns.upperBound,
                            by: columns.phases
                        )
                    ),
                    pool
                )
            }
        }
        guard let late else { return }
        pool.forEach(rows: range, columns: output.layout.columns) { [self] y, columns in
            late.finish(output, y, columns)
        }
    }

    /// Pixels for which the taps lie alike.
    private func compute(_ ys: [Int], _ xs: [Int], _ pool: WorkerPool) {
        let width = columns.window.size
        let taps = (0..<(rows.window.size * width)).filter { tap in
            rows.input(of: tap / width, at: ys[0]) != nil
                && columns.input(of: tap % width, at: xs[0]) != nil
        }
        let count = ys.count * xs.count
        pool.run(taps.count * ys.count) { [self] task in
            let (tap, row) = (taps[task / ys.count], task % ys.count)
            let target = gathered.base + task / ys.count * count * input.places.count
            gather(tap / width, tap % width, ys[row], xs, row * xs.count, of: count, into: target)
        }
        let pixels = PixelList(
            ys.flatMap { y in
                xs.map { output.origin(y, block: 0) + $0 * 16 }
            }
        )
        let numbers = taps.map { Int32($0) }
        pool.run(weights.groups) { [self] group in
            pixels.pointers.withUnsafeBufferPointer { pixels in
                weights.run(
                    group: group,
                    input: UnsafePointer(gathered.base),
                    taps: numbers,
                    output: pixels,
                    outputBlockStride: output.layout.blockStride
                )
            }
        }
    }

    /// What one tap reads for a row of pixels, `first` and later ones of `count`.
    private func gather(
        _ row: Int,
        _ column: Int,
        _ y: Int,
        _ xs: [Int],
        _ first: Int,
        of count: Int,
        into target: UnsafeMutablePointer<Float>
    ) {
        let source = rows.input(of: row, at: y).flatMap { (0..<inputRows).contains($0) ? $0 : nil }
        for block in 0..<input.count {
            let from = source.map { input.origin($0, block: block) }
            for (index, x) in xs.enumerated() {
                let place = target + weights.place(pixel: first + index, of: count, block: block)
                if let from, let x = columns.input(of: column, at: x), inputColumns.contains(x) {
                    place.update(from: from + x * 16, count: 16)
                } else {
                    place.update(repeating: 0, count: 16)
                }
            }
        }
    }

    /// Places of pixels; tasks write to different blocks of them.
    private struct PixelList: @unchecked Sendable {
        let pointers: [UnsafeMutablePointer<Float>?]

        init(_ pointers: [UnsafeMutablePointer<Float>]) { self.pointers = pointers }
    }
}
