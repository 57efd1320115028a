internal import FoundationEssentials
package import Tensors

/// A log in TensorBoard's event format: numbers and pictures over the steps of a run.
///
/// Each record is its length, the checksum of the length, an event as a protocol buffer, and the
/// event's checksum. Used by one thread.
package final class EventFile {
    package let path: String
    private let file: LogFile

    /// Makes a new file in a folder of logs; TensorBoard reads all of them, later ones last.
    ///
    /// - Parameter time: seconds since 1970, which name the file.
    package init(folder: String, time: Double) throws(LogError) {
        let seconds = String(Int(time))
        let name = String(repeating: "0", count: max(0, 10 - seconds.count)) + seconds
        var path = "\(folder)/events.out.tfevents.\(name).atelier"
        var number = 1
        while FileManager.default.fileExists(atPath: path) {
            path = "\(folder)/events.out.tfevents.\(name).atelier.\(number)"
            number += 1
        }
        self.path = path
        file = try LogFile(path)
        var event = Message()
        event.add(1, time)
        event.add(3, "brain.Event:2")
        try file.append(framed(event.bytes))
    }

    /// Writes numbers down under their names.
    package func write(_ record: LogRecord) throws(LogError) {
        var summary = Message()
        for (name, value) in record.values.sorted(by: { $0.key < $1.key }) {
            summary.add(1, scalarValue(name, Float(value)))
        }
        try write(summary, step: record.step, time: record.time)
    }

    /// Writes a picture down: C × H × W of numbers from 0 to 1, of one channel or three.
    package func write(
        _ picture: Tensor,
        name: String,
        step: Int,
        time: Double
    ) throws(LogError) {
        var content = Message()
        content.add(1, picture.shape[1])
        content.add(2, picture.shape[2])
        content.add(3, picture.shape[0])
        content.add(4, try pngBytes(picture))
        var value = Message()
        value.add(1, name)
        value.add(4, content)
        var summary = Message()
        summary.add(1, value)
        try write(summary, step: step, time: time)
    }

    private func write(_ summary: Message, step: Int, time: Double) throws(LogError) {
        var event = Message()
        event.add(1, time)
        event.add(2, step)
        event.add(5, summary)
        try file.append(framed(event.bytes))
    }
}

private func scalarValue(_ name: String, _ number: Float) -> Message {
    var value = Message()
    value.add(1, name)
    value.add(2, number)
    return value
}

/// A record with its length and checksums around it.
func framed(_ record: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(record.count))
    return length + littleEndian(maskedChecksum(length)) + record
        + littleEndian(maskedChecksum(record))
}
