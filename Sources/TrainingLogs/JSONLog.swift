internal import FoundationEssentials

/// What a run wrote down at one step: numbers by name.
package struct LogRecord: Sendable, Equatable {
    package var step: Int
    /// Seconds since 1970.
    package var time: Double
    package var values: [String: Double]

    package init(step: Int, time: Double, values: [String: Double]) {
        self.step = step
        self.time = time
        self.values = values
    }

    /// One line of JSON; names in order, what is not a finite number as null.
    var line: String {
        let values = values.sorted { $0.key < $1.key }.map { name, value in
            "\(quoted(name)):\(value.isFinite ? "\(value)" : "null")"
        }
        return "{\"step\":\(step),\"time\":\(time),\"values\":{\(values.joined(separator: ","))}}\n"
    }
}

/// A log as lines of JSON, one for each step that was written down.
///
/// Used by one thread.
package final class JSONLog {
    private let file: LogFile

    /// Opens or makes the file.
    ///
    /// - Parameter start: the step that the run goes on from; what the file says of it and later
    ///   steps is removed, so that a resumed run leaves the log of one that never stopped.
    package init(_ path: String, start: Int = 0) throws(LogError) {
        var kept: [LogRecord] = []
        if start > 0, FileManager.default.fileExists(atPath: path) {
            kept = try Self.records(in: path).filter { $0.step < start }
        }
        do {
            let text = Data(kept.map(\.line).joined().utf8)
            try text.write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw LogError("\(path): expected a file that can be written, found \(error)")
        }
        file = try LogFile(path)
    }

    package func write(_ record: LogRecord) throws(LogError) {
        try file.append(Array(record.line.utf8))
    }

    /// All records of a log; a last line that was not written to its end is left out.
    package static func records(in path: String) throws(LogError) -> [LogRecord] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw LogError("\(path): expected a log, found no file that can be read")
        }
        var records: [LogRecord] = []
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.dropLast().enumerated() {
            guard let record = try? JSONDecoder().decode(LogRecord.self, from: line) else {
                throw LogError("\(path): expected JSON in line \(number + 1), found something else")
            }
            records.append(record)
        }
        return records
    }
}

extension LogRecord: Decodable {
    private enum Key: CodingKey { case step, time, values }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        step = try container.decode(Int.self, forKey: .step)
        time = try container.decode(Double.self, forKey: .time)
        values = try container.decode([String: Double?].self, forKey: .values)
            .mapValues { $0 ?? .nan }
    }
}

/// A name as JSON text.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case "\u{0}"..."\u{1F}":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
