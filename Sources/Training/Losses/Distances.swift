package func meanAbsoluteError<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>
) -> Variable<Number> { abs(a - b).mean() }

package func meanSquaredError<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>
) -> Variable<Number> { square(a - b).mean() }

/// The mean of √(difference² + ε): an absolute error that is smooth at zero.
package func charbonnierError<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>,
    epsilon: Double = 1e-6
) -> Variable<Number> { sqrt(square(a - b) + Number(epsilon)).mean() }

/// The mean of absolute differences between neighbouring pixels, down and across.
package func totalVariation<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    func differences(_ axis: Int) -> Variable<Number> {
        let side = x.shape[axis]
        return abs(x.slice(axis, 1..<side) - x.slice(axis, 0..<(side - 1))).mean()
    }
    return differences(2) + differences(3)
}

/// The mean over samples of the divergence of N(mean, e^logVariance) from N(0, 1).
package func normalDivergence<Number: Real>(
    mean: Variable<Number>,
    logVariance: Variable<Number>
) -> Variable<Number> {
    let terms = square(mean) + exp(logVariance) - logVariance - 1
    return terms.sum() * Number(0.5 / Double(mean.shape[0]))
}
