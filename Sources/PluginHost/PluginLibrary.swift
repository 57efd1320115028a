internal import CPluginABI
internal import Glibc
package import Parameters
internal import Vips

/// A plugin's shared library, opened.
///
/// It stays loaded until the process ends.
package final class PluginLibrary: @unchecked Sendable {
    package let path: String
    package let description: PluginDescription
    /// Belongs to the library and never changes.
    private let plugin: UnsafePointer<atelier_plugin>

    /// Opens a library and checks what it says of itself.
    package init(path: String) throws(PluginError) {
        self.path = path
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw PluginError("\(path): expected a shared library, found: \(Self.lastError())")
        }
        guard let symbol = dlsym(handle, "atelier_plugin_v\(ATELIER_ABI_MAJOR)") else {
            throw PluginError("\(path): \(Self.missingEntry(handle))")
        }
        typealias Entry =
            @convention(c) (UnsafePointer<atelier_host>?) -> UnsafePointer<atelier_plugin>?
        let entry = unsafeBitCast(symbol, to: Entry.self)
        guard let plugin = entry(HostTables.scanningHost) else {
            throw PluginError("\(path): expected a description, found none: it needs a newer host")
        }
        self.plugin = plugin
        do throws(PluginError) {
            description = try PluginReader(plugin).description()
        } catch {
            throw PluginError("\(path): \(error.description)")
        }
    }

    private static func lastError() -> String {
        dlerror().map { String(cString: $0) } ?? "nothing"
    }

    /// What to say of a library without this interface: it may have another major version of it.
    private static func missingEntry(_ handle: UnsafeMutableRawPointer) -> String {
        let other = (1...99).first { dlsym(handle, "atelier_plugin_v\($0)") != nil }
        let expected = "expected a plugin for interface version \(ATELIER_ABI_MAJOR)"
        return other.map { "\(expected), found one for version \($0)" }
            ?? "\(expected), found a library without the function atelier_plugin_v\(ATELIER_ABI_MAJOR)"
    }

    /// Builds an operation's result, which computes no pixels.
    ///
    /// - Parameters:
    ///   - name: one of the description's operations.
    ///   - values: for each parameter in the order of its declaration, the value and whether the user
    ///     gave it; `nil` where there is neither a value nor a default.
    ///   - images: the images that image values stand for, by the value's text.
    package func build(
        _ name: String,
        values: [(value: ParameterValue?, isGiven: Bool)],
        images: [String: BuildImage],
        input: BuildImage,
        in context: BuildContext
    ) throws -> BuildImage {
        let index = description.operations.firstIndex { $0.name == name }!
        let operation = plugin.pointee.operations + index
        let list = ValueList(values, description.operations[index].parameters, images)
        defer { list.deallocate() }
        var abiValues = atelier_values(
            size: UInt32(MemoryLayout<atelier_values>.size),
            count: UInt32(values.count),
            items: list.items.baseAddress
        )
        var result: OpaquePointer?
        let failure = ErrorBuffer()
        let status = operation.pointee.build(
            context.host,
            operation,
            &abiValues,
            input.handle,
            &result,
            failure.pointer
        )
        guard status == Int32(ATELIER_OK) else {
            if status == Int32(ATELIER_CANCELLED) { throw Cancelled() }
            // A service's error that the plugin hands on as it is keeps its kind.
            if let cause = context.failure, "\(cause)".hasPrefix(failure.message) { throw cause }
            throw PluginError(
                "\(name): \(failure.message)",
                isBadValue: status == Int32(ATELIER_BAD_VALUE)
            )
        }
        guard let result else {
            throw PluginError("\(name): expected an image from the plugin, found none")
        }
        return BuildImage.takingOver(result)
    }
}

/// Reads a plugin's description with care: a plugin may have been compiled wrongly.
private struct PluginReader {
    let plugin: UnsafePointer<atelier_plugin>

    init(_ plugin: UnsafePointer<atelier_plugin>) { self.plugin = plugin }

    func description() throws(PluginError) -> PluginDescription {
        try check(size: plugin.pointee.size, of: atelier_plugin.self, "atelier_plugin")
        let count = Int(plugin.pointee.operation_count)
        guard count > 0, count < 10_000, let operations = plugin.pointee.operations else {
            throw PluginError("expected at least one operation, found \(count)")
        }
        var list: [PluginDescription.Operation] = []
        for index in 0..<count {
            let operation = try self.operation(operations + index)
            guard !list.contains(where: { $0.name == operation.name }) else {
                throw PluginError(
                    "expected operations of different names, found \"\(operation.name)\" twice"
                )
            }
            list.append(operation)
        }
        return PluginDescription(
            id: try text(plugin.pointee.id, "an id"),
            version: try text(plugin.pointee.version, "a version"),
            licence: try text(plugin.pointee.licence, "a licence"),
            operations: list
        )
    }

    private func operation(
        _ pointer: UnsafePointer<atelier_operation>
    ) throws(PluginError) -> PluginDescription.Operation {
        let operation = pointer.pointee
        try check(size: operation.size, of: atelier_operation.self, "atelier_operation")
        let name = try word(operation.name, "an operation's name")
        guard operation.build != nil else {
            throw PluginError("expected operation \"\(name)\" to have a build function, found none")
        }
        guard operation.parameter_count == 0 || operation.parameters != nil else {
            throw PluginError("expected parameters of operation \"\(name)\", found none")
        }
        var parameters: [Parameter] = []
        for index in 0..<Int(operation.parameter_count) {
            let parameter = try self.parameter(operation.parameters[index], name)
            guard !["as", "from"].contains(parameter.key),
                !parameters.contains(where: { $0.key == parameter.key })
            else {
                throw PluginError(
                    "expected parameters of different names, found \"\(parameter.key)\" of "
                        + "operation \"\(name)\" taken"
                )
            }
            parameters.append(parameter)
        }
        return PluginDescription.Operation(
            name: name,
            summary: try text(operation.summary, "a summary of operation \"\(name)\""),
            parameters: parameters
        )
    }

    private func parameter(
        _ abi: atelier_parameter,
        _ operation: String
    ) throws(PluginError) -> Parameter {
        try check(size: abi.size, of: atelier_parameter.self, "atelier_parameter")
        let key = try word(abi.key, "a parameter's key")
        let place = "parameter \"\(key)\" of operation \"\(operation)\""
        guard let kind = Self.kinds[Int(abi.type)] else {
            throw PluginError("expected \(place) to have a known type, found \(abi.type)")
        }
        var choices: [String] = []
        if kind == .choice || kind == .image && abi.choice_count > 0 {
            guard abi.choice_count > 0, abi.choices != nil else {
                throw PluginError("expected choices for \(place), found none")
            }
            for index in 0..<Int(abi.choice_count) {
                choices.append(try text(abi.choices[index], "a choice of \(place)"))
            }
        }
        let parameter = Parameter(
            key,
            kind,
            help: try text(abi.help, "a help text for \(place)"),
            unit: abi.unit.map { String(cString: $0) },
            defaultText: abi.default_value.map { String(cString: $0) },
            isRequired: abi.required != 0,
            range: abi.has_range != 0 && abi.minimum <= abi.maximum
                ? abi.minimum...abi.maximum : nil,
            choices: choices
        )
        if let text = parameter.defaultText {
            do throws(ParameterError) {
                _ = try parameter.value(of: text)
            } catch {
                throw PluginError(
                    "expected the default of \(place) to be \(error.expected), found \(error.found)"
                )
            }
        }
        return parameter
    }

    private static let kinds: [Int: Parameter.Kind] = [
        Int(ATELIER_BOOL): .bool, Int(ATELIER_INT): .int, Int(ATELIER_FLOAT): .float,
        Int(ATELIER_CHOICE): .choice, Int(ATELIER_STRING): .string, Int(ATELIER_COLOR): .color,
        Int(ATELIER_IMAGE): .image, Int(ATELIER_MODEL): .model, Int(ATELIER_SEED): .seed,
    ]

    /// Every struct of this interface version must be there whole; a longer one is of a later minor.
    private func check<Struct>(
        size: UInt32,
        of type: Struct.Type,
        _ name: String
    ) throws(PluginError) {
        guard Int(size) >= MemoryLayout<Struct>.size else {
            throw PluginError(
                "expected \(name) to have a size of at least \(MemoryLayout<Struct>.size), found \(size)"
            )
        }
    }

    private func text(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(PluginError)
        -> String
    {
        guard let pointer, pointer.pointee != 0 else {
            throw PluginError("expected \(what), found none")
        }
        return String(cString: pointer)
    }

    private func word(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(PluginError)
        -> String
    {
        let word = try text(pointer, what)
        let isWord = word.allSatisfy {
            $0.isASCII && ($0.isLowercase || $0.isNumber || "-_".contains($0))
        }
        guard isWord, word.first!.isLetter else {
            throw PluginError(
                "expected \(what) of lower-case letters, digits and -, found \"\(word)\""
            )
        }
        return word
    }
}

/// Values in C's form, with the memory they point to.
private final class ValueList {
    let items: UnsafeMutableBufferPointer<atelier_value>
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private var numbers: [UnsafeMutablePointer<Double>] = []

    init(
        _ values: [(value: ParameterValue?, isGiven: Bool)],
        _ parameters: [Parameter],
        _ images: [String: BuildImage]
    ) {
        items = .allocate(capacity: values.count)
        for (index, (value, isGiven)) in values.enumerated() {
            var item = atelier_value()
            item.size = UInt32(MemoryLayout<atelier_value>.size)
            item.type = Self.types[parameters[index].kind] ?? 0
            item.is_set = isGiven ? 1 : 0
            switch value {
            case .bool(let flag)?: item.integer = flag ? 1 : 0
            case .int(let number)?: (item.integer, item.number) = (Int64(number), Double(number))
            case .float(let number)?: item.number = number
            case .string(let text)?:
                let copy = strdup(text)!
                strings.append(copy)
                item.text = UnsafePointer(copy)
            case .color(let list)?, .numbers(let list)?:
                let copy = UnsafeMutablePointer<Double>.allocate(capacity: list.count)
                copy.initialize(from: list, count: list.count)
                numbers.append(copy)
                item.numbers = UnsafePointer(copy)
                item.number_count = UInt32(list.count)
            case .image(let name)?: item.image = images[name]?.handle
            case nil: break
            }
            items.initializeElement(at: index, to: item)
        }
    }

    private static let types: [Parameter.Kind: UInt32] = [
        .bool: UInt32(ATELIER_BOOL), .int: UInt32(ATELIER_INT), .float: UInt32(ATELIER_FLOAT),
        .choice: UInt32(ATELIER_CHOICE), .string: UInt32(ATELIER_STRING),
        .color: UInt32(ATELIER_COLOR), .image: UInt32(ATELIER_IMAGE), .model: UInt32(ATELIER_MODEL),
        .seed: UInt32(ATELIER_SEED),
    ]

    func deallocate() {
        for string in strings { free(string) }
        for list in numbers { list.deallocate() }
        items.deallocate()
    }
}
