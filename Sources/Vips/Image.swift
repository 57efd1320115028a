internal import CVips

/// The type of one sample of an image.
package enum SampleFormat: String, Sendable, CaseIterable {
    case u8 = "uchar"
    case i8 = "char"
    case u16 = "ushort"
    case i16 = "short"
    case u32 = "uint"
    case i32 = "int"
    case f32 = "float"
    case f64 = "double"
    case complex64 = "complex"
    case complex128 = "dpcomplex"

    /// Bytes of one sample.
    package var bytes: Int {
        switch self {
        case .u8, .i8: 1
        case .u16, .i16: 2
        case .u32, .i32, .f32: 4
        case .f64, .complex64: 8
        case .complex128: 16
        }
    }

    init(_ format: VipsBandFormat) {
        self = Self.table.first { $0.vips == format }?.format ?? .f32
    }

    var vips: VipsBandFormat { Self.table.first { $0.format == self }!.vips }

    private static let table: [(format: SampleFormat, vips: VipsBandFormat)] = [
        (.u8, VIPS_FORMAT_UCHAR), (.i8, VIPS_FORMAT_CHAR), (.u16, VIPS_FORMAT_USHORT),
        (.i16, VIPS_FORMAT_SHORT), (.u32, VIPS_FORMAT_UINT), (.i32, VIPS_FORMAT_INT),
        (.f32, VIPS_FORMAT_FLOAT), (.f64, VIPS_FORMAT_DOUBLE), (.complex64, VIPS_FORMAT_COMPLEX),
        (.complex128, VIPS_FORMAT_DPCOMPLEX),
    ]
}

/// A rectangle of pixels, in the coordinates of its image.
package struct Rectangle: Hashable, Sendable {
    package var left, top, width, height: Int

    package init(left: Int, top: Int, width: Int, height: Int) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
    }

    package init(rows: Range<Int>, columns: Range<Int>) {
        self.init(
            left: columns.lowerBound,
            top: rows.lowerBound,
            width: columns.count,
            height: rows.count
        )
    }

    package var right: Int { left + width }
    package var bottom: Int { top + height }
    package var rows: Range<Int> { top..<bottom }
    package var columns: Range<Int> { left..<right }

    /// What of it lies in another one; empty where they do not meet.
    package func clipped(to other: Rectangle) -> Rectangle {
        Rectangle(rows: rows.clamped(to: other.rows), columns: columns.clamped(to: other.columns))
    }

    init(_ rect: VipsRect) {
        self.init(
            left: Int(rect.left),
            top: Int(rect.top),
            width: Int(rect.width),
            height: Int(rect.height)
        )
    }

    var vips: VipsRect {
        VipsRect(left: Int32(left), top: Int32(top), width: Int32(width), height: Int32(height))
    }
}

/// A lazy image of libvips: a description of pixels that are computed when somebody pulls them.
///
/// Joining images computes nothing. The underlying object is counted by libvips and immutable once
/// made, so it may be shared between threads.
package final class Image: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<VipsImage>

    /// Takes over one reference.
    init(owning pointer: UnsafeMutablePointer<VipsImage>) { self.pointer = pointer }

    deinit { g_object_unref(pointer) }

    package var width: Int { Int(vips_image_get_width(pointer)) }
    package var height: Int { Int(vips_image_get_height(pointer)) }
    /// The number of bands, alpha included.
    package var bands: Int { Int(vips_image_get_bands(pointer)) }
    package var format: SampleFormat { SampleFormat(vips_image_get_format(pointer)) }
    package var hasAlpha: Bool { vips_image_hasalpha(pointer) != 0 }
    /// What the bands mean, by libvips's nickname: "srgb", "b-w", "cmyk", "scrgb", ….
    package var interpretation: String {
        let value = vips_image_guess_interpretation(pointer)
        return String(
            cString: vips_enum_nick(vips_interpretation_get_type(), Int32(value.rawValue))
        )
    }

    // MARK: Metadata

    /// The names of all metadata fields, in libvips's order.
    package var fields: [String] {
        guard let list = vips_image_get_fields(pointer) else { return [] }
        defer { g_strfreev(list) }
        var names: [String] = []
        var next = list
        while let name = next.pointee {
            names.append(String(cString: name))
            next += 1
        }
        return names
    }

    package func hasField(_ name: String) -> Bool {
        vips_image_get_typeof(pointer, name) != 0
    }

    /// A metadata field as text, or `nil` where there is none.
    package func text(_ field: String) -> String? {
        guard hasField(field) else { return nil }
        var text: UnsafeMutablePointer<CChar>?
        guard vips_image_get_as_string(pointer, field, &text) == 0, let text else { return nil }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// An integer metadata field, or `nil` where there is none.
    package func integer(_ field: String) -> Int? {
        var value: Int32 = 0
        guard hasField(field), vips_image_get_int(pointer, field, &value) == 0 else { return nil }
        return Int(value)
    }

    /// The same pixels with some integer metadata fields set (or removed, where `nil`).
    package func settingFields(_ values: [String: Int?]) throws(VipsError) -> Image {
        let copy = try operation("copy")
        for (name, value) in values {
            if let value {
                vips_image_set_int(copy.pointer, name, Int32(value))
            } else {
                vips_image_remove(copy.pointer, name)
            }
        }
        return copy
    }

    // MARK: Pixels from and to memory

    /// An image from a copy of `bytes`: rows without gaps, bands interleaved.
    package static func fromMemory(
        _ bytes: UnsafeRawBufferPointer,
        width: Int,
        height: Int,
        bands: Int,
        format: SampleFormat,
        interpretation: String? = nil
    ) throws(VipsError) -> Image {
        precondition(bytes.count == width * height * bands * format.bytes, "bytes do not fit")
        let image = try Vips.enter("memory") {
            vips_image_new_from_memory_copy(
                bytes.baseAddress,
                bytes.count,
                Int32(width),
                Int32(height),
                Int32(bands),
                format.vips
            ).map { Image(owning: $0) }
        }
        guard let interpretation else { return image }
        return try image.operation("copy", ["interpretation": .string(interpretation)])
    }

    /// An image of numbers that lie as its samples do.
    package static func fromMemory<Number: BitwiseCopyable>(
        _ numbers: [Number],
        width: Int,
        height: Int,
        bands: Int,
        format: SampleFormat,
        interpretation: String? = nil
    ) throws(VipsError) -> Image {
        let result = numbers.withUnsafeBytes { bytes in
            Result { () throws(VipsError) in
                try fromMemory(
                    bytes,
                    width: width,
                    height: height,
                    bands: bands,
                    format: format,
                    interpretation: interpretation
                )
            }
        }
        return try result.get()
    }

    /// An image of one float band from its rows.
    package static func fromSamples(
        _ samples: [Float],
        width: Int,
        height: Int
    ) throws(VipsError) -> Image {
        try fromMemory(samples, width: width, height: height, bands: 1, format: .f32)
    }

    /// All pixels, computed now: rows without gaps, bands interleaved.
    package func bytes(
        progress: ((Double) -> Void)? = nil,
        cancellation: Cancellation? = nil
    ) throws -> [UInt8] {
        try evaluating("pixels", progress: progress, cancellation: cancellation) { image in
            var size = 0
            guard let memory = vips_image_write_to_memory(image, &size) else { return nil }
            defer { g_free(memory) }
            return Array(UnsafeRawBufferPointer(start: memory, count: size))
        }
    }

    /// All samples as `Float`, computed now: rows without gaps, bands interleaved.
    package func floats() throws -> [Float] {
        let image = format == .f32 ? self : try operation("cast", ["format": .string("float")])
        return try image.evaluating("pixels") { image in
            var size = 0
            guard let memory = vips_image_write_to_memory(image, &size) else { return nil }
            defer { g_free(memory) }
            return Array(
                UnsafeRawBufferPointer(start: memory, count: size).bindMemory(to: Float.self)
            )
        }
    }
}

// MARK: - Blobs of metadata

extension Image {
    /// A metadata field of raw bytes, such as "exif-data" or "icc-profile-data".
    package func blob(_ field: String) -> [UInt8]? {
        var data: UnsafeRawPointer?
        var size = 0
        guard hasField(field), vips_image_get_blob(pointer, field, &data, &size) == 0, let data
        else {
            return nil
        }
        return Array(UnsafeRawBufferPointer(start: data, count: size))
    }

    /// The same pixels with every metadata field of another image whose name begins in some way.
    package func takingFields(from other: Image, prefix: String) throws(VipsError) -> Image {
        let copy = try operation("copy")
        for name in other.fields where name.hasPrefix(prefix) {
            var value = GValue()
            guard vips_image_get(other.pointer, name, &value) == 0 else { continue }
            vips_image_set(copy.pointer, name, &value)
            g_value_unset(&value)
        }
        return copy
    }

    /// Opens a picture that lies in memory as a file's bytes; the bytes are copied.
    package static func open(bytes: [UInt8]) throws(VipsError) -> Image {
        let blob = bytes.withUnsafeBytes { vips_blob_copy($0.baseAddress, $0.count) }
        defer {
            vips_area_unref(UnsafeMutableRawPointer(blob!).assumingMemoryBound(to: VipsArea.self))
        }
        return try Vips.enter("memory") {
            guard let source = vips_source_new_from_blob(blob) else { return nil }
            defer { g_object_unref(source) }
            return atelier_vips_open_source(source, 0).map { Image(owning: $0) }
        }
    }
}
