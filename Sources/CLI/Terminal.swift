import Engine
import Foundation
import Synchronization

/// What goes to standard error: everything but results.
enum Terminal {
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// Writes a line, after removing a progress bar that may stand there.
    static func say(_ line: String) {
        write(isInteractive ? "\r\u{1B}[K\(line)\n" : "\(line)\n")
    }

    static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// A line that shows how far a job is: a bar, the share, megapixels a second, and the time left.
final class ProgressBar: Sendable {
    private let label: String
    private let state = Mutex(State())

    private struct State {
        /// What began at `start`.
        var preparation: String?
        var start = Date()
        var lastDrawn = Date.distantPast
    }

    init(label: String) { self.label = label }

    func show(_ progress: Engine.Progress) {
        guard Terminal.isInteractive else { return }
        state.withLock { state in
            if state.preparation != progress.preparation {
                state = State(preparation: progress.preparation)
            }
            guard Date().timeIntervalSince(state.lastDrawn) > 0.1 else { return }
            state.lastDrawn = Date()
            draw(progress, seconds: state.lastDrawn.timeIntervalSince(state.start))
        }
    }

    private func draw(_ progress: Engine.Progress, seconds: Double) {
        let fraction = progress.fraction
        let filled = Int(fraction * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 24 - filled)
        let what = progress.preparation.map { "\(label), \($0)" } ?? label
        var text = "\r\u{1B}[K\(what)  \(bar) \(Int(fraction * 100)) %"
        if fraction > 0.01, seconds > 0.5 {
            if let pixels = progress.pixels {
                text += String(format: "  %.1f MP/s", Double(pixels) / 1e6 * fraction / seconds)
            }
            let left = Int(seconds / fraction * (1 - fraction))
            text += String(format: "  %d:%02d left", left / 60, left % 60)
        }
        Terminal.write(text)
    }

    func clear() {
        if Terminal.isInteractive { Terminal.write("\r\u{1B}[K") }
    }
}

/// Prints a result as JSON on standard output, keys sorted.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

extension String {
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

/// 1234567 as "1 234 567".
func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index % 3 == 0 { text.append("\u{202F}") }
        text.append(digit)
    }
    return String(text.reversed())
}
