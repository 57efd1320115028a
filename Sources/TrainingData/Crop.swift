internal import Measures
package import Tensors

/// A rectangle that is cut out of a picture.
package struct Crop: Sendable, Equatable {
    package var left, top, width, height: Int

    package init(left: Int, top: Int, width: Int, height: Int) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
    }

    /// A square anywhere in a picture, its corner at a multiple of `alignment` pixels.
    package static func random(
        _ side: Int,
        in size: Size,
        alignedTo alignment: Int = 1,
        _ random: inout RandomNumbers
    ) -> Crop {
        precondition(side <= min(size.width, size.height), "the crop fits into the picture")
        let left = random.integer(below: (size.width - side) / alignment + 1) * alignment
        let top = random.integer(below: (size.height - side) / alignment + 1) * alignment
        return Crop(left: left, top: top, width: side, height: side)
    }

    /// The square in the middle.
    package static func center(_ side: Int, in size: Size) -> Crop {
        precondition(side <= min(size.width, size.height), "the crop fits into the picture")
        return Crop(
            left: (size.width - side) / 2,
            top: (size.height - side) / 2,
            width: side,
            height: side
        )
    }

    /// The same part of a picture that is `factor` times as large.
    package func enlarged(by factor: Int) -> Crop {
        Crop(
            left: left * factor,
            top: top * factor,
            width: width * factor,
            height: height * factor
        )
    }
}

extension Picture {
    /// A random square as a tensor; half of those in which next to nothing is to be seen are passed
    /// over for another.
    package func interestingCrop(
        _ side: Int,
        alignedTo alignment: Int = 1,
        _ random: inout RandomNumbers
    ) -> Tensor {
        while true {
            let part = tensor(Crop.random(side, in: size, alignedTo: alignment, &random))
            if part.lumaDeviation >= 4.0 / 255 || random.happens(0.5) { return part }
        }
    }

    /// A random square of any size from `side` up, reduced to it: things come near and far.
    package func reducedCrop(_ side: Int, _ random: inout RandomNumbers) -> Tensor {
        let whole = side + random.integer(below: min(width, height) - side + 1)
        return tensor(Crop.random(whole, in: size, &random)).reduced(to: side)
    }

    /// The largest square in the middle, reduced to a side.
    package func reducedCenter(_ side: Int) -> Tensor {
        tensor(Crop.center(min(width, height), in: size)).reduced(to: side)
    }
}

extension Tensor {
    /// A square picture as a smaller one.
    fileprivate func reduced(to side: Int) -> Tensor {
        height == side ? self : resized(to: Size(width: side, height: side), .linear)
    }

    /// The deviation of luma over a picture C × H × W.
    fileprivate var lumaDeviation: Float {
        let luma = luma.array(of: Float.self)
        let mean = luma.reduce(0, +) / Float(luma.count)
        let square = luma.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(luma.count)
        return square.squareRoot()
    }
}
