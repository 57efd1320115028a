internal import Graphs
internal import Tensors

extension Variable {
    /// The same numbers in another shape; one side may be −1 and is worked out.
    package func reshaped(_ sides: [Int]) -> Variable {
        var goal = sides
        if let free = goal.firstIndex(of: -1) {
            goal[free] = count / goal.filter { $0 != -1 }.reduce(1, *)
        }
        return Variable(shape: goal, numbers: numbers)
            .traced(
                Reshape(),
                [self],
                [Tensor(shape: [goal.count], values: goal.map { Int64($0) })]
            )
            .recorded(from: self) { [shape] gradient in gradient.reshaped(shape) }
    }

    /// One row for each sample: [batch, everything else].
    package func flattened() -> Variable { reshaped([shape[0], -1]) }

    /// The axes in another order.
    package func permuted(_ order: [Int]) -> Variable {
        precondition(order.sorted() == Array(shape.indices), "every axis has a place")
        let goal = order.map { shape[$0] }
        let strides = order.map { shape.strides[$0] }
        let (length, step) = (goal.last ?? 1, strides.last ?? 1)
        return Variable(goal) { y in
            let runs = count / max(1, length)
            inParallel(runs, grain: 1 + (1 << 12) / max(1, length)) { range in
                for run in range {
                    var (rest, start) = (run, 0)
                    for axis in goal.indices.dropLast().reversed() {
                        start += rest % goal[axis] * strides[axis]
                        rest /= goal[axis]
                    }
                    let (source, target) = (base + start, y + run * length)
                    if step == 1 {
                        target.update(from: source, count: length)
                    } else {
                        for i in 0..<length { target[i] = source[i * step] }
                    }
                }
            }
        }
        .recorded(from: self) { gradient in
            gradient.permuted(order.indices.map { order.firstIndex(of: $0)! })
        }
    }

    /// Every `step`th position of a range along an axis.
    package func slice(_ axis: Int, _ range: Range<Int>, step: Int = 1) -> Variable {
        let axis = axis < 0 ? axis + shape.count : axis
        if range == 0..<shape[axis] && step == 1 { return self }
        let picked = stride(from: range.lowerBound, to: range.upperBound, by: step)
        let numbers = [range.lowerBound, range.upperBound, axis, step]
        return mapped(axis, by: AxisMap(inputs: shape[axis], picking: Array(picked)))
            .traced(
                Slice(),
                [self],
                numbers.map { Tensor(shape: [1], values: [Int64($0)]) }
            )
    }

    /// A rectangle of pictures.
    package func cropped(rows: Range<Int>, columns: Range<Int>) -> Variable {
        slice(2, rows).slice(3, columns)
    }

    /// The rows of the first axis that are asked for, in that order, any of them several times.
    package func gathered(_ rows: [Int]) -> Variable {
        mapped(0, by: AxisMap(inputs: shape[0], picking: rows))
    }

    /// For every sample, the row of the second axis that its label names: [batch, …].
    package func picked(by labels: [Int]) -> Variable {
        precondition(labels.count == shape[0], "one label for each sample")
        let rows = reshaped([shape[0] * shape[1]] + shape.dropFirst(2))
        return rows.gathered(labels.enumerated().map { $0.offset * shape[1] + $0.element })
    }

    /// Channels spread over squares of pixels, in the order of ONNX's CRD mode.
    package func pixelShuffled(_ scale: Int) -> Variable {
        let (n, c, h, w) = (shape[0], shape[1] / (scale * scale), shape[2], shape[3])
        return reshaped([n, c, scale, scale, h, w]).permuted([0, 1, 4, 2, 5, 3])
            .reshaped([n, c, h * scale, w * scale])
            .traced(DepthToSpace(block: scale, order: .crd), [self])
    }

    /// Squares of pixels gathered into channels: the way back.
    package func pixelUnshuffled(_ scale: Int) -> Variable {
        let (n, c, h, w) = (shape[0], shape[1], shape[2] / scale, shape[3] / scale)
        return reshaped([n, c, h, scale, w, scale]).permuted([0, 1, 3, 5, 2, 4])
            .reshaped([n, c * scale * scale, h, w])
    }
}

/// Joins variables along an axis.
package func concatenated<Number: Real>(
    _ parts: [Variable<Number>],
    axis: Int = 1
) -> Variable<Number> {
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let rows = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let length = shape[axis] * inner
    let result = Variable<Number>(shape) { y in
        var offset = 0
        for part in parts {
            let own = part.shape[axis] * inner
            inParallel(rows, grain: 1 + (1 << 14) / max(1, own)) { range in
                for row in range {
                    (y + row * length + offset).update(from: part.base + row * own, count: own)
                }
            }
            offset += own
        }
    }
    .traced(Concat(axis: axis), parts)
    return result.recorded(from: parts) { [sides = parts.map { $0.shape[axis] }] gradient, wanted in
        var end = 0
        return sides.indices.map { index in
            let start = end
            end += sides[index]
            return wanted[index] ? gradient.slice(axis, start..<end) : nil
        }
    }
}
