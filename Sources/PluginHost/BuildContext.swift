internal import CPluginABI
internal import Glibc
internal import Synchronization
package import Vips

/// How important a message is.
package enum LogLevel: Int, Sendable, Comparable {
    case debug, info, warning

    package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// What one building of a chain shares with the plugins that take part.
package final class BuildContext: @unchecked Sendable {
    let networks: any NetworkProvider
    let cancellation: Cancellation
    package let log: @Sendable (LogLevel, String) -> Void
    let progress: @Sendable (String, Double) -> Void
    /// The struct that plugins get; its context is this object.
    let host: UnsafeMutablePointer<atelier_host>
    private let state = Mutex(State())

    private struct State {
        var needsRandomAccess = false
        var preparations: [(picture: Image, run: @Sendable (BuildContext) throws -> Void)] = []
        var failure: (any Error)?
    }

    package init(
        networks: any NetworkProvider,
        cancellation: Cancellation,
        log: @escaping @Sendable (LogLevel, String) -> Void,
        progress: @escaping @Sendable (String, Double) -> Void = { _, _ in }
    ) {
        self.networks = networks
        self.cancellation = cancellation
        self.log = log
        self.progress = progress
        host = .allocate(capacity: 1)
        host.initialize(to: HostTables.host(context: Unmanaged.passUnretained(self).toOpaque()))
    }

    deinit {
        host.deinitialize(count: 1)
        host.deallocate()
    }

    /// Whether anything that was built reads its picture other than once from top to bottom.
    package var needsRandomAccess: Bool { state.withLock { $0.needsRandomAccess } }

    package func requireRandomAccess() { state.withLock { $0.needsRandomAccess = true } }

    /// Says how much of a picture has been looked at.
    func look(_ fraction: Double) { progress("looking at the picture", fraction) }

    /// Keeps what has to be done once the chain is laid out, before its pixels are asked for, and what
    /// picture is looked at for that, which is then read twice.
    func beforePixels(
        lookAt picture: Image,
        _ preparation: @escaping @Sendable (BuildContext) throws -> Void
    ) {
        requireRandomAccess()
        state.withLock { $0.preparations.append((picture, preparation)) }
    }

    /// The pictures that are looked at before pixels are asked for.
    package var picturesToLookAt: [Image] { state.withLock { $0.preparations.map(\.picture) } }

    /// Does what has to be done before pixels are asked for.
    package func prepare() throws {
        for (_, run) in state.withLock({ $0.preparations }) { try run(self) }
    }

    /// The error behind the last service that failed: the plugin hands on only its text.
    var failure: (any Error)? { state.withLock { $0.failure } }

    func remember(_ error: any Error) { state.withLock { $0.failure = error } }

    static func of(_ host: UnsafePointer<atelier_host>?) -> BuildContext? {
        guard let context = host?.pointee.context else { return nil }
        return Unmanaged<BuildContext>.fromOpaque(context).takeUnretainedValue()
    }
}

/// A lazy image as plugins hold it: counted, and watched for being read twice.
package final class BuildImage: @unchecked Sendable {
    package let image: Image
    private let context: BuildContext?
    private let readers = Atomic(0)

    package init(_ image: Image, in context: BuildContext?) {
        self.image = image
        self.context = context
    }

    /// The image as the input of something.
    ///
    /// Two readers cannot share one pass over a file.
    package func read() -> Image {
        if readers.wrappingAdd(1, ordering: .relaxed).newValue > 1 {
            context?.requireRandomAccess()
        }
        return image
    }

    /// What a plugin holds, borrowed.
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// A handle with a reference of its own.
    var retainedHandle: OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

    static func of(_ handle: OpaquePointer) -> BuildImage {
        Unmanaged<BuildImage>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    static func takingOver(_ handle: OpaquePointer) -> BuildImage {
        Unmanaged<BuildImage>.fromOpaque(UnsafeRawPointer(handle)).takeRetainedValue()
    }
}

/// A buffer for a plugin's error message.
final class ErrorBuffer {
    private let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: 1024)
    let pointer = UnsafeMutablePointer<atelier_error>.allocate(capacity: 1)

    init() {
        bytes.pointee = 0
        pointer.initialize(
            to: atelier_error(
                size: UInt32(MemoryLayout<atelier_error>.size),
                capacity: 1024,
                message: bytes
            )
        )
    }

    deinit {
        bytes.deallocate()
        pointer.deallocate()
    }

    var message: String {
        bytes[1023] = 0
        return bytes.pointee == 0 ? "it failed without saying why" : String(cString: bytes)
    }
}

/// Runs the body of a service: writes what it throws to where the plugin wants it.
func answer(
    _ host: UnsafePointer<atelier_host>?,
    _ error: UnsafeMutablePointer<atelier_error>?,
    _ body: (BuildContext) throws -> Void
) -> Int32 {
    guard let context = BuildContext.of(host) else {
        write("this service works only while a chain is built", to: error)
        return Int32(ATELIER_UNSUPPORTED)
    }
    do {
        try body(context)
        return Int32(ATELIER_OK)
    } catch is Cancelled {
        write("cancelled", to: error)
        return Int32(ATELIER_CANCELLED)
    } catch let failure {
        context.remember(failure)
        write("\(failure)", to: error)
        return Int32(ATELIER_FAILED)
    }
}

/// Writes a message into the caller's buffer, cut to fit between characters.
private func write(_ message: String, to error: UnsafeMutablePointer<atelier_error>?) {
    guard let error, let buffer = error.pointee.message, error.pointee.capacity > 0 else { return }
    var bytes: [CChar] = []
    for character in message {
        let more = character.utf8.map { CChar(bitPattern: $0) }
        if bytes.count + more.count >= Int(error.pointee.capacity) { break }
        bytes += more
    }
    bytes.append(0)
    buffer.update(from: bytes, count: bytes.count)
}
