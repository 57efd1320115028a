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

    /// Numbers for this input.
    public func tensor(_ values: [Float]) -> NetworkTensor {
        NetworkTensor(name, shape: shape, values: values)
    }

    /// What a model's style network makes of a picture, for this input: it is shown the square in the
    /// middle.
    ///
    /// - Parameter encoder: the network, which is loaded here, as errors name the reference.
    public func style(
        of reference: LazyImage,
        by encoder: @autoclosure () throws -> Network
    ) throws -> NetworkTensor {
        let network: Network
        do {
            network = try encoder()
        } catch let error as OperationError {
            throw OperationError("reference=: \(error)", status: Int(error.status))
        }
        let side = network.info.whole_side > 0 ? Int(network.info.whole_side) : 256
        let picture = try network.array(of: reference.middleSquare(), width: side, height: side)
        guard let style = try network.run([picture]).first, style.values.count == count else {
            throw OperationError(
                "reference=: expected \(count) numbers from the model's style network, found "
                    + "another count"
            )
        }
        return tensor(style.values)
    }
}
