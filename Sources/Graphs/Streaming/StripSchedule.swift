/// Which rows of every value each strip of a picture computes, and which it must leave for later ones.
///
/// Rows of the input come in strips; every node computes as many of the rows that are needed as its
/// inputs allow, once each. What is computed in a strip but needed again stays.
struct StripSchedule {
    /// For every value, the row before which all are computed, after each strip.
    private(set) var made: [Graph.ValueID: [Int]] = [:]
    /// For every value, the first row that later strips need, after each strip.
    private var kept: [Graph.ValueID: [Int]] = [:]
    private(set) var count = 0
    private let needed: [Graph.ValueID: Range<Int>]

    /// - Parameters:
    ///   - needed: the rows of every value that are to be computed.
    ///   - virtual: nodes that compute nothing: readers of their results read their inputs.
    ///   - stripRows: rows of the input in a strip.
    init(
        _ flow: Flow,
        needed: [Graph.ValueID: Range<Int>],
        virtual: Set<Int>,
        output: Graph.ValueID,
        stripRows: Int
    ) {
        self.needed = needed
        let nodes = flow.graph.nodes
        let active = nodes.indices.filter { flow.hull(of: nodes[$0], needed) != nil }
        for (value, rows) in needed { made[value] = [rows.lowerBound] }
        let inputs = flow.graph.inputs.filter { needed[$0] != nil }
        repeat {
            count += 1
            for input in inputs {
                let rows = needed[input]!
                made[input]!.append(min(rows.upperBound, made[input]!.last! + stripRows))
            }
            for index in active {
                let result = nodes[index].outputs.compactMap(\.self).first { needed[$0] != nil }!
                let end = flow.computable(
                    index,
                    rows: flow.hull(of: nodes[index], needed)!,
                    from: made[result]!.last!
                ) { made[$0]!.last! }
                for value in nodes[index].outputs.compactMap(\.self) where needed[value] != nil {
                    made[value]!.append(max(end, made[value]!.last!))
                }
            }
        } while made[output]!.last! < needed[output]!.upperBound && count < 1 << 20
        for (value, rows) in needed {
            kept[value] = Array(repeating: rows.upperBound, count: count)
        }
        for strip in 0..<count {
            // What a virtual node's result is still read for, its inputs are.
            for index in active.reversed() {
                let own = flow.hull(of: nodes[index], needed)!
                let result = nodes[index].outputs.compactMap(\.self).first { needed[$0] != nil }!
                var next = made[result]![strip + 1]
                // Rows of the output that are still to come are needed as well.
                if virtual.contains(index) {
                    next = result == output ? min(next, kept[result]![strip]) : kept[result]![strip]
                }
                guard next < own.upperBound else { continue }
                for edge in flow.edges[index] {
                    let rows = flow.inputs(edge, nodes[index], for: next..<own.upperBound, .rows)
                    guard !rows.isEmpty else { continue }
                    kept[edge.value]![strip] = min(kept[edge.value]![strip], rows.lowerBound)
                }
            }
        }
    }

    /// The rows of a value that a strip computes.
    func newRows(_ value: Graph.ValueID, strip: Int) -> Range<Int> {
        made[value]![strip]..<made[value]![strip + 1]
    }

    /// The rows of a value that all strips together compute.
    func allRows(_ value: Graph.ValueID) -> Range<Int> { needed[value]! }

    /// The rows of a value that are at hand after a strip and needed later.
    func keptRows(_ value: Graph.ValueID, strip: Int) -> Range<Int> {
        let end = made[value]![strip + 1]
        return min(max(kept[value]![strip], needed[value]!.lowerBound), end)..<end
    }

    /// The first row of a value that later strips need.
    func kept(_ value: Graph.ValueID, strip: Int) -> Int { kept[value]![strip] }

    /// The most rows that a strip computes, and the most that stay after one.
    func most(_ value: Graph.ValueID) -> (new: Int, kept: Int) {
        let strips = 0..<count
        return (
            strips.map { newRows(value, strip: $0).count }.max() ?? 0,
            strips.map { keptRows(value, strip: $0).count }.max() ?? 0
        )
    }
}

extension Flow {
    /// How far a node can compute `rows` of its result, as far as its inputs are made.
    ///
    /// - Parameter start: where that was before.
    fileprivate func computable(
        _ index: Int,
        rows: Range<Int>,
        from start: Int,
        made: (Graph.ValueID) -> Int
    ) -> Int {
        func isComputable(_ end: Int) -> Bool {
            edges[index].allSatisfy { edge in
                let part = inputs(edge, graph.nodes[index], for: rows.lowerBound..<end, .rows)
                return part.isEmpty || part.upperBound <= made(edge.value)
            }
        }
        var (low, step) = (max(start, rows.lowerBound), 1)
        while low + step <= rows.upperBound, isComputable(low + step) {
            low += step
            step *= 2
        }
        while step > 1 {
            step /= 2
            if low + step <= rows.upperBound, isComputable(low + step) { low += step }
        }
        return low
    }
}
