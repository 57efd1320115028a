internal import Glibc
package import Tensors

/// Handwriting without hands: digits drawn from their strokes, each bent in its own way.
///
/// White on black, 1 × side × side from 0 to 1. Every glyph depends on seed and number only.
package struct Glyphs: Sendable {
    package let count: Int
    package let side: Int
    private let stream: RandomNumbers

    package init(count: Int, side: Int = 32, seed: UInt64) {
        self.count = count
        self.side = side
        stream = RandomNumbers(seed: seed, name: "glyphs")
    }

    /// A glyph by number, and which digit it is.
    package func glyph(_ index: Int) -> (picture: Tensor, digit: Int) {
        var random = stream.part(index)
        let digit = random.integer(below: 10)
        return (Self.draw(digit, side: side, &random), digit)
    }

    private static func draw(_ digit: Int, side: Int, _ random: inout RandomNumbers) -> Tensor {
        let size = Double(side)
        let angle = random.uniform(-15...15) * .pi / 180
        let shear = random.uniform(-0.2...0.2)
        let scaleX = 0.62 * size * random.uniform(0.75...1.05)
        let scaleY = 0.72 * size * random.uniform(0.8...1.05)
        let (moveX, moveY) = (
            random.uniform(-2...2) * size / 32, random.uniform(-2...2) * size / 32
        )
        let halfWidth = random.uniform(1...1.8) * size / 32
        func placed(_ point: Point) -> Point {
            let y = (point.y - 0.5) * scaleY
            let x = (point.x - 0.5) * scaleX + shear * y
            let middle = size / 2 - 0.5
            return Point(
                cos(angle) * x - sin(angle) * y + middle + moveX,
                sin(angle) * x + cos(angle) * y + middle + moveY
            )
        }
        var map = StrokeMap(width: side, height: side)
        for stroke in skeletons[digit] { map.draw(stroke.map(placed), halfWidth: halfWidth) }
        return Tensor(
            shape: [1, side, side],
            values: map.depths.map { Float(min(max($0 + 0.5, 0), 1)) }
        )
    }
}

/// The strokes of the ten digits in a box from 0 to 1; y points down.
private let skeletons: [[[Point]]] = [
    [arc(0.5, 0.5, 0.30, 0.45, 0, 360, 17)],
    [[Point(0.35, 0.2), Point(0.55, 0.05), Point(0.55, 0.95)]],
    [arc(0.5, 0.3, 0.28, 0.25, 180, 380, 9) + [Point(0.22, 0.95), Point(0.80, 0.95)]],
    [arc(0.47, 0.28, 0.27, 0.23, 200, 450, 9), arc(0.47, 0.73, 0.30, 0.22, 270, 520, 9)],
    [[Point(0.62, 0.95), Point(0.62, 0.05), Point(0.18, 0.65), Point(0.85, 0.65)]],
    [
        [Point(0.75, 0.05), Point(0.28, 0.05), Point(0.25, 0.45)]
            + arc(0.47, 0.68, 0.28, 0.27, 240, 490, 10)
    ],
    [[Point(0.68, 0.05), Point(0.35, 0.40)] + arc(0.5, 0.68, 0.27, 0.27, 205, 565, 13)],
    [[Point(0.2, 0.05), Point(0.8, 0.05), Point(0.42, 0.95)]],
    [arc(0.5, 0.27, 0.23, 0.22, 0, 360, 13), arc(0.5, 0.72, 0.28, 0.23, 0, 360, 13)],
    [arc(0.5, 0.32, 0.27, 0.27, 25, 385, 13) + [Point(0.70, 0.60), Point(0.55, 0.95)]],
]

/// Points on an ellipse at equal angles from `first` to `last` degrees.
private func arc(
    _ x: Double,
    _ y: Double,
    _ radiusX: Double,
    _ radiusY: Double,
    _ first: Double,
    _ last: Double,
    _ count: Int
) -> [Point] {
    (0..<count).map { i in
        let angle = (first + (last - first) * Double(i) / Double(count - 1)) * .pi / 180
        return Point(x + radiusX * cos(angle), y + radiusY * sin(angle))
    }
}
