/// How the colours around each place of a small picture are changed by another one of the same size.
///
/// Around a pixel the change is a linear function of its colour, fitted by least squares (a guided
/// filter after He, Sun and Tang). What the function does not explain is left out, so a photo that
/// is changed by it keeps its own detail.
public struct LocalColors {
    /// Twelve bands: for red, green and blue of the change three factors and what is added.
    public let field: Pixels

    /// - Parameters:
    ///   - before: red, green and blue from 0 to 1.
    ///   - after: the same place in other colours.
    ///   - radius: of the squares that functions are fitted in, in pixels.
    ///   - ridge: how strongly factors are drawn towards no change, as a variance of colours.
    public init(_ before: Pixels, _ after: Pixels, radius: Int, ridge: Float = 1e-3) {
        precondition(before.bands == 3 && after.bands == 3, "colours have three bands")
        precondition(
            before.width == after.width && before.height == after.height,
            "pictures of one size"
        )
        func mean(_ plane: [Float]) -> [Float] {
            boxMean(plane, width: before.width, height: before.height, radius: radius)
        }
        let x = (0..<3).map(before.plane)
        let change = (0..<3).map { band in
            zip(after.plane(band), x[band]).map { $0 - $1 }
        }
        let meanX = x.map(mean)
        func covariances(_ a: [Float], _ meanA: [Float], _ b: [Float], _ meanB: [Float]) -> [Float]
        {
            let products = mean(zip(a, b).map { $0 * $1 })
            return products.indices.map { products[$0] - meanA[$0] * meanB[$0] }
        }
        let own = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)].map { (i, j) in
            covariances(x[i], meanX[i], x[j], meanX[j])
        }
        var field = Pixels(
            width: before.width,
            height: before.height,
            bands: 12,
            samples: [Float](repeating: 0, count: 12 * before.width * before.height)
        )
        for band in 0..<3 {
            let meanChange = mean(change[band])
            let shared = (0..<3).map { covariances(x[$0], meanX[$0], change[band], meanChange) }
            var planes = [[Float]](repeating: meanChange, count: 4)
            for i in meanChange.indices {
                let factors = solved(
                    own.map { $0[i] },
                    ridge: ridge,
                    shared.map { $0[i] }
                )
                for j in 0..<3 {
                    planes[j][i] = factors[j]
                    planes[3][i] -= factors[j] * meanX[j][i]
                }
            }
            for (j, plane) in planes.enumerated() {
                for (i, value) in mean(plane).enumerated() {
                    field.samples[12 * i + 4 * band + j] = value
                }
            }
        }
        self.field = field
    }
}

extension Pixels {
    /// One band by itself.
    fileprivate func plane(_ band: Int) -> [Float] {
        (0..<(width * height)).map { samples[$0 * bands + band] }
    }
}

/// The solution of (m + ridge · 1) a = b for a symmetric 3 × 3 matrix, given row by row from the
/// diagonal on.
private func solved(_ m: [Float], ridge: Float, _ b: [Float]) -> [Float] {
    let (a, d, f) = (Double(m[0] + ridge), Double(m[3] + ridge), Double(m[5] + ridge))
    let (p, q, r) = (Double(m[1]), Double(m[2]), Double(m[4]))
    let (x, y, z) = (Double(b[0]), Double(b[1]), Double(b[2]))
    let (c0, c1, c2) = (d * f - r * r, q * r - p * f, p * r - q * d)
    let determinant = a * c0 + p * c1 + q * c2
    return [
        Float((c0 * x + c1 * y + c2 * z) / determinant),
        Float((c1 * x + (a * f - q * q) * y + (p * q - a * r) * z) / determinant),
        Float((c2 * x + (p * q - a * r) * y + (a * d - p * p) * z) / determinant),
    ]
}
