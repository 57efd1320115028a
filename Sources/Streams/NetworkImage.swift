package import Graphs
internal import Tensors
package import Vips

/// Why a network cannot be laid over a picture.
package struct StreamError: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// How much memory a network may take, and where it goes.
package struct StreamBudget: Sendable {
    /// Bytes for the feature maps of one network.
    package var bytes: Int
    /// Bytes for the feature maps of a network that must see the whole picture at once.
    package var wholePictureBytes: Int

    package init(bytes: Int = 384 << 20, wholePictureBytes: Int = 8 << 30) {
        self.bytes = bytes
        self.wholePictureBytes = wholePictureBytes
    }
}

extension Image {
    /// The image that a network makes of this one: a lazy node, exact for any size.
    ///
    /// The image must have as many bands as the network has channels, and samples of 8 or 16 bits or
    /// floats; the result has samples of the same format.
    package func applying(
        _ network: PictureNetwork,
        _ mapping: PixelMapping,
        budget: StreamBudget = StreamBudget(),
        work: StreamWork = StreamWork()
    ) throws -> Image {
        try applying(StreamedNetwork(network), mapping, budget: budget, work: work)
    }

    /// The same with a network whose statistics may be observed later, before pixels are asked for.
    ///
    /// - Parameter isSparse: whether few parts of the result are wanted, here and there, rather than all
    ///   of it from top to bottom; with a mask, only where it is not black.
    package func applying(
        _ source: StreamedNetwork,
        _ mapping: PixelMapping,
        isSparse: Bool = false,
        budget: StreamBudget,
        work: StreamWork
    ) throws -> Image {
        let network = source.structure
        precondition(bands == network.inputChannels, "a band for every channel")
        precondition([.u8, .u16, .f32].contains(format), "samples of 8 or 16 bits, or floats")
        let fitted = try network.fitted(height: height, width: width)
        let bytesPerPixel = (bands * format.bytes, network.outputChannels * format.bytes)
        let patchSide = Self.patchSide(halo: network.halo ?? 0)
        let layout =
            try isSparse
            ? StreamLayout(patches: patchSide, fitted, bytesPerPixel: bytesPerPixel.1, budget)
            : StreamLayout(fitted, bytesPerPixel: bytesPerPixel, budget)
        work.begin(layout)
        let maker = PictureStream(
            network: source,
            fitted: fitted,
            layout: layout,
            budget: budget,
            pixels: PixelRows(mapping: mapping, format: format),
            outputChannels: network.outputChannels,
            halo: network.halo ?? 0,
            work: work
        )
        let bordered = try adding(fitted.border)
        let colors = format == .u16 ? "rgb16" : "srgb"
        let header = ImageHeader(
            width: fitted.outputWidth,
            height: fitted.outputHeight,
            bands: network.outputChannels,
            format: format,
            interpretation: network.outputChannels == bands - mapping.masks
                ? nil : network.outputChannels == 3 ? colors : "multiband"
        )
        if isSparse {
            let store = PatchStore(header, side: patchSide, make: maker.patch)
            return try Image.node(header, inputs: [bordered], demand: .tiles, fill: store.fill)
        }
        let stream = RowStream(produce: maker.strip)
        return try Image.node(header, inputs: [bordered], demand: .rows) { request in
            // Rows that are gone already, or far ahead, are made for this request alone.
            if try !stream.fill(request) { try maker.fill(request) }
        }
    }

    /// Sides of the squares in which a network is computed here and there.
    ///
    /// - Parameter halo: how far away from a pixel the network looks. Squares four times as wide, which
    ///   are had up to 1024 pixels, compute every pixel little more than twice where all is wanted.
    private static func patchSide(halo: Int) -> Int { min(max((4 * halo + 127) / 128, 1), 8) * 128 }

    /// The image with copies of its edge pixels around it.
    func adding(_ border: PictureNetwork.Border) throws(VipsError) -> Image {
        if border == .none { return self }
        return try operation(
            "embed",
            [
                "x": .int(border.before), "y": .int(border.before),
                "width": .int(width + border.before + border.right),
                "height": .int(height + border.before + border.bottom),
                "extend": .string("copy"),
            ]
        )
    }
}
