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
        withoutRecording {
            for (index, gradient) in gradients.enumerated() {
                let weights = parameters[index].variable
                let g = weightDecay == 0 ? gradient : gradient + weights * Number(weightDecay)
                let v =
                    squares[index].variable * Number(smoothing) + square(g) * Number(1 - smoothing)
                squares[index].variable = v
                let divisor =
                    switch epsilon {
                    case .beside(let epsilon): sqrt(v) + Number(epsilon)
                    case .inside(let epsilon): sqrt(v + Number(epsilon))
                    }
                parameters[index].set(weights - g / divisor * Number(rate))
            }
        }
    }
}
