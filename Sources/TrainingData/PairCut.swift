package import Tensors

/// How squares are cut out of pictures, out of the two of a pair alike.
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
        let (crop, symmetry) = place(in: pair.input.size, &random)
        return (
            symmetry.apply(to: part(pair.input, crop)), symmetry.apply(to: part(pair.target, crop))
        )
    }

    /// A square somewhere in a picture, now and then mirrored.
    package func random(_ picture: Picture, _ random: inout RandomNumbers) -> Tensor {
        let (crop, symmetry) = place(in: picture.size, &random)
        return symmetry.apply(to: part(picture, crop))
    }

    private func place(
        in size: Size,
        _ random: inout RandomNumbers
    ) -> (crop: Crop, symmetry: Symmetry) {
        let shorter = min(size.width, size.height)
        let own = jitter.map { max(1, shorter * side / (side + $0)) } ?? side
        let crop = Crop.random(own, in: size, &random)
        return (crop, Symmetry(isMirrored: isMirrored && random.happens(0.5)))
    }

    /// The square in the middle, the largest one of a picture that is fitted.
    package func center(
        _ pair: (input: Picture, target: Picture)
    ) -> (input: Tensor, target: Tensor) {
        (center(pair.input), center(pair.target))
    }

    /// The square in the middle of a picture, the largest one if it is fitted.
    package func center(_ picture: Picture) -> Tensor {
        let size = picture.size
        let own = jitter == nil ? side : min(size.width, size.height)
        return part(picture, Crop.center(own, in: size))
    }

    private func part(_ picture: Picture, _ crop: Crop) -> Tensor {
        let part = picture.tensor(crop)
        if crop.width == side { return part }
        return part.resized(to: Size(width: side, height: side)).roundedToBytes
    }
}
