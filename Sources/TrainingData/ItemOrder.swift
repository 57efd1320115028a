internal import Synchronization
internal import Tensors

/// Which item stands at each place of an endless stream: every epoch has all items once.
final class ItemOrder: Sendable {
    private let count: Int
    /// `nil` where items keep their order.
    private let stream: RandomNumbers?
    /// The orders of the epochs that were asked for last.
    private let recent = Mutex<[Int: [Int]]>([:])

    init(count: Int, shuffledBy stream: RandomNumbers?) {
        self.count = count
        self.stream = stream
    }

    func item(at place: Int) -> Int {
        let (epoch, position) = place.quotientAndRemainder(dividingBy: count)
        guard let stream else { return position }
        return recent.withLock { recent in
            if let order = recent[epoch] { return order[position] }
            // Batches that are made at the same time lie in neighbouring epochs.
            recent = recent.filter { abs($0.key - epoch) <= 1 }
            var own = stream.part(epoch)
            let order = own.permutation(count)
            recent[epoch] = order
            return order[position]
        }
    }
}
