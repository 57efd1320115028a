internal import Foundation

/// How the rate of an optimizer changes: a factor for every step.
package enum Schedule: Sendable, Equatable {
    case constant
    /// Constant up to a step, then down to zero at another one in a straight line.
    case constantThenLinear(until: Int, zeroAt: Int)
    /// From 1 to `floor` along half a wave of the cosine.
    case cosine(steps: Int, floor: Double)
    /// Multiplied by a factor at every one of some steps.
    case multiplied(by: Double, at: [Int])
    /// Multiplied by a factor whenever so many steps have passed.
    case decaying(by: Double, every: Int)

    /// The factor at a step, counted from 0.
    package func factor(at step: Int) -> Double {
        switch self {
        case .constant: return 1
        case .constantThenLinear(let start, let end):
            let share = Double(end - step) / Double(max(1, end - start))
            return min(1, max(0, share))
        case .cosine(let steps, let floor):
            let turn = min(1, Double(step) / Double(max(1, steps)))
            return floor + (1 - floor) * 0.5 * (1 + cos(.pi * turn))
        case .multiplied(let factor, let steps):
            return pow(factor, Double(steps.count { $0 <= step }))
        case .decaying(let factor, let interval):
            return pow(factor, Double(step / interval))
        }
    }
}
