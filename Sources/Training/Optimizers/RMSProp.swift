/// RMSProp: each step divided by a running root mean square of the gradient.
package final class RMSProp<Number: Real>: Optimizer {
    /// Where ε keeps the quotient finite.
    package enum Epsilon: Sendable {
        /// g / (√v + ε)
        case beside(Double)
        /// g / √(v + ε)
        case inside(Double)
    }

    package let parameters: [Parameter<Number>]
    package var rate: Double
    package var steps = 0
    let smoothing: Double
    let epsilon: Epsilon
    let weightDecay: Double
    private let squares: [Buffer<Number>]

    package init(
        _ parameters: [Parameter<Number>],
        rate: Double,
        smoothing: Double = 0.99,
        epsilon: Epsilon = .beside(1e-8),
        weightDecay: Double = 0
    ) {
        self.parameters = parameters
        self.rate = rate
        self.smoothing = smoothing
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        squares = zeros(like: parameters)
    }

    package var moments: [(name: String, values: [Buffer<Number>])] { [("square", squares)] }

    package func step(_ gradients: [Variable<Number>]) {
        steps += 1
        for (index, gradient) in gradients.enumerated() {
            squares[index].variable.own()
            let squares = squares[index].variable.base
            parameters[index].update { weights in
                inParallel(gradient.count) { range in
                    // Pieces that stay in the nearest cache.
                    for start in stride(from: range.lowerBound, to: range.upperBound, by: 2048) {
                        step(
                            gradient.base + start,
                            squares + start,
                            weights: weights + start,
                            count: min(2048, range.upperBound - start)
                        )
                    }
                }
            }
        }
    }

    /// A step of some numbers.
    private func step(
        _ gradient: UnsafePointer<Number>,
        _ squares: UnsafeMutablePointer<Number>,
        weights: UnsafeMutablePointer<Number>,
        count: Int
    ) {
        withUnsafeTemporaryAllocation(of: Number.self, capacity: 2 * count) { memory in
            let (g, quotient) = (memory.baseAddress!, memory.baseAddress! + count)
            let decay = Number(weightDecay)
            Number.blend(1, gradient, decay, weights, 0, into: g, count: count)
            Number.apply(.square, g, into: quotient, count: count)
            Number.blend(
                Number(smoothing),
                squares,
                Number(1 - smoothing),
                quotient,
                0,
                into: squares,
                count: count
            )
            switch epsilon {
            case .beside(let epsilon):
                Number.apply(.sqrt, squares, into: quotient, count: count)
                let shift = Function.scale(factor: 1, offset: epsilon)
                Number.apply(shift, quotient, into: quotient, count: count)
            case .inside(let epsilon):
                let shift = Function.scale(factor: 1, offset: epsilon)
                Number.apply(shift, squares, into: quotient, count: count)
                Number.apply(.sqrt, quotient, into: quotient, count: count)
            }
            Number.combine(.divide, g, quotient, into: quotient, count: count)
            Number.accumulate(-Number(rate), quotient, into: weights, count: count)
        }
    }
}
