import CPluginABI
import PluginKit

/// A network that sees a reduced photo as a whole, for photos of any size.
struct ReducedTranslation {
    private let network: Network
    private let side: Int
    private let guide: Guide
    private let host: Host

    /// - Parameter side: the longer one of the reduced photo.
    init(_ network: Network, side: Int, _ guide: Guide, _ host: Host) {
        self.network = network
        self.side = side
        self.guide = guide
        self.host = host
    }

    func apply(to photo: LazyImage) throws -> LazyImage {
        if try photo.info.space == UInt32(ATELIER_SPACE_OTHER) {
            return try translated(photo.operation("colourspace", ["space": .string("srgb")]))
        }
        return try photo.gammaEncoded(translated)
    }

    /// - Parameter photo: of one band or three, gamma-encoded.
    private func translated(_ photo: LazyImage) throws -> LazyImage {
        let info = try photo.info
        let (width, height) = (Int(info.width), Int(info.height))
        let factor = Double(side) / Double(max(width, height))
        func reduced(_ length: Int) -> Int { max(1, Int((Double(length) * factor).rounded())) }
        let small = try photo.rendered(width: reduced(width), height: reduced(height))
            .colors(white: Float(info.peak))
        let input = try host.image(small.times(255), space: .rgb)
        let translation = try network.apply(to: input)
            .rendered(width: small.width, height: small.height)
            .colors(white: 255)
        let change = ColorChange(
            guide,
            from: small,
            to: translation,
            width: width,
            height: height,
            peak: Float(info.peak)
        )
        return try photo.recolored { change.fill($1, from: $0) }
    }
}

extension Pixels {
    /// Red, green and blue from 0 to 1; grey becomes three equal bands.
    fileprivate func colors(white: Float) -> Pixels {
        let unit = times(1 / white)
        if bands == 3 { return unit }
        let repeated = unit.samples.flatMap { [$0, $0, $0] }
        return Pixels(width: width, height: height, bands: 3, samples: repeated)
    }

    fileprivate func times(_ factor: Float) -> Pixels {
        Pixels(width: width, height: height, bands: bands, samples: samples.map { $0 * factor })
    }
}
