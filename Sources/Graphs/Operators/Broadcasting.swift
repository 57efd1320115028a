internal import Tensors

/// The shape that two shapes stretch to: sides of 1 repeat, missing leading sides count as 1.
package func broadcast(_ a: [Dimension], _ b: [Dimension]) throws(OperatorError) -> [Dimension] {
    var result = a.count >= b.count ? a : b
    let offset = abs(a.count - b.count)
    let shorter = a.count >= b.count ? b : a
    for (axis, side) in shorter.enumerated() {
        let other = result[axis + offset]
        if other == side || side == 1 { continue }
        if other == 1 {
            result[axis + offset] = side
        } else if side.constant != nil, other.constant != nil {
            throw OperatorError(
                expected: "shapes that can be stretched to each other",
                found: "\(text(a)) and \(text(b))"
            )
        } else if side.constant != nil {
            // A side known only later must turn out to be the same, or 1.
            result[axis + offset] = side
        }
    }
    return result
}

func broadcast(_ a: [Int], _ b: [Int]) throws(OperatorError) -> [Int] {
    let shape = try broadcast(a.map { Dimension($0) }, b.map { Dimension($0) })
    return shape.map { $0.constant! }
}

/// Checks that a parameter stretches to a shape without stretching that.
func check(_ parameter: [Int], stretchesTo shape: [Int]) throws(OperatorError) {
    guard try broadcast(parameter, shape) == shape else {
        throw OperatorError(
            expected: "a parameter that stretches to \(text(shape))",
            found: text(parameter)
        )
    }
}

/// Strides for reading a tensor of `shape` as if it had been stretched to `target`.
func broadcastStrides(_ shape: [Int], to target: [Int]) -> [Int] {
    let strides = shape.strides
    let offset = target.count - shape.count
    return target.indices.map { axis in
        axis < offset || shape[axis - offset] == 1 ? 0 : strides[axis - offset]
    }
}

/// `function` of the elements of two tensors, each stretched to the shape of both.
func combine<Element: TensorElement, Result: TensorElement>(
    _ a: Tensor,
    _ b: Tensor,
    _ type: Element.Type,
    _ function: (Element, Element) -> Result
) throws(OperatorError) -> Tensor {
    let shape = try broadcast(a.shape, b.shape)
    guard a.elementType == Element.elementType, b.elementType == Element.elementType else {
        throw OperatorError(
            expected: "two tensors of type \(Element.elementType)",
            found: "\(a.elementType) and \(b.elementType)"
        )
    }
    try ValueType(Result.elementType, shape.map { Dimension($0) })
        .checkBounds(mostElements: ValueType.mostComputedElements)
    var result = Tensor(uninitialized: shape, type: Result.elementType)
    let (x, y) = (a.span(of: type), b.span(of: type))
    var out = result.mutableSpan(of: Result.self)
    if a.shape == b.shape {
        for i in out.indices { out[i] = function(x[i], y[i]) }
    } else if b.count == 1 {
        let value = y[0]
        for i in out.indices { out[i] = function(x[i], value) }
    } else {
        let runs = Runs(shape: shape, [a.shape, b.shape])
        var i = 0
        runs.forEach { starts in
            for j in 0..<runs.length {
                out[i] = function(
                    x[starts[0] + j * runs.innerStrides[0]],
                    y[starts[1] + j * runs.innerStrides[1]]
                )
                i += 1
            }
        }
    }
    return result
}

/// A walk over a shape along its last axis, with the places in tensors stretched to it.
struct Runs {
    /// Elements along the last axis.
    let length: Int
    /// How far each tensor's place moves from one element of a run to the next.
    let innerStrides: [Int]
    private let outer: [Int]
    private let strides: [[Int]]

    init(shape: [Int], _ tensors: [[Int]]) {
        length = shape.last ?? 1
        outer = Array(shape.dropLast())
        strides = tensors.map { broadcastStrides($0, to: shape) }
        innerStrides = strides.map { $0.last ?? 0 }
    }

    /// Calls `body` with the place where each run begins in every tensor.
    func forEach(_ body: ([Int]) -> Void) {
        forEachIndex(outer) { index in
            body(
                strides.map { strides in
                    var place = 0
                    for axis in index.indices { place += index[axis] * strides[axis] }
                    return place
                }
            )
        }
    }
}

/// The sources of an output axis of an operator that stretches its inputs to each other.
func broadcastSources(ofOutputAxis axis: Int, _ inputs: [ValueType?]) -> [AxisSource?] {
    let rank = inputs.compactMap { $0?.shape?.count }.max() ?? 0
    let sides = inputs.map { input -> Dimension? in
        guard let shape = input?.shape, axis >= rank - shape.count else { return nil }
        return shape[axis - (rank - shape.count)]
    }
    let isStretched = sides.contains { $0 != nil && $0 != 1 }
    return zip(inputs, sides).map { input, side in
        guard let shape = input?.shape, let side else { return nil }
        let isRepeated = side == 1 && isStretched
        return AxisSource(axis: axis - (rank - shape.count), isRepeated ? .everything : .identity)
    }
}
