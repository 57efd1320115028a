internal import CVips
internal import Glibc

/// Names for the libvips operations that the engine itself uses.
extension Image {
    package func cast(to format: SampleFormat) throws(VipsError) -> Image {
        format == self.format ? self : try operation("cast", ["format": .string(format.rawValue)])
    }

    /// Floats become integers of a format: rounded, and limited to what it can hold.
    package func rounded(to format: SampleFormat) throws(VipsError) -> Image {
        if format == .f32 { return self }
        return try operation("round", ["round": .string("rint")]).cast(to: format)
    }

    package func multiplied(by factor: Double) throws(VipsError) -> Image {
        factor == 1 ? self : try operation("linear", ["a": .doubles([factor]), "b": .doubles([0])])
    }

    /// The same samples, said to mean something else.
    package func interpreted(as interpretation: String) throws(VipsError) -> Image {
        try operation("copy", ["interpretation": .string(interpretation)])
    }

    package func band(_ index: Int) throws(VipsError) -> Image {
        try operation("extract_band", ["band": .int(index)])
    }

    /// A rectangle of the picture as one of its own.
    package func part(_ area: Rectangle) throws(VipsError) -> Image {
        try operation(
            "extract_area",
            [
                "left": .int(area.left), "top": .int(area.top), "width": .int(area.width),
                "height": .int(area.height),
            ]
        )
    }

    /// Some rows of the picture.
    package func part(rows: Range<Int>) throws(VipsError) -> Image {
        try part(Rectangle(left: 0, top: rows.lowerBound, width: width, height: rows.count))
    }

    package static func joined(_ images: [Image]) throws(VipsError) -> Image {
        images.count == 1 ? images[0] : try image("bandjoin", ["in": .images(images)])
    }

    /// Both sides times `scale`.
    package func enlarged(by scale: Double) throws(VipsError) -> Image {
        func side(_ length: Int) -> Int { Int((Double(length) * scale).rounded()) }
        return try stretched(scale, scale, width: side(width), height: side(height))
    }

    /// Exactly `width` × `height` pixels, neither side shorter than it was.
    package func enlarged(width: Int, height: Int) throws(VipsError) -> Image {
        let (x, y) = (Double(width) / Double(self.width), Double(height) / Double(self.height))
        return try stretched(x, y, width: width, height: height)
    }

    /// Stretched with the borders where they were: libvips's own `resize` would move an enlarged picture
    /// by half a pixel.
    private func stretched(
        _ x: Double,
        _ y: Double,
        width: Int,
        height: Int
    ) throws(VipsError) -> Image {
        if x == 1, y == 1 { return self }
        return try operation(
            "affine",
            [
                "matrix": .doubles([x, 0, 0, y]),
                "idx": .double(0.5 - 0.5 / x),
                "idy": .double(0.5 - 0.5 / y),
                "oarea": .doubles([0, 0, Double(width), Double(height)]),
                "interpolate": .string("bicubic"),
                "extend": .string("copy"),
            ]
        )
    }

    /// Exactly `width` × `height` pixels by an accurate filter, mostly for reducing; what samples mean
    /// stays as it is, where libvips's thumbnails become sRGB of 8 bits.
    package func reduced(width: Int, height: Int) throws(VipsError) -> Image {
        if width == self.width, height == self.height { return self }
        let result = try operation(
            "resize",
            [
                "scale": .double(Double(width) / Double(self.width)),
                "vscale": .double(Double(height) / Double(self.height)),
            ]
        )
        if result.width == width, result.height == height { return result }
        // A pixel more or less by rounding.
        return try result.operation(
            "embed",
            [
                "x": .int(0), "y": .int(0), "width": .int(width), "height": .int(height),
                "extend": .string("copy"),
            ]
        )
    }

    /// Each new band is a sum of the old ones, weighted by a row of the matrix.
    package func recombined(_ matrix: [[Double]]) throws(VipsError) -> Image {
        let kernel = try Image.fromSamples(
            matrix.flatMap(\.self).map { Float($0) },
            width: matrix[0].count,
            height: matrix.count
        )
        return try operation("recomb", ["m": .image(kernel)])
    }

    /// The picture in sRGB, by its own profile where it has one.
    package func convertedToSRGB() throws(VipsError) -> Image {
        if hasField("icc-profile-data") {
            return try operation(
                "icc_transform",
                ["output-profile": .string("srgb"), "embedded": .bool(true)]
            )
        }
        return try operation("colourspace", ["space": .string("srgb")])
    }

    /// The same pixels without a colour profile that is for other bands than the image's, such as
    /// that of a grey photo which has been given colours.
    package func withoutForeignProfile() throws(VipsError) -> Image {
        guard let profile = blob("icc-profile-data"), profile.count >= 20 else { return self }
        // The profile's colour space (ICC.1:2022, 7.2.8), and how many bands it has.
        let spaces = ["GRAY": 1, "RGB ": 3, "CMYK": 4]
        let colors = spaces[String(decoding: profile[16..<20], as: UTF8.self)]
        guard let colors, colors != bands - (hasAlpha ? 1 : 0) else { return self }
        return try settingFields(["icc-profile-data": nil])
    }

    /// A float image with `function` applied to every sample.
    package func mappingSamples(
        _ function: @escaping @Sendable (Float) -> Float
    ) throws(VipsError) -> Image {
        precondition(format == .f32, "samples are floats")
        let header = ImageHeader(width: width, height: height, bands: bands, format: .f32)
        return try Image.node(header, inputs: [self], demand: .rows) { request in
            let input = try request.pull(0, request.output.area)
            for y in input.area.top..<input.area.bottom {
                let source = input.row(y, as: Float.self)
                let target = request.output.row(y, as: Float.self)
                for i in source.indices { target[i] = function(source[i]) }
            }
        }
    }

    /// Colour bands and alpha apart; alpha is `nil` where there is none.
    package func splitAlpha() throws(VipsError) -> (color: Image, alpha: Image?) {
        guard hasAlpha else { return (self, nil) }
        let color = try operation("extract_band", ["band": .int(0), "n": .int(bands - 1)])
        return (color, try band(bands - 1))
    }
}

extension Float {
    package func power(_ exponent: Float) -> Float { powf(self, exponent) }
}

/// The SHA-256 digest of a file in hexadecimal digits, or `nil` if it cannot be read.
package func sha256(ofFile path: String) -> String? {
    guard let checksum = g_checksum_new(G_CHECKSUM_SHA256), let file = fopen(path, "rb") else {
        return nil
    }
    defer {
        g_checksum_free(checksum)
        fclose(file)
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { break }
        g_checksum_update(checksum, buffer, gssize(count))
    }
    return String(cString: g_checksum_get_string(checksum))
}
