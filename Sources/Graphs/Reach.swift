internal import Kernels
internal import Tensors

/// A positive fraction in lowest terms.
package struct Ratio: Hashable, Sendable, CustomStringConvertible {
    package let numerator, denominator: Int

    package init(_ numerator: Int, _ denominator: Int = 1) {
        precondition(numerator > 0 && denominator > 0, "a ratio is positive")
        let divisor = greatestCommonDivisor(numerator, denominator)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    package static func * (a: Ratio, b: Ratio) -> Ratio {
        Ratio(a.numerator * b.numerator, a.denominator * b.denominator)
    }

    package var value: Double { Double(numerator) / Double(denominator) }
    package var description: String {
        denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)"
    }
}

extension AxisMap {
    /// How many output positions there are for an input position, away from the borders.
    package var scale: Ratio? {
        switch self {
        case .identity, .padded: return Ratio(1)
        case .window(let window): return Ratio(1, window.stride)
        case .adjoint(let window): return Ratio(window.stride)
        case .spread(let n): return Ratio(n)
        case .gathered(let n): return Ratio(1, n)
        case .resampled(let resampling):
            guard let scale = resampling.scale, resampling.isShiftInvariant else { return nil }
            for denominator in 1...64 {
                let numerator = (scale * Double(denominator)).rounded()
                if numerator > 0, abs(numerator / Double(denominator) - scale) < 1e-6 {
                    return Ratio(Int(numerator), denominator)
                }
            }
            return nil
        case .everything: return nil
        }
    }
}

/// The two directions of a picture.
package enum Direction: Sendable, CaseIterable { case rows, columns }

/// Which axis of a value runs along each direction of the picture.
package struct PictureAxes: Hashable, Sendable {
    package var rows, columns: Int?

    package subscript(direction: Direction) -> Int? {
        get { direction == .rows ? rows : columns }
        set { if direction == .rows { rows = newValue } else { columns = newValue } }
    }
}

/// What part of the input each part of the output depends on, for a graph and a size of picture.
package struct Reach: Sendable {
    package let graph: Graph
    /// The shape of every value.
    package let shapes: [Graph.ValueID: [Int]]
    /// What is known of every value, constants included.
    let types: [Graph.ValueID: ValueType]
    /// For every value, which of its axes run along rows and columns of the picture.
    package let axes: [Graph.ValueID: PictureAxes]
    /// For every value, how many of its rows and columns there are for one of the input's.
    package let scales: [Graph.ValueID: [Direction: Ratio]]
    /// The indices of nodes at which an output position depends on all positions.
    package let globalNodes: [Int]

    /// - Parameter input: the shape of the graph's only input, N×C×height×width.
    package init(_ graph: Graph, input shape: [Int]) throws(GraphError) {
        self.graph = graph
        let type = ValueType(.float32, shape.map { Dimension($0) })
        let types = try graph.inferTypes([type])
        var shapes: [Graph.ValueID: [Int]] = [:]
        for (value, type) in types { shapes[value] = type.constantShape }
        var axes: [Graph.ValueID: PictureAxes] = [graph.inputs[0]: PictureAxes(rows: 2, columns: 3)]
        var scales: [Graph.ValueID: [Direction: Ratio]] = [
            graph.inputs[0]: [.rows: Ratio(1), .columns: Ratio(1)]
        ]
        var global: [Int] = []
        for (index, node) in graph.nodes.enumerated() {
            let inputs = node.inputs.map { input in input.flatMap { types[$0] } }
            let isOfPicture = node.inputs.contains { $0.map { axes[$0] != nil } ?? false }
            guard isOfPicture else { continue }
            guard let operation = node.operation as? any LocalOperator else {
                global.append(index)
                continue
            }
            var isGlobal = false
            // Which axes of each input some output axis runs along.
            var kept = node.inputs.map { _ in Set<Int>() }
            for output in node.outputs.compactMap(\.self) {
                var own = PictureAxes()
                for axis in (shapes[output] ?? []).indices {
                    let sources = operation.sources(ofOutputAxis: axis, inputs)
                    for (place, (input, source)) in zip(node.inputs, sources).enumerated() {
                        guard let input, let source, let directions = axes[input] else { continue }
                        kept[place].insert(source.axis)
                        for direction in Direction.allCases
                        where directions[direction] == source.axis {
                            // Where there is one position, it is all of them.
                            if case .everything = source.map, shapes[input]?[source.axis] != 1 {
                                isGlobal = true
                                // What is left of a sum is the same everywhere.
                                if shapes[output]?[axis] == 1 { continue }
                            }
                            own[direction] = axis
                            // Statistics leave a picture as large as it was.
                            let keepsLength = shapes[input]?[source.axis] == shapes[output]?[axis]
                            guard let base = scales[input]?[direction],
                                let step = source.map.scale ?? (keepsLength ? Ratio(1) : nil)
                            else { continue }
                            scales[output, default: [:]][direction] = base * step
                        }
                    }
                }
                axes[output] = own
            }
            for (input, kept) in zip(node.inputs, kept) {
                guard let input, let own = axes[input], let shape = shapes[input] else { continue }
                // A direction that vanishes was summed up, or one place of it was chosen.
                isGlobal =
                    isGlobal
                    || Direction.allCases.contains { direction in
                        own[direction].map { shape[$0] != 1 && !kept.contains($0) } ?? false
                    }
            }
            if isGlobal { global.append(index) }
        }
        self.shapes = shapes
        self.types = types
        self.axes = axes
        self.scales = scales
        globalNodes = global
    }

    /// How long a value is in a direction; 1 where it is the same everywhere.
    package func length(of value: Graph.ValueID, _ direction: Direction) -> Int {
        guard let axis = axes[value]?[direction], let shape = shapes[value] else { return 1 }
        return shape[axis]
    }

    /// Input positions between two places at which the network works alike: moving the input by a
    /// multiple moves the output by its scale times that and changes nothing else.
    package var alignment: Int {
        scales.values.flatMap(\.values).reduce(1) { leastCommonMultiple($0, $1.denominator) }
    }
}

extension Range<Int> {
    /// The smallest interval with both in it; empty ones count for nothing.
    package func hull(with other: Range<Int>) -> Range<Int> {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
    }
}

/// The least common multiple of two positive integers.
package func leastCommonMultiple(_ a: Int, _ b: Int) -> Int { a / greatestCommonDivisor(a, b) * b }
