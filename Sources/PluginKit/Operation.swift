public import CPluginABI

/// One operation that a plugin adds to the chain language.
///
/// Settings are properties marked `@Setting`; the name of a property, in lower case with words
/// joined by "-", is the setting's key.
public protocol Operation {
    /// What the chain language calls it: lower case, words joined by "-".
    static var name: String { get }
    /// One sentence for lists and help.
    static var summary: String { get }

    init()

    /// Joins lazy images to the operation's result; computes no pixels.
    ///
    /// Called on the build thread, with the settings filled in. An error that is thrown stops the
    /// chain; its description should be one sentence.
    func build(_ photo: LazyImage, with host: Host) throws -> LazyImage
}

/// An error of a plugin, in one sentence.
public struct OperationError: Error, CustomStringConvertible, Sendable {
    public let description: String
    /// One of ATELIER_FAILED, ATELIER_BAD_VALUE, ….
    public let status: Int32

    public init(_ description: String, status: Int = Int(ATELIER_FAILED)) {
        self.description = description
        self.status = Int32(status)
    }

    /// What is wrong with a setting that this image or this model cannot take.
    public init(badValue description: String) {
        self.init(description, status: Int(ATELIER_BAD_VALUE))
    }
}

/// A plugin's description, which its exported function hands to the host.
///
///     private let plugin = Plugin(id: "org.example.vignette", version: "1.0", licence: "MIT", [Vignette.self])
///
///     @c @implementation
///     public func atelier_plugin_v1(_ host: UnsafePointer<atelier_host>?) -> UnsafePointer<atelier_plugin>? {
///         plugin.description
///     }
public struct Plugin: @unchecked Sendable {
    /// What the exported function returns.
    ///
    /// The memory lives as long as the process.
    public let description: UnsafePointer<atelier_plugin>

    public init(id: String, version: String, licence: String, _ operations: [any Operation.Type]) {
        let table = UnsafeMutablePointer<atelier_operation>.allocate(capacity: operations.count)
        for (index, operation) in operations.enumerated() {
            (table + index).initialize(to: describe(operation))
        }
        let plugin = UnsafeMutablePointer<atelier_plugin>.allocate(capacity: 1)
        plugin.initialize(
            to: atelier_plugin(
                size: UInt32(MemoryLayout<atelier_plugin>.size),
                abi_minor: UInt32(ATELIER_ABI_MINOR),
                id: forever(id),
                version: forever(version),
                licence: forever(licence),
                operations: table,
                operation_count: UInt32(operations.count)
            )
        )
        description = UnsafePointer(plugin)
    }
}

private func describe(_ operation: any Operation.Type) -> atelier_operation {
    let settings = settings(of: operation.init())
    let parameters = UnsafeMutablePointer<atelier_parameter>.allocate(capacity: settings.count)
    for (index, setting) in settings.enumerated() {
        (parameters + index).initialize(to: setting.storage.parameter(key: setting.key))
    }
    return atelier_operation(
        size: UInt32(MemoryLayout<atelier_operation>.size),
        name: forever(operation.name),
        summary: forever(operation.summary),
        parameters: parameters,
        parameter_count: UInt32(settings.count),
        build: { host, own, values, input, result, error in
            let box = Unmanaged<OperationType>.fromOpaque(own!.pointee.state).takeUnretainedValue()
            return build(box.type, host!, values!, input!, result!, error)
        },
        // The library stays loaded, so the box is never given back.
        state: Unmanaged.passRetained(OperationType(operation)).toOpaque()
    )
}

/// A C callback cannot be generic; it finds the type here.
private final class OperationType {
    let type: any Operation.Type
    init(_ type: any Operation.Type) { self.type = type }
}

private func build(
    _ type: any Operation.Type,
    _ host: UnsafePointer<atelier_host>,
    _ values: UnsafePointer<atelier_values>,
    _ input: OpaquePointer,
    _ result: UnsafeMutablePointer<OpaquePointer?>,
    _ error: UnsafeMutablePointer<atelier_error>?
) -> Int32 {
    do {
        let host = try Host(host)
        let operation = type.init()
        for (index, setting) in settings(of: operation).enumerated() {
            try setting.storage.fill(values.pointee.items[index], host)
        }
        let photo = LazyImage(retaining: input, host)
        result.pointee = try operation.build(photo, with: host).takeReference()
        return Int32(ATELIER_OK)
    } catch let failure as OperationError {
        write(failure.description, to: error)
        return failure.status
    } catch let failure {
        write("\(failure)", to: error)
        return Int32(ATELIER_FAILED)
    }
}

/// The settings of an operation in the order of their declaration, with their keys.
private func settings(of operation: some Operation) -> [(key: String, storage: any SettingStorage)]
{
    Mirror(reflecting: operation).children.compactMap { child in
        guard let setting = child.value as? any AnySetting, let label = child.label else {
            return nil
        }
        // A property wrapper's own property begins with an underscore.
        return (key: kebabCase(label.drop { $0 == "_" }), storage: setting.storage)
    }
}

private func kebabCase(_ name: Substring) -> String {
    name.reduce(into: "") { key, letter in
        if letter.isUppercase { key += "-" }
        key += letter.lowercased()
    }
}

/// A C string that is never given back.
func forever(_ text: String) -> UnsafePointer<CChar> {
    let bytes = text.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { copy[index] = byte }
    return UnsafePointer(copy)
}

/// Writes a message into the caller's buffer, cut to fit.
func write(_ message: String, to error: UnsafeMutablePointer<atelier_error>?) {
    guard let error, let buffer = error.pointee.message, error.pointee.capacity > 0 else { return }
    var count = 0
    for scalar in message.unicodeScalars {
        let bytes = Array(String(scalar).utf8)
        if count + bytes.count >= Int(error.pointee.capacity) { break }
        for byte in bytes {
            buffer[count] = CChar(bitPattern: byte)
            count += 1
        }
    }
    buffer[count] = 0
}
