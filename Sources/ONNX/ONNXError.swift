/// Why an ONNX file cannot be used: where, what was expected, and what was found.
package struct ONNXError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, as the user named it.
    package let file: String
    /// The node, tensor or other part of the file; `nil` for the file as a whole.
    package let part: String?
    package let message: String

    package init(file: String, part: String? = nil, _ message: String) {
        self.file = file
        self.part = part
        self.message = message
    }

    package var description: String {
        part.map { "\(file): \($0): \(message)" } ?? "\(file): \(message)"
    }
}

/// What is wrong with a part of a model, before the file's name is added.
struct PartError: Error {
    var part: String?
    let message: String

    init(_ part: String? = nil, expected: String, found: String) {
        self.part = part
        message = "expected \(expected), found \(found)"
    }

    init(_ part: String? = nil, _ message: String) {
        self.part = part
        self.message = message
    }
}
