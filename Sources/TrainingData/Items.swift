package import Tensors

/// One named part of a training item.
package enum Content: Sendable {
    /// A picture C × H × W of numbers from 0 to 1, which a batch brings to the range asked for.
    case picture(Tensor)
    /// A mask, a label, a code: what stays as it is.
    case plain(Tensor)
}

/// The range of a picture's numbers that a network reads and writes.
package enum PixelRange: String, Sendable {
    /// 0 to 1.
    case unit
    /// −1 to 1.
    case signed

    /// Brings a picture from 0 … 1 to this range.
    package func encoded(_ picture: Tensor) -> Tensor {
        self == .unit ? picture : picture.mapped { 2 * $0 - 1 }
    }

    /// Brings what a network made back to 0 … 1, without limiting it.
    package func decoded(_ picture: Tensor) -> Tensor {
        self == .unit ? picture : picture.mapped { ($0 + 1) / 2 }
    }
}

/// Training items by number, and how each is made.
package struct Items: Sendable {
    /// Makes an item; all its random numbers come from the stream, which is the item's own.
    package typealias Maker =
        @Sendable (_ index: Int, _ random: inout RandomNumbers) throws(DataError) -> [String:
        Content]

    package let count: Int
    private let make: Maker

    package init(count: Int, make: @escaping Maker) {
        precondition(count > 0, "there are items")
        self.count = count
        self.make = make
    }

    /// Some items as a batch, each with its part of `random`: the same whenever it is made.
    package func batch(
        _ indices: some Sequence<Int>,
        _ random: RandomNumbers,
        range: PixelRange = .unit
    ) throws(DataError) -> Batch {
        try batch(indices.map { ($0, $0) }, random, range)
    }

    /// The items at some places of an endless stream, each with the random numbers of its place.
    func batch(
        _ places: [(place: Int, index: Int)],
        _ random: RandomNumbers,
        _ range: PixelRange
    ) throws(DataError) -> Batch {
        var parts: [[String: Content]] = []
        for (place, index) in places {
            var own = random.part(place)
            parts.append(try make(index, &own))
        }
        return Batch(parts, range)
    }
}

/// Items side by side: named tensors whose first axis counts the items.
package struct Batch: Sendable, Equatable {
    package let tensors: [String: Tensor]

    init(_ items: [[String: Content]], _ range: PixelRange) {
        tensors = Dictionary(
            uniqueKeysWithValues: items[0].keys.map { name in
                let parts = items.map { item in
                    guard let content = item[name] else {
                        preconditionFailure("every item of a batch has a \(name)")
                    }
                    return switch content {
                    case .picture(let picture): range.encoded(picture)
                    case .plain(let tensor): tensor
                    }
                }
                return (name, Tensor(stacking: parts))
            }
        )
    }

    package subscript(name: String) -> Tensor {
        guard let tensor = tensors[name] else { preconditionFailure("the batch has no \(name)") }
        return tensor
    }
}

extension Tensor {
    /// Tensors of one shape and type along a new first axis.
    package init(stacking parts: [Tensor]) {
        let first = parts[0]
        precondition(
            parts.allSatisfy { $0.shape == first.shape && $0.elementType == first.elementType },
            "what is stacked has one shape"
        )
        var bytes: [UInt8] = []
        bytes.reserveCapacity(first.byteCount * parts.count)
        for part in parts { part.withBytes { bytes += $0 } }
        self = bytes.withUnsafeBytes {
            Tensor(shape: [parts.count] + first.shape, type: first.elementType, bytes: $0)
        }
    }
}
