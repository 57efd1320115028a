import Foundation

/// Says which case was running when the program crashes or a case takes too long.
enum Watch {
    /// The line to print, made before each case: a signal handler may not allocate.
    nonisolated(unsafe) private static var line = [UInt8](repeating: 0, count: 128)
    nonisolated(unsafe) private static var lineLength = 0

    /// Marks the beginning of a case that must end in time.
    static func begin(seed: Int, seconds: UInt32) {
        let text = Array("crash, hang or lack of memory in the case with --seed \(seed)\n".utf8)
        line.replaceSubrange(0..<text.count, with: text)
        lineLength = text.count
        alarm(seconds)
    }

    static func end() { alarm(0) }

    static func install() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
            signal(number) { number in
                Watch.line.withUnsafeBytes { _ = write(2, $0.baseAddress, Watch.lineLength) }
                // A hang ends like a crash.
                let last = number == SIGALRM ? SIGABRT : number
                signal(last, SIG_DFL)
                kill(getpid(), last)
            }
        }
    }

    /// Makes an allocation beyond all bounds fail at once.
    static func limitMemory(gigabytes: UInt) {
        var limit = rlimit(rlim_cur: gigabytes << 30, rlim_max: gigabytes << 30)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    }
}
