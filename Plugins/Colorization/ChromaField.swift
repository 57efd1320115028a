/// Chroma as a local linear function of luma, found in a small picture and used in a large one.
///
/// In every window of the small picture, chroma is fitted by a · luma + b; the coefficients are
/// averaged over the windows that a pixel lies in, and interpolated between the small picture's
/// pixels. Where the large luma has an edge, so has the chroma. He and Sun, "Fast Guided Filter",
/// 2015, after He, Sun and Tang, "Guided Image Filtering", 2013, equations 5 to 8.
struct ChromaField: Sendable {
    private let width, height: Int
    /// For each pixel of the small picture: a and b of blue, a and b of red.
    private let coefficients: [Float]
    /// Small pixels for a large one.
    private let scale: (x: Float, y: Float)

    /// - Parameters:
    ///   - luma: of the small picture.
    ///   - chroma: of the small picture.
    ///   - width, height: of the large picture.
    ///   - radius: of the windows, in small pixels.
    ///   - smoothness: a variance of luma; what varies less is taken for flat.
    init(
        _ luma: LumaPlane,
        _ chroma: ChromaPlanes,
        width: Int,
        height: Int,
        radius: Int = 2,
        smoothness: Float = 1e-3
    ) {
        self.width = luma.width
        self.height = luma.height
        scale = (Float(luma.width) / Float(width), Float(luma.height) / Float(height))
        func mean(_ values: [Float]) -> [Float] {
            boxMean(values, width: luma.width, height: luma.height, radius: radius)
        }
        let y = luma.values
        let meanLuma = mean(y)
        let meanSquare = mean(y.map { $0 * $0 })
        var coefficients = [Float](repeating: 0, count: 4 * y.count)
        for (place, plane) in [chroma.blue, chroma.red].enumerated() {
            let meanChroma = mean(plane)
            let meanProduct = mean(zip(y, plane).map { $0 * $1 })
            var slopes = [Float](repeating: 0, count: y.count)
            var constants = slopes
            for i in y.indices {
                let variance = meanSquare[i] - meanLuma[i] * meanLuma[i]
                let covariance = meanProduct[i] - meanLuma[i] * meanChroma[i]
                slopes[i] = covariance / (variance + smoothness)
                constants[i] = meanChroma[i] - slopes[i] * meanLuma[i]
            }
            (slopes, constants) = (mean(slopes), mean(constants))
            for i in y.indices {
                coefficients[4 * i + 2 * place] = slopes[i]
                coefficients[4 * i + 2 * place + 1] = constants[i]
            }
        }
        self.coefficients = coefficients
    }

    /// Calls `body` with a and b of blue and red for every column of a row of the large picture.
    ///
    /// - Parameter row: scratch memory, kept between calls.
    func forEachColumn(
        _ columns: Range<Int>,
        row y: Int,
        scratch row: inout [Float],
        _ body: (_ column: Int, _ coefficients: SIMD4<Float>) -> Void
    ) {
        let (top, bottom, down) = neighbours((Float(y) + 0.5) * scale.y - 0.5, count: height)
        row.removeAll(keepingCapacity: true)
        for i in 0..<4 * width {
            let (above, below) = (
                coefficients[4 * width * top + i], coefficients[4 * width * bottom + i]
            )
            row.append(above + down * (below - above))
        }
        for x in columns {
            let (left, right, along) = neighbours((Float(x) + 0.5) * scale.x - 0.5, count: width)
            let near = SIMD4(row[4 * left], row[4 * left + 1], row[4 * left + 2], row[4 * left + 3])
            let far = SIMD4(
                row[4 * right],
                row[4 * right + 1],
                row[4 * right + 2],
                row[4 * right + 3]
            )
            body(x, near + along * (far - near))
        }
    }

    /// The two places around a position, and how far it is from the first to the second.
    @inline(__always)
    private func neighbours(_ position: Float, count: Int) -> (Int, Int, Float) {
        let inside = min(max(position, 0), Float(count - 1))
        let first = Int(inside)
        return (first, min(first + 1, count - 1), inside - Float(first))
    }
}

/// The mean over a square window of side 2 · radius + 1 around every pixel, cut at the borders.
func boxMean(_ values: [Float], width: Int, height: Int, radius: Int) -> [Float] {
    // First along rows, then along columns: the windows' parts inside the picture are rectangles.
    let rows = lineMeans(values, lines: height, lineStride: width, length: width, step: 1, radius)
    return lineMeans(rows, lines: width, lineStride: 1, length: height, step: width, radius)
}

private func lineMeans(
    _ values: [Float],
    lines: Int,
    lineStride: Int,
    length: Int,
    step: Int,
    _ radius: Int
) -> [Float] {
    var means = values
    for line in 0..<lines {
        let start = line * lineStride
        var sum = 0.0
        for i in 0..<min(radius, length) { sum += Double(values[start + i * step]) }
        for i in 0..<length {
            if i + radius < length { sum += Double(values[start + (i + radius) * step]) }
            if i - radius - 1 >= 0 { sum -= Double(values[start + (i - radius - 1) * step]) }
            let count = min(i + radius, length - 1) - max(i - radius, 0) + 1
            means[start + i * step] = Float(sum / Double(count))
        }
    }
    return means
}
