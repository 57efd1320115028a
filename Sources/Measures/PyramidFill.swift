extension Plane {
    /// The hole filled from a pyramid: where nothing is known, the mean of what is known around it
    /// in a coarser picture.
    ///
    /// Rougher than the smooth fill, but its cost does not depend on the shape of the hole.
    package func filledFromPyramid(_ hole: Hole) -> Plane {
        let known = Plane(
            width: width,
            height: height,
            values: hole.isInside.map { $0 ? 0 : 1 }
        )
        return filled(known)
    }

    /// The plane with what is less than wholly known mixed with a coarser picture.
    private func filled(_ known: Plane) -> Plane {
        if width * height == 1 || known.values.allSatisfy({ $0 == 1 }) { return self }
        let (coarse, coarselyKnown) = halved(known)
        let around = coarse.filled(coarselyKnown).resized(width: width, height: height, .linear)
        let mixed = values.indices.map { i in
            known.values[i] * values[i] + (1 - known.values[i]) * around.values[i]
        }
        return Plane(width: width, height: height, values: mixed)
    }

    /// Means of up to four pixels, weighted by how well they are known, and how well that is.
    private func halved(_ known: Plane) -> (Plane, Plane) {
        let (half, tall) = ((width + 1) / 2, (height + 1) / 2)
        var (sums, weights) = (
            [Double](repeating: 0, count: half * tall), [Double](repeating: 0, count: half * tall)
        )
        for y in 0..<height {
            for x in 0..<width {
                let place = y / 2 * half + x / 2
                sums[place] += known[x, y] * self[x, y]
                weights[place] += known[x, y]
            }
        }
        let means = zip(sums, weights).map { $1 > 0 ? $0 / $1 : 0 }
        return (
            Plane(width: half, height: tall, values: means),
            Plane(width: half, height: tall, values: weights.map { min($0, 1) })
        )
    }
}
