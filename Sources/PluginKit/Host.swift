internal import CPluginABI

/// What the host offers to a plugin.
///
/// Lives during one call of `build`, on its thread.
public struct Host {
    let pointer: UnsafePointer<atelier_host>
    let images: UnsafePointer<atelier_image_service>

    init(_ pointer: UnsafePointer<atelier_host>) throws {
        self.pointer = pointer
        images = try Self.service(pointer, ATELIER_IMAGE_SERVICE)
    }

    /// A table of functions by its id; an error where the host lacks it.
    private static func service<Table>(
        _ host: UnsafePointer<atelier_host>,
        _ id: String
    ) throws -> UnsafePointer<Table> {
        guard let table = host.pointee.service(host, id) else {
            throw OperationError(
                "expected a host with the service \(id), found one without",
                status: Int(ATELIER_UNSUPPORTED)
            )
        }
        return table.assumingMemoryBound(to: Table.self)
    }

    // MARK: Networks

    /// A model by name or path, or the best one for a task.
    ///
    /// - Parameters:
    ///   - task: what the network must be for; models without a card pass.
    ///   - scale: the wanted magnification, to choose among models.
    ///   - part: one of the networks that the model's card names; the model itself if not given.
    public func network(
        _ model: ModelName = .best,
        task: String,
        scale: Double = 0,
        range: NetworkRange = .auto,
        channels: NetworkChannels = .auto,
        part: String? = nil
    ) throws -> Network {
        let table: UnsafePointer<atelier_network_service> = try Self.service(
            pointer,
            ATELIER_NETWORK_SERVICE
        )
        var network: OpaquePointer?
        try task.withCString { task in
            try withOptionalCString(part) { part in
                var options = atelier_network_options(
                    size: UInt32(MemoryLayout<atelier_network_options>.size),
                    task: task,
                    range: range.abiValue,
                    channels: channels.abiValue,
                    scale: scale,
                    network: part
                )
                try check { table.pointee.load(pointer, model.name, &options, &network, $0) }
            }
        }
        return try Network(owning: network!, self, table)
    }

    // MARK: Messages

    /// Shows a line to the person at the terminal.
    public func warn(_ message: String) { log(UInt32(ATELIER_WARNING), message) }

    /// Shows a line to a person who asked for details.
    public func inform(_ message: String) { log(UInt32(ATELIER_INFO), message) }

    private func log(_ level: UInt32, _ message: String) {
        let table: UnsafePointer<atelier_log_service>? = try? Self.service(
            pointer,
            ATELIER_LOG_SERVICE
        )
        table?.pointee.write(pointer, level, message)
    }

    /// Whether the user wants to stop: throw something soon.
    public var isCancelled: Bool {
        let table: UnsafePointer<atelier_progress_service>? = try? Self.service(
            pointer,
            ATELIER_PROGRESS_SERVICE
        )
        return table.map { $0.pointee.cancelled(pointer) != 0 } ?? false
    }

    /// Says what goes on inside `build`, and how much of it is done, 0 to 1.
    public func report(_ what: String, fraction: Double) {
        let table: UnsafePointer<atelier_progress_service>? = try? Self.service(
            pointer,
            ATELIER_PROGRESS_SERVICE
        )
        table?.pointee.report(pointer, what, fraction)
    }
}

/// Whether a host's table, which may be of an earlier version, has a function.
func offers<Table, Function>(
    _ table: UnsafePointer<Table>,
    _ function: KeyPath<Table, Function>
) -> Bool {
    let end = MemoryLayout<Table>.offset(of: function)! + MemoryLayout<Function>.size
    // Every table begins with its size.
    return Int(UnsafeRawPointer(table).load(as: UInt32.self)) >= end
}

extension OperationError {
    /// For hosts of an earlier version.
    init(tooOldFor ability: String) {
        self.init(
            "expected a host that can \(ability), found an older one",
            status: Int(ATELIER_UNSUPPORTED)
        )
    }
}

/// Calls a function of the host and throws what it says when it fails.
func check(_ call: (UnsafeMutablePointer<atelier_error>) -> Int32) throws {
    var buffer = [CChar](repeating: 0, count: 1024)
    let status = buffer.withUnsafeMutableBufferPointer { buffer in
        var error = atelier_error(
            size: UInt32(MemoryLayout<atelier_error>.size),
            capacity: UInt32(buffer.count),
            message: buffer.baseAddress
        )
        return call(&error)
    }
    guard status != Int32(ATELIER_OK) else { return }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw OperationError(String(decoding: bytes, as: UTF8.self), status: Int(status))
}

/// Calls `body` with a text in C's form, or with a null pointer.
private func withOptionalCString<Result>(
    _ text: String?,
    _ body: (UnsafePointer<CChar>?) throws -> Result
) rethrows -> Result {
    guard let text else { return try body(nil) }
    return try text.withCString { try body($0) }
}
