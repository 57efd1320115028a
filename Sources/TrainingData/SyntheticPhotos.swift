internal import Glibc
package import Tensors

/// Pictures of nothing, with what photos have: slow changes of colour, sharp edges, fine stripes.
///
/// 3 × side × side from 0 to 1; each depends on seed and number only. They need no files.
package struct SyntheticPhotos: Sendable {
    package let count: Int
    package let side: Int
    private let stream: RandomNumbers

    package init(count: Int, side: Int, seed: UInt64) {
        self.count = count
        self.side = side
        stream = RandomNumbers(seed: seed, name: "photos")
    }

    package func picture(_ index: Int) -> Tensor {
        var random = stream.part(index)
        var picture = slope(&random)
        for _ in 0..<random.integer(3...8) { draw(Shape(side: side, &random), into: &picture) }
        return picture.clamped
    }

    /// A change from one colour to another across the picture.
    private func slope(_ random: inout RandomNumbers) -> Tensor {
        let (first, second) = (color(&random), color(&random))
        let angle = random.uniform(0...(2 * .pi))
        let (dx, dy) = (Float(cos(angle)), Float(sin(angle)))
        let side = Float(side)
        return filled { (channel, x, y) in
            let along = ((x / side - 0.5) * dx + (y / side - 0.5) * dy) / 1.42 + 0.5
            return first[channel] + (second[channel] - first[channel]) * along
        }
    }

    private func draw(_ shape: Shape, into picture: inout Tensor) {
        let pixels = side * side
        var out = picture.mutableFloats
        for i in 0..<pixels {
            let (x, y) = (Double(i % side), Double(i / side))
            let covered = Float(shape.coverage(x, y))
            if covered == 0 { continue }
            for channel in 0..<3 {
                let place = channel * pixels + i
                out[place] += (shape.color(channel, x, y) - out[place]) * covered
            }
        }
    }

    private func filled(_ value: (Int, Float, Float) -> Float) -> Tensor {
        Tensor(
            shape: [3, side, side],
            values: (0..<(3 * side * side)).map { i in
                value(i / (side * side), Float(i % side), Float(i / side % side))
            }
        )
    }
}

private func color(_ random: inout RandomNumbers) -> [Float] {
    (0..<3).map { _ in Float(random.uniform()) }
}

/// An ellipse or a rectangle, plain or striped, turned to any side.
private struct Shape {
    let center: Point
    let radii: Point
    let angle: Double
    let isRound: Bool
    let colors: [[Float]]
    /// Stripes for each pixel, across the shape; 0 if it is plain.
    let frequency: Double

    init(side: Int, _ random: inout RandomNumbers) {
        let size = Double(side)
        center = Point(random.uniform(0...size), random.uniform(0...size))
        radii = Point(random.uniform(0.05...0.35) * size, random.uniform(0.05...0.35) * size)
        angle = random.uniform(0...Double.pi)
        isRound = random.happens(0.5)
        colors = [TrainingData.color(&random), TrainingData.color(&random)]
        frequency = random.happens(0.4) ? random.uniform(0.05...0.3) : 0
    }

    private func turned(_ x: Double, _ y: Double) -> Point {
        let (dx, dy) = (x - center.x, y - center.y)
        return Point(dx * cos(angle) + dy * sin(angle), dy * cos(angle) - dx * sin(angle))
    }

    /// How much of a pixel the shape covers: its edge is about a pixel wide.
    func coverage(_ x: Double, _ y: Double) -> Double {
        let p = turned(x, y)
        let depth =
            isRound
            ? (1 - hypot(p.x / radii.x, p.y / radii.y)) * min(radii.x, radii.y)
            : min(radii.x - abs(p.x), radii.y - abs(p.y))
        return min(max(depth + 0.5, 0), 1)
    }

    func color(_ channel: Int, _ x: Double, _ y: Double) -> Float {
        if frequency == 0 { return colors[0][channel] }
        let share = Float(0.5 + 0.5 * sin(2 * .pi * frequency * turned(x, y).x))
        return colors[0][channel] * share + colors[1][channel] * (1 - share)
    }
}
