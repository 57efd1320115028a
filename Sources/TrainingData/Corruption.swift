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
    package static func random(_ random: inout RandomNumbers) -> Corruption {
        if random.happens(0.5) { return Corruption(.occlusion) }
        return Corruption(random.happens(0.5) ? .scratch : .freeform)
    }

    /// A damaged copy of a picture C × H × W and a mask 1 × H × W that is 1 in the hole, else 0.
    package func apply(
        to picture: Tensor,
        _ random: inout RandomNumbers
    ) -> (corrupted: Tensor, mask: Tensor) {
        let shapes = DamageShapes(width: picture.width, height: picture.height, level: level)
        if kind == .stain {
            let spots = shapes.spots(&random)
            return (stained(picture, spots), tensor(shapes.covered(by: spots), shapes))
        }
        let mask = mask(shapes, &random)
        return (filled(picture, mask, &random), mask)
    }

    /// A mask 1 × H × W that is 1 in the hole, else 0.
    package func mask(width: Int, height: Int, _ random: inout RandomNumbers) -> Tensor {
        mask(DamageShapes(width: width, height: height, level: level), &random)
    }

    private func mask(_ shapes: DamageShapes, _ random: inout RandomNumbers) -> Tensor {
        let isInside: [Bool] =
            switch kind {
            case .occlusion: shapes.square(&random)
            case .scratch: shapes.strokes(&random)
            case .freeform: shapes.brush(&random)
            case .stain: shapes.covered(by: shapes.spots(&random))
            case .border: shapes.frame(&random)
            }
        return tensor(isInside, shapes)
    }

    private func tensor(_ isInside: [Bool], _ shapes: DamageShapes) -> Tensor {
        Tensor(
            shape: [1, shapes.height, shapes.width],
            values: isInside.map { $0 ? 1 : 0 as Float }
        )
    }

    private func filled(
        _ picture: Tensor,
        _ mask: Tensor,
        _ random: inout RandomNumbers
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

    private func stained(_ picture: Tensor, _ spots: [DamageShapes.Spot]) -> Tensor {
        var result = picture
        let pixels = picture.width * picture.height
        var out = result.mutableFloats
        for spot in spots {
            for i in out.indices {
                out[i] += (spot.color[i / pixels % 3] - out[i]) * spot.opacities[i % pixels]
            }
        }
        return result
    }
}
