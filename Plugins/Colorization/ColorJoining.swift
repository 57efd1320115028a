import PluginKit

/// Joins the luma of a photo with the chroma of a field, at any place of the photo.
struct ColorJoining: Sendable {
    private let field: ChromaField
    /// The sample that stands for white.
    private let peak: Float
    private let strength: Float

    init(_ field: ChromaField, peak: Float, strength: Float) {
        self.field = field
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
        var scratch: [Float] = []
        for y in result.rows {
            photo.read(y, into: &source)
            field.forEachColumn(columns, row: y, scratch: &scratch) { x, coefficients in
                let i = x - columns.lowerBound
                let brightness =
                    (photo.bands == 1
                        ? source[i] : luma(source[3 * i], source[3 * i + 1], source[3 * i + 2]))
                    / peak
                let rgb = color(
                    luma: brightness,
                    blue: strength * (coefficients[0] * brightness + coefficients[1]),
                    red: strength * (coefficients[2] * brightness + coefficients[3])
                )
                target[3 * i] = peak * rgb.red
                target[3 * i + 1] = peak * rgb.green
                target[3 * i + 2] = peak * rgb.blue
            }
            result.write(y, from: target)
        }
    }
}
