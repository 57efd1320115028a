internal import CPluginABI
internal import Glibc
internal import Vips

/// The service `atelier.image/1`.
let imageService = atelier_image_service(
    size: UInt32(MemoryLayout<atelier_image_service>.size),
    retain: { image in
        guard let image else { return }
        _ = BuildImage.of(image).retainedHandle
    },
    release: { image in
        guard let image else { return }
        _ = BuildImage.takingOver(image)
    },
    info: { host, image, info, error in
        answer(host, error) { _ in
            let image = try required(image, "an image").image
            try required(info, "a struct for the answer").pointee.describe(image)
        }
    },
    operation: { host, name, arguments, count, result, error in
        answer(host, error) { context in
            let name = String(cString: try required(name, "the name of an operation"))
            let result = try required(result, "a place for the result")
            let buffer = UnsafeBufferPointer(start: arguments, count: Int(count))
            let image = try Image.image(name, try Dictionary(arguments: buffer))
            if OperationDescription.named(name)?.isSequential != true {
                context.requireRandomAccess()
            }
            result.pointee = BuildImage(image, in: context).retainedHandle
        }
    },
    map: { host, map, inputs, count, result, error in
        answer(host, error) { context in
            let map = try required(map, "a map").pointee
            // From here on the box owns the plugin's state, whatever happens.
            let box = MapBox(map, context)
            let list = try (0..<Int(count)).map { index in
                BuildImage.of(try required(inputs?[index], "an input")).read()
            }
            let result = try required(result, "a place for the result")
            result.pointee = BuildImage(try box.image(of: list), in: context).retainedHandle
        }
    },
    render: { host, image, region, error in
        answer(host, error) { context in
            context.requireRandomAccess()
            let image = try required(image, "an image").read()
            try render(image, into: try required(region, "a region").pointee, context)
        }
    },
    from_buffer: { host, region, space, result, error in
        answer(host, error) { context in
            let image = try copy(try required(region, "a region").pointee, space: space)
            let result = try required(result, "a place for the result")
            result.pointee = BuildImage(image, in: context).retainedHandle
        }
    },
    regions: { host, mask, state, receive, error in
        answer(host, error) { context in
            let receive = try required(receive, "a function for regions")
            context.requireRandomAccess()
            let mask = try required(mask, "a mask").read()
            for region in try MaskRegions.regions(of: mask) {
                var region = atelier_mask_region(region)
                guard receive(state, &region) == Int32(ATELIER_OK) else {
                    throw PluginError("a plugin did not take a region of a mask")
                }
            }
        }
    },
    composite: { host, image, over, mask, result, error in
        answer(host, error) { context in
            let (image, over) = (try required(image, "an image"), try required(over, "an image"))
            let mask = try required(mask, "a mask")
            let result = try required(result, "a place for the result")
            let composite = try image.read().composited(with: over.read(), mask: mask.read())
            result.pointee = BuildImage(composite, in: context).retainedHandle
        }
    }
)

private func required<Pointer>(_ pointer: Pointer?, _ what: String) throws -> Pointer {
    guard let pointer else { throw PluginError("expected \(what), found a null pointer") }
    return pointer
}

private func required(_ image: OpaquePointer?, _ what: String) throws -> BuildImage {
    guard let image else { throw PluginError("expected \(what), found a null pointer") }
    return BuildImage.of(image)
}

// MARK: - What an image is

extension atelier_image_info {
    fileprivate mutating func describe(_ image: Image) {
        let format = abiFormat(image.format)
        width = Int32(image.width)
        height = Int32(image.height)
        bands = UInt32(image.bands)
        self.format = UInt32(format)
        has_alpha = image.hasAlpha ? 1 : 0
        switch image.interpretation {
        case "b-w", "grey16": space = UInt32(ATELIER_SPACE_GREY)
        case "srgb", "rgb", "rgb16": space = UInt32(ATELIER_SPACE_RGB)
        case "scrgb": space = UInt32(ATELIER_SPACE_LINEAR)
        default: space = UInt32(ATELIER_SPACE_OTHER)
        }
        switch (image.format, image.interpretation) {
        case (.u8, _): peak = 255
        case (.u16, _): peak = 65535
        case (_, "srgb"), (_, "rgb"), (_, "b-w"): peak = 255
        case (_, "rgb16"), (_, "grey16"): peak = 65535
        default: peak = 1
        }
    }
}

/// The format that plugins see: every other type of sample reaches them as float32.
private func abiFormat(_ format: SampleFormat) -> Int {
    switch format {
    case .u8: Int(ATELIER_U8)
    case .u16: Int(ATELIER_U16)
    default: Int(ATELIER_F32)
    }
}

private func sampleFormat(_ format: UInt32) throws -> SampleFormat {
    switch Int(format) {
    case Int(ATELIER_U8): return .u8
    case Int(ATELIER_U16): return .u16
    case Int(ATELIER_F32): return .f32
    default: throw PluginError("expected the format ATELIER_U8, _U16 or _F32, found \(format)")
    }
}

/// libvips's name of a space for samples of a format.
private func interpretation(_ space: UInt32, _ format: SampleFormat) -> String {
    switch Int(space) {
    case Int(ATELIER_SPACE_GREY): format == .u16 ? "grey16" : "b-w"
    case Int(ATELIER_SPACE_RGB): format == .u16 ? "rgb16" : "srgb"
    case Int(ATELIER_SPACE_LINEAR): "scrgb"
    default: "multiband"
    }
}

extension Dictionary<String, OperationArgument> {
    /// Arguments of a libvips operation from C's form.
    fileprivate init(arguments: UnsafeBufferPointer<atelier_argument>) throws {
        self.init()
        for item in arguments {
            let name = String(cString: try required(item.name, "an argument's name"))
            switch Int(item.type) {
            case Int(ATELIER_BOOL): self[name] = .bool(item.integer != 0)
            case Int(ATELIER_INT): self[name] = .int(Int(item.integer))
            case Int(ATELIER_FLOAT): self[name] = .double(item.number)
            case Int(ATELIER_STRING):
                self[name] = .string(
                    String(cString: try required(item.text, "the text of \(name)"))
                )
            case Int(ATELIER_IMAGE):
                self[name] = .image(try required(item.image, "the image of \(name)").read())
            case Int(ATELIER_IMAGES):
                self[name] = .images(
                    try (0..<Int(item.image_count)).map {
                        try required(item.images?[$0], "an image of \(name)").read()
                    }
                )
            case Int(ATELIER_ARRAY):
                let numbers = try required(item.numbers, "the numbers of \(name)")
                self[name] = .doubles((0..<Int(item.number_count)).map { numbers[$0] })
            default: throw PluginError("expected a known type for \(name), found \(item.type)")
            }
        }
    }
}

extension atelier_mask_region {
    fileprivate init(_ region: MaskRegions.Region) {
        self.init(
            size: UInt32(MemoryLayout<atelier_mask_region>.size),
            left: Int32(region.left),
            top: Int32(region.top),
            width: Int32(region.right - region.left),
            height: Int32(region.bottom - region.top),
            thickness: Int32(region.thickness),
            area: Double(region.pixels)
        )
    }
}

// MARK: - Pixels in and out

private func render(
    _ image: Image,
    into region: atelier_region,
    _ context: BuildContext
) throws {
    let format = try sampleFormat(region.format)
    let (width, height) = (Int(region.width), Int(region.height))
    guard width > 0, height > 0, Int(region.bands) == image.bands,
        region.stride >= width * image.bands * format.bytes
    else {
        throw PluginError(
            "expected a region with room for \(image.bands) bands, found one of "
                + "\(width) × \(height) × \(region.bands)"
        )
    }
    let target = try required(region.pixels, "memory for the pixels")
    let bytes = try image.reduced(width: width, height: height).cast(to: format)
        .bytes(progress: context.look, cancellation: context.cancellation)
    let row = width * image.bands * format.bytes
    bytes.withUnsafeBytes { source in
        for y in 0..<height {
            memcpy(target + y * region.stride, source.baseAddress! + y * row, row)
        }
    }
}

private func copy(_ region: atelier_region, space: UInt32) throws -> Image {
    let format = try sampleFormat(region.format)
    let (width, height) = (Int(region.width), Int(region.height))
    let bands = Int(region.bands)
    let row = width * bands * format.bytes
    guard width > 0, height > 0, bands > 0, region.stride >= row else {
        throw PluginError("expected pixels, found a region of \(width) × \(height) × \(bands)")
    }
    let source = try required(region.pixels, "pixels")
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: row * height, alignment: 16)
    defer { bytes.deallocate() }
    for y in 0..<height {
        memcpy(bytes.baseAddress! + y * row, source + y * region.stride, row)
    }
    return try Image.fromMemory(
        UnsafeRawBufferPointer(bytes),
        width: width,
        height: height,
        bands: bands,
        format: format,
        interpretation: interpretation(space, format)
    )
}

// MARK: - A plugin's own pixels

/// A plugin's map; gives its state back when the last user is gone.
private final class MapBox: @unchecked Sendable {
    private let map: atelier_map
    /// Outlives the node, because the plugin may log while it computes.
    private let context: BuildContext

    init(_ map: atelier_map, _ context: BuildContext) {
        self.map = map
        self.context = context
    }

    deinit { map.release?(map.state) }

    func image(of inputs: [Image]) throws -> Image {
        guard Int(map.size) >= MemoryLayout<atelier_map>.size, let compute = map.compute else {
            throw PluginError("expected a map with a compute function, found none")
        }
        guard map.width > 0, map.height > 0, map.bands > 0, map.halo >= 0,
            map.scale_numerator >= 0, map.scale_denominator >= 0
        else { throw PluginError("expected a map with a size, found \(map.width) × \(map.height)") }
        let format = try sampleFormat(map.format)
        let header = ImageHeader(
            width: Int(map.width),
            height: Int(map.height),
            bands: Int(map.bands),
            format: format,
            interpretation: interpretation(map.space, format)
        )
        let halo = Int(map.halo)
        let scale = (
            numerator: max(1, Int(map.scale_numerator)),
            denominator: max(1, Int(map.scale_denominator))
        )
        @Sendable func reach(_ first: Int, _ count: Int) -> Range<Int> {
            let low = first * scale.numerator / scale.denominator
            let end = (first + count) * scale.numerator
            return (low - halo)..<((end + scale.denominator - 1) / scale.denominator + halo)
        }
        let (columns, rows) = (reach(0, header.width), reach(0, header.height))
        let bordered = try inputs.map { input in
            try input.cast(to: try sampleFormat(UInt32(abiFormat(input.format)))).operation(
                "embed",
                [
                    "x": .int(halo), "y": .int(halo),
                    "width": .int(max(columns.count, input.width + halo)),
                    "height": .int(max(rows.count, input.height + halo)), "extend": .string("copy"),
                ]
            )
        }
        return try Image.node(header, inputs: bordered, demand: .tiles) { [self] request in
            let area = request.output.area
            let (columns, rows) = (reach(area.left, area.width), reach(area.top, area.height))
            var regions: [atelier_region] = []
            for index in bordered.indices {
                let view = try request.pull(
                    index,
                    Rectangle(
                        left: columns.lowerBound + halo,
                        top: rows.lowerBound + halo,
                        width: columns.count,
                        height: rows.count
                    )
                )
                regions.append(atelier_region(view, left: columns.lowerBound, top: rows.lowerBound))
            }
            var result = atelier_region(request.output, left: area.left, top: area.top)
            let failure = ErrorBuffer()
            let status = compute(
                map.state,
                regions,
                UInt32(regions.count),
                &result,
                failure.pointer
            )
            if status == Int32(ATELIER_CANCELLED) { throw Cancelled() }
            guard status == Int32(ATELIER_OK) else {
                throw PluginError("a plugin: \(failure.message)")
            }
        }
    }
}

extension atelier_region {
    fileprivate init(_ view: PixelView, left: Int, top: Int) {
        self.init(
            size: UInt32(MemoryLayout<atelier_region>.size),
            left: Int32(left),
            top: Int32(top),
            width: Int32(view.area.width),
            height: Int32(view.area.height),
            bands: UInt32(view.bands),
            format: UInt32(abiFormat(view.format)),
            stride: view.stride,
            pixels: view.base
        )
    }
}
