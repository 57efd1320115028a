internal import Graphs
internal import Streams
internal import Vips

/// The way of a picture's colours into a network and back out, for every kind of picture.
///
/// Networks work on gamma-encoded values from black to white. What is in linear light is encoded
/// and decoded again; grey goes in as equal channels; colour goes through a network of one channel
/// as luma, with the colour differences enlarged beside it; everything else becomes sRGB first.
struct ColorRoute {
    let model: Model
    let mapping: PixelMapping
    let budget: StreamBudget

    func apply(to image: Image) throws -> Image {
        precondition(!image.hasAlpha, "alpha is split off before")
        let network = try model.pictureNetwork()
        switch image.interpretation {
        case "scrgb":
            let result = try apply(network, try image.cast(to: .f32).mappingSamples(encode))
            return try result.mappingSamples(decode).interpreted(as: "scrgb")
        case "srgb", "rgb", "rgb16", "b-w", "grey16", "multiband":
            return try scaled(network, image)
        default:
            return try apply(network, try image.convertedToSRGB())
        }
    }

    /// Brings other samples than 8 and 16 bits to floats from 0 to 1, and back.
    private func scaled(_ network: PictureNetwork, _ image: Image) throws -> Image {
        switch (image.format, image.interpretation) {
        case (.u8, _): return try apply(network, image)
        case (.u16, _): return try apply(network, image)
        default:
            let is16 = ["rgb16", "grey16"].contains(image.interpretation)
            let white = is16 ? 65535.0 : image.interpretation == "multiband" ? 1 : 255
            let small = try image.cast(to: .f32).multiplied(by: 1 / white)
            let result = try apply(network, small).multiplied(by: white)
            return try result.cast(to: image.format)
        }
    }

    private func apply(_ network: PictureNetwork, _ image: Image) throws -> Image {
        switch (image.bands, network.inputChannels) {
        case (let a, let b) where a == b:
            return try image.applying(network, mapping, budget: budget)
        case (1, 3):
            let color = try Image.joined([image, image, image])
            let result = try color.interpreted(as: image.format == .u16 ? "rgb16" : "srgb")
                .applying(network, mapping, budget: budget)
            guard keepsColors, result.bands == 3 else { return result }
            return try result.operation("bandmean").interpreted(as: image.interpretation)
        case (3, 1) where network.outputChannels == 1:
            return try applyToLuma(network, image)
        default:
            throw ModelError(
                "\(model.path): expected a picture of \(network.inputChannels) bands besides alpha, "
                    + "found \(image.bands)"
            )
        }
    }

    /// Whether the task leaves colours as they are, so that grey stays grey.
    private var keepsColors: Bool {
        if let task = model.card?.task {
            return ["super-resolution", "denoise", "restore"].contains(task)
        }
        return (try? model.picture.get())?.scale.value != 1
    }

    /// Runs the network on luma (BT.601, full range) and enlarges the colour differences smoothly.
    private func applyToLuma(_ network: PictureNetwork, _ image: Image) throws -> Image {
        let white = Double(peak(of: image.format))
        let parts = try image.cast(to: .f32).multiplied(by: 1 / white).recombined([
            [0.299, 0.587, 0.114],
            [-0.168736, -0.331264, 0.5],
            [0.5, -0.418688, -0.081312],
        ])
        let luma = try parts.band(0).interpreted(as: "b-w").applying(
            network,
            mapping,
            budget: budget
        )
        let differences = try parts.operation("extract_band", ["band": .int(1), "n": .int(2)])
            .enlarged(by: network.scale.value)
        let joined = try Image.joined([luma, differences])
        let result = try joined.recombined([
            [1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0],
        ])
        return try result.multiplied(by: white).rounded(to: image.format)
            .interpreted(as: image.interpretation)
    }
}

/// sRGB's curve from linear light to encoded values (IEC 61966-2-1).
private func encode(_ x: Float) -> Float {
    x <= 0.0031308 ? max(0, 12.92 * x) : 1.055 * x.power(1 / 2.4) - 0.055
}

/// The inverse of `encode`.
private func decode(_ x: Float) -> Float {
    x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055).power(2.4)
}
