/// Steps along the gradient, or along its running sum where there is momentum.
package final class GradientDescent<Number: Real>: Optimizer {
    package let parameters: [Parameter<Number>]
    package var rate: Double
    package var steps = 0
    let momentum, weightDecay: Double
    private let velocities: [Buffer<Number>]

    package init(
        _ parameters: [Parameter<Number>],
        rate: Double,
        momentum: Double = 0,
        weightDecay: Double = 0
    ) {
        self.parameters = parameters
        self.rate = rate
        self.momentum = momentum
        self.weightDecay = weightDecay
        velocities = zeros(like: parameters)
    }

    package var moments: [(name: String, values: [Buffer<Number>])] { [("velocity", velocities)] }

    package func step(_ gradients: [Variable<Number>]) {
        steps += 1
        let (rate, decay) = (Number(rate), Number(weightDecay))
        for (index, gradient) in gradients.enumerated() {
            velocities[index].variable.own()
            let velocity = velocities[index].variable.base
            parameters[index].update { weights in
                inParallel(gradient.count) { range in
                    let (start, count) = (range.lowerBound, range.count)
                    let (v, w) = (velocity + start, weights + start)
                    Number.blend(
                        Number(momentum),
                        v,
                        1,
                        gradient.base + start,
                        0,
                        into: v,
                        count: count
                    )
                    if decay != 0 { Number.accumulate(decay, w, into: v, count: count) }
                    Number.accumulate(-rate, v, into: w, count: count)
                }
            }
        }
    }
}
