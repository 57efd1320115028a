internal import Tensors

/// An endless stream of batches, made ahead of time on threads of its own.
///
/// Batch n is the same whenever and by however many threads it is made: its items, their order and
/// their random numbers depend on the seed and on places in the stream only. The whole state is the
/// number of the next batch. Used by one thread.
package final class Loader {
    private let queue: BatchQueue

    /// - Parameters:
    ///   - name: tells loaders of one seed apart.
    ///   - start: the number of the first batch, as `nextNumber` of a loader that was stopped.
    ///   - ahead: how many batches may wait, ready to be taken.
    package init(
        _ items: Items,
        batchSize: Int,
        seed: UInt64,
        name: String = "data",
        isShuffled: Bool = true,
        range: PixelRange = .unit,
        start: Int = 0,
        ahead: Int = 2,
        threads: Int = 1
    ) {
        precondition(batchSize > 0 && ahead > 0 && threads > 0, "there is something to do")
        let order = ItemOrder(
            count: items.count,
            shuffledBy: isShuffled ? RandomNumbers(seed: seed, name: name + "/order") : nil
        )
        let random = RandomNumbers(seed: seed, name: name + "/item")
        queue = BatchQueue(start: start, ahead: ahead, threads: threads) { number in
            let places = (number * batchSize)..<((number + 1) * batchSize)
            return Result { () throws(DataError) in
                try items.batch(places.map { ($0, order.item(at: $0)) }, random, range)
            }
        }
    }

    deinit { queue.end() }

    /// The number of the batch that comes next, from 0.
    package var nextNumber: Int { queue.nextNumber }

    /// The next batch; waits until it is ready.
    package func next() throws(DataError) -> Batch { try queue.take().get() }
}
