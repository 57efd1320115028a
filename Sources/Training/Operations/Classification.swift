/// Softmax along the second axis: numbers that are positive and sum to 1.
package func softmax<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    exp(logSoftmax(x))
}

/// The logarithm of softmax along the second axis.
package func logSoftmax<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    // Taking any constant away changes nothing; the largest number keeps exp in range.
    let centered = x - x.largest(axis: 1)
    return centered - log(exp(centered).sum([1]))
}

/// The mean over samples of −log p(label), where x [batch, classes] are logits.
package func crossEntropy<Number: Real>(
    _ x: Variable<Number>,
    labels: [Int]
) -> Variable<Number> { -logSoftmax(x).picked(by: labels).mean() }

extension Variable {
    /// The largest numbers along an axis, whose side becomes 1, as constants.
    func largest(axis: Int) -> Variable {
        var goal = shape
        goal[axis] = 1
        let (side, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
        return Variable(goal) { y in
            for outer in 0..<shape[..<axis].reduce(1, *) {
                for i in 0..<inner {
                    let start = base + outer * side * inner + i
                    var best = start[0]
                    for k in 1..<max(side, 1) { best = max(best, start[k * inner]) }
                    y[outer * inner + i] = best
                }
            }
        }
    }
}
