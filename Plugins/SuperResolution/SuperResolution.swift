public import CPluginABI
import PluginKit

/// Makes a photo larger with a network that adds the detail a plain enlargement lacks.
struct SuperResolution: Operation {
    static let name = "super-resolution"
    static let summary = "Makes a photo larger with a network that adds the missing detail."

    @Setting("How many times larger each side becomes; the model's own scale if not given.", 1...16)
    var scale = 2.0

    @Setting("A model by name, or an ONNX file; the best one for the scale if not given.")
    var model = ModelName.best

    @Setting("The numbers that stand for black and white in the network.")
    var range = NetworkRange.auto

    @Setting("The order of the colours in the network's channels.")
    var channels = NetworkChannels.auto

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        let network = try host.network(
            model,
            task: Self.name,
            scale: $scale.isGiven ? scale : 0,
            range: range,
            channels: channels
        )
        let factor = $scale.isGiven ? scale : network.scale
        let info = try photo.info
        let (width, height) = (enlarged(info.width, by: factor), enlarged(info.height, by: factor))
        let (color, alpha) = try photo.splitAlpha()
        let larger = try network.observing(color).apply(to: color).resized(
            width: width,
            height: height
        )
        return try larger.joined(try alpha?.resized(width: width, height: height))
    }

    private func enlarged(_ side: Int32, by factor: Double) -> Int {
        max(1, Int((Double(side) * factor).rounded()))
    }
}

private let plugin = Plugin(
    id: "org.atelier.super-resolution",
    version: "1.0",
    licence: "MIT",
    [SuperResolution.self]
)

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func atelier_plugin_v1(
    _ host: UnsafePointer<atelier_host>?
) -> UnsafePointer<atelier_plugin>? { plugin.description }
