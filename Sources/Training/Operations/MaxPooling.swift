internal import Graphs

extension Variable {
    /// The largest numbers of squares of pixels.
    @_specialize(where Number == Float)
    package func maxPooled(_ size: Int, stride: Int? = nil, padding: Int = 0) -> Variable {
        let stride = stride ?? size
        let (height, width) = (shape[2], shape[3])
        let rows = (height + 2 * padding - size) / stride + 1
        let columns = (width + 2 * padding - size) / stride + 1
        let planes = shape[0] * shape[1]
        var places = [Int32](repeating: 0, count: planes * rows * columns)
        places.withUnsafeMutableBufferPointer { places in
            let (places, x) = (places.baseAddress!, base)
            inParallel(planes, grain: 1 + (1 << 12) / (rows * columns)) { range in
                for plane in range {
                    var target = plane * rows * columns
                    for row in 0..<rows {
                        let top = row * stride - padding
                        for column in 0..<columns {
                            let left = column * stride - padding
                            var best = -1
                            for i in max(top, 0)..<min(top + size, height) {
                                for j in max(left, 0)..<min(left + size, width) {
                                    let place = (plane * height + i) * width + j
                                    if best < 0 || x[place] > x[best] { best = place }
                                }
                            }
                            places[target] = Int32(best)
                            target += 1
                        }
                    }
                }
            }
        }
        return picking(places, shape: [shape[0], shape[1], rows, columns])
            .traced(
                Pooling(
                    .max(indices: nil),
                    rule: Sliding(stride: stride, padding: padding).rule([size, size])
                ),
                [self]
            )
    }

    /// The numbers at some places.
    @_specialize(where Number == Float)
    private func picking(_ places: [Int32], shape goal: [Int]) -> Variable {
        Variable(goal) { y in
            for (index, place) in places.enumerated() { y[index] = base[Int(place)] }
        }
        .recorded(from: self) { [shape] gradient in gradient.scattered(to: places, shape: shape) }
    }

    /// The numbers added up at their places, among zeros.
    @_specialize(where Number == Float)
    private func scattered(to places: [Int32], shape goal: [Int]) -> Variable {
        let size = goal.reduce(1, *)
        return Variable(goal) { y in
            y.update(repeating: 0, count: size)
            for (index, place) in places.enumerated() { y[Int(place)] += base[index] }
        }
        .recorded(from: self) { [shape] gradient in gradient.picking(places, shape: shape) }
    }
}
