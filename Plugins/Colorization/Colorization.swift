public import CPluginABI
import PluginKit

/// Gives a grey photo the colours that a network expects of it.
///
/// The network sees the photo once, reduced. Its colours come up to full size along the edges of
/// the full luma (`ChromaField`), and the luma itself is left as it is.
struct Colorization: Operation {
    static let name = "colorize"
    static let summary = "Gives a grey photo the colours that a network expects of it."

    @Setting(
        "How strong the colours are: 0 leaves the photo grey, 1 is what the network says.",
        0...2
    )
    var strength = 1.0

    @Setting("A model by name, or an ONNX file; the best one if not given.")
    var model = ModelName.best

    @Setting("Take a photo that has colours as if it were grey.")
    var desaturate = false

    @Setting(
        "Longer side of the reduced photo that the network judges colours by; the model's own if not given.",
        64...1024,
        unit: "pixels"
    )
    var guide: Int? = nil

    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage {
        let (color, alpha) = try photo.splitAlpha()
        let info = try color.info
        guard info.bands == 1 || info.bands == 3 else {
            throw OperationError(
                badValue: "expected a photo of 1 or 3 bands, found one of \(info.bands)"
            )
        }
        // Colours are judged as they are seen.
        return try color.gammaEncoded { try colorized($0, host) }.joined(alpha)
    }

    private func colorized(_ photo: LazyImage, _ host: Host) throws -> LazyImage {
        let network = try host.network(model, task: "colorization")
        let info = try photo.info
        let own = network.info.whole_side > 0 ? Int(network.info.whole_side) : 256
        let (width, height) = guideSize(
            Int(info.width),
            Int(info.height),
            longer: guide ?? own
        )
        let reduced = try photo.rendered(width: width, height: height)
        if !desaturate, isColored(reduced, peak: Float(info.peak)) {
            throw OperationError(
                badValue:
                    "expected a grey photo, found one with colours; desaturate=yes takes it as grey"
            )
        }
        let luma = LumaPlane(reduced, peak: Float(info.peak))
        let chroma = try ColorNetwork(network).chroma(of: luma)
        let joining = ColorJoining(
            ChromaField(luma, chroma),
            width: Int(info.width),
            height: Int(info.height),
            peak: Float(info.peak),
            strength: Float(strength)
        )
        return try photo.recolored { joining.fill($1, from: $0) }
    }

    /// About as wide to high as the photo, in multiples of 64 pixels, which every U-Net can halve.
    private func guideSize(
        _ width: Int,
        _ height: Int,
        longer: Int
    ) -> (width: Int, height: Int) {
        let scale = Double(longer) / Double(max(width, height))
        func side(_ length: Int) -> Int {
            max(1, Int((Double(length) * scale / 64).rounded())) * 64
        }
        return (side(width), side(height))
    }

    /// Whether a pixel's bands differ by more than noise and compression make them differ.
    private func isColored(_ pixels: Pixels, peak: Float) -> Bool {
        guard pixels.bands == 3 else { return false }
        return stride(from: 0, to: pixels.samples.count, by: 3).contains { i in
            let pixel = pixels.samples[i..<i + 3]
            return pixel.max()! - pixel.min()! > 0.05 * peak
        }
    }
}

private let plugin = Plugin(
    id: "org.atelier.colorization",
    version: "1.0",
    licence: "MIT",
    [Colorization.self]
)

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func atelier_plugin_v1(
    _ host: UnsafePointer<atelier_host>?
) -> UnsafePointer<atelier_plugin>? { plugin.description }
