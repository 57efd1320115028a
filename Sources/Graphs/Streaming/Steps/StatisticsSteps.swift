internal import Kernels

/// Sums over a whole map, for every place of its blocks.
struct MapMoments {
    private(set) var means: [Double]
    private(set) var variances: [Double]

    /// Two passes in double precision: the second around the mean of the first.
    init(_ input: BlockList, rows: Range<Int>, columns: Int, _ pool: WorkerPool) {
        means = Self.sums(input, rows, columns, around: nil, pool).sums
        let count = Double(rows.count * columns)
        for place in means.indices { means[place] /= count }
        let second = Self.sums(input, rows, columns, around: means.map { Float($0) }, pool)
        // The shift was rounded to float32: what is left of the mean is taken off again.
        variances = zip(second.squares, second.sums).map { squares, rest in
            max(0, squares / count - (rest / count) * (rest / count))
        }
    }

    private static func sums(
        _ input: BlockList,
        _ rows: Range<Int>,
        _ columns: Int,
        around shift: [Float]?,
        _ pool: WorkerPool
    ) -> (sums: [Double], squares: [Double]) {
        let lanes = input.lanes
        let shift = shift ?? [Float](repeating: 0, count: input.places.count)
        // A task is a block, all rows in order, so that the sum does not depend on threads.
        let results = ParallelArray<Double>(2 * input.places.count)
        pool.run(input.count) { block in
            let sums = results.base + 2 * block * lanes
            shift.withUnsafeBufferPointer { shift in
                for y in rows {
                    RowKernels.addMoments(
                        input.origin(y, block: block),
                        shift: shift.baseAddress! + block * lanes,
                        lanes: lanes,
                        count: columns,
                        sums: sums,
                        squares: sums + lanes
                    )
                }
            }
        }
        var (sums, squares): ([Double], [Double]) = ([], [])
        for block in 0..<input.count {
            let start = results.base + 2 * block * lanes
            sums += UnsafeBufferPointer(start: start, count: lanes)
            squares += UnsafeBufferPointer(start: start + lanes, count: lanes)
        }
        return (sums, squares)
    }
}

/// Memory that tasks write to in different places.
private final class ParallelArray<Element>: @unchecked Sendable where Element: Numeric {
    let base: UnsafeMutablePointer<Element>

    init(_ count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
    }

    deinit { base.deallocate() }
}

/// Brings each channel to mean 0 and variance 1 over the whole map, which must be at hand.
final class InstanceNormalizationStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let scale, bias: [Float]
    private let epsilon: Double
    private let sides: (rows: Int, columns: Int)

    init(
        scale: [Float],
        bias: [Float],
        epsilon: Float,
        sides: (rows: Int, columns: Int),
        input: BlockList,
        output: RowMap
    ) {
        self.scale = scale
        self.bias = bias
        self.epsilon = Double(epsilon)
        self.sides = sides
        self.input = input
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let moments = MapMoments(input, rows: 0..<sides.rows, columns: sides.columns, pool)
        var factors = [Float](repeating: 0, count: input.places.count)
        var offsets = factors
        for (place, channel) in input.places.enumerated() where channel >= 0 {
            let root = (moments.variances[place] + epsilon).squareRoot()
            let factor = Double(scale[Int(channel)]) / root
            factors[place] = Float(factor)
            offsets[place] = Float(Double(bias[Int(channel)]) - moments.means[place] * factor)
        }
        let (a, b) = (factors, offsets)
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            applyAffine(a, b, y, columns, input, output)
        }
    }
}

/// One number for each channel, over the whole map, which must be at hand.
final class SpatialReductionStep: StreamStep {
    enum Function: Sendable { case mean, sum, maximum, minimum }

    private let input: BlockList
    private let output: RowMap
    private let function: Function
    private let sides: (rows: Int, columns: Int)

    init(
        _ function: Function,
        sides: (rows: Int, columns: Int),
        input: BlockList,
        output: RowMap
    ) {
        self.function = function
        self.sides = sides
        self.input = input
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let lanes = input.lanes
        switch function {
        case .mean, .sum:
            let moments = MapMoments(input, rows: 0..<sides.rows, columns: sides.columns, pool)
            let factor = function == .mean ? 1 : Double(sides.rows * sides.columns)
            for (place, mean) in moments.means.enumerated() {
                output.origin(0, block: place / lanes)[place % lanes] = Float(mean * factor)
            }
        case .maximum, .minimum:
            for block in 0..<input.count {
                let target = output.origin(0, block: block)
                target.update(from: input.origin(0, block: block), count: lanes)
                for y in 0..<sides.rows {
                    let row = input.origin(y, block: block)
                    for x in 0..<sides.columns {
                        RowKernels.combine(
                            function == .maximum ? .maximum : .minimum,
                            UnsafePointer(target), row + x * lanes, .full, lanes: lanes,
                            into: target, count: 1
                        )
                    }
                }
            }
        }
    }
}
