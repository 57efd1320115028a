import PluginKit

/// What a photo takes over from its reduced translation.
enum Guide: String, CaseIterable, SettingValue {
    /// How colours change around each place; detail is the photo's own.
    case colors
    /// The difference between the reduced photo and its translation, evenly enlarged.
    case difference
    /// The translation itself, evenly enlarged.
    case picture
}

/// How a reduced translation changes every pixel of a photo.
struct ColorChange: Sendable {
    private let guide: Guide
    /// What the guide says of each pixel: twelve bands of local colours, or three.
    private let field: EnlargedPixels
    /// The sample that stands for white.
    private let peak: Float

    /// - Parameters:
    ///   - small: the reduced photo, red, green and blue from 0 to 1.
    ///   - translation: what a network made of it.
    ///   - width, height: of the photo.
    init(
        _ guide: Guide,
        from small: Pixels,
        to translation: Pixels,
        width: Int,
        height: Int,
        peak: Float
    ) {
        self.guide = guide
        self.peak = peak
        var pixels = translation
        switch guide {
        case .colors:
            let radius = max(1, max(small.width, small.height) / 64)
            pixels = LocalColors(small, translation, radius: radius).field
        case .difference:
            for i in pixels.samples.indices { pixels.samples[i] -= small.samples[i] }
        case .picture: break
        }
        field = EnlargedPixels(pixels, width: width, height: height)
    }

    /// - Parameters:
    ///   - result: three bands.
    ///   - photo: the same place of the photo, of one band or three.
    func fill(_ result: PixelRegion, from photo: PixelRegion) {
        let columns = result.columns
        var source = [Float](repeating: 0, count: columns.count * photo.bands)
        var target = [Float](repeating: 0, count: columns.count * 3)
        var said: [Float] = []
        let step = photo.bands
        for y in result.rows {
            photo.read(y, into: &source)
            field.read(columns, row: y, into: &said)
            for i in 0..<columns.count {
                let (r, g, b) = (
                    source[step * i], source[step * i + step / 2], source[step * i + step - 1]
                )
                for band in 0..<3 {
                    let own = band == 0 ? r : band == 1 ? g : b
                    let t = 3 * i + band
                    switch guide {
                    case .colors:
                        let k = 4 * t
                        target[t] =
                            own + said[k] * r + said[k + 1] * g + said[k + 2] * b
                            + said[k + 3] * peak
                    case .difference: target[t] = own + said[t] * peak
                    case .picture: target[t] = said[t] * peak
                    }
                }
            }
            result.write(y, from: target)
        }
    }
}
