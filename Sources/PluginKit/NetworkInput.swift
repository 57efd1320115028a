internal import CPluginABI

/// An input of a network beside the picture.
public struct NetworkInput: Sendable {
    /// "label", "style", "noise" and the like.
    public let name: String
    /// Open sides are 1.
    public let shape: [Int]
    /// What its numbers stand for, where the model's card says that.
    public let entries: [String]

    /// How many numbers it takes.
    public var count: Int { shape.reduce(1, *) }

    init(_ input: atelier_network_input) {
        name = String(cString: input.name)
        shape = (0..<Int(input.rank)).map { Int(input.shape[$0]) }
        entries = (0..<Int(input.entry_count)).map { String(cString: input.entries[$0]!) }
    }
}
