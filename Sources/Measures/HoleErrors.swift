/// Errors inside holes, pooled over many pictures: all together, and by how much of its picture a
/// hole covers.
package struct HoleErrors: Sendable {
    /// Where one group of holes ends and the next begins, as parts of the picture.
    package static let limits = [0.1, 0.2, 0.3, 0.5]

    package private(set) var all = SquareErrors()
    /// One for each group, from small holes to those beyond the last limit.
    package private(set) var bySize = [SquareErrors](
        repeating: SquareErrors(),
        count: limits.count + 1
    )

    package init() {}

    package mutating func add(_ result: [Plane], _ truth: [Plane], inside hole: Hole) {
        all.add(result, truth, inside: hole)
        let group = Self.limits.firstIndex { hole.share <= $0 } ?? Self.limits.count
        bySize[group].add(result, truth, inside: hole)
    }
}
