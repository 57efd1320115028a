package import Tensors

/// A flip or a quarter turn, or both: one of the eight ways to lay a square on itself.
package struct Symmetry: Sendable, Equatable {
    package var isMirrored = false
    /// Quarter turns clockwise, after the mirror.
    package var quarterTurns = 0

    package init(isMirrored: Bool = false, quarterTurns: Int = 0) {
        self.isMirrored = isMirrored
        self.quarterTurns = quarterTurns
    }

    /// Any of the eight.
    package static func random(_ random: inout RandomNumbers) -> Symmetry {
        Symmetry(isMirrored: random.happens(0.5), quarterTurns: random.integer(below: 4))
    }

    /// The picture C × H × W, mirrored and turned.
    package func apply(to picture: Tensor) -> Tensor {
        if self == Symmetry() { return picture }
        let (height, width) = (picture.height, picture.width)
        let swapsSides = !quarterTurns.isMultiple(of: 2)
        let (newHeight, newWidth) = swapsSides ? (width, height) : (height, width)
        var result = Tensor(uninitialized: [picture.shape[0], newHeight, newWidth])
        let values = picture.floats
        var out = result.mutableFloats
        for channel in 0..<picture.shape[0] {
            let plane = channel * width * height
            for y in 0..<newHeight {
                for x in 0..<newWidth {
                    let (u, v) =
                        switch quarterTurns % 4 {
                        case 1: (y, height - 1 - x)
                        case 2: (width - 1 - x, height - 1 - y)
                        case 3: (width - 1 - y, x)
                        default: (x, y)
                        }
                    let oldX = isMirrored ? width - 1 - u : u
                    out[plane + y * newWidth + x] = values[plane + v * width + oldX]
                }
            }
        }
        return result
    }
}
