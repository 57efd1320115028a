internal import Chains
internal import Graphs
internal import Inference
internal import ONNX
internal import Parameters
internal import PluginHost
internal import Streams
internal import Vips

/// What kind of thing went wrong; the raw value is the exit code of the command.
package enum FailureKind: Int32, Sendable, CaseIterable {
    case usage = 64
    case badInput = 65
    case noInput = 66
    case plugin = 69
    case ours = 70
    case cannotCreate = 73
    case inputOutput = 74
    case model = 78
    case cancelled = 130

    /// For the help screen.
    package var summary: String {
        switch self {
        case .usage: "a wrong word in the command or the chain"
        case .badInput: "a picture that cannot be read, or is damaged"
        case .noInput: "a file that is not there"
        case .plugin: "a plugin that cannot be used, or failed"
        case .ours: "a mistake of this program"
        case .cannotCreate: "an output that cannot be created"
        case .inputOutput: "an error while writing, such as a full disk"
        case .model: "a model that cannot be used"
        case .cancelled: "stopped by the user"
        }
    }
}

/// An error with its kind, ready to be shown.
package struct Failure: Error, Sendable, CustomStringConvertible {
    package let kind: FailureKind
    package let description: String

    package init(_ kind: FailureKind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Any error of the lower floors, by what it is about.
    package init(_ error: any Error, otherwise kind: FailureKind = .ours) {
        switch error {
        case let failure as Failure: self = failure
        case is Cancelled: self.init(.cancelled, "stopped")
        case is ChainError, is ParameterError: self.init(.usage, "\(error)")
        case is ModelError, is ONNXError, is GraphError, is StreamError:
            self.init(.model, "\(error)")
        case is PluginError: self.init(.plugin, "\(error)")
        default: self.init(kind, "\(error)")
        }
    }
}
