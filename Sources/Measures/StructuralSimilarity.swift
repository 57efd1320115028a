internal import Glibc

/// Structural similarity (Wang and others, 2004), the mean over all places of a window.
///
/// The window is a Gaussian of 11 × 11 pixels with σ = 1.5 that stays inside the picture; the
/// constants are (0.01 · peak)² and (0.03 · peak)². `nil` where the window does not fit.
package func structuralSimilarity(
    _ a: Plane,
    _ b: Plane,
    peak: Double = 255,
    border: Int = 0
) -> Double? {
    precondition(a.width == b.width && a.height == b.height, "planes of one size")
    let (width, height) = (a.width - 2 * border, a.height - 2 * border)
    guard width >= window.count, height >= window.count else { return nil }
    let a = a.cropped(left: border, top: border, width: width, height: height)
    let b = b.cropped(left: border, top: border, width: width, height: height)
    let (meanA, meanB) = (weighted(a), weighted(b))
    let (squareA, squareB) = (weighted(product(a, a)), weighted(product(b, b)))
    let both = weighted(product(a, b))
    let (c1, c2) = (0.01 * peak * 0.01 * peak, 0.03 * peak * 0.03 * peak)
    var sum = 0.0
    for i in meanA.values.indices {
        let (x, y) = (meanA.values[i], meanB.values[i])
        let varianceA = squareA.values[i] - x * x
        let varianceB = squareB.values[i] - y * y
        let covariance = both.values[i] - x * y
        sum +=
            (2 * x * y + c1) * (2 * covariance + c2)
            / ((x * x + y * y + c1) * (varianceA + varianceB + c2))
    }
    return sum / Double(meanA.values.count)
}

/// The weights along one axis; the sum is 1.
private let window: [Double] = {
    let raw = (-5...5).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    let sum = raw.reduce(0, +)
    return raw.map { $0 / sum }
}()

private func product(_ a: Plane, _ b: Plane) -> Plane {
    Plane(width: a.width, height: a.height, values: zip(a.values, b.values).map { $0 * $1 })
}

/// The weighted mean at every place of the window.
private func weighted(_ plane: Plane) -> Plane {
    let (width, height) = (plane.width - window.count + 1, plane.height - window.count + 1)
    var rows = [Double](repeating: 0, count: width * plane.height)
    for y in 0..<plane.height {
        for x in 0..<width {
            var sum = 0.0
            for (i, weight) in window.enumerated() { sum += weight * plane[x + i, y] }
            rows[y * width + x] = sum
        }
    }
    var result = [Double](repeating: 0, count: width * height)
    for y in 0..<height {
        for (i, weight) in window.enumerated() {
            for x in 0..<width { result[y * width + x] += weight * rows[(y + i) * width + x] }
        }
    }
    return Plane(width: width, height: height, values: result)
}
