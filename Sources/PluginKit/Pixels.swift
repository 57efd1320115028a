internal import CPluginABI

/// A small picture in memory: bands interleaved, rows from top to bottom, samples as they are in
/// the image it comes from (0 … 255, 0 … 65535, or 0 … 1).
public struct Pixels: Sendable {
    public let width, height, bands: Int
    /// `width` × `height` × `bands` samples.
    public var samples: [Float]

    public init(width: Int, height: Int, bands: Int, samples: [Float]) {
        precondition(samples.count == width * height * bands, "every pixel has its samples")
        self.width = width
        self.height = height
        self.bands = bands
        self.samples = samples
    }
}

/// What the bands of an image mean.
public enum ColorSpace: Sendable {
    case other
    /// One band, gamma-encoded.
    case grey
    /// Three bands, gamma-encoded.
    case rgb
    /// Three bands in linear light.
    case linear

    init(abiValue: UInt32) {
        self = [.grey, .rgb, .linear].first { $0.abiValue == abiValue } ?? .other
    }

    var abiValue: UInt32 {
        switch self {
        case .other: UInt32(ATELIER_SPACE_OTHER)
        case .grey: UInt32(ATELIER_SPACE_GREY)
        case .rgb: UInt32(ATELIER_SPACE_RGB)
        case .linear: UInt32(ATELIER_SPACE_LINEAR)
        }
    }
}

extension LazyImage {
    /// The whole image, computed now and resized: for small guides.
    ///
    /// What comes before this step is computed an extra time.
    public func rendered(width: Int, height: Int) throws -> Pixels {
        let bands = Int(try info.bands)
        var samples = [Float](repeating: 0, count: width * height * bands)
        try samples.withUnsafeMutableBytes { bytes in
            var region = atelier_region(floats: bytes.baseAddress!, width, height, bands)
            try check { host.images.pointee.render(host.pointer, pointer, &region, $0) }
        }
        return Pixels(width: width, height: height, bands: bands, samples: samples)
    }
}

extension Host {
    /// An image of the pixels, with samples of type float.
    public func image(_ pixels: Pixels, space: ColorSpace) throws -> LazyImage {
        var result: OpaquePointer?
        var samples = pixels.samples
        try samples.withUnsafeMutableBytes { bytes in
            var region = atelier_region(
                floats: bytes.baseAddress!,
                pixels.width,
                pixels.height,
                pixels.bands
            )
            try check { images.pointee.from_buffer(pointer, &region, space.abiValue, &result, $0) }
        }
        return LazyImage(owning: result!, self)
    }
}

extension atelier_region {
    /// A whole picture of floats without gaps between its rows.
    fileprivate init(
        floats: UnsafeMutableRawPointer,
        _ width: Int,
        _ height: Int,
        _ bands: Int
    ) {
        self.init(
            size: UInt32(MemoryLayout<atelier_region>.size),
            left: 0,
            top: 0,
            width: Int32(width),
            height: Int32(height),
            bands: UInt32(bands),
            format: UInt32(ATELIER_F32),
            stride: width * bands * MemoryLayout<Float>.size,
            pixels: floats
        )
    }
}
