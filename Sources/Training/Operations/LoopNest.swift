internal import Tensors

/// Nested loops over arrays of one shape, some of which repeat along some axes.
///
/// Axes that lie behind one another in all arrays are one loop; the innermost is a run in which
/// every array goes on by one number or stays where it is.
struct LoopNest {
    /// The innermost last; never empty.
    private(set) var sides: [Int]
    /// For every array how far apart neighbours along each axis are, 0 where it repeats.
    private(set) var strides: [[Int]]

    /// - Parameter shapes: the arrays' shapes, whose sides are those of `shape`, or 1 to repeat; axes
    ///   missing in front repeat.
    init(_ shape: [Int], _ shapes: [[Int]]) {
        let own = shapes.map { other in
            let sides = [Int](repeating: 1, count: shape.count - other.count) + other
            let strides = sides.strides
            return sides.indices.map { axis in
                precondition(
                    sides[axis] == shape[axis] || sides[axis] == 1,
                    "an array of \(other) fits \(shape)"
                )
                return sides[axis] == 1 ? 0 : strides[axis]
            }
        }
        sides = []
        strides = shapes.map { _ in [] }
        for axis in shape.indices.reversed() where shape[axis] != 1 {
            let joins =
                !sides.isEmpty
                && strides.indices.allSatisfy {
                    own[$0][axis] == strides[$0][0] * sides[0]
                }
            if joins {
                sides[0] *= shape[axis]
            } else {
                sides.insert(shape[axis], at: 0)
                for array in strides.indices { strides[array].insert(own[array][axis], at: 0) }
            }
        }
        if sides.isEmpty {
            sides = [1]
            strides = shapes.map { _ in [0] }
        }
    }

    var runLength: Int { sides.last! }
    var runCount: Int { sides.dropLast().reduce(1, *) }

    /// Whether an array goes on along the run.
    func goesOn(_ array: Int) -> Bool { strides[array].last! != 0 }

    /// Where a run begins in an array.
    func start(of run: Int, in array: Int) -> Int {
        var (rest, start) = (run, 0)
        for axis in sides.indices.dropLast().reversed() {
            start += rest % sides[axis] * strides[array][axis]
            rest /= sides[axis]
        }
        return start
    }
}

/// The shape that arrays of two shapes have together when sides of 1 repeat.
func commonShape(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let (x, y) = (
        [Int](repeating: 1, count: rank - a.count) + a,
        [Int](repeating: 1, count: rank - b.count) + b
    )
    return (0..<rank).map { axis in
        precondition(
            x[axis] == y[axis] || x[axis] == 1 || y[axis] == 1,
            "shapes that go together, not \(a) and \(b)"
        )
        return x[axis] == 1 ? y[axis] : x[axis]
    }
}
