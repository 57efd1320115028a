package import Kernels

/// Float computes with the kernels of the processor at hand.
extension Float: Real {
    package static var fuses: Bool { true }

    package static func apply(
        _ function: Function,
        _ x: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        if let kernel = function.kernel {
            RowKernels.apply(kernel, x, into: y, count: count)
        } else {
            for i in 0..<count { y[i] = Float(function(Double(x[i]))) }
        }
    }

    package static func applySlope(
        of function: Function,
        at value: UnsafePointer<Float>,
        times gradient: UnsafePointer<Float>,
        into dx: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        if case .scale(let factor, _) = function {
            let scale = RowFunction.scale(factor: Float(factor), offset: 0)
            RowKernels.apply(scale, gradient, into: dx, count: count)
        } else if let kernel = function.kernel {
            RowKernels.applySlope(of: kernel, at: value, times: gradient, into: dx, count: count)
        } else {
            for i in 0..<count {
                dx[i] = gradient[i] * Float(function.slope(at: Double(value[i])))
            }
        }
    }

    package static func combine(
        _ combination: Combination,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let kernel: RowCombination =
            switch combination {
            case .add: .add
            case .subtract: .subtract
            case .multiply: .multiply
            case .divide: .divide
            }
        let whole = count / 16 * 16
        RowKernels.combine(kernel, a, b, .full, lanes: 16, into: y, count: count / 16)
        guard whole < count else { return }
        // What is left is brought to a whole pixel.
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 48) { rest in
            rest.update(repeating: 1)
            let rest = rest.baseAddress!
            rest.update(from: a + whole, count: count - whole)
            (rest + 16).update(from: b + whole, count: count - whole)
            RowKernels.combine(kernel, rest, rest + 16, .full, lanes: 16, into: rest + 32, count: 1)
            (y + whole).update(from: rest + 32, count: count - whole)
        }
    }

    package static func accumulate(
        _ factor: Float,
        _ x: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>,
        count: Int
    ) { RowKernels.accumulate(factor, x, into: y, count: count) }

    package static func blend(
        _ a: Float,
        _ x: UnsafePointer<Float>,
        _ b: Float,
        _ z: UnsafePointer<Float>,
        _ c: Float,
        into y: UnsafeMutablePointer<Float>,
        count: Int
    ) { RowKernels.blend(a, x, b, z, c, into: y, count: count) }

    package static func sum(_ x: UnsafePointer<Float>, count: Int) -> Double {
        RowKernels.sum(x, count: count)
    }

    package static func dot(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        count: Int
    ) -> Double { RowKernels.dot(x, y, count: count) }

    package static func spread(
        _ x: UnsafePointer<Float>,
        around center: Float,
        count: Int
    ) -> Double { RowKernels.spread(x, around: center, count: count) }

    package static func stepAdam(
        _ step: AdamStep,
        _ gradient: UnsafePointer<Float>,
        _ m: UnsafeMutablePointer<Float>,
        _ v: UnsafeMutablePointer<Float>,
        weights: UnsafeMutablePointer<Float>,
        count: Int
    ) { RowKernels.stepAdam(step, gradient, m, v, weights: weights, count: count) }

    package static func multiply(
        _ a: UnsafePointer<Float>,
        isTransposed aIsTransposed: Bool,
        _ b: UnsafePointer<Float>,
        isTransposed bIsTransposed: Bool,
        into c: UnsafeMutablePointer<Float>,
        sides: MatrixSides
    ) {
        let (m, n, k) = (sides.rows, sides.columns, sides.inner)
        // Pieces of the longer side of the result, one for each thread.
        let byRows = m > n
        inParallel(
            byRows ? m : n,
            grain: Swift.max(16, (1 << 18) / Swift.max(1, m * n * k / Swift.max(m, n)))
        ) { part in
            let (row, column) = byRows ? (part.lowerBound, 0) : (0, part.lowerBound)
            matrixProduct(
                rows: byRows ? part.count : m,
                columns: byRows ? n : part.count,
                inner: k,
                Matrix(
                    a + (aIsTransposed ? row : row * k),
                    stride: aIsTransposed ? m : k,
                    transposed: aIsTransposed
                ),
                Matrix(
                    b + (bIsTransposed ? column * k : column),
                    stride: bIsTransposed ? k : n,
                    transposed: bIsTransposed
                ),
                into: c + row * n + column,
                stride: n
            )
        }
    }
}

extension Function {
    /// The kernel that computes it, if there is one.
    var kernel: RowFunction? {
        switch self {
        case .exp: .exp
        case .log: .log
        case .sqrt: .sqrt
        case .abs: .abs
        case .reciprocal: .reciprocal
        case .square: .square
        case .tanh: .tanh
        case .sigmoid: .sigmoid
        case .softplus: .softplus
        case .elu: .elu
        case .leakyRelu(let slope): slope == 0 ? .relu : .leakyRelu(Float(slope))
        case .clamp(let low, let high): .clip(low: Float(low), high: Float(high))
        case .scale(let factor, let offset): .scale(factor: Float(factor), offset: Float(offset))
        case .sign, .step, .isWithin, .power: nil
        }
    }
}
