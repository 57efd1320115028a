package import Tensors

/// One channel of a picture, as numbers; rows without gaps.
package struct Plane: Sendable, Equatable {
    package let width, height: Int
    package var values: [Double]

    package init(width: Int, height: Int, values: [Double]) {
        precondition(values.count == width * height, "the values do not fill the plane")
        self.width = width
        self.height = height
        self.values = values
    }

    package subscript(x: Int, y: Int) -> Double { values[y * width + x] }

    /// The part from the top left corner on.
    package func cropped(width: Int, height: Int) -> Plane {
        cropped(left: 0, top: 0, width: width, height: height)
    }

    package func cropped(left: Int, top: Int, width: Int, height: Int) -> Plane {
        var part: [Double] = []
        part.reserveCapacity(width * height)
        for y in top..<(top + height) {
            let start = y * self.width + left
            part += values[start..<(start + width)]
        }
        return Plane(width: width, height: height, values: part)
    }

    /// Every value rounded and limited to 0 … 255, as a file of 8 bits would hold it.
    package func roundedToBytes() -> Plane {
        Plane(width: width, height: height, values: values.map { min(max($0.rounded(), 0), 255) })
    }
}

/// Luma in the studio range, from red, green and blue of 0 … 255:
/// 16 + (65.481·R + 128.553·G + 24.966·B) / 255, rounded (ITU-R BT.601, as MATLAB's `rgb2ycbcr`).
package func luma(_ red: Plane, _ green: Plane, _ blue: Plane) -> Plane {
    let values = red.values.indices.map { i in
        let sum = 65.481 * red.values[i] + 128.553 * green.values[i] + 24.966 * blue.values[i]
        return (16 + sum / 255).rounded()
    }
    return Plane(width: red.width, height: red.height, values: values)
}

/// The channels of one item of a tensor N × C × H × W, or of a tensor C × H × W.
package func planes(of tensor: Tensor, item: Int = 0) -> [Plane] {
    let (height, width) = (tensor.shape[tensor.rank - 2], tensor.shape[tensor.rank - 1])
    let channels = tensor.shape[tensor.rank - 3]
    let values = tensor.floats
    return (0..<channels).map { channel in
        let start = (item * channels + channel) * width * height
        return Plane(
            width: width,
            height: height,
            values: (start..<(start + width * height)).map { Double(values[$0]) }
        )
    }
}

extension Tensor {
    /// Planes of one size as the channels of a tensor C × H × W.
    package init(_ planes: [Plane]) {
        self.init(
            shape: [planes.count, planes[0].height, planes[0].width],
            values: planes.flatMap(\.values).map { Float($0) }
        )
    }
}
