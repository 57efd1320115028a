/// Σ weight · mean |a − b| over feature maps, of a perceptual network or of a discriminator.
package func featureError<Number: Real>(
    _ a: [Variable<Number>],
    _ b: [Variable<Number>],
    weights: [Double]? = nil
) -> Variable<Number> { weightedSum(a, b, weights) { meanAbsoluteError($0, $1.detached) } }

/// Σ weight · mean (Gram(a) − Gram(b))² over feature maps: how far two styles are apart.
package func styleError<Number: Real>(
    _ a: [Variable<Number>],
    _ b: [Variable<Number>],
    weights: [Double]? = nil
) -> Variable<Number> {
    weightedSum(a, b, weights) { meanSquaredError(gramMatrix($0), gramMatrix($1.detached)) }
}

private func weightedSum<Number: Real>(
    _ a: [Variable<Number>],
    _ b: [Variable<Number>],
    _ weights: [Double]?,
    _ distance: (Variable<Number>, Variable<Number>) -> Variable<Number>
) -> Variable<Number> {
    precondition(a.count == b.count, "features of both sides")
    return a.indices.reduce(Variable(0)) { sum, level in
        sum + distance(a[level], b[level]) * Number(weights?[level] ?? 1)
    }
}
