import PluginKit

/// Joins the luma of a photo with the chroma of a field, at any place of the photo.
struct ColorJoining: Sendable {
    /// a and b of blue, a and b of red, at every pixel.
    private let coefficients: EnlargedPixels
    /// The sample that stands for white.
    private let peak: Float
    private let strength: Float

    /// - Parameter width, height: of the photo.
    init(_ field: ChromaField, width: Int, height: Int, peak: Float, strength: Float) {
        coefficients = EnlargedPixels(field.coefficients, width: width, height: height)
        self.peak = peak
        self.strength = strength
    }

    /// - Parameters:
    ///   - result: three bands.
    ///   - photo: the same place of the photo, of one band or three.
    func fill(_ result: PixelRegion, from photo: PixelRegion) {
        let columns = result.columns
        var source = [Float](repeating: 0, count: columns.count * photo.bands)
        var target = [Float](repeating: 0, count: columns.count * 3)
        var fits: [Float] = []
        for y in result.rows {
            photo.read(y, into: &source)
            coefficients.read(columns, row: y, into: &fits)
            for i in 0..<columns.count {
                let brightness =
                    (photo.bands == 1
                        ? source[i] : luma(source[3 * i], source[3 * i + 1], source[3 * i + 2]))
                    / peak
                let rgb = color(
                    luma: brightness,
                    blue: strength * (fits[4 * i] * brightness + fits[4 * i + 1]),
                    red: strength * (fits[4 * i + 2] * brightness + fits[4 * i + 3])
                )
                target[3 * i] = peak * rgb.red
                target[3 * i + 1] = peak * rgb.green
                target[3 * i + 2] = peak * rgb.blue
            }
            result.write(y, from: target)
        }
    }
}
