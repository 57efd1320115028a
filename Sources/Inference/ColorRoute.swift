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

    /// - Parameter mask: one band of the picture's size, for a network that takes one beside the
    ///   picture; few parts of the result will be wanted.
    func apply(
        _ network: StreamedNetwork,
        to image: Image,
        mask: Image? = nil,
        work: StreamWork
    ) throws -> Image {
        precondition(!image.hasAlpha, "alpha is split off before")
        return try encoded(image) { try apply(network, $0, mask, work) }
    }

    /// The network with what its nodes find in the picture.
    func observe(
        _ network: PictureNetwork,
        in image: Image,
        side: Int?
    ) throws -> StreamedNetwork {
        var observed: StreamedNetwork?
        // The picture takes the same way in as it does when the network is applied.
        _ = try encoded(image) { image in
            let input = try expanded(image, channels: network.inputChannels)
            observed = try StreamedNetwork(
                network,
                observing: input,
                mapping,
                side: side,
                budget: budget
            )
            return image
        }
        return observed!
    }

    /// Calls `body` with the picture as gamma-encoded samples of 8 or 16 bits or floats from 0 to 1,
    /// and brings what it returns back to the picture's own way.
    private func encoded(_ image: Image, _ body: (Image) throws -> Image) throws -> Image {
        switch image.interpretation {
        case "scrgb":
            let result = try body(try image.cast(to: .f32).mappingSamples(encode))
            return try result.mappingSamples(decode).interpreted(as: "scrgb")
        case "srgb", "rgb", "rgb16", "b-w", "grey16", "multiband":
            return try scaled(image, body)
        default:
            return try body(try image.convertedToSRGB())
        }
    }

    /// Brings other samples than 8 and 16 bits to floats from 0 to 1, and back.
    private func scaled(_ image: Image, _ body: (Image) throws -> Image) throws -> Image {
        if image.format == .u8 || image.format == .u16 { return try body(image) }
        let is16 = ["rgb16", "grey16"].contains(image.interpretation)
        let white = is16 ? 65535.0 : image.interpretation == "multiband" ? 1 : 255
        let small = try image.cast(to: .f32).multiplied(by: 1 / white)
        return try body(small).multiplied(by: white).cast(to: image.format)
    }

    /// A picture with the bands that a network reads: grey as equal channels, colour as luma.
    private func expanded(_ image: Image, channels: Int) throws -> Image {
        switch (image.bands, channels) {
        case (let a, let b) where a == b: return image
        case (1, 3): return try equalChannels(image)
        case (3, 1): return try lumaAndDifferences(image).band(0).interpreted(as: "b-w")
        default:
            throw ModelError(
                "\(model.path): expected a picture of \(channels) bands besides alpha, found "
                    + "\(image.bands)"
            )
        }
    }

    private func apply(
        _ network: StreamedNetwork,
        _ image: Image,
        _ mask: Image?,
        _ work: StreamWork
    ) throws -> Image {
        let channels = network.structure.inputChannels - (mask == nil ? 0 : 1)
        var (input, mapping) = (try expanded(image, channels: channels), mapping)
        if let mask {
            let factor = Double(peak(of: input.format) / peak(of: mask.format))
            let scaled = try mask.multiplied(by: factor).cast(to: input.format)
            input = try Image.joined([input, scaled]).interpreted(as: input.interpretation)
            mapping.masks = 1
        }
        let result = try input.applying(
            network,
            mapping,
            isSparse: mask != nil,
            budget: budget,
            work: work
        )
        switch (image.bands, channels) {
        case (1, 3):
            guard keepsColors, result.bands == 3 else { return result }
            return try result.operation("bandmean").interpreted(as: image.interpretation)
        case (3, 1) where network.structure.outputChannels == 1:
            return try joined(result, to: image, scale: network.structure.scale.value)
        default: return result
        }
    }

    private func equalChannels(_ image: Image) throws -> Image {
        try Image.joined([image, image, image])
            .interpreted(as: image.format == .u16 ? "rgb16" : "srgb")
    }

    /// Whether the task leaves colours as they are, so that grey stays grey.
    private var keepsColors: Bool {
        if model.takesMask { return true }
        if let task = model.card?.task {
            return ["super-resolution", "denoise", "restore"].contains(task)
        }
        return (try? model.picture.get())?.scale.value != 1
    }

    /// Luma and colour differences (BT.601, full range), white at 1.
    private func lumaAndDifferences(_ image: Image) throws -> Image {
        try image.cast(to: .f32).multiplied(by: 1 / Double(peak(of: image.format))).recombined([
            [0.299, 0.587, 0.114],
            [-0.168736, -0.331264, 0.5],
            [0.5, -0.418688, -0.081312],
        ])
    }

    /// A picture of new luma with the colour differences of the old one, smoothly enlarged.
    private func joined(_ luma: Image, to image: Image, scale: Double) throws -> Image {
        let differences = try lumaAndDifferences(image)
            .operation("extract_band", ["band": .int(1), "n": .int(2)])
            .enlarged(by: scale)
        let result = try Image.joined([luma, differences]).recombined([
            [1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0],
        ])
        return try result.multiplied(by: Double(peak(of: image.format))).rounded(to: image.format)
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
