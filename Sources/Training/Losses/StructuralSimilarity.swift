internal import Foundation

/// The mean structural similarity of two batches of pictures, 1 if they are equal.
///
/// Their numbers are 0 … `peak`. The window is a Gaussian of 11 pixels with σ = 1.5, wholly inside
/// the picture.
package func structuralSimilarity<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>,
    peak: Double = 1
) -> Variable<Number> {
    func blur(_ x: Variable<Number>) -> Variable<Number> {
        x.mapped(2, by: gaussianWindow(x.shape[2])).mapped(3, by: gaussianWindow(x.shape[3]))
    }
    let (c1, c2) = (Number(0.0001 * peak * peak), Number(0.0009 * peak * peak))
    let (meanA, meanB) = (blur(a), blur(b))
    let varianceA = blur(square(a)) - square(meanA)
    let varianceB = blur(square(b)) - square(meanB)
    let covariance = blur(a * b) - meanA * meanB
    let luminance = (meanA * meanB * 2 + c1) / (square(meanA) + square(meanB) + c1)
    let structure = (covariance * 2 + c2) / (varianceA + varianceB + c2)
    return (luminance * structure).mean()
}

private func gaussianWindow(_ side: Int) -> AxisMap {
    precondition(side >= 11, "pictures of at least 11 × 11 pixels")
    let weights = (-5...5).map { (distance: Int) -> Double in
        Foundation.exp(-Double(distance * distance) / 4.5)
    }
    let sum = weights.reduce(0, +)
    return AxisMap(
        inputs: side,
        (0..<(side - 10)).map { start in
            weights.indices.map { (start + $0, weights[$0] / sum) }
        }
    )
}
