internal import Glibc
internal import Kernels
package import Tensors

extension Tensor {
    /// A picture C × H × W blurred with a Gaussian, its border pixels continued outwards.
    ///
    /// - Parameter radius: where the Gaussian is cut off, in pixels; three σ if nobody says.
    package func blurred(sigma: Double, radius: Int? = nil) -> Tensor {
        if sigma <= 0 { return self }
        let radius = radius ?? Int((3 * sigma).rounded(.up))
        let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
        let sum = raw.reduce(0, +)
        let weights = raw.map { Float($0 / sum) }
        return filtered(weights, radiusX: radius, radiusY: 0)
            .filtered(weights, radiusX: 0, radiusY: radius)
    }

    /// A picture C × H × W filtered with a kernel, its border pixels continued outwards.
    package func filtered(_ kernel: SquareKernel) -> Tensor {
        filtered(kernel.weights, radiusX: kernel.radius, radiusY: kernel.radius)
    }

    /// Weighted sums over neighbourhoods; weights row by row.
    private func filtered(_ weights: [Float], radiusX: Int, radiusY: Int) -> Tensor {
        let (height, width) = (height, width)
        let (side, stride) = (2 * radiusX + 1, width + 2 * radiusX)
        let padded = paddedRows(by: radiusX)
        var result = Tensor(shape: shape)
        var out = result.mutableFloats
        out.withUnsafeMutableBufferPointer { out in
            padded.withUnsafeBufferPointer { padded in
                for row in 0..<(shape[0] * height) {
                    let y = row % height
                    for (i, weight) in weights.enumerated() {
                        let (v, u) = i.quotientAndRemainder(dividingBy: side)
                        let source = row - y + min(max(y + v - radiusY, 0), height - 1)
                        RowKernels.accumulate(
                            weight,
                            padded.baseAddress! + source * stride + u,
                            into: out.baseAddress! + row * width,
                            count: width
                        )
                    }
                }
            }
        }
        return result
    }

    /// All rows with their first and last number repeated beyond their ends.
    private func paddedRows(by radius: Int) -> [Float] {
        let values = floats
        var padded: [Float] = []
        padded.reserveCapacity(shape[0] * height * (width + 2 * radius))
        for row in 0..<(shape[0] * height) {
            for x in -radius..<(width + radius) {
                padded.append(values[row * width + min(max(x, 0), width - 1)])
            }
        }
        return padded
    }
}
