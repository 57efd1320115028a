internal import Kernels

/// Calls `body` for ranges that together make up `0..<count`, on all threads.
///
/// The body writes to nothing but memory that belongs to its range.
func inParallel(_ count: Int, grain: Int = 1 << 14, _ body: (Range<Int>) -> Void) {
    guard count > grain else {
        if count > 0 { body(0..<count) }
        return
    }
    let pool = WorkerPool.shared
    let pieces = min((count + grain - 1) / grain, pool.threads * 4)
    withoutActuallyEscaping(body) { body in
        // Safe to share by the contract above.
        nonisolated(unsafe) let body = body
        pool.run(pieces) { piece in
            body((count * piece / pieces)..<(count * (piece + 1) / pieces))
        }
    }
}

/// Calls `body` for every index below `count`, on all threads; it writes to nothing but its own.
func forEachInParallel(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
        // Safe to share by the contract above.
        nonisolated(unsafe) let body = body
        WorkerPool.shared.run(count) { body($0) }
    }
}
