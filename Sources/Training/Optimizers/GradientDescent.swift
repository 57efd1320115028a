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
        withoutRecording {
            for (index, gradient) in gradients.enumerated() {
                let weights = parameters[index].variable
                let g = weightDecay == 0 ? gradient : gradient + weights * Number(weightDecay)
                let velocity = velocities[index].variable * Number(momentum) + g
                velocities[index].variable = velocity
                parameters[index].set(weights - velocity * Number(rate))
            }
        }
    }
}
