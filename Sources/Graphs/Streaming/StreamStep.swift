internal import Kernels

/// A node made ready to compute rows of its results from rows of its inputs.
///
/// Steps of a plan are computed one after the other; a step spreads its rows over the threads of a
/// pool, so that a result never depends on how many there are.
protocol StreamStep: AnyObject, Sendable {
    /// Computes `rows` of all results, whose memory is there; the rows they depend on are at hand.
    func compute(_ rows: Range<Int>, _ pool: WorkerPool) throws(OperatorError)
    /// Bytes that the step holds beside feature maps: packed weights and tables.
    var byteCount: Int { get }
}

extension StreamStep {
    var byteCount: Int { 0 }
}

extension WorkerPool {
    /// Calls `body` for every row and a range of its columns, on all threads.
    ///
    /// Rows are cut only where there are too few of them for the threads.
    func forEach(
        rows: Range<Int>,
        columns: Range<Int>,
        _ body: @Sendable (Int, Range<Int>) -> Void
    ) {
        let pieces = rows.count >= 2 * threads ? 1 : min(2 * threads, max(1, columns.count / 96))
        // A multiple of every kernel's tile, so that tiles lie alike however a row is cut.
        let width = ((columns.count + pieces - 1) / pieces + 167) / 168 * 168
        let count = pieces == 1 ? 1 : (columns.count + width - 1) / width
        run(rows.count * count) { task in
            let piece = task % count
            let first = columns.lowerBound + piece * width
            let last = piece == count - 1 ? columns.upperBound : first + width
            body(rows.lowerBound + task / count, first..<last)
        }
    }
}

/// A list of block pointers on the stack, for the time of `body`.
func withBlockPointers<Result>(
    _ count: Int,
    _ body: (UnsafeMutableBufferPointer<UnsafePointer<Float>?>) -> Result
) -> Result {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: max(1, count)) {
        $0.initialize(repeating: nil)
        return body($0)
    }
}
