internal import Glibc
internal import Vips

/// Why rows cannot be had, in the evaluation in which that was found and in later ones.
private struct Failure {
    private let first: any Error
    private let cause: any Error
    private let evaluation = Evaluation.number

    init(_ error: any Error) {
        first = error
        cause = Evaluation.cause(of: error)
    }

    /// In its own evaluation the failure is known already; later ones have to be told.
    var error: any Error { evaluation == Evaluation.number ? first : cause }
}

/// Rows of pixels that are made from top to bottom, served to requests of any shape.
///
/// Whoever first asks for rows that are not there yet makes the next strip, on its own thread,
/// while others wait; no lock is held meanwhile. The last rows are kept, so that the workers of a
/// sink, which run a little ahead of each other, all find theirs.
final class RowStream: @unchecked Sendable {
    /// Makes the rows from `first` on (as many as it likes) and returns them as bytes.
    typealias Producer = (_ first: Int, _ request: NodeRequest) throws -> [[UInt8]]

    private let produce: Producer

    // All state below belongs to whoever holds the lock.
    private var lock = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private var rows: [[UInt8]] = []
    /// The first row at hand; `nil` until somebody asks for one.
    private var begin: Int?
    private var isProducing = false
    private var failure: Failure?

    /// How many rows stay available behind the newest: the sink of a file fills two buffers at a time,
    /// whose rows may be asked for late.
    static let rowsKept = 512

    init(produce: @escaping Producer) {
        self.produce = produce
        pthread_mutex_init(&lock, nil)
        pthread_cond_init(&changed, nil)
    }

    deinit {
        pthread_cond_destroy(&changed)
        pthread_mutex_destroy(&lock)
    }

    /// Fills a request from rows of the full width, making strips as needed.
    ///
    /// Returns `false` if the rows are gone already, or so far ahead that whoever asks does not go
    /// through the picture from top to bottom: they must be made for this request.
    func fill(_ request: NodeRequest) throws -> Bool {
        let area = request.output.area
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        while true {
            if let failure { throw failure.error }
            // Workers begin side by side, so the first request need not be the topmost.
            let firstRow = begin ?? (area.top <= Self.rowsKept ? 0 : area.top)
            begin = firstRow
            if area.top < firstRow || area.top > firstRow + rows.count + 2 * Self.rowsKept {
                return false
            }
            if area.bottom <= firstRow + rows.count { break }
            if isProducing {
                pthread_cond_wait(&changed, &lock)
                continue
            }
            try extend(request)
        }
        let pixel = request.output.bands * request.output.format.bytes
        let firstRow = begin!
        for y in area.rows {
            rows[y - firstRow].withUnsafeBytes { row in
                _ = memcpy(
                    request.output.start(of: y),
                    row.baseAddress! + area.left * pixel,
                    area.width * pixel
                )
            }
        }
        return true
    }

    /// Makes one strip with the lock given back meanwhile.
    private func extend(_ request: NodeRequest) throws {
        isProducing = true
        let next = begin! + rows.count
        pthread_mutex_unlock(&lock)
        let result = Result { try produce(next, request) }
        pthread_mutex_lock(&lock)
        isProducing = false
        pthread_cond_broadcast(&changed)
        switch result {
        case .success(let strip):
            rows += strip
            let surplus = rows.count - strip.count - Self.rowsKept
            if surplus > 0 {
                rows.removeFirst(surplus)
                begin! += surplus
            }
        case .failure(let error):
            failure = Failure(error)
            throw error
        }
    }
}
