internal import Glibc
package import Tensors

/// Sums, means and the like over some axes: the ONNX Reduce operators, versions 1 to 20.
///
/// Inputs: x, and axes (int64) or none for all axes. Global poolings are reductions as well.
package struct Reduction: LocalOperator, Equatable {
    package enum Function: String, Sendable, CaseIterable {
        case sum = "ReduceSum"
        case mean = "ReduceMean"
        case maximum = "ReduceMax"
        case minimum = "ReduceMin"
        case product = "ReduceProd"
        case l1 = "ReduceL1"
        case l2 = "ReduceL2"
        case sumOfSquares = "ReduceSumSquare"
        case logOfSum = "ReduceLogSum"
        case logOfSumOfExponentials = "ReduceLogSumExp"
    }

    package var function: Function
    package var keepsAxes: Bool
    /// No axes at all means: change nothing.
    package var emptyIsNone: Bool
    package var name: String { function.rawValue }

    package init(_ function: Function, keepsAxes: Bool = true, emptyIsNone: Bool = false) {
        self.function = function
        self.keepsAxes = keepsAxes
        self.emptyIsNone = emptyIsNone
    }

    /// The axes as sorted indices, or `nil` while they are not known.
    package func axes(_ inputs: [ValueType?], rank: Int) throws(OperatorError) -> [Int]? {
        guard let axes = optional(inputs, 1) else {
            return emptyIsNone ? [] : Array(0..<rank)
        }
        guard let numbers = numbers(axes) else { return nil }
        var result: [Int] = []
        for axis in numbers {
            result.append(try resolve(axis: axis, rank: rank))
        }
        if result.isEmpty, !emptyIsNone { return Array(0..<rank) }
        return Array(Set(result)).sorted()
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = x.shape, let axes = try axes(inputs, rank: shape.count) else {
            return [ValueType(x.elementType, nil)]
        }
        var output: [Dimension] = []
        for (axis, side) in shape.enumerated() {
            if !axes.contains(axis) { output.append(side) } else if keepsAxes { output.append(1) }
        }
        return [ValueType(x.elementType, output)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let types = inputs.map { $0.map { ValueType(of: $0) } }
        guard let axes = try axes(types, rank: x.rank),
            let output = try infer(types)[0].constantShape
        else { throw OperatorError(expected: "a list of axes", found: "a longer tensor") }
        func reduce<Number: TensorNumber>(_ type: Number.Type) -> Tensor {
            evaluate(x, type, axes: axes, output: output)
        }
        guard let type = x.elementType.numberType else {
            guard function == .maximum || function == .minimum else {
                throw OperatorError(expected: "a tensor of numbers", found: "\(x.elementType)")
            }
            let bytes = reduceBytes(x, axes: axes, output: output)
            return [bytes.converted(to: .bool)]
        }
        return [reduce(type)]
    }

    private func reduceBytes(_ x: Tensor, axes: [Int], output: [Int]) -> Tensor {
        evaluate(x.converted(to: .uint8), UInt8.self, axes: axes, output: output)
    }

    private func evaluate<Number: TensorNumber>(
        _ x: Tensor,
        _ type: Number.Type,
        axes: [Int],
        output: [Int]
    ) -> Tensor {
        // Strides into the output: zero along the axes that vanish.
        var kept = x.shape
        for axis in axes { kept[axis] = 1 }
        let runs = Runs(shape: x.shape, [kept])
        var sums = [Double](repeating: initial(type), count: output.elementCount)
        let source = x.span(of: type)
        var exact = [Int64](repeating: function == .product ? 1 : 0, count: output.elementCount)
        let isExact = x.elementType.isInteger && [.sum, .product, .sumOfSquares].contains(function)
        // exp is taken relative to the largest element, so that it does not overflow.
        var peaks: [Double] = []
        if function == .logOfSumOfExponentials {
            peaks = [Double](repeating: -.infinity, count: output.elementCount)
            var i = 0
            runs.forEach { start in
                for j in 0..<runs.length {
                    let place = start[0] + j * runs.innerStrides[0]
                    peaks[place] = max(peaks[place], source[i].asDouble)
                    i += 1
                }
            }
        }
        var i = 0
        runs.forEach { start in
            for j in 0..<runs.length {
                let place = start[0] + j * runs.innerStrides[0]
                if isExact {
                    let value = source[i].asInt64
                    switch function {
                    case .sum: exact[place] &+= value
                    case .product: exact[place] &*= value
                    default: exact[place] &+= value &* value
                    }
                } else {
                    let value = source[i].asDouble
                    switch function {
                    case .sum, .mean, .logOfSum: sums[place] += value
                    case .maximum: sums[place] = max(sums[place], value)
                    case .minimum: sums[place] = min(sums[place], value)
                    case .product: sums[place] *= value
                    case .l1: sums[place] += abs(value)
                    case .l2, .sumOfSquares: sums[place] += value * value
                    case .logOfSumOfExponentials: sums[place] += exp(value - peaks[place])
                    }
                }
                i += 1
            }
        }
        let count = Double(x.count) / Double(max(1, output.elementCount))
        let values: [Number] = sums.indices.map { place in
            if isExact { return Number(truncating: exact[place]) }
            switch function {
            case .mean: return Number(converting: sums[place] / count)
            case .l2: return Number(converting: sums[place].squareRoot())
            case .logOfSum: return Number(converting: log(sums[place]))
            case .logOfSumOfExponentials:
                let sum = log(sums[place])
                return Number(converting: sums[place] == 0 ? sum : sum + peaks[place])
            default: return Number(converting: sums[place])
            }
        }
        return Tensor(shape: output, values: values)
    }

    private func initial<Number: TensorNumber>(_ type: Number.Type) -> Double {
        switch function {
        case .maximum: type.elementType.isFloatingPoint ? -.infinity : lowest(type)
        case .minimum: type.elementType.isFloatingPoint ? .infinity : highest(type)
        case .product: 1
        default: 0
        }
    }

    private func lowest<Number: TensorNumber>(_ type: Number.Type) -> Double {
        Number(converting: -.greatestFiniteMagnitude).asDouble
    }

    private func highest<Number: TensorNumber>(_ type: Number.Type) -> Double {
        Number(converting: .greatestFiniteMagnitude).asDouble
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard let rank = inputs[0]?.shape?.count,
            let axes = try? axes(inputs, rank: rank)
        else { return [AxisSource(axis: axis, .everything), nil] }
        if keepsAxes {
            return [AxisSource(axis: axis, axes.contains(axis) ? .everything : .identity), nil]
        }
        let kept = (0..<rank).filter { !axes.contains($0) }
        guard kept.indices.contains(axis) else { return [nil, nil] }
        return [AxisSource(axis: kept[axis]), nil]
    }
}

/// The mean or maximum of each channel over all space: ONNX GlobalAveragePool, GlobalMaxPool,
/// GlobalLpPool.
package struct GlobalPooling: LocalOperator {
    package enum Function: Sendable, Equatable {
        case average, max
        case norm(Int)
    }

    package var function: Function
    package init(_ function: Function) { self.function = function }

    package var name: String {
        switch function {
        case .average: "GlobalAveragePool"
        case .max: "GlobalMaxPool"
        case .norm: "GlobalLpPool"
        }
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        guard let shape = try shape(of: x, ranks: 3...6) else { return [x] }
        return [ValueType(x.elementType, shape.prefix(2) + shape.dropFirst(2).map { _ in 1 })]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        _ = try infer([ValueType(of: x)])
        let axes = Tensor(shape: [x.rank - 2], values: (2..<x.rank).map { Int64($0) })
        switch function {
        case .average: return try Reduction(.mean).evaluate([x, axes])
        case .max: return try Reduction(.maximum).evaluate([x, axes])
        case .norm(let p):
            let powers = try float(inputs, 0).mapping(Float.self) {
                Float(power(abs(Double($0)), p))
            }
            let sum = try Reduction(.sum).evaluate([powers, axes])[0]
            return [sum.mapping(Float.self) { Float(root(Double($0), p)) }]
        }
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis, axis < 2 ? .identity : .everything)] }
}
