/// The part of a picture that is to be filled.
package struct Hole: Sendable, Equatable {
    package let width, height: Int
    /// Whether each pixel lies in the hole, row by row.
    package let isInside: [Bool]
    /// The places of the pixels in the hole, counted row by row.
    package let pixels: [Int]

    package init(width: Int, height: Int, isInside: [Bool]) {
        precondition(isInside.count == width * height, "a hole knows every pixel")
        self.width = width
        self.height = height
        self.isInside = isInside
        pixels = isInside.indices.filter { isInside[$0] }
    }

    /// The pixels whose mask is one half or more.
    package init(mask: Plane) {
        self.init(
            width: mask.width,
            height: mask.height,
            isInside: mask.values.map { $0 >= 0.5 }
        )
    }

    /// The part of the picture that it covers, 0 to 1.
    package var share: Double { Double(pixels.count) / Double(max(isInside.count, 1)) }

    subscript(x: Int, y: Int) -> Bool { isInside[y * width + x] }
}

extension Plane {
    /// The hole filled with the mean of the rest; with 0 where there is no rest.
    package func filledWithMean(_ hole: Hole) -> Plane {
        var (sum, count) = (0.0, 0)
        for i in values.indices where !hole.isInside[i] {
            sum += values[i]
            count += 1
        }
        var filled = self
        for i in hole.pixels { filled.values[i] = count == 0 ? 0 : sum / Double(count) }
        return filled
    }

    /// The hole filled with the smoothest surface over its edge: every pixel is the mean of its
    /// neighbours (Laplace's equation).
    ///
    /// Where the hole meets the border of the picture the surface arrives level. Solved by
    /// successive over-relaxation until no pixel moves by more than `tolerance`.
    package func filledSmoothly(_ hole: Hole, tolerance: Double = 1e-6) -> Plane {
        var filled = filledWithMean(hole)
        if hole.pixels.count == values.count { return filled }
        let neighbours = hole.pixels.map { i in
            let (x, y) = (i % width, i / width)
            return [
                x > 0 ? i - 1 : nil, x < width - 1 ? i + 1 : nil,
                y > 0 ? i - width : nil, y < height - 1 ? i + width : nil,
            ].compactMap(\.self)
        }
        let relaxation = 1.8
        var furthest = Double.infinity
        while furthest > tolerance {
            furthest = 0
            for (i, around) in zip(hole.pixels, neighbours) {
                let mean = around.reduce(0) { $0 + filled.values[$1] } / Double(around.count)
                let step = relaxation * (mean - filled.values[i])
                filled.values[i] += step
                furthest = max(furthest, abs(step))
            }
        }
        return filled
    }
}
