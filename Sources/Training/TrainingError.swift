/// What can go wrong with what a person hands to the trainer.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
    /// A network whose features cannot be computed here.
    case unsupportedNode(String, expected: String, found: String)
    /// A name that no value of a network has.
    case unknownValue(String, network: String)

    package var description: String {
        switch self {
        case .unsupportedNode(let node, let expected, let found):
            "\(node): expected \(expected), found \(found)"
        case .unknownValue(let name, let network):
            "expected the name of a value of \(network), found \"\(name)\""
        }
    }
}
