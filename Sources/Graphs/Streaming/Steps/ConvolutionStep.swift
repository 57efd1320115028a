internal import Kernels
internal import Tensors

/// A convolution or transposed convolution, with activation and residual, row by row.
final class ConvolutionStep: StreamStep {
    /// How output positions along an axis find their inputs.
    enum Geometry: Sendable {
        case forward(Window)
        case transposed(Window)

        var window: Window {
            switch self {
            case .forward(let window), .transposed(let window): window
            }
        }

        /// The input position that a tap reads for an output position; `nil` where it reads between
        /// inputs.
        func input(of tap: Int, at output: Int) -> Int? {
            switch self {
            case .forward(let window): return window.position(of: tap, at: output)
            case .transposed(let window):
                let shifted = output + window.padBefore - tap * window.dilation
                let input = shifted.flooredQuotient(by: window.stride)
                return input * window.stride == shifted ? input : nil
            }
        }

        /// Output positions whose taps lie alike are this far apart.
        var phases: Int {
            if case .transposed(let window) = self { return window.stride }
            return 1
        }

        /// How far apart the inputs of two such positions are.
        var inputStep: Int {
            if case .forward(let window) = self { return window.stride }
            return 1
        }
    }

    private let input: BlockList
    private let output: RowMap
    private let rows, columns: Geometry
    private let inputRows: Int
    private let weights: PackedConvolution
    /// What the kernel adds.
    private let residual: BlockList?
    private let late: LateEnding?
    /// Whether sums go through a scratch row of 16 lanes, because the map they belong to is thin.
    private let isNarrowed: Bool

    init(
        input: BlockList,
        output: RowMap,
        rows: Geometry,
        columns: Geometry,
        inputRows: Int,
        weights: PackedConvolution,
        ending: SumEnding,
        isNarrowed: Bool
    ) {
        self.input = input
        self.output = output
        self.rows = rows
        self.columns = columns
        self.inputRows = inputRows
        self.weights = weights
        residual = ending.added
        late = ending.late
        self.isNarrowed = isNarrowed
    }

    var byteCount: Int { weights.byteCount }

    /// The columns that kernels read for these output columns, which may lie outside the map.
    static func reading(_ columns: Range<Int>, _ geometry: Geometry) -> Range<Int> {
        let window = geometry.window
        switch geometry {
        case .forward:
            return window.position(
                of: 0,
                at: columns.lowerBound
            )..<(window.position(
                of: window.size - 1,
                at: columns.upperBound - 1
            ) + 1)
        case .transposed:
            let low = columns.lowerBound + window.padBefore - window.extent + 1
            let high = columns.upperBound - 1 + window.padBefore
            return low.flooredQuotient(
                by: window.stride
            )..<(high.flooredQuotient(
                by: window.stride
            ) + 1)
        }
    }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        pool.forEach(rows: range, columns: output.layout.columns) { y, columns in
            self.computeRow(y, columns)
        }
    }

    private func computeRow(_ y: Int, _ range: Range<Int>) {
        let (height, width) = (rows.window.size, columns.window.size)
        withBlockPointers(height * input.count) { pointers in
            var kernelRows: [(number: Int, blocks: UnsafePointer<UnsafePointer<Float>?>)] = []
            for tap in 0..<height {
                guard let source = rows.input(of: tap, at: y), (0..<inputRows).contains(source)
                else { continue }
                let slice = UnsafeMutableBufferPointer(
                    rebasing: pointers[(tap * input.count)..<((tap + 1) * input.count)]
                )
                input.fill(slice, row: source)
                kernelRows.append((tap, UnsafePointer(slice.baseAddress!)))
            }
            withUnsafeTemporaryAllocation(of: KernelTap.self, capacity: height * width) { taps in
                for phase in 0..<min(columns.phases, range.count) {
                    let first = range.lowerBound + phase
                    var count = 0
                    for row in kernelRows {
                        for tap in 0..<width {
                            guard let source = columns.input(of: tap, at: first) else { continue }
                            taps.baseAddress!.advanced(by: count).initialize(
                                to: KernelTap(
                                    blocks: row.blocks,
                                    offset: source * input.lanes,
                                    number: row.number * width + tap
                                )
                            )
                            count += 1
                        }
                    }
                    run(
                        UnsafeBufferPointer(rebasing: taps[0..<count]),
                        y,
                        first: first,
                        step: columns.phases,
                        count: (range.upperBound - first + columns.phases - 1) / columns.phases
                    )
                }
            }
        }
        late?.finish(output, y, range)
    }

    /// Every `step`-th pixel of a row, from `first` on.
    private func run(
        _ taps: UnsafeBufferPointer<KernelTap>,
        _ y: Int,
        first: Int,
        step: Int,
        count: Int
    ) {
        let layout = output.layout
        let place = output.origin(y, block: 0) + first * layout.lanes
        let inputStep = columns.inputStep * input.lanes
        if isNarrowed {
            withUnsafeTemporaryAllocation(of: Float.self, capacity: count * 16) { scratch in
                weights.run(
                    taps: taps,
                    inputStep: inputStep,
                    output: scratch.baseAddress!,
                    outputBlockStride: 0,
                    outputStep: 16,
                    residual: nil,
                    count: count
                )
                for pixel in 0..<count {
                    let target = place + pixel * step * layout.lanes
                    target.update(from: scratch.baseAddress! + pixel * 16, count: layout.lanes)
                }
            }
            return
        }
        withBlockPointers(residual?.count ?? 0) { pointers in
            if let residual {
                residual.fill(pointers, row: y)
                for block in pointers.indices { pointers[block]! += first * layout.lanes }
            }
            weights.run(
                taps: taps,
                inputStep: inputStep,
                output: place,
                outputBlockStride: layout.blockStride,
                outputStep: step * layout.lanes,
                residual: residual == nil ? nil : UnsafePointer(pointers.baseAddress!),
                count: count
            )
        }
    }
}
