public import CPluginABI
import PluginKit

/// Makes a photo larger with a network that adds the detail a plain enlargement lacks.
struct SuperResolution: Operation {
    static let name = "super-resolution"
    static let summary = "Makes a photo larger with a network that adds the missing detail."

    @Setting("How many times larger each side becomes; the model's own scale if not given.", 1...16)
    var scale: Double? = nil

    @Setting(
        "Width of the result, instead of a scale; the height follows.",
        1...1e6,
        unit: "pixels"
    )
    var width: Int? = nil

    @Setting(
        "Height of the result, instead of a scale; the width follows.",
        1...1e6,
        unit: "pixels"
    )
    var height: Int? = nil

    @Setting(
        "How much noise goes, for models that take noise away: 0 none, also if not given, 1 all they can.",
        0...1
    )
    var denoise: Double? = nil

    @Setting("A model by name, or an ONNX file; the best one for the scale if not given.")
    var model = ModelName.best

    @Setting("The numbers that stand for black and white in the network.")
    var range = NetworkRange.auto

    @Setting("The order of the colours in the network's channels.")
    var channels = NetworkChannels.auto

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        let info = try photo.info
        let wanted = try wantedSize(Double(info.width), Double(info.height))
        let factor = wanted.map {
            max($0.width / Double(info.width), $0.height / Double(info.height))
        }
        let network = try denoising(
            host.network(
                model,
                task: Self.name,
                scale: factor ?? 0,
                range: range,
                channels: channels
            )
        )
        let size =
            wanted ?? (Double(info.width) * network.scale, Double(info.height) * network.scale)
        let (width, height) = (pixels(size.width), pixels(size.height))
        let (color, alpha) = try photo.splitAlpha()
        let larger = try network.observing(color).apply(to: color).resized(
            width: width,
            height: height
        )
        return try larger.joined(try alpha?.resized(width: width, height: height))
    }

    /// The network with `denoise` for its input of that name, if it has one.
    private func denoising(_ network: Network) throws -> Network {
        if let input = try network.inputs.first(where: { $0.name == "denoise" }) {
            let values = [Float](repeating: Float(denoise ?? 0), count: input.count)
            return try network.binding([input.tensor(values)])
        }
        guard denoise == nil else {
            throw OperationError(
                badValue:
                    "denoise= is for models that take noise away, and \(network.name) takes none; leave it out"
            )
        }
        return network
    }

    /// The size that the settings ask for; `nil` where they leave it to the model.
    private func wantedSize(
        _ oldWidth: Double,
        _ oldHeight: Double
    ) throws -> (width: Double, height: Double)? {
        switch (scale, width.map(Double.init), height.map(Double.init)) {
        case (nil, nil, nil): return nil
        case (let scale?, nil, nil): return (oldWidth * scale, oldHeight * scale)
        case (nil, let width?, let height?): return (width, height)
        case (nil, let width?, nil): return (width, oldHeight * width / oldWidth)
        case (nil, nil, let height?): return (oldWidth * height / oldHeight, height)
        case (_?, _, _):
            throw OperationError(badValue: "expected a scale or a size, found both")
        }
    }

    private func pixels(_ length: Double) -> Int { max(1, Int(length.rounded())) }
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
