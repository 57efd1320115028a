internal import Glibc
internal import Kernels
package import Tensors

/// The largest, mean or Lp norm of the inputs under a sliding window: ONNX MaxPool, AveragePool
/// and LpPool, versions 1 to 22.
package struct Pooling: LocalOperator, Equatable {
    package enum Function: Sendable, Equatable {
        /// With `indices`, a second output holds where each maximum was found.
        case max(indices: IndexOrder?)
        case average(countsPadding: Bool)
        case norm(Int)
    }

    /// Which way indices of maxima are counted through the last two axes.
    package enum IndexOrder: Sendable { case rowMajor, columnMajor }

    package var function: Function
    package var rule: WindowRule
    /// A window that hangs over the end counts as well.
    package var roundsUp: Bool

    package init(_ function: Function, rule: WindowRule, roundsUp: Bool = false) {
        self.function = function
        self.rule = rule
        self.roundsUp = roundsUp
    }

    package var name: String {
        switch function {
        case .max: "MaxPool"
        case .average: "AveragePool"
        case .norm: "LpPool"
        }
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = try shape(of: x, ranks: 3...5) else {
            return [ValueType(x.elementType, nil), ValueType(.int64, nil)]
        }
        let sides = try rule.outputs(shape.dropFirst(2), roundingUp: roundsUp)
        let output = shape.prefix(2) + sides
        return [ValueType(x.elementType, Array(output)), ValueType(.int64, Array(output))]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let output = try outputShape([x])
        let windows = try rule.windows(Array(x.shape.dropFirst(2)))
        func pool<Number: TensorNumber>(_ type: Number.Type) -> [Tensor] {
            evaluate(x, type, output: output, windows: windows)
        }
        guard let type = x.elementType.numberType else {
            throw OperatorError(expected: "a tensor of numbers", found: "\(x.elementType)")
        }
        return pool(type)
    }

    private func evaluate<Number: TensorNumber>(
        _ x: Tensor,
        _ type: Number.Type,
        output: [Int],
        windows: [Window]
    ) -> [Tensor] {
        var y = Tensor(uninitialized: output, type: x.elementType)
        var wantsIndices = false
        if case .max(.some) = function { wantsIndices = true }
        var indices = Tensor(uninitialized: wantsIndices ? output : [0], type: .int64)
        do {
            let source = x.span(of: type)
            var target = y.mutableSpan(of: type)
            var places = indices.mutableSpan(of: Int64.self)
            let sides = Array(x.shape.dropFirst(2))
            let strides = sides.strides
            let planeSize = sides.elementCount
            let kernel = windows.map(\.size)
            var i = 0
            for plane in 0..<(output[0] * output[1]) {
                forEachIndex(Array(output.dropFirst(2))) { position in
                    var sum = 0.0
                    var best: (value: Number, place: Int)?
                    var (inside, padded) = (0, 0)
                    forEachIndex(kernel) { tap in
                        var place = 0
                        var (isInside, isPadded) = (true, true)
                        for axis in tap.indices {
                            let window = windows[axis]
                            let p = window.position(of: tap[axis], at: position[axis])
                            if p < 0 || p >= sides[axis] { isInside = false }
                            if p >= sides[axis] + window.padAfter { isPadded = false }
                            place += p * strides[axis]
                        }
                        if isPadded { padded += 1 }
                        guard isInside else { return }
                        inside += 1
                        let value = source[plane * planeSize + place]
                        switch function {
                        case .max: if best == nil || value > best!.value { best = (value, place) }
                        case .average: sum += value.asDouble
                        case .norm(let p): sum += power(abs(value.asDouble), p)
                        }
                    }
                    switch function {
                    case .max:
                        target[i] = best?.value ?? Number(converting: -.infinity)
                    case .average(let countsPadding):
                        let count = countsPadding ? padded : inside
                        target[i] = Number(converting: sum / Double(max(count, 1)))
                    case .norm(let p):
                        target[i] = Number(converting: root(sum, p))
                    }
                    if case .max(let order?) = function {
                        var place = best?.place ?? 0
                        if order == .columnMajor, sides.count > 1, !sides.contains(0) {
                            // Counts down the columns: the strides of the last two axes swap.
                            let (height, width) = (sides[sides.count - 2], sides[sides.count - 1])
                            let (row, column) = (place / width % height, place % width)
                            place += column * height + row - (row * width + column)
                        }
                        places[i] = Int64(plane * planeSize + place)
                    }
                    i += 1
                }
            }
        }
        return wantsIndices ? [y, indices] : [y]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [rule.source(ofOutputAxis: axis, inputs[0], channels: .identity)] }
}

/// |x|^p by repeated multiplication.
func power(_ x: Double, _ p: Int) -> Double { (0..<p).reduce(1.0) { product, _ in product * x } }

/// The p-th root of a number that is not negative.
func root(_ x: Double, _ p: Int) -> Double {
    p == 1 ? x : p == 2 ? x.squareRoot() : pow(x, 1 / Double(p))
}
