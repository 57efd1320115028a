internal import Kernels

/// The rows of a feature map that are at hand while a picture streams through.
///
/// The rows of the current strip lie in the arena, which maps share; those of earlier strips that are
/// still needed lie in a ring of the map's own. Where more rows are kept than are made in a strip,
/// all lie in the ring and none is copied.
///
/// Written by one step at a time and read by later ones.
final class RowMap: @unchecked Sendable {
    var layout: MapLayout
    /// Rows that the ring holds.
    private(set) var ringRows = 0
    /// Whether rows are made in the ring, not in the arena.
    private(set) var isRing = false
    private var ring: FloatMemory?
    private var strip: UnsafeMutablePointer<Float>?
    /// The first row of the strip.
    private var boundary = 0

    init(layout: MapLayout) { self.layout = layout }

    /// Reserves the ring.
    func keep(rows: Int, inPlace: Bool) {
        (ringRows, isRing) = (rows, inPlace)
        ring = rows > 0 ? FloatMemory(count: rows * layout.rowStride) : nil
    }

    /// Begins a strip whose first row is `row`, in memory of the arena.
    func begin(at row: Int, in memory: UnsafeMutablePointer<Float>?) {
        boundary = row
        strip = memory
    }

    /// The first stored pixel of the first block of a row that is at hand.
    func row(_ y: Int) -> UnsafeMutablePointer<Float> {
        start(y) + layout.leftMargin * layout.lanes
    }

    /// Where column 0 of the map would be in a block of a row, whether it is stored or not.
    func origin(_ y: Int, block: Int) -> UnsafeMutablePointer<Float> {
        row(y) + block * layout.blockStride - layout.columns.lowerBound * layout.lanes
    }

    private func start(_ y: Int) -> UnsafeMutablePointer<Float> {
        if isRing || y < boundary { return ring!.base + y % ringRows * layout.rowStride }
        return strip! + (y - boundary) * layout.rowStride
    }

    /// Writes the zeros beside the columns of a new row.
    func clearMargins(_ y: Int) {
        guard layout.leftMargin > 0 || layout.rightMargin > 0 else { return }
        let (left, right) = (layout.leftMargin * layout.lanes, layout.rightMargin * layout.lanes)
        for block in 0..<layout.blocks {
            let first = start(y) + block * layout.blockStride
            first.update(repeating: 0, count: left)
            (first + layout.blockStride - right).update(repeating: 0, count: right)
        }
    }

    /// Copies rows of the strip that later strips need into the ring.
    func carry(_ rows: Range<Int>) {
        guard !isRing else { return }
        for y in rows where y >= boundary {
            (ring!.base + y % ringRows * layout.rowStride).update(
                from: strip! + (y - boundary) * layout.rowStride,
                count: layout.rowStride
            )
        }
    }
}

/// Blocks of channels that a step reads, of one map or of several joined ones.
struct BlockList: Sendable {
    let blocks: [(map: RowMap, block: Int)]
    /// Which channel stands in each place.
    let places: [Int32]
    let lanes: Int

    init(_ map: RowMap) {
        blocks = (0..<map.layout.blocks).map { (map, $0) }
        places = map.layout.places
        lanes = map.layout.lanes
    }

    /// The channels of some lists, one list after the other.
    init(joining lists: [BlockList]) {
        blocks = lists.flatMap(\.blocks)
        lanes = lists[0].lanes
        var (places, first): ([Int32], Int32) = ([], 0)
        for list in lists {
            places += list.places.map { $0 < 0 ? -1 : $0 + first }
            first += Int32(list.places.count { $0 >= 0 })
        }
        self.places = places
    }

    var count: Int { blocks.count }
    var channels: Int { places.count { $0 >= 0 } }

    /// Where column 0 of a row would be, for every block.
    func fill(
        _ pointers: UnsafeMutableBufferPointer<UnsafePointer<Float>?>,
        row y: Int
    ) {
        for (index, entry) in blocks.enumerated() {
            pointers[index] = UnsafePointer(entry.map.origin(y, block: entry.block))
        }
    }

    func origin(_ y: Int, block: Int) -> UnsafePointer<Float> {
        UnsafePointer(blocks[block].map.origin(y, block: blocks[block].block))
    }

    /// Where a channel stands: a block and a place in it.
    func place(of channel: Int) -> (block: Int, lane: Int) {
        let place = places.firstIndex(of: Int32(channel))!
        return (place / lanes, place % lanes)
    }

    /// Asks for margins that a window reads beyond the columns of the map.
    func requireMargins(left: Int, right: Int) {
        for (map, _) in blocks {
            map.layout.leftMargin = max(map.layout.leftMargin, left)
            map.layout.rightMargin = max(map.layout.rightMargin, right)
        }
    }

    var maps: [RowMap] {
        var seen = Set<ObjectIdentifier>()
        return blocks.map(\.map).filter { seen.insert(ObjectIdentifier($0)).inserted }
    }
}
