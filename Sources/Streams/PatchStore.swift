internal import Glibc
internal import Vips

/// Squares of an image that are made when somebody asks for pixels in them, and kept for others.
///
/// What is not wanted of a square is black. Whoever first asks for a square makes it, on its own
/// thread, while others that need it wait; no lock is held meanwhile.
final class PatchStore: @unchecked Sendable {
    /// Pixels of an area: rows without gaps.
    struct Piece {
        let area: Rectangle
        let bytes: [UInt8]
    }

    /// Makes what is wanted of a square.
    typealias Maker = (_ square: Rectangle, _ request: NodeRequest) throws -> [Piece]

    private enum Patch {
        case inTheMaking
        case made([Piece], lastUse: Int)
    }

    private struct Place: Hashable { let column, row: Int }

    private let header: ImageHeader
    private let side: Int
    private let capacity: Int
    private let make: Maker

    // All state below belongs to whoever holds the lock.
    private var lock = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private var patches: [Place: Patch] = [:]
    private var clock = 0
    private var bytesKept = 0

    /// Bytes of pixels that are kept: two rows of squares, which whoever goes from top to bottom asks for
    /// in turns, or more where they are small, as others may look much further around than this image.
    static func capacity(width: Int, side: Int, bytesPerPixel: Int) -> Int {
        let columns = (width + side - 1) / side
        return max(128 << 20, 2 * columns * side * side * bytesPerPixel)
    }

    init(_ header: ImageHeader, side: Int, make: @escaping Maker) {
        self.header = header
        self.side = side
        self.make = make
        capacity = Self.capacity(
            width: header.width,
            side: side,
            bytesPerPixel: header.bands * header.format.bytes
        )
        pthread_mutex_init(&lock, nil)
        pthread_cond_init(&changed, nil)
    }

    deinit {
        pthread_cond_destroy(&changed)
        pthread_mutex_destroy(&lock)
    }

    func fill(_ request: NodeRequest) throws {
        let output = request.output
        let area = output.area
        let pixel = header.bands * header.format.bytes
        for y in area.rows { memset(output.start(of: y), 0, area.width * pixel) }
        for row in (area.top / side)...((area.bottom - 1) / side) {
            for column in (area.left / side)...((area.right - 1) / side) {
                let place = Place(column: column, row: row)
                for piece in try patch(place, request) { copy(piece, into: output) }
            }
        }
    }

    private func area(_ place: Place) -> Rectangle {
        Rectangle(left: place.column * side, top: place.row * side, width: side, height: side)
            .clipped(to: Rectangle(left: 0, top: 0, width: header.width, height: header.height))
    }

    private func patch(_ place: Place, _ request: NodeRequest) throws -> [Piece] {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        while true {
            switch patches[place] {
            case .made(let pieces, _):
                touch(pieces, at: place)
                return pieces
            case .inTheMaking: pthread_cond_wait(&changed, &lock)
            case nil:
                patches[place] = .inTheMaking
                pthread_mutex_unlock(&lock)
                let result = Result { try make(area(place), request) }
                pthread_mutex_lock(&lock)
                // Others that wait for a patch that failed try it themselves, and fail alike.
                patches[place] = nil
                if case .success(let pieces) = result { keep(pieces, at: place) }
                pthread_cond_broadcast(&changed)
                return try result.get()
            }
        }
    }

    /// Puts a new patch in front of all others, and gives up those that nobody wanted for longest.
    private func keep(_ pieces: [Piece], at place: Place) {
        touch(pieces, at: place)
        bytesKept += pieces.bytes
        while bytesKept > capacity {
            let uses = patches.compactMap { place, patch -> (Place, [Piece], use: Int)? in
                if case .made(let pieces, let use) = patch { (place, pieces, use) } else { nil }
            }
            guard uses.count > 1, let (oldest, given, _) = uses.min(by: { $0.use < $1.use })
            else { return }
            patches[oldest] = nil
            bytesKept -= given.bytes
        }
    }

    private func touch(_ pieces: [Piece], at place: Place) {
        clock += 1
        patches[place] = .made(pieces, lastUse: clock)
    }

    private func copy(_ piece: Piece, into output: PixelView) {
        let own = piece.area
        let part = own.clipped(to: output.area)
        guard part.width > 0 else { return }
        let pixel = header.bands * header.format.bytes
        piece.bytes.withUnsafeBytes { bytes in
            for y in part.rows {
                memcpy(
                    output.start(of: y) + (part.left - output.area.left) * pixel,
                    bytes.baseAddress! + ((y - own.top) * own.width + part.left - own.left) * pixel,
                    part.width * pixel
                )
            }
        }
    }
}

extension [PatchStore.Piece] {
    fileprivate var bytes: Int { reduce(0) { $0 + $1.bytes.count } }
}
