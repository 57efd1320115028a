public import CPluginABI
import PluginKit

/// Fills holes in a photo from what surrounds them; everything else stays bit for bit.
struct Inpainting: Operation {
    static let name = "inpaint"
    static let summary = "Fills holes, scratches and unwanted things from what surrounds them."

    @Setting(
        "A picture that is white where the photo is to be filled, or auto: scratches and dust.",
        isRequired: true
    )
    var mask = ImageOrWord<Detection>.none

    @Setting("Fill where the mask is black instead.")
    var invert = false

    @Setting("How much wider than the mask the holes are.", 0...100, unit: "pixels")
    var grow = 2

    @Setting("Width of the soft edge inside what the holes were grown by.", 0...100, unit: "pixels")
    var feather = 2

    @Setting(
        "What auto takes for damage: 0 is only the most visible, 1 is nearly everything.",
        0...1
    )
    var sensitivity = 0.5

    @Setting("How much of the grain around holes is put into them.", 0...2)
    var grain = 1.0

    @Setting("A model by name, or an ONNX file.")
    var model = ModelName.best

    enum Detection: String, CaseIterable, Sendable { case auto }

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        let (color, alpha) = try photo.splitAlpha()
        guard let (damage, thickness) = try damage(in: color, host) else { return photo }
        let hole = try damage.grown(by: grow).kept()
        let filler = try HoleFiller(host, model)
        let thickest = thickness + 2 * grow
        var filled = try filler.filled(color, hole: hole, thickness: thickest)
        if grain > 0 {
            let mended = try color.composited(with: filled, mask: hole)
            filled = try Grain(host: host, photo: mended, hole: hole, thickness: thickest)
                .added(grain)
        }
        let edge = try damage.softlyGrown(by: grow, edge: min(feather, grow), inside: hole)
        return try color.composited(with: filled, mask: edge).joined(alpha)
    }

    /// Where the photo is to be filled, white on black, and how thick its thickest part is at most, in
    /// pixels; `nil` where there is nothing to do.
    private func damage(
        in photo: LazyImage,
        _ host: Host
    ) throws -> (mask: LazyImage, thickness: Int)? {
        switch mask {
        case .word(.auto): return (try photo.scratches(sensitivity: sensitivity), 0)
        case .image(let picture):
            let (size, own) = (try photo.info, try picture.info)
            guard own.width == size.width, own.height == size.height else {
                throw OperationError(
                    badValue:
                        "expected a mask of \(size.width) × \(size.height) pixels, as the photo is, found "
                        + "one of \(own.width) × \(own.height)"
                )
            }
            let mask = try picture.blackAndWhite(inverted: invert)
            let regions = try mask.regions()
            guard !regions.isEmpty else {
                host.warn("inpaint: the mask has no white pixels; the photo stays as it is")
                return nil
            }
            let area = regions.reduce(0) { $0 + $1.area }
            guard area < Double(size.width) * Double(size.height) else {
                throw OperationError(
                    badValue:
                        "expected a mask that leaves a part of the photo black to fill the rest from, found "
                        + "one that is white all over"
                )
            }
            host.inform("inpaint: \(regions.count) holes, \(Int(area)) pixels")
            return (mask, Int(regions.map(\.thickness).max()!))
        case .none:
            throw OperationError("expected a mask, found none")
        }
    }
}

private let plugin = Plugin(
    id: "org.atelier.inpainting",
    version: "1.0",
    licence: "MIT",
    [Inpainting.self]
)

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func atelier_plugin_v1(
    _ host: UnsafePointer<atelier_host>?
) -> UnsafePointer<atelier_plugin>? { plugin.description }
