internal import Glibc
internal import Vips

/// Batches that threads make ahead of the one that takes them, in order, never more than `ahead`.
///
/// All that changes is guarded by one lock; threads that have nothing to do sleep.
final class BatchQueue: @unchecked Sendable {
    typealias Made = Result<Batch, DataError>

    private let make: @Sendable (Int) -> Made
    private let ahead: Int
    private var lock = pthread_mutex_t()
    private var change = pthread_cond_t()
    // Guarded by the lock.
    private var toMake: Int
    private var toTake: Int
    private var ready: [Int: Made] = [:]
    private var isEnding = false
    private var makers: [pthread_t] = []

    init(start: Int, ahead: Int, threads: Int, make: @escaping @Sendable (Int) -> Made) {
        self.make = make
        self.ahead = ahead
        toMake = start
        toTake = start
        pthread_mutex_init(&lock, nil)
        pthread_cond_init(&change, nil)
        for _ in 0..<threads {
            var thread = pthread_t()
            // Borrowed: `end` waits for the thread, and whoever made the queue calls it.
            let status = pthread_create(
                &thread,
                nil,
                { queue in
                    Unmanaged<BatchQueue>.fromOpaque(queue!).takeUnretainedValue().work()
                    Vips.leaveThread()
                    return nil
                },
                Unmanaged.passUnretained(self).toOpaque()
            )
            precondition(status == 0, "the system has threads left")
            makers.append(thread)
        }
    }

    deinit {
        pthread_cond_destroy(&change)
        pthread_mutex_destroy(&lock)
    }

    var nextNumber: Int {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        return toTake
    }

    /// The next batch; the same error again where one could not be made.
    func take() -> Made {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        while true {
            if let made = ready[toTake] {
                if case .success = made {
                    ready[toTake] = nil
                    toTake += 1
                    pthread_cond_broadcast(&change)
                }
                return made
            }
            pthread_cond_wait(&change, &lock)
        }
    }

    /// Stops the threads and waits until they have finished the batch at hand.
    func end() {
        pthread_mutex_lock(&lock)
        isEnding = true
        pthread_cond_broadcast(&change)
        pthread_mutex_unlock(&lock)
        for maker in makers { pthread_join(maker, nil) }
    }

    /// A maker's life.
    private func work() {
        while let number = nextToMake() {
            let made = make(number)
            pthread_mutex_lock(&lock)
            ready[number] = made
            pthread_cond_broadcast(&change)
            pthread_mutex_unlock(&lock)
        }
    }

    /// The number of a batch to make, or `nil` at the end.
    private func nextToMake() -> Int? {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        while !isEnding && toMake >= toTake + ahead { pthread_cond_wait(&change, &lock) }
        if isEnding { return nil }
        toMake += 1
        return toMake - 1
    }
}
