/// A place in a picture; pixel centres have whole coordinates.
struct Point: Sendable, Equatable {
    var x, y: Double

    init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// How deep inside thick strokes each pixel lies, in pixels; below 0 outside, where only the
/// surroundings of a stroke are known and the rest is −∞.
struct StrokeMap {
    let width, height: Int
    private(set) var depths: [Double]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        depths = [Double](repeating: -.infinity, count: width * height)
    }

    /// Draws a line of several pieces with round ends.
    mutating func draw(_ points: [Point], halfWidth: Double) {
        for (start, end) in zip(points, points.dropFirst()) {
            drawPiece(start, end, halfWidth: halfWidth)
        }
    }

    private mutating func drawPiece(_ start: Point, _ end: Point, halfWidth: Double) {
        let reach = halfWidth + 1
        let rows = range(min(start.y, end.y) - reach, max(start.y, end.y) + reach, height)
        let columns = range(min(start.x, end.x) - reach, max(start.x, end.x) + reach, width)
        let (dx, dy) = (end.x - start.x, end.y - start.y)
        let square = dx * dx + dy * dy
        for y in rows {
            for x in columns {
                let (px, py) = (Double(x) - start.x, Double(y) - start.y)
                let along = square > 0 ? min(max((px * dx + py * dy) / square, 0), 1) : 0
                let (qx, qy) = (px - along * dx, py - along * dy)
                let depth = halfWidth - (qx * qx + qy * qy).squareRoot()
                depths[y * width + x] = max(depths[y * width + x], depth)
            }
        }
    }

    /// The whole numbers between two others that are places in a picture.
    private func range(_ first: Double, _ last: Double, _ count: Int) -> Range<Int> {
        let start = min(max(Int(first.rounded(.up)), 0), count)
        return start..<max(start, min(Int(last.rounded(.down)) + 1, count))
    }
}
