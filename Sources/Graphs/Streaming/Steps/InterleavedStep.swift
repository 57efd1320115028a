internal import Kernels
internal import Tensors

/// A transposed convolution of very few output channels, whose neighbouring columns are computed
/// together, as channels of one pixel: the inputs that they share are read once.
final class InterleavedStep: StreamStep {
    /// A transposed axis as one of stride 1 with `phases` outputs at each position.
    struct Columns {
        let phases: Int
        /// Position p reads inputs p + `first` and following ones, one for each place.
        let first: Int
        /// For each phase and place, which tap of the kernel it is.
        let taps: [[Int?]]

        var places: Int { taps[0].count }

        /// `nil` for an axis that is not transposed.
        init?(_ geometry: ConvolutionStep.Geometry) {
            guard case .transposed(let window) = geometry, window.dilation == 1 else { return nil }
            phases = window.stride
            let inputs = (0..<phases).flatMap { phase in
                (0..<window.size).compactMap { geometry.input(of: $0, at: phase) }
            }
            guard let low = inputs.min(), let high = inputs.max() else { return nil }
            first = low
            taps = (0..<phases).map { phase in
                (low...high).map { input in
                    (0..<window.size).first { geometry.input(of: $0, at: phase) == input }
                }
            }
        }

        /// The positions that hold some outputs.
        func positions(_ outputs: Range<Int>) -> Range<Int> {
            outputs.lowerBound.flooredQuotient(
                by: phases
            )..<outputs.upperBound.ceiledQuotient(by: phases)
        }

        func reading(_ outputs: Range<Int>) -> Range<Int> {
            let positions = positions(outputs)
            return (positions.lowerBound + first)..<(positions.upperBound - 1 + first + places)
        }

        /// Weights as [phases · outputs, inputs, rows · places], from [outputs, inputs, rows · taps].
        func kernel(_ weights: Tensor, rows: Int) -> Tensor {
            let (outputs, inputs) = (weights.shape[0], weights.shape[1])
            let width = weights.shape[2] / rows
            var result = Tensor(shape: [phases * outputs, inputs, rows * places])
            let source = weights.floats
            var target = result.mutableFloats
            for (phase, taps) in taps.enumerated() {
                for kernel in 0..<(outputs * inputs * rows) {
                    for (place, tap) in taps.enumerated() {
                        guard let tap else { continue }
                        target[(phase * outputs * inputs * rows + kernel) * places + place] =
                            source[kernel * width + tap]
                    }
                }
            }
            return result
        }
    }

    private let input: BlockList
    private let output: RowMap
    private let rows: ConvolutionStep.Geometry
    private let columns: Columns
    private let inputRows: Int
    private let channels: Int
    private let weights: PackedConvolution
    private let late: LateEnding?

    init(
        input: BlockList,
        output: RowMap,
        rows: ConvolutionStep.Geometry,
        columns: Columns,
        inputRows: Int,
        channels: Int,
        weights: PackedConvolution,
        late: LateEnding?
    ) {
        self.input = input
        self.output = output
        self.rows = rows
        self.columns = columns
        self.inputRows = inputRows
        self.channels = channels
        self.weights = weights
        self.late = late
    }

    var byteCount: Int { weights.byteCount }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        pool.forEach(rows: range, columns: output.layout.columns) { [self] y, columns in
            computeRow(y, columns)
            late?.finish(output, y, columns)
        }
    }

    private func computeRow(_ y: Int, _ range: Range<Int>) {
        let positions = columns.positions(range)
        let (height, places) = (rows.window.size, columns.places)
        withBlockPointers(height * input.count) { pointers in
            withUnsafeTemporaryAllocation(of: KernelTap.self, capacity: height * places) { taps in
                var count = 0
                for row in 0..<height {
                    guard let source = rows.input(of: row, at: y),
                        (0..<inputRows).contains(source)
                    else { continue }
                    let blocks = UnsafeMutableBufferPointer(
                        rebasing: pointers[(row * input.count)..<((row + 1) * input.count)]
                    )
                    input.fill(blocks, row: source)
                    for place in 0..<places {
                        let tap = KernelTap(
                            blocks: UnsafePointer(blocks.baseAddress!),
                            offset: (positions.lowerBound + columns.first + place) * input.lanes,
                            number: row * places + place
                        )
                        taps.baseAddress!.advanced(by: count).initialize(to: tap)
                        count += 1
                    }
                }
                withUnsafeTemporaryAllocation(
                    of: Float.self,
                    capacity: (positions.count + 1) * 4
                ) { sums in
                    weights.run(
                        taps: UnsafeBufferPointer(rebasing: taps[..<count]),
                        inputStep: input.lanes,
                        output: sums.baseAddress!,
                        outputBlockStride: 0,
                        outputStep: 4,
                        residual: nil,
                        count: positions.count
                    )
                    place(sums.baseAddress!, first: positions.lowerBound * columns.phases, y, range)
                }
            }
        }
    }

    /// Brings sums, which begin with those of column `first`, to the pixels of a range.
    private func place(
        _ sums: UnsafeMutablePointer<Float>,
        first: Int,
        _ y: Int,
        _ range: Range<Int>
    ) {
        let row = UnsafeMutableRawPointer(output.origin(y, block: 0))
        let isUnused = SIMD4<Int32>(0, 1, 2, 3) .>= Int32(channels)
        var phase = range.lowerBound - first
        var source = UnsafeRawPointer(sums)
        for column in range {
            let pixel = source.loadUnaligned(
                fromByteOffset: phase * channels * 4,
                as: SIMD4<Float>.self
            )
            row.storeBytes(
                of: pixel.replacing(with: 0, where: isUnused),
                toByteOffset: column * 16,
                as: SIMD4<Float>.self
            )
            phase += 1
            if phase == columns.phases { (phase, source) = (0, source + 16) }
        }
    }
}
