internal import Kernels

/// Mean and squared distances from it of each row of a map, for every place of its blocks.
struct RowMoments {
    let places: Int
    private let means, squares: DoubleMemory

    /// Two passes over each row, the second around the mean of the first.
    init(_ input: BlockList, rows: Range<Int>, columns: Int, _ pool: WorkerPool) {
        let (lanes, places) = (input.lanes, input.places.count)
        let count = Double(columns)
        let means = DoubleMemory(rows.count * places)
        let squares = DoubleMemory(rows.count * places)
        (self.places, self.means, self.squares) = (places, means, squares)
        pool.run(rows.count) { row in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 4 * lanes) { numbers in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: lanes) { shift in
                    let (first, second) = (numbers.baseAddress!, numbers.baseAddress! + 2 * lanes)
                    for block in 0..<input.count {
                        func add(to sums: UnsafeMutablePointer<Double>) {
                            RowKernels.addMoments(
                                input.origin(rows.lowerBound + row, block: block),
                                shift: shift.baseAddress!,
                                lanes: lanes,
                                count: columns,
                                sums: sums,
                                squares: sums + lanes
                            )
                        }
                        numbers.initialize(repeating: 0)
                        shift.initialize(repeating: 0)
                        add(to: first)
                        for lane in 0..<lanes { shift[lane] = Float(first[lane] / count) }
                        add(to: second)
                        for lane in 0..<lanes {
                            // The shift was rounded to float32: what is left of the mean.
                            let rest = second[lane] / count
                            let place = row * places + block * lanes + lane
                            means.base[place] = Double(shift[lane]) + rest
                            squares.base[place] = second[lanes + lane] - rest * rest * count
                        }
                    }
                }
            }
        }
    }

    func mean(row: Int, place: Int) -> Double { means.base[row * places + place] }

    func squares(row: Int, place: Int) -> Double { max(0, squares.base[row * places + place]) }
}

/// Mean and variance of a whole map, for every place of its blocks.
struct MapMoments {
    private(set) var means: [Double]
    private(set) var variances: [Double]

    /// Rows are put together in their order, so that the result does not depend on threads.
    init(_ input: BlockList, rows: Range<Int>, columns: Int, _ pool: WorkerPool) {
        let moments = RowMoments(input, rows: rows, columns: columns, pool)
        means = [Double](repeating: 0, count: moments.places)
        variances = means
        for row in 0..<rows.count {
            for place in means.indices {
                means[place] += moments.mean(row: row, place: place) / Double(rows.count)
            }
        }
        let total = Double(rows.count * columns)
        for row in 0..<rows.count {
            for place in means.indices {
                let distance = moments.mean(row: row, place: place) - means[place]
                let squares = moments.squares(row: row, place: place)
                variances[place] += (squares + distance * distance * Double(columns)) / total
            }
        }
    }
}

/// Memory that tasks write to in different places.
private final class DoubleMemory: @unchecked Sendable {
    let base: UnsafeMutablePointer<Double>

    init(_ count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
    }

    deinit { base.deallocate() }
}

/// Brings each channel to mean 0 and variance 1 over the whole map, which must be at hand; then come
/// scale, bias, residual and activation.
final class InstanceNormalizationStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let scale, bias: [Float]
    private let epsilon: Double
    private let ending: SumEnding
    private let sides: (rows: Int, columns: Int)

    init(
        scale: [Float],
        bias: [Float],
        epsilon: Float,
        ending: SumEnding,
        sides: (rows: Int, columns: Int),
        input: BlockList,
        output: RowMap
    ) {
        self.scale = scale
        self.bias = bias
        self.epsilon = Double(epsilon)
        self.ending = ending
        self.sides = sides
        self.input = input
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let moments = MapMoments(input, rows: 0..<sides.rows, columns: sides.columns, pool)
        var (factors, offsets) = (scale, bias)
        for (place, channel) in input.places.enumerated() where channel >= 0 {
            let channel = Int(channel)
            let factor =
                Double(scale[channel]) / (moments.variances[place] + epsilon).squareRoot()
            factors[channel] = Float(factor)
            offsets[channel] = Float(Double(bias[channel]) - moments.means[place] * factor)
        }
        let affine = PackedAffine(
            factors: factors,
            offsets: offsets,
            activation: ending.activation,
            residual: ending.residual,
            places: input.places,
            lanes: input.lanes
        )
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            affine.apply(y, columns, input, adding: ending.added, into: output)
            ending.late?.finish(output, y, columns)
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
                            UnsafePointer(target),
                            row + x * lanes,
                            .full,
                            lanes: lanes,
                            into: target,
                            count: 1
                        )
                    }
                }
            }
        }
    }
}
