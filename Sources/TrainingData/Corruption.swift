internal import Glibc
package import Tensors

/// Damage to a picture that a network learns to repair.
package struct Corruption: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A square somewhere.
        case occlusion
        /// One to four thin straight strokes.
        case scratch
        /// One to four bent brush strokes.
        case freeform
        /// One to three soft brown or grey spots.
        case stain
        /// Everything but an inner rectangle.
        case border
    }

    /// What is put into the hole; a stain has colours of its own.
    package enum Fill: Sendable, Equatable {
        case constant(Float)
        /// The mean of each channel.
        case mean
        /// Numbers from 0 to 1.
        case noise
    }

    package var kind: Kind
    /// Multiplies the size of the damage.
    package var level: Double
    package var fill: Fill

    package init(_ kind: Kind, level: Double = 1, fill: Fill = .constant(0)) {
        self.kind = kind
        self.level = level
        self.fill = fill
    }

    /// Half of the time an occlusion, else a scratch or a free form: the mix that inpainting learns
    /// from.
    package static func random(_ random: inout RandomStream) -> Corruption {
        if random.happens(0.5) { return Corruption(.occlusion) }
        return Corruption(random.happens(0.5) ? .scratch : .freeform)
    }

    /// A damaged copy of a picture C × H × W and a mask 1 × H × W that is 1 in the hole, else 0.
    package func apply(
        to picture: Tensor,
        _ random: inout RandomStream
    ) -> (corrupted: Tensor, mask: Tensor) {
        if kind == .stain { return stained(picture, level: level, &random) }
        let mask = mask(width: picture.width, height: picture.height, &random)
        return (filled(picture, mask, &random), mask)
    }

    /// A mask 1 × H × W that is 1 in the hole, else 0.
    package func mask(width: Int, height: Int, _ random: inout RandomStream) -> Tensor {
        let canvas = Canvas(width: width, height: height, level: level)
        let isInside: [Bool] =
            switch kind {
            case .occlusion: canvas.square(&random)
            case .scratch: canvas.strokes(&random)
            case .freeform: canvas.brush(&random)
            case .stain:
                canvas.spots(&random).map { $0.opacities }.reduce(
                    [Bool](repeating: false, count: width * height)
                ) { mask, spot in zip(mask, spot).map { $0 || $1 > 0.05 } }
            case .border: canvas.frame(&random)
            }
        return Tensor(shape: [1, height, width], values: isInside.map { $0 ? 1 : 0 as Float })
    }

    private func filled(
        _ picture: Tensor,
        _ mask: Tensor,
        _ random: inout RandomStream
    ) -> Tensor {
        var result = picture
        let hole = mask.floats
        let pixels = hole.count
        var out = result.mutableFloats
        for channel in 0..<picture.shape[0] {
            let start = channel * pixels
            var value: Float = 0
            if case .constant(let constant) = fill { value = constant }
            if case .mean = fill {
                for i in start..<(start + pixels) { value += out[i] / Float(pixels) }
            }
            for i in 0..<pixels where hole[i] == 1 {
                out[start + i] = fill == .noise ? Float(random.uniform()) : value
            }
        }
        return result
    }
}

/// A picture blended with spots; the mask is where they cover more than a twentieth.
private func stained(
    _ picture: Tensor,
    level: Double,
    _ random: inout RandomStream
) -> (corrupted: Tensor, mask: Tensor) {
    var (result, mask) = (picture, Tensor(shape: [1, picture.height, picture.width]))
    let pixels = picture.width * picture.height
    let canvas = Canvas(width: picture.width, height: picture.height, level: level)
    var out = result.mutableFloats
    var hole = mask.mutableFloats
    for spot in canvas.spots(&random) {
        for i in 0..<pixels {
            let opacity = spot.opacities[i]
            if opacity > 0.05 { hole[i] = 1 }
            for channel in 0..<picture.shape[0] {
                let place = channel * pixels + i
                out[place] += (spot.color[channel % 3] - out[place]) * opacity
            }
        }
    }
    return (result, mask)
}

/// Where the shapes of damage are drawn; lengths are parts of the shorter side.
private struct Canvas {
    let width, height: Int
    let level: Double

    var side: Double { Double(min(width, height)) }

    func square(_ random: inout RandomStream) -> [Bool] {
        let wanted = Double(random.integer(50...99)) * side / 256 * level
        let length = min(max(Int(wanted.rounded()), 1), min(width, height))
        let left = random.integer(0...(width - length))
        let top = random.integer(0...(height - length))
        return pixels { (x, y) in
            (left..<(left + length)).contains(x) && (top..<(top + length)).contains(y)
        }
    }

    func strokes(_ random: inout RandomStream) -> [Bool] {
        var map = StrokeMap(width: width, height: height)
        for _ in 0..<random.integer(1...4) {
            let ends = [anywhere(&random), anywhere(&random)]
            map.draw(ends, halfWidth: random.uniform(0.8...1.6) * side / 64 * level)
        }
        return map.depths.map { $0 >= 0 }
    }

    /// Bent lines as in free-form inpainting (Yu and others, 2019): the direction alternates, so
    /// that a stroke folds back on itself.
    func brush(_ random: inout RandomStream) -> [Bool] {
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
    func frame(_ random: inout RandomStream) -> [Bool] {
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
    func spots(_ random: inout RandomStream) -> [Spot] {
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

    private func anywhere(_ random: inout RandomStream) -> Point {
        let x = random.uniform(0...Double(width - 1))
        return Point(x, random.uniform(0...Double(height - 1)))
    }

    private func pixels(_ isInside: (Int, Int) -> Bool) -> [Bool] {
        (0..<(width * height)).map { isInside($0 % width, $0 / width) }
    }
}
