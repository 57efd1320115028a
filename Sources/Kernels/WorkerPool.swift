internal import CKernels
internal import Glibc
internal import Synchronization

/// Threads that share the tasks of one job at a time.
///
/// A job is a number of tasks that depend on nothing but their index; the thread that brings the job
/// works on it as well. Between jobs workers look out for the next one for some microseconds, then
/// sleep. A job brought while another runs is done by its own thread alone, so nobody ever waits
/// for a worker.
package final class WorkerPool: @unchecked Sendable {
    /// Threads that work on a job, the one that brings it included.
    package let threads: Int

    /// How many tasks of the current job have been taken.
    private let taken = Atomic(0)
    /// Workers that are inside the current job; the high bit says that nobody may enter.
    private let inside = Atomic(closed)
    private let generation = Atomic(0)
    private let isBusy = Atomic(false)
    private let sleepers = Atomic(0)
    // Written by the thread that brings a job while nobody is inside.
    private var count = 0
    private var body: (@Sendable (Int) -> Void)?
    private var isEnding = false
    private var lock = pthread_mutex_t()
    private var wakeUp = pthread_cond_t()
    private var workers: [pthread_t] = []

    private static let wanted = Atomic(0)

    /// How many threads `shared` gets; one for each processor if nobody says.
    ///
    /// Takes effect before `shared` is first used.
    package static func setThreads(_ count: Int) { wanted.store(count, ordering: .relaxed) }

    /// The pool that the whole program computes with.
    package static let shared: WorkerPool = {
        let count = wanted.load(ordering: .relaxed)
        return WorkerPool(threads: count > 0 ? count : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }()

    private static let closed = 1 << 32
    /// How often a worker looks for a job before it sleeps: some tens of microseconds.
    private static let patience = 4000

    package init(threads: Int) {
        precondition(threads >= 1, "at least the caller works")
        self.threads = threads
        pthread_mutex_init(&lock, nil)
        pthread_cond_init(&wakeUp, nil)
        for _ in 1..<threads {
            var thread = pthread_t()
            // Borrowed: `deinit` waits for the thread to end.
            let pool = Unmanaged.passUnretained(self).toOpaque()
            let status = pthread_create(
                &thread,
                nil,
                { pool in
                    Unmanaged<WorkerPool>.fromOpaque(pool!).takeUnretainedValue().serve()
                    return nil
                },
                pool
            )
            precondition(status == 0, "the system has threads left")
            workers.append(thread)
        }
    }

    deinit {
        pthread_mutex_lock(&lock)
        isEnding = true
        generation.add(1, ordering: .releasing)
        pthread_cond_broadcast(&wakeUp)
        pthread_mutex_unlock(&lock)
        for worker in workers { pthread_join(worker, nil) }
        pthread_cond_destroy(&wakeUp)
        pthread_mutex_destroy(&lock)
    }

    /// Runs `body` for every index below `count`, on all threads, and returns when all are done.
    package func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        let isAlone =
            threads == 1 || count <= 1
            || isBusy.exchange(true, ordering: .acquiring)
        guard !isAlone else {
            for index in 0..<count { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            self.body = body
            self.count = count
            taken.store(0, ordering: .relaxed)
            inside.subtract(Self.closed, ordering: .releasing)
            generation.add(1, ordering: .sequentiallyConsistent)
            if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
                pthread_mutex_lock(&lock)
                pthread_cond_broadcast(&wakeUp)
                pthread_mutex_unlock(&lock)
            }
            work(body, count)
            inside.add(Self.closed, ordering: .acquiringAndReleasing)
            // Those inside have a task each, no longer than the one just done here.
            while inside.load(ordering: .acquiring) != Self.closed { wait() }
            self.body = nil
        }
        isBusy.store(false, ordering: .releasing)
    }

    /// Waits for workers to finish; they may need this very processor for it.
    private func wait() {
        for _ in 0..<64 { atelier_pause() }
        if inside.load(ordering: .relaxed) != Self.closed { sched_yield() }
    }

    private func work(_ body: @Sendable (Int) -> Void, _ count: Int) {
        while true {
            let index = taken.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(index)
        }
    }

    /// A worker's life.
    private func serve() {
        var seen = 0
        while true {
            seen = waitForJob(after: seen)
            if isEnding { return }
            let before = inside.wrappingAdd(1, ordering: .acquiring).oldValue
            if before < Self.closed, let body { work(body, count) }
            inside.subtract(1, ordering: .releasing)
        }
    }

    private func waitForJob(after seen: Int) -> Int {
        for _ in 0..<Self.patience {
            let now = generation.load(ordering: .acquiring)
            if now != seen { return now }
            atelier_pause()
        }
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        sleepers.add(1, ordering: .sequentiallyConsistent)
        defer { sleepers.subtract(1, ordering: .relaxed) }
        while true {
            let now = generation.load(ordering: .sequentiallyConsistent)
            if now != seen { return now }
            pthread_cond_wait(&wakeUp, &lock)
        }
    }
}
