public import CPluginABI

/// A picture whose pixels are computed when the host writes the result.
///
/// Joining images is cheap. Used on the build thread only.
public final class LazyImage {
    let pointer: OpaquePointer
    let host: Host

    init(owning pointer: OpaquePointer, _ host: Host) {
        self.pointer = pointer
        self.host = host
    }

    init(retaining pointer: OpaquePointer, _ host: Host) {
        host.images.pointee.retain(pointer)
        self.pointer = pointer
        self.host = host
    }

    deinit { host.images.pointee.release(pointer) }

    /// One more reference, for the host to own.
    func takeReference() -> OpaquePointer {
        host.images.pointee.retain(pointer)
        return pointer
    }

    // MARK: What it is

    /// Size, bands and sample format.
    public var info: atelier_image_info {
        get throws {
            var info = atelier_image_info()
            info.size = UInt32(MemoryLayout<atelier_image_info>.size)
            try check { host.images.pointee.info(host.pointer, pointer, &info, $0) }
            return info
        }
    }

    // MARK: Operations of libvips

    /// Runs a libvips operation by its nickname; `input` names the argument this image goes to.
    public func operation(
        _ name: String,
        input: String = "in",
        _ arguments: [String: ImageArgument] = [:]
    ) throws -> LazyImage {
        var all = arguments
        all[input] = .image(self)
        return try host.operation(name, all)
    }

    /// The largest square in the middle.
    public func middleSquare() throws -> LazyImage {
        let (width, height) = (Int(try info.width), Int(try info.height))
        let side = min(width, height)
        if width == height { return self }
        return try operation(
            "extract_area",
            input: "input",
            [
                "left": .int((width - side) / 2), "top": .int((height - side) / 2),
                "width": .int(side), "height": .int(side),
            ]
        )
    }

    /// The colour bands, and the alpha band where there is one.
    public func splitAlpha() throws -> (color: LazyImage, alpha: LazyImage?) {
        let info = try info
        guard info.has_alpha != 0 else { return (self, nil) }
        let count = Int(info.bands) - 1
        let color = try operation("extract_band", ["band": .int(0), "n": .int(count)])
        return (color, try operation("extract_band", ["band": .int(count)]))
    }

    /// This image with further bands behind its own; unchanged for `nil`.
    public func joined(_ bands: LazyImage?) throws -> LazyImage {
        guard let bands else { return self }
        return try host.operation("bandjoin", ["in": .images([self, bands])])
    }

    /// Exactly `width` × `height` pixels, by an accurate filter.
    public func resized(width: Int, height: Int) throws -> LazyImage {
        let info = try info
        if Int(info.width) == width, Int(info.height) == height { return self }
        let (x, y) = (Double(width) / Double(info.width), Double(height) / Double(info.height))
        if x < 1 || y < 1 {
            let smaller = try operation(
                "resize",
                ["scale": .double(min(x, 1)), "vscale": .double(min(y, 1))]
            )
            // libvips rounds to a pixel more or less now and then; the rest is a slight stretch.
            return try smaller.enlarged(width: width, height: height)
        }
        return try enlarged(width: width, height: height)
    }

    private func enlarged(width: Int, height: Int) throws -> LazyImage {
        let info = try info
        if Int(info.width) == width, Int(info.height) == height { return self }
        let (x, y) = (Double(width) / Double(info.width), Double(height) / Double(info.height))
        return try stretched(x, y, width: width, height: height)
    }

    /// Stretches the picture with its left and upper borders where they were, and cuts it to a width and
    /// a height: libvips's own `resize` would move an enlarged picture by half a pixel.
    public func stretched(
        _ x: Double,
        _ y: Double,
        width: Int,
        height: Int
    ) throws -> LazyImage {
        try operation(
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

    /// This image with another one of the same size and bands laid over it where a mask is white, mixed
    /// where it is grey.
    ///
    /// Where the mask, which has one band, is black, pixels stay bit for bit, and the other image is
    /// not computed.
    public func composited(with other: LazyImage, mask: LazyImage) throws -> LazyImage {
        guard offers(host.images, \.composite), let composite = host.images.pointee.composite
        else { throw OperationError(tooOldFor: "composite images by a mask") }
        var result: OpaquePointer?
        try check {
            composite(host.pointer, pointer, other.pointer, mask.pointer, &result, $0)
        }
        return LazyImage(owning: result!, host)
    }

    /// The connected regions of this mask of one band, by their first row; computes all of it now.
    public func regions() throws -> [atelier_mask_region] {
        guard offers(host.images, \.regions), let find = host.images.pointee.regions else {
            throw OperationError(tooOldFor: "find the regions of a mask")
        }
        var regions: [atelier_mask_region] = []
        try withUnsafeMutablePointer(to: &regions) { list in
            try check { error in
                find(
                    host.pointer,
                    pointer,
                    list,
                    { list, region in
                        list!.assumingMemoryBound(to: [atelier_mask_region].self).pointee
                            .append(region!.pointee)
                        return Int32(ATELIER_OK)
                    },
                    error
                )
            }
        }
        return regions
    }

    /// A mix of two images of the same size: this one where `amount` is 0, the other where it is 1.
    public func mixed(with other: LazyImage, amount: Double) throws -> LazyImage {
        if amount <= 0 { return self }
        if amount >= 1 { return other }
        let (mine, theirs) = (try info, try other.info)
        func scaled(_ image: LazyImage, _ factor: Double) throws -> LazyImage {
            try image.operation("linear", ["a": .doubles([factor]), "b": .doubles([0])])
        }
        let sum = try scaled(self, 1 - amount).operation(
            "add",
            input: "left",
            ["right": .image(try scaled(other, amount * mine.peak / theirs.peak))]
        )
        return try sum.rounded(like: self)
    }

    /// Samples rounded to the type of another image's, where those are whole numbers.
    public func rounded(like other: LazyImage) throws -> LazyImage {
        let own = Int(try other.info.format)
        let format = [ATELIER_U8: "uchar", ATELIER_U16: "ushort"].first { $0.key == own }?.value
        guard let format else { return self }
        return try operation("round", ["round": .string("rint")])
            .operation("cast", ["format": .string(format)])
    }

    /// What `body` makes of the image in gamma-encoded samples; linear light is encoded before and
    /// decoded after.
    public func gammaEncoded(_ body: (LazyImage) throws -> LazyImage) throws -> LazyImage {
        guard try info.space == UInt32(ATELIER_SPACE_LINEAR) else { return try body(self) }
        return try body(operation("colourspace", ["space": .string("rgb16")]))
            .operation("colourspace", ["space": .string("scrgb")])
    }

    /// An image of three gamma-encoded bands whose pixels a function computes from those in the same
    /// place of this image, region by region; size and type of samples stay.
    public func recolored(
        _ compute: @escaping @Sendable (_ photo: PixelRegion, _ result: PixelRegion) -> Void
    ) throws -> LazyImage {
        let info = try info
        let layout = PixelLayout(
            width: Int(info.width),
            height: Int(info.height),
            bands: 3,
            format: info.format,
            space: .rgb
        )
        return try host.image(layout, from: [self]) { inputs, result in
            compute(inputs[0], result)
        }
    }
}

/// A value of an argument of a libvips operation.
public enum ImageArgument {
    case bool(Bool)
    case int(Int)
    case double(Double)
    /// Text; enumerations by nickname.
    case string(String)
    case image(LazyImage)
    case images([LazyImage])
    case doubles([Double])
}

extension Host {
    /// Runs a libvips operation with named arguments and returns the image it puts out.
    public func operation(_ name: String, _ arguments: [String: ImageArgument]) throws -> LazyImage
    {
        let list = ArgumentList(arguments)
        defer { list.deallocate() }
        var result: OpaquePointer?
        try check { error in
            images.pointee.operation(
                pointer,
                name,
                list.items.baseAddress,
                UInt32(list.items.count),
                &result,
                error
            )
        }
        return LazyImage(owning: result!, self)
    }
}

/// Arguments in C's form, with the memory they point to.
private final class ArgumentList {
    let items: UnsafeMutableBufferPointer<atelier_argument>
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private var numbers: [UnsafeMutablePointer<Double>] = []
    private var images: [UnsafeMutablePointer<OpaquePointer?>] = []

    init(_ arguments: [String: ImageArgument]) {
        items = .allocate(capacity: arguments.count)
        for (index, (name, value)) in arguments.enumerated() {
            var item = atelier_argument()
            item.size = UInt32(MemoryLayout<atelier_argument>.size)
            item.name = UnsafePointer(copy(name))
            switch value {
            case .bool(let flag): (item.type, item.integer) = (UInt32(ATELIER_BOOL), flag ? 1 : 0)
            case .int(let number): (item.type, item.integer) = (UInt32(ATELIER_INT), Int64(number))
            case .double(let number): (item.type, item.number) = (UInt32(ATELIER_FLOAT), number)
            case .string(let text):
                (item.type, item.text) = (UInt32(ATELIER_STRING), UnsafePointer(copy(text)))
            case .image(let image):
                (item.type, item.image) = (UInt32(ATELIER_IMAGE), image.pointer)
            case .images(let list):
                let pointers = UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: list.count)
                for (place, image) in list.enumerated() { pointers[place] = image.pointer }
                images.append(pointers)
                item.type = UInt32(ATELIER_IMAGES)
                item.images = UnsafePointer(pointers)
                item.image_count = UInt32(list.count)
            case .doubles(let list):
                let values = UnsafeMutablePointer<Double>.allocate(capacity: list.count)
                values.initialize(from: list, count: list.count)
                numbers.append(values)
                item.type = UInt32(ATELIER_ARRAY)
                item.numbers = UnsafePointer(values)
                item.number_count = UInt32(list.count)
            }
            items.initializeElement(at: index, to: item)
        }
    }

    private func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { copy[index] = byte }
        strings.append(copy)
        return copy
    }

    func deallocate() {
        for string in strings { string.deallocate() }
        for values in numbers { values.deallocate() }
        for pointers in images { pointers.deallocate() }
        items.deallocate()
    }
}
