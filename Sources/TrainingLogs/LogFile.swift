internal import Glibc

/// A file that grows at its end.
final class LogFile {
    private let path: String
    private let descriptor: Int32

    /// - Parameter isEmptied: whether what the file holds is removed first.
    init(_ path: String, isEmptied: Bool = false) throws(LogError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | (isEmptied ? O_TRUNC : 0), 0o644)
        guard descriptor >= 0 else {
            throw LogError("\(path): expected a file that can be written, found \(reason())")
        }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(LogError) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else {
                throw LogError("\(path): expected room for \(bytes.count) bytes, found \(reason())")
            }
            done += count
        }
    }
}

private func reason() -> String { String(cString: strerror(errno)) }
