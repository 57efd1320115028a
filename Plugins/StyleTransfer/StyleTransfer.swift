public import CPluginABI
import PluginKit

/// Repaints a photo in the manner that a network has learned from a painting, or sees in one.
struct StyleTransfer: Operation {
    static let name = "style-transfer"
    static let summary = "Repaints a photo in the manner of a painting."

    @Setting("A model by name, or an ONNX file.")
    var model = ModelName.best

    @Setting("The painting, for models that can take any; others have learned theirs.")
    var reference: LazyImage? = nil

    @Setting("How much of the painting: 0 leaves the photo, 1 is all style.", 0...1)
    var strength = 1.0

    @Setting(
        "How much of the photo's colours stays: at 1 the painting gives only light and dark.",
        0...1
    )
    var preserveColor = 0.0

    @Setting(
        "The photo's longer side as it is painted; the smaller, the larger the strokes. All of it if not given.",
        64...65536,
        unit: "pixels"
    )
    var detail: Int? = nil

    @Setting("Where colours and contrasts are judged: in a reduced photo, or in all of it (slow).")
    var statistics = Statistics.thumbnail

    @Setting("The numbers that stand for black and white in the network.")
    var range = NetworkRange.auto

    @Setting("The order of the colours in the network's channels.")
    var channels = NetworkChannels.auto

    enum Statistics: String, CaseIterable, SettingValue { case thumbnail, exact }

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        if strength == 0 { return photo }
        let network = try styled(network(host), host)
        let (color, alpha) = try photo.splitAlpha()
        let info = try photo.info
        let seen = try reduced(color)
        let painted = try network.observing(seen, exactly: statistics == .exact)
            .apply(to: seen)
            .resized(width: Int(info.width), height: Int(info.height))
        return try color.mixed(with: recolored(painted, as: color), amount: strength).joined(alpha)
    }

    // MARK: Networks

    /// What the cards of models say that they are for: those of one painting, and those of any.
    private static let tasks = (one: name, any: "style-transfer-any")

    /// The model, of the kind that suits the settings if there is a choice.
    private func network(_ host: Host) throws -> Network {
        let (one, any) = Self.tasks
        do {
            return try load(reference == nil ? one : any, host)
        } catch {
            guard let other = try? load(reference == nil ? any : one, host) else { throw error }
            return other
        }
    }

    private func load(_ task: String, _ host: Host, _ part: String? = nil) throws -> Network {
        try host.network(model, task: task, range: range, channels: channels, part: part)
    }

    /// The network in the manner of the reference.
    private func styled(_ network: Network, _ host: Host) throws -> Network {
        let input = try network.inputs.first { $0.name == "style" }
        guard let input else {
            if reference == nil { return network }
            throw OperationError(
                badValue:
                    "reference= is for models that take a style, and \(network.name) has learned its own; "
                    + "leave it out"
            )
        }
        guard let reference else {
            throw OperationError(
                badValue:
                    "\(network.name) needs reference=, a painting in whose manner the photo is repainted"
            )
        }
        let style = try input.style(of: reference, by: try load(Self.tasks.any, host, "style"))
        return try network.binding([style])
    }

    // MARK: Pictures

    /// The photo at the size that it is painted at.
    private func reduced(_ photo: LazyImage) throws -> LazyImage {
        let info = try photo.info
        let side = Double(max(info.width, info.height))
        guard let detail, Double(detail) < side else { return photo }
        let factor = Double(detail) / side
        return try photo.resized(
            width: max(1, Int((Double(info.width) * factor).rounded())),
            height: max(1, Int((Double(info.height) * factor).rounded()))
        )
    }

    /// The painting with colours of the photo, as CIE Lab has them.
    private func recolored(_ painted: LazyImage, as photo: LazyImage) throws -> LazyImage {
        if preserveColor == 0 { return painted }
        func lab(_ image: LazyImage) throws -> LazyImage {
            try image.operation("colourspace", ["space": .string("lab")])
        }
        func colors(_ image: LazyImage) throws -> LazyImage {
            try image.operation("extract_band", ["band": .int(1), "n": .int(2)])
        }
        let (new, old) = (try lab(painted), try lab(photo))
        let mixture = try colors(new).mixed(with: colors(old), amount: preserveColor)
        let space =
            switch Int(try painted.info.format) {
            case ATELIER_U8: "srgb"
            case ATELIER_U16: "rgb16"
            default: "scrgb"
            }
        return try new.operation("extract_band", ["band": .int(0)]).joined(mixture)
            .operation("copy", ["interpretation": .string("lab")])
            .operation("colourspace", ["space": .string(space)])
    }
}

private let plugin = Plugin(
    id: "org.atelier.style-transfer",
    version: "1.0",
    licence: "MIT",
    [StyleTransfer.self]
)

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func atelier_plugin_v1(
    _ host: UnsafePointer<atelier_host>?
) -> UnsafePointer<atelier_plugin>? { plugin.description }
