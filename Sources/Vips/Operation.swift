internal import CVips

/// A value that goes into or comes out of a libvips operation.
package enum OperationArgument: Sendable {
    case bool(Bool)
    case int(Int)
    case double(Double)
    /// A string; an enumeration by nickname; an interpolator by name.
    case string(String)
    case image(Image)
    case doubles([Double])
    case images([Image])
    /// Raw bytes, as operations put them out.
    case bytes([UInt8])
}

/// One named argument of a libvips operation, as libvips describes it.
package struct ArgumentDescription: Sendable {
    package enum Kind: Sendable, Equatable {
        case bool
        case int(ClosedRange<Int>)
        case double(ClosedRange<Double>)
        case string
        /// The nicknames it may take.
        case choice([String])
        case image
        case doubles
        case images
        case interpolator
        /// Something that no text can stand for: a blob, a source, a target.
        case opaque
    }

    package let name: String
    package let summary: String
    package let kind: Kind
    /// As a user would write it; `nil` for required and for output arguments.
    package let defaultValue: String?
    package let isRequired: Bool
    package let isOutput: Bool
    package let isDeprecated: Bool
}

/// A libvips operation, as libvips describes it.
package struct OperationDescription: Sendable {
    /// The nickname: "resize", "gaussblur", ….
    package let name: String
    package let summary: String
    package let arguments: [ArgumentDescription]
    /// Whether it reads its image from top to bottom, so that a file may be decoded as it goes.
    package let isSequential: Bool

    /// The argument that the picture of a chain goes into, if it makes an image of an image.
    package var mainInput: ArgumentDescription? {
        guard arguments.contains(where: { $0.isOutput && $0.kind == .image }) else { return nil }
        return arguments.first { !$0.isOutput && $0.isRequired && $0.kind == .image }
    }

    /// The description of an operation by nickname, or `nil` if libvips has none of that name.
    package static func named(_ name: String) -> OperationDescription? {
        try? Vips.enter(name) { () throws(VipsError) -> OperationDescription? in
            guard let operation = vips_operation_new(name) else { return nil }
            defer { g_object_unref(operation) }
            return OperationDescription(operation)
        }
    }

    /// Every operation that can be made, sorted by name.
    package static func all() -> [OperationDescription] {
        var names: [String] = []
        withUnsafeMutablePointer(to: &names) { names in
            _ = vips_type_map_all(
                atelier_vips_type_operation(),
                { type, context in
                    guard atelier_g_is_abstract(type) == 0, let reference = g_type_class_ref(type)
                    else { return nil }
                    defer { g_type_class_unref(reference) }
                    let name = atelier_vips_object_class(reference).pointee.nickname!
                    context!.assumingMemoryBound(to: [String].self).pointee
                        .append(String(cString: name))
                    return nil
                },
                names
            )
        }
        return names.sorted().compactMap { named($0) }
    }

    init(_ operation: UnsafeMutablePointer<VipsOperation>) {
        let base = atelier_vips_class_of(operation)!.pointee
        let object = atelier_vips_object(operation)!
        name = String(cString: base.nickname)
        summary = String(cString: base.description)
        isSequential =
            vips_operation_get_flags(operation).rawValue
            & (VIPS_OPERATION_SEQUENTIAL.rawValue | VIPS_OPERATION_SEQUENTIAL_UNBUFFERED.rawValue)
            != 0
        arguments = argumentNames(of: object).map { ArgumentDescription($0.name, $0.flags, object) }
    }
}

extension ArgumentDescription {
    init(_ name: String, _ flags: UInt32, _ object: UnsafeMutablePointer<VipsObject>) {
        let specification = argumentSpecification(name, of: object)
        self.name = name
        summary = g_param_spec_get_blurb(specification).map { String(cString: $0) } ?? ""
        isRequired = flags & VIPS_ARGUMENT_REQUIRED.rawValue != 0
        isOutput = flags & VIPS_ARGUMENT_OUTPUT.rawValue != 0
        isDeprecated = flags & VIPS_ARGUMENT_DEPRECATED.rawValue != 0
        var defaultText: String?
        let type = atelier_g_param_type(specification)
        switch Int(atelier_g_fundamental(type)) {
        case ATELIER_G_BOOLEAN:
            kind = .bool
            defaultText =
                atelier_g_spec_boolean(specification).pointee.default_value != 0 ? "yes" : "no"
        case ATELIER_G_INT:
            let spec = atelier_g_spec_int(specification).pointee
            kind = .int(Int(spec.minimum)...Int(spec.maximum))
            defaultText = String(spec.default_value)
        case ATELIER_G_DOUBLE:
            let spec = atelier_g_spec_double(specification).pointee
            kind = .double(spec.minimum...spec.maximum)
            defaultText = "\(spec.default_value)"
        case ATELIER_G_ENUM:
            let spec = atelier_g_spec_enum(specification).pointee
            kind = .choice(nicknames(of: spec))
            defaultText = String(cString: vips_enum_nick(type, spec.default_value))
        case ATELIER_G_STRING:
            kind = .string
            defaultText = atelier_g_spec_string(specification).pointee.default_value.map {
                String(cString: $0)
            }
        default:
            kind =
                switch type {
                case atelier_vips_type_image(): .image
                case atelier_vips_type_array_image(): .images
                case atelier_vips_type_array_double(), atelier_vips_type_array_int(): .doubles
                case atelier_vips_type_interpolate(): .interpolator
                default: .opaque
                }
        }
        defaultValue = isRequired || isOutput ? nil : defaultText
    }
}

extension Image {
    /// Runs any libvips operation by nickname and returns what it puts out, by name.
    ///
    /// Images that come out are lazy. Throws when there is no such operation or argument, when an
    /// argument has the wrong type, and when libvips refuses.
    package static func call(
        _ name: String,
        _ arguments: [String: OperationArgument]
    ) throws(VipsError) -> [String: OperationArgument] {
        try Vips.enter(name) { () throws(VipsError) -> [String: OperationArgument]? in
            guard let operation = vips_operation_new(name) else { return nil }
            let object = atelier_vips_object(operation)!
            let names = argumentNames(of: object)
            do throws(VipsError) {
                for (key, value) in arguments {
                    guard names.contains(where: { $0.name == key }) else {
                        throw VipsError(name, "it has no argument \"\(key)\"")
                    }
                    try set(key, to: value, of: object, operation: name)
                }
            } catch {
                g_object_unref(operation)
                throw error
            }
            var built: UnsafeMutablePointer<VipsOperation>? = operation
            guard vips_cache_operation_buildp(&built) == 0, let built else {
                vips_object_unref_outputs(object)
                g_object_unref(operation)
                return nil
            }
            let result = atelier_vips_object(built)!
            var outputs: [String: OperationArgument] = [:]
            for (key, flags) in names
            where flags & VIPS_ARGUMENT_OUTPUT.rawValue != 0
                && flags & VIPS_ARGUMENT_DEPRECATED.rawValue == 0
            {
                outputs[key] = output(key, of: result)
            }
            vips_object_unref_outputs(result)
            g_object_unref(built)
            return outputs
        }
    }

    /// Runs an operation with this image as its main input and returns the image it puts out.
    package func operation(
        _ name: String,
        _ arguments: [String: OperationArgument] = [:]
    ) throws(VipsError) -> Image {
        var arguments = arguments
        if let input = Self.mainInput(of: name) { arguments[input] = .image(self) }
        return try Self.image(name, arguments)
    }

    /// Runs an operation and returns the first image it puts out.
    package static func image(
        _ name: String,
        _ arguments: [String: OperationArgument]
    ) throws(VipsError) -> Image {
        let outputs = try call(name, arguments)
        if case .image(let image)? = outputs["out"] { return image }
        for case .image(let image) in outputs.values { return image }
        throw VipsError(name, "it makes no image")
    }

    /// The first number an operation puts out for this image: a mean, a maximum, ….
    package func number(_ name: String, _ arguments: [String: OperationArgument] = [:]) throws
        -> Double
    {
        var arguments = arguments
        if let input = Self.mainInput(of: name, makingImage: false) {
            arguments[input] = .image(self)
        }
        // Such operations pull all pixels while they are built.
        let outputs = try Evaluation.run { () throws(VipsError) in try Self.call(name, arguments) }
        if case .double(let number)? = outputs["out"] { return number }
        throw VipsError(name, "it makes no number")
    }

    /// The picture as the bytes of a JPEG file, computed now; quality is 1 to 100.
    package func jpegBytes(quality: Int = 75) throws -> [UInt8] {
        try encoded(by: "jpegsave_buffer", ["Q": .int(quality)])
    }

    /// The picture as the bytes of a PNG file, computed now.
    package func pngBytes() throws -> [UInt8] { try encoded(by: "pngsave_buffer") }

    private func encoded(
        by saver: String,
        _ arguments: [String: OperationArgument] = [:]
    ) throws -> [UInt8] {
        var arguments = arguments
        arguments["in"] = .image(self)
        // Savers pull all pixels while they are built.
        let outputs = try Evaluation.run { () throws(VipsError) in
            try Self.call(saver, arguments)
        }
        guard case .bytes(let bytes)? = outputs["buffer"] else {
            throw VipsError(saver, "it makes no bytes")
        }
        return bytes
    }

    private static func mainInput(of name: String, makingImage: Bool = true) -> String? {
        guard let description = OperationDescription.named(name) else { return nil }
        if makingImage { return description.mainInput?.name }
        return description.arguments.first { !$0.isOutput && $0.kind == .image }?.name
    }
}

// MARK: - Properties of GObject

/// The arguments that make an operation and their flags, in the order of its documentation.
private func argumentNames(
    of object: UnsafeMutablePointer<VipsObject>
) -> [(name: String, flags: UInt32)] {
    var names: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    var flags: UnsafeMutablePointer<Int32>?
    var count: Int32 = 0
    guard vips_object_get_args(object, &names, &flags, &count) == 0, let names, let flags else {
        return []
    }
    let arguments = (0..<Int(count)).map {
        (name: String(cString: names[$0]!), flags: UInt32(bitPattern: flags[$0]))
    }
    let ranks = arguments.map { argument($0.name, of: object).argumentClass.pointee.priority }
    return arguments.indices
        .sorted { (ranks[$0], arguments[$0].name) < (ranks[$1], arguments[$1].name) }
        .map { arguments[$0] }
        .filter { $0.name != "nickname" && $0.name != "description" }
}

private func argumentSpecification(
    _ name: String,
    of object: UnsafeMutablePointer<VipsObject>
) -> UnsafeMutablePointer<GParamSpec> {
    argument(name, of: object).specification
}

private func argument(
    _ name: String,
    of object: UnsafeMutablePointer<VipsObject>
) -> (
    specification: UnsafeMutablePointer<GParamSpec>,
    argumentClass: UnsafeMutablePointer<VipsArgumentClass>
) {
    var specification: UnsafeMutablePointer<GParamSpec>?
    var argumentClass: UnsafeMutablePointer<VipsArgumentClass>?
    var instance: UnsafeMutablePointer<VipsArgumentInstance>?
    let status = vips_object_get_argument(object, name, &specification, &argumentClass, &instance)
    precondition(status == 0, "libvips listed an argument it does not have: \(name)")
    return (specification!, argumentClass!)
}

private func nicknames(of specification: GParamSpecEnum) -> [String] {
    let values = specification.enum_class.pointee
    return (0..<Int(values.n_values)).compactMap {
        let value = values.values[$0]
        let nick = String(cString: value.value_nick)
        return nick == "last" ? nil : nick
    }
}

private func set(
    _ name: String,
    to argument: OperationArgument,
    of object: UnsafeMutablePointer<VipsObject>,
    operation: String
) throws(VipsError) {
    let type = atelier_g_param_type(argumentSpecification(name, of: object))
    var value = GValue()
    g_value_init(&value, type)
    defer { g_value_unset(&value) }
    switch (Int(atelier_g_fundamental(type)), argument) {
    case (ATELIER_G_BOOLEAN, .bool(let flag)): g_value_set_boolean(&value, flag ? 1 : 0)
    case (ATELIER_G_INT, .int(let number)):
        guard let number = Int32(exactly: number) else {
            throw VipsError(operation, "\(name)=\(number) is too large")
        }
        g_value_set_int(&value, number)
    case (ATELIER_G_UINT64, .int(let number)): g_value_set_uint64(&value, guint64(number))
    case (ATELIER_G_DOUBLE, .double(let number)): g_value_set_double(&value, number)
    case (ATELIER_G_DOUBLE, .int(let number)): g_value_set_double(&value, Double(number))
    case (ATELIER_G_STRING, .string(let text)): g_value_set_string(&value, text)
    case (ATELIER_G_ENUM, .string(let nick)):
        let number = vips_enum_from_nick(operation, type, nick)
        guard number >= 0 else {
            throw VipsError(operation, "\(name) cannot be \"\(nick)\"")
        }
        g_value_set_enum(&value, number)
    case (ATELIER_G_FLAGS, .int(let number)): g_value_set_flags(&value, guint(number))
    case (_, .image(let image)) where type == atelier_vips_type_image():
        g_value_set_object(&value, image.pointer)
    case (_, .doubles(let numbers)) where type == atelier_vips_type_array_double():
        vips_value_set_array_double(&value, numbers, Int32(numbers.count))
    case (_, .double(let number)) where type == atelier_vips_type_array_double():
        vips_value_set_array_double(&value, [number], 1)
    case (_, .doubles(let numbers)) where type == atelier_vips_type_array_int():
        vips_value_set_array_int(&value, numbers.map { Int32($0) }, Int32(numbers.count))
    case (_, .images(let images)) where type == atelier_vips_type_array_image():
        vips_value_set_array_image(&value, Int32(images.count))
        let slots = vips_value_get_array_image(&value, nil)!
        // The array owns one reference to each image.
        for (index, image) in images.enumerated() {
            slots[index] = g_object_ref(image.pointer).assumingMemoryBound(to: VipsImage.self)
        }
    case (_, .string(let text)) where type == atelier_vips_type_interpolate():
        guard let interpolator = vips_interpolate_new(text) else {
            throw VipsError(operation, "\(name): there is no interpolator \"\(text)\"")
        }
        g_value_set_object(&value, interpolator)
        g_object_unref(interpolator)
    default:
        let expected = String(cString: g_type_name(type))
        throw VipsError(operation, "\(name) takes a value of type \(expected)")
    }
    g_object_set_property(atelier_g_object(object), name, &value)
}

private func output(_ name: String, of object: UnsafeMutablePointer<VipsObject>)
    -> OperationArgument?
{
    let type = atelier_g_param_type(argumentSpecification(name, of: object))
    var value = GValue()
    g_value_init(&value, type)
    defer { g_value_unset(&value) }
    g_object_get_property(atelier_g_object(object), name, &value)
    switch Int(atelier_g_fundamental(type)) {
    case ATELIER_G_BOOLEAN: return .bool(g_value_get_boolean(&value) != 0)
    case ATELIER_G_INT: return .int(Int(g_value_get_int(&value)))
    case ATELIER_G_DOUBLE: return .double(g_value_get_double(&value))
    case ATELIER_G_STRING: return g_value_get_string(&value).map { .string(String(cString: $0)) }
    default:
        if type == atelier_vips_type_image(), let object = g_value_dup_object(&value) {
            return .image(Image(owning: object.assumingMemoryBound(to: VipsImage.self)))
        }
        if type == atelier_vips_type_blob() {
            var size = 0
            guard let blob = g_value_get_boxed(&value),
                let bytes = vips_blob_get(blob.assumingMemoryBound(to: VipsBlob.self), &size)
            else { return nil }
            return .bytes(Array(UnsafeRawBufferPointer(start: bytes, count: size)))
        }
        if type == atelier_vips_type_array_double() {
            var count: Int32 = 0
            guard let numbers = vips_value_get_array_double(&value, &count) else { return nil }
            return .doubles((0..<Int(count)).map { numbers[$0] })
        }
        return nil
    }
}
