package import Tensors

/// How squares are cut out of the two pictures of a pair, both alike.
package struct PairCut: Sendable {
    /// The side of the squares in pixels.
    package let side: Int
    /// Pixels by which the shorter side of a picture that is fitted is larger than the square; `nil`
    /// where pictures keep their size.
    package let jitter: Int?
    /// Whether half of the pairs are mirrored.
    package let isMirrored: Bool

    package init(side: Int, jitter: Int?, isMirrored: Bool) {
        self.side = side
        self.jitter = jitter
        self.isMirrored = isMirrored
    }

    /// How long the shorter side of a picture must be.
    package var smallest: Int { jitter == nil ? side : 8 }

    /// A square somewhere in the pair, now and then mirrored.
    package func random(
        _ pair: (input: Picture, target: Picture),
        _ random: inout RandomNumbers
    ) -> (input: Tensor, target: Tensor) {
        let size = pair.input.size
        let shorter = min(size.width, size.height)
        let own = jitter.map { max(1, shorter * side / (side + $0)) } ?? side
        let crop = Crop.random(own, in: size, &random)
        let symmetry = Symmetry(isMirrored: isMirrored && random.happens(0.5))
        return (
            symmetry.apply(to: part(pair.input, crop)), symmetry.apply(to: part(pair.target, crop))
        )
    }

    /// The square in the middle, the largest one of a picture that is fitted.
    package func center(
        _ pair: (input: Picture, target: Picture)
    ) -> (input: Tensor, target: Tensor) {
        let size = pair.input.size
        let crop = Crop.center(jitter == nil ? side : min(size.width, size.height), in: size)
        return (part(pair.input, crop), part(pair.target, crop))
    }

    private func part(_ picture: Picture, _ crop: Crop) -> Tensor {
        let part = picture.tensor(crop)
        if crop.width == side { return part }
        return part.resized(to: Size(width: side, height: side)).roundedToBytes
    }
}
