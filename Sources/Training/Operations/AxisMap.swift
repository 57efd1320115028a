internal import Tensors

/// A linear map along one axis: each result is a weighted sum of a few inputs.
///
/// Padding, slices, resizing, pooling by averages and picking rows are all such maps, and so are
/// their gradients.
package struct AxisMap: Sendable {
    /// What one result is made of.
    package typealias Sum = [(position: Int, weight: Double)]

    let inputs: Int
    /// Where the terms of each result begin, and where the last one's end.
    private(set) var starts: [Int] = [0]
    private(set) var positions: [Int] = []
    private(set) var weights: [Double] = []

    package init(inputs: Int, _ sums: [Sum]) {
        self.inputs = inputs
        for sum in sums {
            for (position, weight) in sum where weight != 0 {
                precondition((0..<inputs).contains(position), "positions lie inside the axis")
                positions.append(position)
                weights.append(weight)
            }
            starts.append(positions.count)
        }
    }

    /// A map whose results are inputs, or zero where the position is `nil`.
    package init(inputs: Int, picking positions: [Int?]) {
        self.init(inputs: inputs, positions.map { $0.map { [($0, 1)] } ?? [] })
    }

    var outputs: Int { starts.count - 1 }

    var transposed: AxisMap {
        var sums = [Sum](repeating: [], count: inputs)
        for output in 0..<outputs {
            for term in starts[output]..<starts[output + 1] {
                sums[positions[term]].append((output, weights[term]))
            }
        }
        return AxisMap(inputs: outputs, sums)
    }

    /// Ranges of results that are consecutive inputs as they are.
    var copies: [(outputs: Range<Int>, from: Int)] {
        var found: [(outputs: Range<Int>, from: Int)] = []
        for output in 0..<outputs where starts[output + 1] == starts[output] + 1 {
            let term = starts[output]
            guard weights[term] == 1 else { continue }
            if let last = found.last, last.outputs.upperBound == output,
                positions[term] == last.from + last.outputs.count
            {
                found[found.count - 1].outputs = last.outputs.lowerBound..<(output + 1)
            } else {
                found.append((output..<(output + 1), positions[term]))
            }
        }
        return found
    }
}

extension Variable {
    /// A linear map along one axis, counted from the end if negative.
    package func mapped(_ axis: Int, by map: AxisMap) -> Variable {
        let axis = axis < 0 ? axis + shape.count : axis
        precondition(shape[axis] == map.inputs, "a map of \(shape[axis]) inputs")
        var goal = shape
        goal[axis] = map.outputs
        let rows = shape[..<axis].reduce(1, *)
        let length = shape[(axis + 1)...].reduce(1, *)
        return Variable(goal) { y in
            if length == 1 {
                mapNumbers(map, base, into: y, rows: rows)
            } else {
                mapRuns(map, base, into: y, rows: rows, length: length)
            }
        }
        .recorded(from: self) { gradient in gradient.mapped(axis, by: map.transposed) }
    }
}

/// The map of an axis behind which others follow: whole runs are added.
private func mapRuns<Number: Real>(
    _ map: AxisMap,
    _ x: UnsafePointer<Number>,
    into y: UnsafeMutablePointer<Number>,
    rows: Int,
    length: Int
) {
    inParallel(rows * map.outputs, grain: 1 + (1 << 14) / length) { range in
        for run in range {
            let (row, output) = run.quotientAndRemainder(dividingBy: map.outputs)
            let target = y + run * length
            let source = x + row * map.inputs * length
            let terms = map.starts[output]..<map.starts[output + 1]
            guard let first = terms.first else {
                target.update(repeating: 0, count: length)
                continue
            }
            let from = source + map.positions[first] * length
            if map.weights[first] == 1 {
                target.update(from: from, count: length)
            } else {
                let scale = Function.scale(factor: map.weights[first], offset: 0)
                Number.apply(scale, from, into: target, count: length)
            }
            for term in terms.dropFirst() {
                let from = source + map.positions[term] * length
                Number.accumulate(Number(map.weights[term]), from, into: target, count: length)
            }
        }
    }
}

/// The map of the last axis: number by number, but for stretches that are copied.
@_specialize(where Number == Float)
private func mapNumbers<Number: Real>(
    _ map: AxisMap,
    _ x: UnsafePointer<Number>,
    into y: UnsafeMutablePointer<Number>,
    rows: Int
) {
    let copies = map.copies.filter { $0.outputs.count >= 8 }
    let copied = Set(copies.flatMap { Array($0.outputs) })
    let others = (0..<map.outputs).filter { !copied.contains($0) }
    let weights = map.weights.map { Number($0) }
    inParallel(rows, grain: 1 + (1 << 14) / max(1, map.outputs)) { range in
        map.positions.withUnsafeBufferPointer { positions in
            map.starts.withUnsafeBufferPointer { starts in
                weights.withUnsafeBufferPointer { weights in
                    for row in range {
                        let source = x + row * map.inputs
                        let target = y + row * map.outputs
                        for copy in copies {
                            (target + copy.outputs.lowerBound)
                                .update(from: source + copy.from, count: copy.outputs.count)
                        }
                        for output in others {
                            var sum: Number = 0
                            var term = starts[output]
                            while term < starts[output + 1] {
                                sum += weights[term] * source[positions[term]]
                                term += 1
                            }
                            target[output] = sum
                        }
                    }
                }
            }
        }
    }
}
