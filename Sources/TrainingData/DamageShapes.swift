internal import Glibc
internal import Tensors

/// Where the shapes of damage are drawn; lengths are parts of the shorter side.
struct DamageShapes {
    let width, height: Int
    let level: Double

    var side: Double { Double(min(width, height)) }

    func square(_ random: inout RandomNumbers) -> [Bool] {
        let wanted = Double(random.integer(50...99)) * side / 256 * level
        let length = min(max(Int(wanted.rounded()), 1), min(width, height))
        let left = random.integer(0...(width - length))
        let top = random.integer(0...(height - length))
        return pixels { (x, y) in
            (left..<(left + length)).contains(x) && (top..<(top + length)).contains(y)
        }
    }

    func strokes(_ random: inout RandomNumbers) -> [Bool] {
        var map = StrokeMap(width: width, height: height)
        for _ in 0..<random.integer(1...4) {
            let ends = [anywhere(&random), anywhere(&random)]
            map.draw(ends, halfWidth: random.uniform(0.8...1.6) * side / 64 * level)
        }
        return map.depths.map { $0 >= 0 }
    }

    /// Bent lines as in free-form inpainting (Yu and others, 2019): the direction alternates, so
    /// that a stroke folds back on itself.
    func brush(_ random: inout RandomNumbers) -> [Bool] {
        var map = StrokeMap(width: width, height: height)
        for _ in 0..<random.integer(1...4) {
            let corners = random.integer(4...12)
            let halfWidth = random.uniform(12...40) / 2 * side / 256 * level
            var points = [anywhere(&random)]
            for corner in 1..<corners {
                let bend = 2 * Double.pi / 5
                let angle = bend + random.uniform(-bend...bend)
                let direction = corner.isMultiple(of: 2) ? 2 * Double.pi - angle : angle
                let length = random.uniform(10...40) * side / 256
                let last = points[corner - 1]
                points.append(
                    Point(
                        min(max(last.x + length * cos(direction), 0), Double(width - 1)),
                        min(max(last.y + length * sin(direction), 0), Double(height - 1))
                    )
                )
            }
            map.draw(points, halfWidth: halfWidth)
        }
        return map.depths.map { $0 >= 0 }
    }

    /// Each side loses up to a quarter.
    func frame(_ random: inout RandomNumbers) -> [Bool] {
        let margins = (0..<4).map { _ in
            Int((random.uniform(0.0625...0.25) * side * level).rounded())
        }
        return pixels { (x, y) in
            x < margins[0] || x >= width - margins[1] || y < margins[2] || y >= height - margins[3]
        }
    }

    struct Spot {
        /// 0 to 1 for each pixel.
        var opacities: [Float]
        var color: [Float]
    }

    /// Blurred ellipses.
    func spots(_ random: inout RandomNumbers) -> [Spot] {
        (0..<random.integer(1...3)).map { _ in
            let center = anywhere(&random)
            let (a, b) = (
                random.uniform(0.06...0.2) * side * level, random.uniform(0.06...0.2) * side * level
            )
            let angle = random.uniform(0...Double.pi)
            let ellipse = pixels { (x, y) in
                let (dx, dy) = (Double(x) - center.x, Double(y) - center.y)
                let (u, v) = (
                    (dx * cos(angle) + dy * sin(angle)) / a, (dy * cos(angle) - dx * sin(angle)) / b
                )
                return u * u + v * v <= 1
            }
            let opacity = Float(random.uniform(0.4...1))
            let soft = Tensor(
                shape: [1, height, width],
                values: ellipse.map { $0 ? opacity : 0 }
            ).blurred(sigma: random.uniform(0.01...0.04) * side)
            let grey = Float(random.uniform(0.15...0.6))
            let isBrown = random.happens(0.5)
            return Spot(
                opacities: soft.array(of: Float.self),
                color: isBrown ? [grey, grey * 0.7, grey * 0.4] : [grey, grey, grey]
            )
        }
    }

    /// Where spots cover more than a twentieth of what is below.
    func covered(by spots: [Spot]) -> [Bool] {
        (0..<(width * height)).map { i in spots.contains { $0.opacities[i] > 0.05 } }
    }

    private func anywhere(_ random: inout RandomNumbers) -> Point {
        let x = random.uniform(0...Double(width - 1))
        return Point(x, random.uniform(0...Double(height - 1)))
    }

    private func pixels(_ isInside: (Int, Int) -> Bool) -> [Bool] {
        (0..<(width * height)).map { isInside($0 % width, $0 / width) }
    }
}
