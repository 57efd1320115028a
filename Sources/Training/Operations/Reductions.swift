internal import Tensors

extension Variable {
    /// The sums along some axes, whose sides become 1.
    package func sum(_ axes: [Int]) -> Variable {
        summed(to: shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
    }

    /// The means along some axes, whose sides become 1.
    package func mean(_ axes: [Int]) -> Variable {
        sum(axes) / Number(axes.reduce(1) { $0 * shape[$1] })
    }

    /// The mean squares of the distances from the mean, along some axes.
    package func variance(_ axes: [Int]) -> Variable {
        square(self - mean(axes)).mean(axes)
    }

    /// The sum of all numbers, of shape [].
    package func sum() -> Variable { summed(to: []) }

    /// The mean of all numbers, of shape [].
    package func mean() -> Variable { sum() / Number(count) }

    /// The sums over whatever `shape` does not have: sides of 1 there, and axes missing in front.
    package func summed(to goal: [Int]) -> Variable {
        if goal == shape { return self }
        let nest = LoopNest(shape, [shape, goal])
        return Variable(goal) { y in
            Sums(nest).add(base, into: y)
        }
        .recorded(from: self) { [shape] gradient in gradient.broadcast(to: shape) }
    }

    /// The same numbers repeated along sides of 1, and along axes missing in front.
    package func broadcast(to goal: [Int]) -> Variable {
        if goal == shape { return self }
        let nest = LoopNest(goal, [goal, shape])
        let length = nest.runLength
        return Variable(goal) { y in
            inParallel(nest.runCount, grain: 1 + (1 << 14) / length) { runs in
                for run in runs {
                    let source = base + nest.start(of: run, in: 1)
                    if nest.goesOn(1) {
                        (y + run * length).update(from: source, count: length)
                    } else {
                        (y + run * length).update(repeating: source[0], count: length)
                    }
                }
            }
        }
        .recorded(from: self) { [shape] gradient in gradient.summed(to: shape) }
    }
}

/// Sums of an array into a smaller one; the same for any number of threads.
private struct Sums {
    let nest: LoopNest
    /// Loops of which each has sums of its own, and those that are summed over.
    private var kept: [(side: Int, from: Int, to: Int)] = []
    private var summed: [(side: Int, from: Int)] = []

    init(_ nest: LoopNest) {
        self.nest = nest
        for axis in nest.sides.indices.dropLast() {
            let (from, to) = (nest.strides[0][axis], nest.strides[1][axis])
            if to == 0 {
                summed.append((nest.sides[axis], from))
            } else {
                kept.append((nest.sides[axis], from, to))
            }
        }
    }

    func add<Number: Real>(_ x: UnsafePointer<Number>, into y: UnsafeMutablePointer<Number>) {
        let outer = kept.reduce(1) { $0 * $1.side }
        let inner = summed.reduce(1) { $0 * $1.side }
        let length = nest.runLength
        func place(_ index: Int) -> (from: Int, to: Int) {
            var (rest, from, to) = (index, 0, 0)
            for loop in kept.reversed() {
                from += rest % loop.side * loop.from
                to += rest % loop.side * loop.to
                rest /= loop.side
            }
            return (from, to)
        }
        func start(_ index: Int) -> Int {
            var (rest, from) = (index, 0)
            for loop in summed.reversed() {
                from += rest % loop.side * loop.from
                rest /= loop.side
            }
            return from
        }
        if nest.goesOn(1) {
            // Whole runs are added up; a single one is cut into pieces.
            let pieces = outer == 1 ? max(1, length >> 10) : 1
            inParallel(outer * pieces, grain: 1 + (1 << 14) * pieces / (inner * length)) { range in
                for index in range {
                    let (from, to) = place(index / pieces)
                    let piece = index % pieces
                    let part = (length * piece / pieces)..<(length * (piece + 1) / pieces)
                    let target = y + to + part.lowerBound
                    target.update(repeating: 0, count: part.count)
                    for row in 0..<inner {
                        let source = x + from + start(row) + part.lowerBound
                        Number.accumulate(1, source, into: target, count: part.count)
                    }
                }
            }
        } else {
            let pieces = outer * inner == 1 ? max(1, length >> 14) : 1
            if pieces > 1 {
                var parts = [Double](repeating: 0, count: pieces)
                parts.withUnsafeMutableBufferPointer { parts in
                    inParallel(pieces, grain: 1) { range in
                        for piece in range {
                            let start = length * piece / pieces
                            let end = length * (piece + 1) / pieces
                            parts[piece] = Number.sum(x + start, count: end - start)
                        }
                    }
                }
                y[0] = Number(parts.reduce(0, +))
                return
            }
            inParallel(outer, grain: 1 + (1 << 14) / (inner * length)) { range in
                for index in range {
                    let (from, to) = place(index)
                    var sum = 0.0
                    for row in 0..<inner { sum += Number.sum(x + from + start(row), count: length) }
                    y[to] = Number(sum)
                }
            }
        }
    }
}
