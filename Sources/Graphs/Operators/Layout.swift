package import Tensors

/// Gives the elements another shape: ONNX Reshape, versions 1 to 21.
///
/// Inputs: x, shape (int64), in which 0 keeps a side and −1 stands for what is left.
package struct Reshape: Operator, Equatable {
    package let name = "Reshape"
    /// Zeros in the shape mean zero.
    package var allowsZero: Bool

    package init(allowsZero: Bool = false) { self.allowsZero = allowsZero }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, target) = (try required(inputs, 0), try required(inputs, 1))
        guard let wanted = target.content else { return [ValueType(x.elementType, nil)] }
        guard let shape = x.shape else {
            let isKnown = wanted.allSatisfy { ($0.constant ?? 1) > 0 }
            return [ValueType(x.elementType, isKnown ? wanted : nil)]
        }
        var output: [Dimension] = []
        var unknown: Int?
        for (axis, side) in wanted.enumerated() {
            switch side.constant {
            case .some(0) where !allowsZero:
                guard axis < shape.count else {
                    throw OperatorError(
                        expected: "a side to keep at position \(axis)",
                        found: "an input of rank \(shape.count)"
                    )
                }
                output.append(shape[axis])
            case .some(-1):
                guard unknown == nil else {
                    throw OperatorError(
                        expected: "at most one -1 in the shape",
                        found: text(wanted)
                    )
                }
                unknown = axis
                output.append(1)
            case let constant? where constant < 0:
                throw OperatorError(expected: "sides of at least 0", found: "\(constant)")
            default: output.append(side)
            }
        }
        let (before, after) = (product(shape), product(output))
        if let unknown {
            guard let side = quotient(shape, output) else {
                throw OperatorError(
                    expected: "a shape that \(before) elements fill",
                    found: text(wanted)
                )
            }
            output[unknown] = side
        } else if let m = before.constant, let n = after.constant, m != n {
            throw OperatorError(expected: "a shape of \(m) elements", found: text(wanted))
        }
        return [ValueType(x.elementType, output, content: output.count <= 1 ? x.content : nil)]
    }

    private func product(_ shape: [Dimension]) -> Dimension { shape.reduce(1, *) }

    /// The product of some sides divided by that of others.
    private func quotient(_ shape: [Dimension], _ others: [Dimension]) -> Dimension? {
        // Equal sides cancel, whatever they depend on; what is left must be numbers below.
        var (top, bottom) = (shape, others)
        for side in others where side.constant == nil {
            guard let index = top.firstIndex(of: side) else { continue }
            top.remove(at: index)
            bottom.remove(at: bottom.firstIndex(of: side)!)
        }
        guard let divisor = product(bottom).constant, divisor > 0 else {
            return product(top).constant == 0 ? 0 : nil
        }
        let quotient = product(top).floored(by: divisor)
        return quotient * Dimension(divisor) == product(top) ? quotient : nil
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, target) = (try required(inputs, 0), try required(inputs, 1))
        let content = target.integers.map { Dimension($0) }
        let types = [
            ValueType(of: x), ValueType(.int64, [Dimension(target.count)], content: content),
        ]
        let type = try infer(types)[0]
        try type.checkBounds()
        guard let shape = type.constantShape, shape.elementCount == x.count else {
            throw OperatorError(expected: "a shape of \(x.count) elements", found: text(content))
        }
        return [x.reshaped(to: shape)]
    }
}

/// Reads the elements with the axes in another order: ONNX Transpose.
package struct Transpose: LocalOperator, Equatable {
    package let name = "Transpose"
    /// For each output axis, the input axis it is; `nil` reverses all axes.
    package var order: [Int]?

    package init(order: [Int]?) { self.order = order }

    private func order(rank: Int) throws(OperatorError) -> [Int] {
        let order = order ?? (0..<rank).reversed()
        guard order.sorted() == Array(0..<rank) else {
            throw OperatorError(expected: "each of \(rank) axes once", found: "\(order)")
        }
        return order
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = x.shape else { return [x] }
        return [ValueType(x.elementType, try order(rank: shape.count).map { shape[$0] })]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let order = try order(rank: x.rank)
        return [
            x.viewed(shape: order.map { x.shape[$0] }, strides: order.map { x.shape.strides[$0] })
        ]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let rank = inputs[0]?.shape?.count ?? 0
        return [AxisSource(axis: (try? order(rank: rank))?[axis] ?? axis)]
    }
}

/// Makes a matrix of all axes before `axis` and all from it on: ONNX Flatten.
package struct Flatten: Operator, Equatable {
    package let name = "Flatten"
    package var axis: Int

    package init(axis: Int = 1) { self.axis = axis }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = x.shape else { return [x] }
        // The axis may also be the rank itself.
        let first = axis == shape.count ? axis : try resolve(axis: axis, rank: max(1, shape.count))
        let sides = [shape.prefix(first).reduce(1, *), shape.dropFirst(first).reduce(1, *)]
        return [ValueType(x.elementType, sides)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        return [x.reshaped(to: try outputShape(inputs))]
    }
}

/// Removes axes of length 1: ONNX Squeeze.
///
/// Inputs: x, axes (int64) or none for all such axes.
package struct Squeeze: LocalOperator {
    package let name = "Squeeze"
    package init() {}

    private func axes(_ inputs: [ValueType?], _ shape: [Dimension]) throws(OperatorError) -> [Int]?
    {
        guard let axes = optional(inputs, 1) else { return shape.indices.filter { shape[$0] == 1 } }
        guard let numbers = numbers(axes) else { return nil }
        var result: [Int] = []
        for axis in numbers {
            let axis = try resolve(axis: axis, rank: shape.count)
            if let side = shape[axis].constant, side != 1 {
                throw OperatorError(expected: "a side of 1 at axis \(axis)", found: "\(side)")
            }
            result.append(axis)
        }
        return result
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = x.shape, let axes = try axes(inputs, shape) else {
            return [ValueType(x.elementType, nil)]
        }
        let output = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
        return [ValueType(x.elementType, output, content: x.content)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        return [x.reshaped(to: try outputShape(inputs))]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard let shape = inputs[0]?.shape, let axes = try? axes(inputs, shape) else {
            return [nil]
        }
        let kept = shape.indices.filter { !axes.contains($0) }
        guard kept.indices.contains(axis) else { return [nil] }
        return [AxisSource(axis: kept[axis]), nil]
    }
}

/// Adds axes of length 1: ONNX Unsqueeze.
///
/// Inputs: x, axes (int64) of the output.
package struct Unsqueeze: LocalOperator {
    package let name = "Unsqueeze"
    package init() {}

    private func axes(_ inputs: [ValueType?], rank: Int) throws(OperatorError) -> [Int]? {
        guard let numbers = numbers(try required(inputs, 1)) else { return nil }
        var result: [Int] = []
        for axis in numbers {
            result.append(try resolve(axis: axis, rank: rank + numbers.count))
        }
        guard Set(result).count == result.count else {
            throw OperatorError(expected: "axes that differ", found: "\(result)")
        }
        return result
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, _) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = x.shape, let axes = try axes(inputs, rank: shape.count) else {
            return [ValueType(x.elementType, nil)]
        }
        var output = shape
        for axis in axes.sorted() { output.insert(1, at: axis) }
        return [ValueType(x.elementType, output, content: output.count <= 1 ? x.content : nil)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        return [x.reshaped(to: try outputShape(inputs))]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard let rank = inputs[0]?.shape?.count, let axes = try? axes(inputs, rank: rank),
            !axes.contains(axis)
        else { return [nil, nil] }
        return [AxisSource(axis: axis - axes.filter { $0 < axis }.count), nil]
    }
}

/// Moves blocks of channels into space: ONNX DepthToSpace, versions 1 to 13 (pixel shuffle).
package struct DepthToSpace: LocalOperator, Equatable {
    package let name = "DepthToSpace"
    package var block: Int
    /// Which part of the channel number is the place in the block.
    package var order: Order

    /// DCR: the slowest part.
    ///
    /// CRD: the fastest, as PyTorch's pixel shuffle has it.
    package enum Order: String, Sendable { case dcr = "DCR", crd = "CRD" }

    package init(block: Int, order: Order = .dcr) {
        self.block = block
        self.order = order
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = try shape(of: x, ranks: 4...4) else { return [x] }
        if let channels = shape[1].constant, channels % (block * block) != 0 {
            throw OperatorError(
                expected: "a number of channels that \(block * block) divides",
                found: "\(channels)"
            )
        }
        let side = Dimension(block)
        let channels = shape[1].floored(by: block * block)
        return [ValueType(x.elementType, [shape[0], channels, shape[2] * side, shape[3] * side])]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let output = try outputShape(inputs)
        let (n, h, w) = (x.shape[0], x.shape[2], x.shape[3])
        let depth = output[1]
        let split =
            order == .dcr ? [n, block, block, depth, h, w] : [n, depth, block, block, h, w]
        let axes = order == .dcr ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
        let moved = x.viewed(shape: axes.map { split[$0] }, strides: axes.map { split.strides[$0] })
        return [moved.reshaped(to: output)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        [AxisSource(axis: axis, axis == 0 ? .identity : axis == 1 ? .everything : .spread(block))]
    }
}

/// Moves blocks of space into channels: ONNX SpaceToDepth, versions 1 to 13, and the inverse of
/// either order of DepthToSpace.
package struct SpaceToDepth: LocalOperator, Equatable {
    package let name = "SpaceToDepth"
    package var block: Int
    /// Which part of the channel number the place in the block becomes; ONNX knows DCR only.
    package var order: DepthToSpace.Order

    package init(block: Int, order: DepthToSpace.Order = .dcr) {
        self.block = block
        self.order = order
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = try shape(of: x, ranks: 4...4) else { return [x] }
        for side in shape.dropFirst(2) {
            guard let side = side.constant, side % block != 0 else { continue }
            throw OperatorError(expected: "sides that \(block) divides", found: "\(side)")
        }
        return [
            ValueType(
                x.elementType,
                [
                    shape[0], shape[1] * Dimension(block * block), shape[2].floored(by: block),
                    shape[3].floored(by: block),
                ]
            )
        ]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let output = try outputShape(inputs)
        let split = [x.shape[0], x.shape[1], output[2], block, output[3], block]
        let axes = order == .dcr ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
        let moved = x.viewed(shape: axes.map { split[$0] }, strides: axes.map { split.strides[$0] })
        return [moved.reshaped(to: output)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        [AxisSource(axis: axis, axis == 0 ? .identity : axis == 1 ? .everything : .gathered(block))]
    }
}

extension SpaceToDepth {
    /// For an output channel: its row and column in the block, and the input's channel.
    func place(channels: Int) -> (Int) -> (row: Int, column: Int, channel: Int) {
        let (block, order) = (block, order)
        return { channel in
            let size = block * block
            let place = order == .dcr ? channel / channels : channel % size
            let own = order == .dcr ? channel % channels : channel / size
            return (place / block, place % block, own)
        }
    }
}

extension Tensor {
    /// A copy whose element at an index is the one at `offset` + index · strides here.
    func viewed(shape: [Int], strides: [Int], offset: Int = 0) -> Tensor {
        func copy<Element: TensorElement>(_ type: Element.Type) -> Tensor {
            var result = Tensor(uninitialized: shape, type: elementType)
            let source = span(of: type)
            var target = result.mutableSpan(of: type)
            let (length, step) = (shape.last ?? 1, strides.last ?? 0)
            var i = 0
            forEachIndex(Array(shape.dropLast())) { index in
                guard length > 0 else { return }
                var start = offset
                for axis in index.indices { start += index[axis] * strides[axis] }
                for j in 0..<length {
                    target[i] = source[start + j * step]
                    i += 1
                }
            }
            return result
        }
        return copy(elementType.swiftType)
    }
}
