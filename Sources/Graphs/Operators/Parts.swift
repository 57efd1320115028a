internal import Kernels
package import Tensors

/// Joins tensors along an axis: ONNX Concat.
package struct Concat: LocalOperator, Equatable {
    package let name = "Concat"
    package var axis: Int

    package init(axis: Int) { self.axis = axis }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let first = try required(inputs, 0)
        let types = inputs.compactMap(\.self)
        let shapes = types.compactMap(\.shape)
        guard shapes.count == types.count, var output = shapes.first else {
            return [ValueType(first.elementType, nil)]
        }
        let axis = try resolve(axis: axis, rank: output.count)
        for shape in shapes.dropFirst() {
            guard shape.count == output.count else {
                throw OperatorError(
                    expected: "tensors of rank \(output.count)",
                    found: text(shape)
                )
            }
            for other in shape.indices where other != axis {
                guard let m = shape[other].constant else { continue }
                if let n = output[other].constant, m != n {
                    throw OperatorError(
                        expected: "shapes that agree except along axis \(axis)",
                        found: shapes.map { text($0) }.joined(separator: " and ")
                    )
                }
                output[other] = shape[other]
            }
            output[axis] = output[axis] + shape[axis]
        }
        let contents = types.compactMap(\.content)
        let content =
            contents.count == types.count && output.count == 1 ? contents.flatMap(\.self) : nil
        return [ValueType(first.elementType, output, content: content)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let tensors = inputs.compactMap(\.self)
        let types = tensors.map { ValueType(of: $0) }
        let output = try outputShape(tensors)
        for type in types where type.elementType != types[0].elementType {
            throw OperatorError(
                expected: "tensors of one type",
                found: "\(types[0].elementType) and \(type.elementType)"
            )
        }
        let axis = try resolve(axis: axis, rank: output.count)
        let outer = Array(output.prefix(axis)).elementCount
        func join<Element: TensorElement>(_ type: Element.Type) -> Tensor {
            var result = Tensor(uninitialized: output, type: types[0].elementType)
            var target = result.mutableSpan(of: type)
            let row = Array(output.dropFirst(axis)).elementCount
            var start = 0
            for tensor in tensors {
                let source = tensor.span(of: type)
                let length = Array(tensor.shape.dropFirst(axis)).elementCount
                for i in 0..<outer {
                    for j in 0..<length { target[i * row + start + j] = source[i * length + j] }
                }
                start += length
            }
            return result
        }
        return [join(types[0].elementType.swiftType)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let rank = inputs[0]?.shape?.count ?? 0
        let joined = (try? resolve(axis: self.axis, rank: rank)) ?? 0
        return inputs.map { _ in AxisSource(axis: axis, axis == joined ? .everything : .identity) }
    }
}

/// Cuts a tensor into parts along an axis: ONNX Split, versions 1 to 18.
///
/// Inputs: x, lengths (int64) or none for equal parts.
package struct Split: LocalOperator, Equatable {
    package let name = "Split"
    package var axis: Int
    /// The number of parts.
    package var parts: Int

    package init(axis: Int, parts: Int) {
        self.axis = axis
        self.parts = parts
    }

    /// The length of each part, or `nil` while they are not known.
    private func lengths(_ inputs: [ValueType?], _ side: Dimension) throws(OperatorError)
        -> [Dimension]?
    {
        if let given = optional(inputs, 1) {
            guard let lengths = given.content else { return nil }
            guard lengths.count == parts else {
                throw OperatorError(expected: "\(parts) lengths", found: "\(lengths.count)")
            }
            let sum = lengths.reduce(0, +)
            if let total = sum.constant, let side = side.constant, total != side {
                throw OperatorError(expected: "parts that add up to \(side)", found: "\(total)")
            }
            return lengths
        }
        guard parts > 0 else { throw OperatorError(expected: "at least one part", found: "none") }
        // The last part is shorter where the side does not divide evenly.
        let length = side.ceiled(by: parts)
        return (0..<parts).map { $0 < parts - 1 ? length : side - length * Dimension(parts - 1) }
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        let unknown = (0..<parts).map { _ in ValueType(x.elementType, nil) }
        guard let shape = x.shape else { return unknown }
        let axis = try resolve(axis: axis, rank: shape.count)
        guard let lengths = try lengths(inputs, shape[axis]) else { return unknown }
        return lengths.map { length in
            var part = shape
            part[axis] = length
            return ValueType(x.elementType, part)
        }
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let axis = try resolve(axis: axis, rank: x.rank)
        let strides = x.shape.strides
        var (results, start): ([Tensor], Int) = ([], 0)
        for type in try boundedTypes(inputs) {
            guard let shape = type.constantShape else {
                throw OperatorError(expected: "a short list of lengths", found: "a longer one")
            }
            results.append(x.viewed(shape: shape, strides: strides, offset: start * strides[axis]))
            start += shape[axis]
        }
        return results
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let rank = inputs[0]?.shape?.count ?? 0
        let cut = (try? resolve(axis: self.axis, rank: rank)) ?? 0
        return [AxisSource(axis: axis, axis == cut ? .everything : .identity), nil]
    }
}

/// Takes every k-th element of an interval along some axes: ONNX Slice, versions 1 to 13.
///
/// Inputs: x, starts, ends, axes or none, steps or none (all int64).
package struct Slice: LocalOperator {
    package let name = "Slice"
    package init() {}

    /// One axis of a slice: first index, step, and number of elements.
    struct Cut {
        var axis: Int
        var start: Dimension
        var step: Int
        var count: Dimension
    }

    func cuts(_ inputs: [ValueType?], _ shape: [Dimension]) throws(OperatorError) -> [Cut]? {
        guard let starts = try required(inputs, 1).content,
            let ends = try required(inputs, 2).content
        else { return nil }
        let axes: [Int]
        if let input = optional(inputs, 3) {
            guard let numbers = numbers(input) else { return nil }
            axes = numbers
        } else {
            axes = Array(starts.indices)
        }
        var steps = starts.map { _ in 1 }
        if let input = optional(inputs, 4) {
            guard let numbers = numbers(input) else { return nil }
            steps = numbers
        }
        guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count
        else {
            throw OperatorError(
                expected: "as many starts as ends, axes and steps",
                found: "\(starts.count), \(ends.count), \(axes.count), \(steps.count)"
            )
        }
        var cuts: [Cut] = []
        for i in starts.indices {
            let axis = try resolve(axis: axes[i], rank: shape.count)
            guard steps[i] != 0, steps[i] > .min else {
                throw OperatorError(expected: "a step", found: "\(steps[i])")
            }
            guard !cuts.contains(where: { $0.axis == axis }) else {
                throw OperatorError(expected: "axes that differ", found: "\(axes)")
            }
            guard let cut = Self.cut(axis, shape[axis], starts[i], ends[i], step: steps[i]) else {
                return nil
            }
            cuts.append(cut)
        }
        return cuts
    }

    private static func cut(
        _ axis: Int,
        _ side: Dimension,
        _ start: Dimension,
        _ end: Dimension,
        step: Int
    ) -> Cut? {
        // An index beyond any side means "to the end"; a negative one counts from the end.
        func place(_ index: Dimension, isEnd: Bool) -> Dimension? {
            guard let value = index.constant else { return index }
            guard let length = side.constant else {
                if value >= Int(Int32.max) { return step > 0 ? side : side - 1 }
                if value <= -Int(Int32.max) { return step > 0 ? 0 : isEnd ? -1 : 0 }
                return value < 0 ? side + Dimension(value) : Dimension(value)
            }
            let resolved = value < 0 ? max(value, -length - 1) + length : value
            let limits = step > 0 ? 0...length : (isEnd ? -1 : 0)...max(length - 1, isEnd ? -1 : 0)
            return Dimension(min(max(resolved, limits.lowerBound), limits.upperBound))
        }
        guard let first = place(start, isEnd: false), let last = place(end, isEnd: true) else {
            return nil
        }
        let room = step > 0 ? last - first : first - last
        var count = room.ceiled(by: abs(step))
        if let constant = count.constant { count = Dimension(max(0, constant)) }
        if side.constant == 0 { count = 0 }
        return Cut(axis: axis, start: first, step: step, count: count)
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        _ = (try required(inputs, 1), try required(inputs, 2))
        guard let shape = x.shape, let cuts = try cuts(inputs, shape) else {
            return [ValueType(x.elementType, nil)]
        }
        var output = shape
        for cut in cuts { output[cut.axis] = cut.count }
        var content: [Dimension]?
        if let elements = x.content, output.count == 1, let cut = cuts.first,
            let start = cut.start.constant, let count = cut.count.constant
        {
            let places = (0..<count).map { start + $0 * cut.step }
            content =
                places.allSatisfy(elements.indices.contains) ? places.map { elements[$0] } : nil
        }
        return [ValueType(x.elementType, output, content: content)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        var types = inputs.map { $0.map { ValueType(of: $0) } }
        types[0]?.content = nil
        guard let cuts = try cuts(types, x.shape.map { Dimension($0) }) else {
            throw OperatorError(expected: "short lists of starts and ends", found: "longer ones")
        }
        var (shape, strides, offset) = (x.shape, x.shape.strides, 0)
        for cut in cuts {
            guard let start = cut.start.constant, let count = cut.count.constant else { continue }
            // Where there is one element at most, the step does not matter, however large.
            strides[cut.axis] *= count > 1 ? cut.step : 1
            if count > 0 { offset += start * x.shape.strides[cut.axis] }
            shape[cut.axis] = count
        }
        return [x.viewed(shape: shape, strides: strides, offset: offset)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let others = inputs.dropFirst().map { _ -> AxisSource? in nil }
        guard let shape = inputs[0]?.shape, let cuts = try? cuts(inputs, shape) else {
            return [AxisSource(axis: axis, .everything)] + others
        }
        guard let cut = cuts.first(where: { $0.axis == axis }) else {
            return [AxisSource(axis: axis)] + others
        }
        guard let start = cut.start.constant, cut.step > 0 else {
            return [AxisSource(axis: axis, .everything)] + others
        }
        let window = Window(size: 1, stride: cut.step, padBefore: -start)
        return [AxisSource(axis: axis, .window(window))] + others
    }
}

/// Takes the slices at given indices along an axis: ONNX Gather.
///
/// Inputs: x, indices.
package struct Gather: LocalOperator, Equatable {
    package let name = "Gather"
    package var axis: Int

    package init(axis: Int = 0) { self.axis = axis }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, indices) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = x.shape, let places = indices.shape else {
            return [ValueType(x.elementType, nil)]
        }
        let axis = try resolve(axis: axis, rank: shape.count)
        var content: [Dimension]?
        if let side = shape[axis].constant, let chosen = numbers(indices) {
            let numbers = chosen.map { $0 < 0 ? $0 + side : $0 }
            guard numbers.allSatisfy((0..<max(side, 0)).contains) else {
                throw OperatorError(expected: "indices below \(side)", found: "\(chosen)")
            }
            if let elements = x.content, shape.count == 1, elements.count == side {
                content = numbers.map { elements[$0] }
            }
        }
        let output = shape.prefix(axis) + places + shape.dropFirst(axis + 1)
        return [ValueType(x.elementType, Array(output), content: content)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, indices) = (try required(inputs, 0), try required(inputs, 1))
        let axis = try resolve(axis: axis, rank: x.rank)
        let (before, after) = (Array(x.shape.prefix(axis)), Array(x.shape.dropFirst(axis + 1)))
        let (inner, side) = (after.elementCount, x.shape[axis])
        var places: [Int] = []
        for index in indices.integers {
            guard index >= -side, index < side else {
                throw OperatorError(expected: "indices below \(side)", found: "\(index)")
            }
            places.append(index < 0 ? index + side : index)
        }
        func gather<Element: TensorElement>(_ type: Element.Type) -> Tensor {
            var result = Tensor(uninitialized: before + indices.shape + after, type: x.elementType)
            let source = x.span(of: type)
            var target = result.mutableSpan(of: type)
            var i = 0
            for outer in 0..<before.elementCount {
                for place in places {
                    for j in 0..<inner {
                        target[i] = source[(outer * side + place) * inner + j]
                        i += 1
                    }
                }
            }
            return result
        }
        return [gather(x.elementType.swiftType)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard let rank = inputs[0]?.shape?.count, let places = inputs[1]?.shape?.count,
            let own = try? resolve(axis: self.axis, rank: rank)
        else { return [nil, nil] }
        if axis < own { return [AxisSource(axis: axis), nil] }
        if axis < own + places { return [AxisSource(axis: own, .everything), nil] }
        return [AxisSource(axis: axis - places + 1), nil]
    }
}

/// Repeats sides of 1 to fill a shape: ONNX Expand.
///
/// Inputs: x, shape (int64).
package struct Expand: LocalOperator {
    package let name = "Expand"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, target) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = x.shape, let wanted = target.content else {
            return [ValueType(x.elementType, nil)]
        }
        return [ValueType(x.elementType, try broadcast(shape, wanted))]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, target) = (try required(inputs, 0), try required(inputs, 1))
        let shape = try broadcast(x.shape, target.integers)
        try ValueType(x.elementType, shape.map { Dimension($0) })
            .checkBounds(mostElements: ValueType.mostComputedElements)
        return [x.viewed(shape: shape, strides: broadcastStrides(x.shape, to: shape))]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard let shape = inputs[0]?.shape, let wanted = inputs[1]?.content else {
            return [nil, nil]
        }
        let own = axis - (max(wanted.count, shape.count) - shape.count)
        guard own >= 0 else { return [nil, nil] }
        return [AxisSource(axis: own, shape[own] == 1 ? .everything : .identity), nil]
    }
}

/// Lays copies of a tensor side by side: ONNX Tile.
///
/// Inputs: x, counts (int64) for each axis.
package struct Tile: Operator {
    package let name = "Tile"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, counts) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = x.shape, let counts = counts.content else {
            return [ValueType(x.elementType, nil)]
        }
        guard counts.count == shape.count else {
            throw OperatorError(expected: "\(shape.count) counts", found: "\(counts.count)")
        }
        return [ValueType(x.elementType, zip(shape, counts).map { $0 * $1 })]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, counts) = (try required(inputs, 0), try required(inputs, 1))
        let output = try outputShape(inputs)
        // A copy count becomes an axis of its own, along which the place does not move.
        var (shape, strides): ([Int], [Int]) = ([], [])
        for (axis, count) in counts.integers.enumerated() {
            shape += [count, x.shape[axis]]
            strides += [0, x.shape.strides[axis]]
        }
        return [x.viewed(shape: shape, strides: strides).reshaped(to: output)]
    }
}

/// Adds elements at the borders, or cuts them off where a count is negative: ONNX Pad, versions 2
/// to 21.
///
/// Inputs: x, counts before and after (int64), value or none, axes or none.
package struct Pad: LocalOperator, Equatable {
    package let name = "Pad"
    package var padding: Padding

    package init(_ padding: Padding = .constant) { self.padding = padding }

    /// Elements added before and after, for every axis.
    package func counts(
        _ inputs: [ValueType?],
        rank: Int
    ) throws(OperatorError) -> (before: [Dimension], after: [Dimension])? {
        guard let pads = try required(inputs, 1).content else { return nil }
        var axes = Array(0..<rank)
        if let input = optional(inputs, 3) {
            guard let numbers = numbers(input) else { return nil }
            axes = []
            for axis in numbers {
                axes.append(try resolve(axis: axis, rank: rank))
            }
        }
        let limit = ValueType.longestSide
        guard pads.allSatisfy({ (-limit...limit).contains($0.constant ?? 0) }) else {
            throw OperatorError(expected: "counts up to \(limit)", found: "\(pads)")
        }
        guard pads.count == 2 * axes.count else {
            throw OperatorError(expected: "\(2 * axes.count) counts", found: "\(pads.count)")
        }
        var before = [Dimension](repeating: 0, count: rank)
        var after = before
        for (index, axis) in axes.enumerated() {
            before[axis] = pads[index]
            after[axis] = pads[index + axes.count]
        }
        return (before, after)
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (x, _) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = x.shape, let (before, after) = try counts(inputs, rank: shape.count)
        else { return [ValueType(x.elementType, nil)] }
        let output = shape.indices.map { shape[$0] + before[$0] + after[$0] }
        for (axis, side) in output.enumerated() {
            if let side = side.constant, side < 0 {
                throw OperatorError(expected: "a side left at axis \(axis)", found: "\(side)")
            }
            let isPadded = (before[axis].constant ?? 1) > 0 || (after[axis].constant ?? 1) > 0
            if padding != .constant, shape[axis] == 0, isPadded {
                throw OperatorError(expected: "elements to repeat at axis \(axis)", found: "none")
            }
        }
        return [ValueType(x.elementType, output)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let types = inputs.map { $0.map { ValueType(of: $0) } }
        let shape = try outputShape(inputs)
        let before = try counts(types, rank: x.rank)?.before.compactMap(\.constant) ?? []
        let value = optional(inputs, 2)
        guard value == nil || value!.elementType == x.elementType else {
            throw OperatorError(
                expected: "a value of type \(x.elementType)",
                found: "\(value!.elementType)"
            )
        }
        let padding = padding
        // Where each output position of each axis is read; nil stands for the constant.
        let sources = shape.indices.map { axis in
            (0..<shape[axis]).map { position in
                padding.source(of: position - before[axis], in: x.shape[axis])
            }
        }
        func pad<Element: TensorElement>(_ type: Element.Type) -> Tensor {
            var result = Tensor(uninitialized: shape, type: x.elementType)
            let source = x.span(of: type)
            var target = result.mutableSpan(of: type)
            let constant = value.flatMap { $0.count > 0 ? $0.array(of: type)[0] : nil } ?? .zero
            let strides = x.shape.strides
            var i = 0
            forEachIndex(Array(shape.dropLast())) { index in
                var start = 0
                var isConstant = false
                for axis in index.indices {
                    if let place = sources[axis][index[axis]] {
                        start += place * strides[axis]
                    } else {
                        isConstant = true
                    }
                }
                for place in sources.last ?? [0] {
                    target[i] = isConstant ? constant : place.map { source[start + $0] } ?? constant
                    i += 1
                }
            }
            return result
        }
        return [pad(x.elementType.swiftType)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let others = inputs.dropFirst().map { _ -> AxisSource? in nil }
        guard let rank = inputs[0]?.shape?.count,
            let before = try? counts(inputs, rank: rank)?.before[axis].constant
        else { return [AxisSource(axis: axis, .everything)] + others }
        return [AxisSource(axis: axis, .padded(before: before, padding))] + others
    }
}
