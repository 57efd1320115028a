public import CPluginABI
import PluginKit

/// Repaints a photo in the manner that a network has learned from a painting.
struct StyleTransfer: Operation {
    static let name = "style-transfer"
    static let summary = "Repaints a photo in the manner of the painting a network was trained on."

    @Setting("A model by name, or an ONNX file.")
    var model = ModelName.best

    @Setting("How much of the painting: 0 leaves the photo, 1 is all style.", 0...1)
    var strength = 1.0

    @Setting("Where colours and contrasts are judged: in a reduced photo, or in all of it (slow).")
    var statistics = Statistics.thumbnail

    @Setting("The numbers that stand for black and white in the network.")
    var range = NetworkRange.auto

    @Setting("The order of the colours in the network's channels.")
    var channels = NetworkChannels.auto

    enum Statistics: String, CaseIterable, SettingValue { case thumbnail, exact }

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        if strength == 0 { return photo }
        let network = try host.network(model, task: Self.name, range: range, channels: channels)
        let (color, alpha) = try photo.splitAlpha()
        let info = try photo.info
        let painted = try network.observing(color, exactly: statistics == .exact)
            .apply(to: color)
            .resized(width: Int(info.width), height: Int(info.height))
        return try color.mixed(with: painted, amount: strength).joined(alpha)
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
