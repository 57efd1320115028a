internal import Foundation

/// Changes parameters so that a loss gets smaller.
package protocol Optimizer<Number>: AnyObject {
    associatedtype Number: Real

    var parameters: [Parameter<Number>] { get }
    /// The length of a step, which schedules change.
    var rate: Double { get set }
    /// Steps done so far.
    var steps: Int { get set }
    /// What it remembers, by kind, in the order of the parameters; to be saved and given back.
    var moments: [(name: String, values: [Buffer<Number>])] { get }

    /// Moves the parameters by their gradients, given in the same order.
    func step(_ gradients: [Variable<Number>])
}

extension Optimizer {
    /// Moves the parameters towards a smaller loss.
    ///
    /// - Parameter clip: what is done to the gradients before.
    package func minimize(_ loss: Variable<Number>, clip: GradientClip = .none) {
        step(clip(loss.gradients(for: parameters.map(\.variable))))
    }
}

/// A bound on gradients.
package enum GradientClip: Sendable {
    case none
    /// All gradients together are no longer than this.
    case norm(Double)
    /// No number is farther from zero than this.
    case value(Double)

    package func callAsFunction<Number: Real>(
        _ gradients: [Variable<Number>]
    ) -> [Variable<Number>] {
        withoutRecording {
            switch self {
            case .none: return gradients
            case .value(let bound): return gradients.map { $0.clamped(to: -bound...bound) }
            case .norm(let bound):
                let norm = gradientNorm(gradients)
                return norm <= bound ? gradients : gradients.map { $0 * Number(bound / norm) }
            }
        }
    }
}

/// The length of all gradients together.
package func gradientNorm<Number: Real>(_ gradients: [Variable<Number>]) -> Double {
    gradients.reduce(0) { $0 + Number.dot($1.base, $1.base, count: $1.count) }.squareRoot()
}

/// Limits parameters to −bound … bound, as a Wasserstein critic without penalty needs it.
package func clip<Number: Real>(_ parameters: [Parameter<Number>], to bound: Double) {
    withoutRecording {
        for parameter in parameters {
            parameter.set(parameter.variable.clamped(to: -bound...bound))
        }
    }
}

/// Zeros beside every parameter.
func zeros<Number: Real>(like parameters: [Parameter<Number>]) -> [Buffer<Number>] {
    parameters.map { Buffer(Variable($0.variable.shape, repeating: 0)) }
}
