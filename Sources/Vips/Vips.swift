internal import CVips
internal import Synchronization

/// What libvips said when an operation, a file or an evaluation failed.
package struct VipsError: Error, CustomStringConvertible, Equatable {
    /// The operation or file that failed.
    package let subject: String
    /// libvips's own text, without its trailing line break.
    package let detail: String

    package init(_ subject: String, _ detail: String) {
        self.subject = subject
        self.detail = detail
    }

    package var description: String { detail.isEmpty ? subject : "\(subject): \(detail)" }
}

/// The library as a whole: started once, entered by one thread at a time.
///
/// libvips keeps the text of all errors in one buffer of the process. So that the text of one job
/// never ends up in the error of another, building and evaluating are done under one lock, and
/// the buffer is emptied on entry and read on failure. The worker threads of an evaluation run
/// inside the lock of the thread that started it and must not take it.
package enum Vips {
    private static let entry = Mutex<Void>(())

    private static let started: Bool = {
        guard atelier_vips_start("atelier") == 0 else { return false }
        // A process that edits files once gains nothing from remembering operations.
        vips_cache_set_max(0)
        // What goes wrong is thrown as an error; warnings on standard error would say it twice.
        g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, { _, _, _, _ in }, nil)
        return true
    }()

    /// The version of the library that was loaded, such as "8.14.1".
    package static var version: String { String(cString: vips_version_string()) }

    /// Sets how many threads libvips uses for one evaluation; 0 means one per core.
    package static func setThreads(_ count: Int) { vips_concurrency_set(Int32(count)) }

    /// How many threads libvips uses for one evaluation.
    package static var threads: Int { Int(vips_concurrency_get()) }

    /// Gives back what the library keeps for the calling thread, which will not use it again.
    package static func leaveThread() {
        // Before its start the library has no key to look its threads up by, and would crash.
        guard started else { return }
        vips_thread_shutdown()
    }

    /// Runs `body` as the only user of the library; `nil` from it means that libvips failed.
    static func enter<Result>(
        _ subject: String,
        _ body: () throws(VipsError) -> Result?
    ) throws(VipsError) -> Result {
        precondition(started, "libvips did not start")
        // The lock is taken by hand because a typed throw does not pass through `withLock`.
        entry._unsafeLock()
        defer { entry._unsafeUnlock() }
        vips_error_clear()
        if let result = try body() { return result }
        throw VipsError(subject, takeErrorText())
    }

    /// libvips's error text as one line; empties the buffer.
    private static func takeErrorText() -> String {
        guard let buffer = vips_error_buffer_copy() else { return "" }
        defer { g_free(buffer) }
        var lines: [Substring] = []
        for line in String(cString: buffer).split(separator: "\n") where !lines.contains(line) {
            lines.append(line)
        }
        return lines.joined(separator: "; ")
    }
}
