import CPluginABI
import PluginKit

/// Fills holes with a network that looks at a limited surrounding of each pixel: thin ones at once,
/// thick ones first in a photo of half the size, whose result the network then refines.
struct HoleFiller {
    let host: Host
    let network: Network

    /// The thickest hole, in pixels, of which every pixel lies near enough to known ones.
    private static let thinEnough = 48

    /// The photo with its holes filled; what is outside them does not matter.
    ///
    /// - Parameters:
    ///   - hole: white on black, 8 bits.
    ///   - thickness: of its thickest part, in pixels.
    func filled(_ photo: LazyImage, hole: LazyImage, thickness: Int) throws -> LazyImage {
        guard thickness > Self.thinEnough else { return try network.apply(to: photo, mask: hole) }
        let deep = try hole.opened(by: Self.thinEnough / 2, margin: Self.thinEnough / 2)
        let (small, smallHole) = try photo.halved(without: hole)
        let coarse = try filled(small, hole: smallHole, thickness: (thickness + 1) / 2)
        let info = try photo.info
        let content = try coarse.stretched(2, 2, width: Int(info.width), height: Int(info.height))
        // Half of white tells the network that a pixel's coarse content is there.
        let halfWhite = try deep.operation("linear", ["a": .doubles([0.5]), "b": .doubles([0])])
            .operation("cast", ["format": .string("uchar")])
        return try network.apply(
            to: try photo.composited(with: content, mask: deep),
            mask: try hole.composited(with: halfWhite, mask: deep)
        )
    }
}
