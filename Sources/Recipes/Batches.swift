internal import TrainingData

/// The batch of every step, made ahead as long as steps follow each other.
final class Batches {
    private let items: Items
    private let size: Int
    private let seed: UInt64
    private let range: PixelRange
    private var loader: Loader?

    init(_ items: Items, size: Int, seed: UInt64, range: PixelRange = .unit) {
        self.items = items
        self.size = size
        self.seed = seed
        self.range = range
    }

    func batch(_ step: Int) throws(DataError) -> Batch {
        if loader?.nextNumber != step {
            loader = Loader(items, batchSize: size, seed: seed, range: range, start: step)
        }
        return try loader!.next()
    }
}
