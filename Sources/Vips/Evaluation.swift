internal import CVips
internal import Synchronization

/// Says "stop" to an evaluation from any thread.
package final class Cancellation: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package func cancel() { flag.store(true, ordering: .relaxed) }
    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// The evaluation was stopped because somebody asked for it.
package struct Cancelled: Error {
    package init() {}
}

/// The pulling of pixels, which happens one evaluation at a time: a second one waits for the first.
package enum Evaluation {
    /// Held during an evaluation, so that an error is that of whoever gets it.
    private static let turn = Mutex<Void>(())

    /// The error that made one of our own nodes fail: libvips only hands on that it failed.
    private static let failure = Mutex<(any Error)?>(nil)

    /// Which evaluation is going on: they are counted.
    package static var number: Int { count.load(ordering: .relaxed) }
    private static let count = Atomic(0)

    /// What is behind an error that a pull threw in this evaluation, to be thrown in a later one.
    package static func cause(of error: any Error) -> any Error {
        guard let silent = error as? VipsError, silent.detail.isEmpty else { return error }
        if let own = failure.withLock({ $0 }) { return own }
        let text = String(cString: vips_error_buffer())
        return VipsError(silent.subject, text.split(separator: "\n").joined(separator: "; "))
    }

    /// Called by a node on a worker thread: keeps the first error of this evaluation.
    static func fail(with error: any Error) {
        failure.withLock { if $0 == nil { $0 = error } }
    }

    /// Runs `body`, which pulls pixels, and throws a node's own error rather than libvips's.
    static func run<Result>(_ body: () throws(VipsError) -> Result) throws -> Result {
        // Taken by hand because a typed throw does not pass through `withLock`.
        turn._unsafeLock()
        defer { turn._unsafeUnlock() }
        count.add(1, ordering: .relaxed)
        failure.withLock { $0 = nil }
        do throws(VipsError) {
            return try body()
        } catch {
            throw failure.withLock { $0.take() } ?? error
        }
    }
}

extension Image {
    /// Pulls pixels of this image with progress and cancellation; `nil` from `body` means failure.
    ///
    /// `progress` is called on the calling thread with the fraction that is done, 0 to 1.
    func evaluating<Result>(
        _ subject: String,
        progress: ((Double) -> Void)? = nil,
        cancellation: Cancellation? = nil,
        _ body: (UnsafeMutablePointer<VipsImage>) throws(VipsError) -> Result?
    ) throws -> Result {
        if let cancellation, cancellation.isCancelled { throw Cancelled() }
        // Signals belong to an object: a copy keeps them off an image that others share.
        let watched = try operation("copy")
        let watch = Watch(progress: progress, cancellation: cancellation)
        do {
            return try withExtendedLifetime(watch) {
                if progress != nil || cancellation != nil { watch.attach(to: watched.pointer) }
                defer { watch.detach(from: watched.pointer) }
                return try Evaluation.run { () throws(VipsError) in
                    try Vips.enter(subject) { () throws(VipsError) in try body(watched.pointer) }
                }
            }
        } catch {
            if let cancellation, cancellation.isCancelled { throw Cancelled() }
            throw error
        }
    }
}

/// Listens to the progress of one evaluation.
///
/// Used only on the thread that evaluates.
private final class Watch {
    let progress: ((Double) -> Void)?
    let cancellation: Cancellation?
    private var handler: gulong = 0

    init(progress: ((Double) -> Void)?, cancellation: Cancellation?) {
        self.progress = progress
        self.cancellation = cancellation
    }

    func attach(to image: UnsafeMutablePointer<VipsImage>) {
        vips_image_set_progress(image, 1)
        typealias Handler =
            @convention(c) (
                UnsafeMutablePointer<VipsImage>?, UnsafeMutablePointer<VipsProgress>?,
                UnsafeMutableRawPointer?
            ) -> Void
        let onProgress: Handler = { image, state, context in
            let watch = Unmanaged<Watch>.fromOpaque(context!).takeUnretainedValue()
            if let state, state.pointee.tpels > 0 {
                watch.progress?(Double(state.pointee.npels) / Double(state.pointee.tpels))
            }
            if watch.cancellation?.isCancelled == true { vips_image_set_kill(image, 1) }
        }
        handler = g_signal_connect_data(
            image,
            "eval",
            unsafeBitCast(onProgress, to: GCallback.self),
            Unmanaged.passUnretained(self).toOpaque(),
            nil,
            GConnectFlags(rawValue: 0)
        )
    }

    func detach(from image: UnsafeMutablePointer<VipsImage>) {
        if handler != 0 { g_signal_handler_disconnect(image, handler) }
    }
}
