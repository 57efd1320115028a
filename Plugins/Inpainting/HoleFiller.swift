import CPluginABI
import PluginKit

/// Fills holes with networks that look at a limited surrounding of each pixel: narrow ones by the
/// model's network for such, if it has one; thicker ones by the model itself at once, or first in a
/// photo of half the size, whose result the network then refines.
struct HoleFiller {
    private let network: Network
    /// For holes that are no thicker than `narrow`.
    private let finest: Network?

    /// The thickest scratch, in pixels.
    private static let narrow = 12
    /// The thickest hole, in pixels, of which every pixel lies near enough to known ones.
    private static let thinEnough = 48

    init(_ host: Host, _ model: ModelName) throws {
        let task = "inpainting"
        network = try host.network(model, task: task)
        finest =
            try network.furtherNetworks.contains("narrow")
            ? host.network(model, task: task, part: "narrow") : nil
    }

    /// The photo with its holes filled; what is outside them does not matter.
    ///
    /// - Parameters:
    ///   - hole: white on black, 8 bits.
    ///   - thickness: of its thickest part, in pixels.
    func filled(_ photo: LazyImage, hole: LazyImage, thickness: Int) throws -> LazyImage {
        guard let finest else { return try deeplyFilled(photo, hole: hole, thickness: thickness) }
        let fine = try finest.apply(to: photo, mask: hole)
        guard thickness > Self.narrow else { return fine }
        let thick = try hole.opened(by: Self.narrow / 2, margin: Self.narrow / 2)
        // Scratches are mended before what is thicker is filled from what surrounds it.
        let mended = try photo.composited(with: fine, mask: hole.without(thick))
        let filled = try deeplyFilled(mended, hole: thick, thickness: thickness)
        return try mended.composited(with: filled, mask: thick)
    }

    private func deeplyFilled(
        _ photo: LazyImage,
        hole: LazyImage,
        thickness: Int
    ) throws -> LazyImage {
        guard thickness > Self.thinEnough else { return try network.apply(to: photo, mask: hole) }
        let deep = try hole.opened(by: Self.thinEnough / 2, margin: Self.thinEnough / 2)
        let (small, smallHole) = try photo.halved(without: hole)
        let filled = try deeplyFilled(small, hole: smallHole, thickness: (thickness + 1) / 2)
        // With what is around holes, as enlarging looks at it too.
        let coarse = try small.composited(with: filled, mask: smallHole)
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
