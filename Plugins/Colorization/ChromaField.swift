import PluginKit

/// Chroma as a local linear function of luma, found in a small picture and used in a large one.
///
/// In every window of the small picture, chroma is fitted by a · luma + b; the coefficients are
/// averaged over the windows that a pixel lies in, and interpolated between the small picture's
/// pixels. Where the large luma has an edge, so has the chroma. He and Sun, "Fast Guided Filter",
/// 2015, after He, Sun and Tang, "Guided Image Filtering", 2013, equations 5 to 8.
struct ChromaField {
    /// Four bands: a and b of blue, a and b of red.
    let coefficients: Pixels

    /// - Parameters:
    ///   - luma, chroma: of the small picture.
    ///   - radius: of the windows, in small pixels.
    ///   - smoothness: a variance of luma; what varies less is taken for flat.
    init(
        _ luma: LumaPlane,
        _ chroma: ChromaPlanes,
        radius: Int = 2,
        smoothness: Float = 1e-3
    ) {
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
        self.coefficients = Pixels(
            width: luma.width,
            height: luma.height,
            bands: 4,
            samples: coefficients
        )
    }
}
