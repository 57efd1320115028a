internal import Kernels

/// Where the rows of every map lie while strips are computed.
///
/// Rows of the current strip share one arena: a map's part of it is free again after its last reader.
/// Rows that outlive the strip lie in rings.
struct ArenaLayout {
    /// For each map in the arena: where its rows begin, in floats.
    private(set) var offsets: [ObjectIdentifier: Int] = [:]
    /// For each map: rows that its ring holds, and whether strips are computed in it.
    private(set) var rings: [ObjectIdentifier: (rows: Int, inPlace: Bool)] = [:]
    /// For each step, the maps (and the values they hold) that nobody reads after it in a strip.
    private(set) var released: [[Graph.ValueID]]
    private(set) var arenaFloats = 0
    private(set) var ringFloats = 0

    var bytes: Int { (arenaFloats + ringFloats) * 4 }

    /// A map's time in the arena, in steps.
    private struct Life {
        let map: RowMap
        let first, last: Int
        let floats: Int
    }

    init(
        _ flow: Flow,
        _ schedule: StripSchedule,
        _ nodes: [StreamPlan.PlannedNode],
        _ maps: [Graph.ValueID: RowMap],
        _ virtual: Set<Int>,
        output: Graph.ValueID
    ) {
        let lasts = Self.lastReaders(flow, nodes, virtual, output)
        var firsts: [Graph.ValueID: Int] = [:]
        for (place, node) in nodes.enumerated() {
            for value in node.results { firsts[value] = place }
        }
        released = Array(repeating: [], count: nodes.count + 1)
        var lives: [Life] = []
        for (value, map) in maps.sorted(by: { $0.key < $1.key }) {
            let first = firsts[value] ?? -1
            let last = max(first, lasts[value] ?? first)
            released[min(max(last, 0), nodes.count)].append(value)
            let (new, kept) = schedule.most(value)
            let stride = map.layout.rowStride
            let id = ObjectIdentifier(map)
            if kept > 2 * new {
                // More is kept than made: a ring with room for what is made.
                rings[id] = (kept + new, true)
                ringFloats += (kept + new) * stride
                continue
            }
            rings[id] = (kept, false)
            ringFloats += kept * stride
            lives.append(Life(map: map, first: first, last: last, floats: new * stride))
        }
        place(lives)
    }

    /// Puts every map at the lowest place that is free during its life, the largest first.
    private mutating func place(_ lives: [Life]) {
        var placed: [(life: Life, offset: Int)] = []
        for life in lives.sorted(by: { $0.floats > $1.floats }) where life.floats > 0 {
            var offset = 0
            let others = placed.filter {
                $0.life.first <= life.last && life.first <= $0.life.last
            }
            for other in others.sorted(by: { $0.offset < $1.offset }) {
                if other.offset >= offset + life.floats { break }
                offset = max(offset, other.offset + (other.life.floats + 15) / 16 * 16)
            }
            placed.append((life, offset))
            offsets[ObjectIdentifier(life.map)] = offset
            arenaFloats = max(arenaFloats, offset + life.floats)
        }
    }

    /// For every value, the last step that reads it, through concatenations read in place.
    private static func lastReaders(
        _ flow: Flow,
        _ nodes: [StreamPlan.PlannedNode],
        _ virtual: Set<Int>,
        _ output: Graph.ValueID
    ) -> [Graph.ValueID: Int] {
        var lasts: [Graph.ValueID: Int] = [output: nodes.count]
        // A node may take several steps.
        let places = Dictionary(nodes.enumerated().map { ($1.index, $0) }) { max($0, $1) }
        for index in flow.graph.nodes.indices.reversed() {
            let node = flow.graph.nodes[index]
            let place: Int
            if virtual.contains(index) {
                place = node.outputs.compactMap { $0.flatMap { lasts[$0] } }.max() ?? -1
            } else if let own = places[index] {
                place = own
            } else {
                continue
            }
            for edge in flow.edges[index] {
                lasts[edge.value] = max(lasts[edge.value] ?? -1, place)
            }
        }
        return lasts
    }

    /// Reserves the rings of all maps.
    func reserve(_ maps: [Graph.ValueID: RowMap]) {
        for map in maps.values {
            let ring = rings[ObjectIdentifier(map)]!
            map.keep(rows: ring.rows, inPlace: ring.inPlace)
        }
    }
}
