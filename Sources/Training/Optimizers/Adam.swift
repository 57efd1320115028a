internal import Foundation
internal import Kernels

/// Adam: steps of moments of the gradient, each divided by its deviation.
package final class Adam<Number: Real>: Optimizer {
    package let parameters: [Parameter<Number>]
    package var rate: Double
    package var steps = 0
    let beta1, beta2, epsilon: Double
    let weightDecay: Double
    /// Whether the decay shrinks the weights by themselves (AdamW) instead of joining the gradient.
    let isDecoupled: Bool
    private let first, second: [Buffer<Number>]

    package init(
        _ parameters: [Parameter<Number>],
        rate: Double,
        beta1: Double = 0.9,
        beta2: Double = 0.999,
        epsilon: Double = 1e-8,
        weightDecay: Double = 0,
        decoupled: Bool = false
    ) {
        self.parameters = parameters
        self.rate = rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        isDecoupled = decoupled
        first = zeros(like: parameters)
        second = zeros(like: parameters)
    }

    package var moments: [(name: String, values: [Buffer<Number>])] {
        [("first", first), ("second", second)]
    }

    package func step(_ gradients: [Variable<Number>]) {
        steps += 1
        let settings = AdamStep(
            beta1: beta1,
            beta2: beta2,
            rate: rate / (1 - pow(beta1, Double(steps))),
            scale: 1 / (1 - pow(beta2, Double(steps))).squareRoot(),
            epsilon: epsilon,
            decay: isDecoupled ? 0 : weightDecay,
            keep: isDecoupled ? 1 - rate * weightDecay : 1
        )
        for (index, gradient) in gradients.enumerated() {
            first[index].variable.own()
            second[index].variable.own()
            let (m, v) = (first[index].variable.base, second[index].variable.base)
            parameters[index].update { weights in
                inParallel(gradient.count) { range in
                    let start = range.lowerBound
                    Number.stepAdam(
                        settings,
                        gradient.base + start,
                        m + start,
                        v + start,
                        weights: weights + start,
                        count: range.count
                    )
                }
            }
        }
    }
}

extension Variable {
    /// Makes sure that nobody else holds the numbers, which are about to change.
    mutating func own() {
        if !isKnownUniquelyReferenced(&numbers) { numbers = copy.numbers }
    }

    /// The same numbers in memory of their own.
    var copy: Variable {
        Variable(shape) { target in
            inParallel(count, grain: 1 << 18) { range in
                (target + range.lowerBound).update(
                    from: base + range.lowerBound,
                    count: range.count
                )
            }
        }
    }
}
