internal import Kernels

/// A function of one number, for every number of a map.
final class UnaryStep: StreamStep {
    enum Function: Sendable {
        case unary(Unary.Function)
        case clip(low: Float, high: Float)
    }

    private let input: BlockList
    private let output: RowMap
    private let function: Function

    init(_ function: Function, input: BlockList, output: RowMap) {
        self.function = function
        self.input = input
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let lanes = output.layout.lanes
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            for block in 0..<input.count {
                let source = input.origin(y, block: block) + columns.lowerBound * lanes
                let target = output.origin(y, block: block) + columns.lowerBound * lanes
                switch function {
                case .unary(let function):
                    apply(function, source, into: target, count: columns.count * lanes)
                case .clip(let low, let high):
                    RowKernels.apply(
                        .clip(low: low, high: high),
                        source,
                        into: target,
                        count: columns.count * lanes
                    )
                }
            }
        }
    }
}

/// A function of one number over a run of numbers: by its kernel, or as it is defined.
func apply(
    _ function: Unary.Function,
    _ x: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>,
    count: Int
) {
    if let kernel = function.kernel {
        RowKernels.apply(kernel, x, into: y, count: count)
    } else {
        let definition = Unary(function).double
        for i in 0..<count { y[i] = Float(definition(Double(x[i]))) }
    }
}

extension Unary.Function {
    /// The kernel that computes it, if there is one.
    var kernel: RowFunction? {
        switch self {
        case .identity: .scale(factor: 1, offset: 0)
        case .relu: .relu
        case .leakyRelu(let slope): .leakyRelu(slope)
        case .sigmoid: .sigmoid
        case .tanh: .tanh
        case .exp: .exp
        case .log: .log
        case .softplus: .softplus
        case .elu(1): .elu
        case .sqrt: .sqrt
        case .abs: .abs
        case .neg: .scale(factor: -1, offset: 0)
        case .reciprocal: .reciprocal
        default: nil
        }
    }
}

/// Each channel times a factor plus an offset.
final class AffineStep: StreamStep {
    private let input: BlockList
    private let output: RowMap
    private let affine: PackedAffine

    /// - Parameters: `factors` and `offsets` are one number for each channel.
    init(factors: [Float], offsets: [Float], input: BlockList, output: RowMap) {
        self.input = input
        self.output = output
        affine = PackedAffine(
            factors: factors,
            offsets: offsets,
            places: input.places,
            lanes: input.lanes
        )
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            affine.apply(y, columns, input, adding: nil, into: output)
        }
    }
}

extension PackedAffine {
    /// Computes a part of a row of all blocks.
    func apply(
        _ y: Int,
        _ columns: Range<Int>,
        _ input: BlockList,
        adding other: BlockList?,
        into output: RowMap
    ) {
        let start = columns.lowerBound * output.layout.lanes
        for block in 0..<input.count {
            run(
                block: block,
                input.origin(y, block: block) + start,
                adding: other.map { UnsafePointer($0.origin(y, block: block) + start) },
                into: output.origin(y, block: block) + start,
                count: columns.count
            )
        }
    }
}

/// An operand of a function of two numbers, brought beside the places of the result.
enum StreamOperand: Sendable {
    /// A map with the result's places; of one row or column where it is the same along them.
    case map(BlockList, hasRows: Bool, hasColumns: Bool)
    /// A map of one channel, for all channels.
    case oneChannel(BlockList)
    /// One number for each place.
    case constant([Float])
}

/// A function of two numbers, of which each may be stretched.
final class BinaryStep: StreamStep {
    enum Function: Sendable {
        case kernel(RowCombination)
        /// As the operator defines it, number by number.
        case definition(@Sendable (Float, Float) -> Float)
    }

    private let a, b: StreamOperand
    private let output: RowMap
    private let function: Function

    init(_ function: Function, _ a: StreamOperand, _ b: StreamOperand, output: RowMap) {
        self.function = function
        self.a = a
        self.b = b
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let lanes = output.layout.lanes
        pool.forEach(rows: rows, columns: output.layout.columns) { [self] y, columns in
            let count = columns.count
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count * lanes) { scratch in
                let (first, second) = (scratch.baseAddress!, scratch.baseAddress! + count * lanes)
                for block in 0..<output.layout.blocks {
                    let target = output.origin(y, block: block) + columns.lowerBound * lanes
                    // A first operand that is stretched is written out.
                    let x = full(a, y, columns, block, scratch: first)
                    if case .kernel(let combination) = function {
                        withOperand(b, y, columns, block) { other, kind in
                            RowKernels.combine(
                                combination,
                                x,
                                other,
                                kind,
                                lanes: lanes,
                                into: target,
                                count: count
                            )
                        }
                    } else if case .definition(let function) = function {
                        let other = full(b, y, columns, block, scratch: second)
                        for i in 0..<(count * lanes) { target[i] = function(x[i], other[i]) }
                    }
                }
            }
        }
    }

    /// How an operand lies beside a block of a row.
    private func withOperand(
        _ operand: StreamOperand,
        _ y: Int,
        _ columns: Range<Int>,
        _ block: Int,
        _ body: (UnsafePointer<Float>, RowOperand) -> Void
    ) {
        let lanes = output.layout.lanes
        switch operand {
        case .map(let list, let hasRows, let hasColumns):
            let row = list.origin(hasRows ? y : 0, block: block)
            if hasColumns {
                body(row + columns.lowerBound * lanes, .full)
            } else {
                body(row, .channel)
            }
        case .oneChannel(let list):
            body(
                list.origin(y, block: 0) + columns.lowerBound * list.lanes,
                .pixel(step: list.lanes)
            )
        case .constant(let values):
            values.withUnsafeBufferPointer { body($0.baseAddress! + block * lanes, .channel) }
        }
    }

    /// A row of an operand with a number for each number of the result.
    private func full(
        _ operand: StreamOperand,
        _ y: Int,
        _ columns: Range<Int>,
        _ block: Int,
        scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let lanes = output.layout.lanes
        var result = UnsafePointer(scratch)
        withOperand(operand, y, columns, block) { other, kind in
            switch kind {
            case .full: result = other
            case .channel:
                for x in 0..<columns.count {
                    (scratch + x * lanes).update(from: other, count: lanes)
                }
            case .pixel(let step):
                for x in 0..<columns.count {
                    (scratch + x * lanes).update(repeating: other[x * step], count: lanes)
                }
            }
        }
        return result
    }
}

/// Normally distributed noise, which depends on the place in the whole map only.
final class NoiseStep: StreamStep {
    private let noise: RandomNormalLike
    private let shape: [Int]
    private let output: RowMap

    init(_ noise: RandomNormalLike, shape: [Int], output: RowMap) {
        self.noise = noise
        self.shape = shape
        self.output = output
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) {
        let layout = output.layout
        pool.forEach(rows: rows, columns: layout.columns) { [self] y, columns in
            for (place, channel) in layout.places.enumerated() {
                let target = output.origin(y, block: place / layout.lanes) + place % layout.lanes
                for x in columns {
                    let number = (Int(channel) * shape[2] + y) * shape[3] + x
                    target[x * layout.lanes] = channel < 0 ? 0 : noise.number(at: UInt64(number))
                }
            }
        }
    }
}
