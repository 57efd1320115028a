extension Plane {
    /// The mean length of the gradient, from differences to the right and lower neighbours; only of
    /// pixels in `hole`, if there is one, with the steps over its edge.
    package func meanGradient(inside hole: Hole? = nil) -> Double {
        var (sum, count) = (0.0, 0)
        for y in 0..<max(height - 1, 0) {
            for x in 0..<max(width - 1, 0) {
                if let hole, !hole[x, y] { continue }
                let (right, down) = (self[x + 1, y] - self[x, y], self[x, y + 1] - self[x, y])
                sum += (right * right + down * down).squareRoot()
                count += 1
            }
        }
        return count == 0 ? 0 : sum / Double(count)
    }
}

/// How much texture a picture has, as a part of what the truth has: the ratio of mean gradients.
///
/// Blur gives less than 1, noise more. Both planes are luma.
package func gradientRatio(_ result: Plane, _ truth: Plane, inside hole: Hole? = nil) -> Double {
    result.meanGradient(inside: hole) / truth.meanGradient(inside: hole)
}

/// How visible the edge of a filled hole is; 1 where nothing shows.
///
/// The mean step across the edge as a part of the mean step just outside it.
package func boundaryJump(_ filled: Plane, around hole: Hole) -> Double {
    var (across, outside) = (0.0, 0.0)
    for i in hole.pixels {
        let (x, y) = (i % hole.width, i / hole.width)
        for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
            let (farX, farY) = (x + 2 * dx, y + 2 * dy)
            guard (0..<hole.width).contains(farX), (0..<hole.height).contains(farY),
                !hole[x + dx, y + dy], !hole[farX, farY]
            else { continue }
            let edge = filled[x + dx, y + dy]
            across += abs(filled[x, y] - edge)
            outside += abs(filled[farX, farY] - edge)
        }
    }
    return across / outside
}
