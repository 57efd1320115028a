internal import Glibc
package import Tensors

/// A function of two numbers applied element by element, with stretching of shapes.
package struct Binary: LocalOperator, Equatable {
    package enum Function: String, Sendable, CaseIterable {
        case add = "Add"
        case subtract = "Sub"
        case multiply = "Mul"
        case divide = "Div"
        case power = "Pow"
        case minimum = "Min"
        case maximum = "Max"
        case prelu = "PRelu"
        /// The remainder with the sign of the divisor (integers).
        case modulo = "Mod"
        /// The remainder with the sign of the dividend.
        case remainder = "FMod"
    }

    package var function: Function
    package var name: String { function == .remainder ? "Mod" : function.rawValue }

    package init(_ function: Function) { self.function = function }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (a, b) = (try required(inputs, 0), try required(inputs, 1))
        if function != .power { try check(a.elementType, b.elementType) }
        guard let x = a.shape, let y = b.shape else { return [ValueType(a.elementType, nil)] }
        return [ValueType(a.elementType, try broadcast(x, y), content: content(a, b))]
    }

    /// Arithmetic on sizes of shapes.
    private func content(_ a: ValueType, _ b: ValueType) -> [Dimension]? {
        guard let x = a.content, let y = b.content, a.elementType.isInteger else { return nil }
        guard !x.isEmpty, !y.isEmpty, x.count == y.count || x.count == 1 || y.count == 1 else {
            return nil
        }
        var result: [Dimension] = []
        for i in 0..<max(x.count, y.count) {
            let (p, q) = (x[x.count == 1 ? 0 : i], y[y.count == 1 ? 0 : i])
            switch function {
            case .add: result.append(p + q)
            case .subtract: result.append(p - q)
            case .multiply: result.append(p * q)
            case .divide:
                guard let divisor = q.constant, divisor > 0 else { return nil }
                // Numbers are rounded toward zero; sizes are never below it.
                let quotient = p.constant.map { Dimension($0 / divisor) }
                result.append(quotient ?? p.floored(by: divisor))
            case .modulo:
                guard let divisor = q.constant, divisor > 0 else { return nil }
                result.append(p - p.floored(by: divisor) * q)
            case .minimum, .maximum:
                guard let m = p.constant, let n = q.constant else { return nil }
                result.append(Dimension(function == .minimum ? min(m, n) : max(m, n)))
            case .power, .prelu, .remainder: return nil
            }
        }
        return result
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (a, b) = (try required(inputs, 0), try required(inputs, 1))
        if function == .power, a.elementType != b.elementType {
            return [try evaluate([a, b.converted(to: a.elementType)])[0]]
        }
        let type = try check(a.elementType, b.elementType)
        if a.elementType == .float32 { return [try floats(a, b)] }
        func compute<Number: TensorNumber>(_ type: Number.Type) throws(OperatorError) -> Tensor {
            switch function {
            case .add: try combine(a, b, type) { $0.adding($1) }
            case .subtract: try combine(a, b, type) { $0.subtracting($1) }
            case .multiply: try combine(a, b, type) { $0.multiplied(by: $1) }
            case .divide: try combine(a, b, type) { $0.divided(by: $1) }
            case .power:
                try combine(a, b, type) { Number(converting: pow($0.asDouble, $1.asDouble)) }
            case .minimum: try combine(a, b, type) { $1 < $0 ? $1 : $0 }
            case .maximum: try combine(a, b, type) { $1 > $0 ? $1 : $0 }
            case .prelu: try combine(a, b, type) { $0 < 0 ? $0.multiplied(by: $1) : $0 }
            case .modulo where a.elementType == .float64:
                try combine(a, b, Double.self) { x, y in
                    let r = fmod(x, y)
                    return r != 0 && (r < 0) != (y < 0) ? r + y : r
                }
            case .modulo:
                try combine(a, b, type) { x, y in
                    let r = x.subtracting(x.divided(by: y).multiplied(by: y))
                    return r != 0 && (r < 0) != (y < 0) ? r.adding(y) : r
                }
            case .remainder:
                try combine(a, b, type) { Number(converting: fmod($0.asDouble, $1.asDouble)) }
            }
        }
        return [try compute(type)]
    }

    @discardableResult
    private func check(
        _ a: ElementType,
        _ b: ElementType
    ) throws(OperatorError) -> any TensorNumber.Type {
        guard a == b, let type = a.numberType else {
            throw OperatorError(
                expected: "two tensors of the same number type",
                found: "\(a) and \(b)"
            )
        }
        return type
    }

    /// The function of two float32 numbers.
    var float: @Sendable (Float, Float) -> Float {
        switch function {
        case .add: { $0 + $1 }
        case .subtract: { $0 - $1 }
        case .multiply: { $0 * $1 }
        case .divide: { $0 / $1 }
        case .power: { powf($0, $1) }
        case .minimum: { $0.isNaN || $0 < $1 ? $0 : $1 }
        case .maximum: { $0.isNaN || $0 > $1 ? $0 : $1 }
        case .prelu: { $0 < 0 ? $0 * $1 : $0 }
        case .modulo:
            { x, y in
                let r = fmodf(x, y)
                return r != 0 && (r < 0) != (y < 0) ? r + y : r
            }
        case .remainder: { fmodf($0, $1) }
        }
    }

    /// The common functions written out, so that they are compiled as loops.
    private func floats(_ a: Tensor, _ b: Tensor) throws(OperatorError) -> Tensor {
        switch function {
        case .add: try combine(a, b, Float.self) { $0 + $1 }
        case .subtract: try combine(a, b, Float.self) { $0 - $1 }
        case .multiply: try combine(a, b, Float.self) { $0 * $1 }
        case .divide: try combine(a, b, Float.self) { $0 / $1 }
        case .prelu: try combine(a, b, Float.self) { $0 < 0 ? $0 * $1 : $0 }
        default: try combine(a, b, Float.self, float)
        }
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { broadcastSources(ofOutputAxis: axis, inputs) }
}

/// A comparison of two tensors, or the logic of two boolean ones: element by element, with
/// stretching of shapes.
package struct Comparison: LocalOperator, Equatable {
    package enum Function: String, Sendable, CaseIterable {
        case equal = "Equal"
        case less = "Less"
        case greater = "Greater"
        case lessOrEqual = "LessOrEqual"
        case greaterOrEqual = "GreaterOrEqual"
        case and = "And"
        case or = "Or"
        case xor = "Xor"
    }

    package var function: Function
    package var name: String { function.rawValue }

    package init(_ function: Function) { self.function = function }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (a, b) = (try required(inputs, 0), try required(inputs, 1))
        try check(a.elementType, b.elementType)
        guard let x = a.shape, let y = b.shape else { return [ValueType(.bool, nil)] }
        return [ValueType(.bool, try broadcast(x, y))]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (a, b) = (try required(inputs, 0), try required(inputs, 1))
        try check(a.elementType, b.elementType)
        func compare<Number: TensorNumber>(_ type: Number.Type) throws(OperatorError) -> Tensor? {
            switch function {
            case .equal: try combine(a, b, type) { $0 == $1 }
            case .less: try combine(a, b, type) { $0 < $1 }
            case .greater: try combine(a, b, type) { $0 > $1 }
            case .lessOrEqual: try combine(a, b, type) { $0 <= $1 }
            case .greaterOrEqual: try combine(a, b, type) { $0 >= $1 }
            case .and, .or, .xor: nil
            }
        }
        func logic() throws(OperatorError) -> Tensor? {
            switch function {
            case .equal: try combine(a, b, Bool.self) { $0 == $1 }
            case .and: try combine(a, b, Bool.self) { $0 && $1 }
            case .or: try combine(a, b, Bool.self) { $0 || $1 }
            case .xor: try combine(a, b, Bool.self) { $0 != $1 }
            default: nil
            }
        }
        let result =
            if let type = a.elementType.numberType { try compare(type) } else { try logic() }
        guard let result else {
            throw OperatorError(expected: "a type it can compare", found: "\(a.elementType)")
        }
        return [result]
    }

    private func check(_ a: ElementType, _ b: ElementType) throws(OperatorError) {
        guard a == b else {
            throw OperatorError(
                expected: "two tensors of the same type",
                found: "\(a) and \(b)"
            )
        }
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { broadcastSources(ofOutputAxis: axis, inputs) }
}

/// Takes each element from the second input where the first is true, else from the third.
package struct Where: LocalOperator {
    package let name = "Where"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let types = [try required(inputs, 0), try required(inputs, 1), try required(inputs, 2)]
        try check(types.map(\.elementType))
        let shapes = types.compactMap(\.shape)
        guard shapes.count == 3 else { return [ValueType(types[1].elementType, nil)] }
        let shape = try broadcast(try broadcast(shapes[0], shapes[1]), shapes[2])
        return [ValueType(types[1].elementType, shape)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (condition, a, b) = (
            try required(inputs, 0), try required(inputs, 1), try required(inputs, 2)
        )
        try check([condition.elementType, a.elementType, b.elementType])
        let shape = try broadcast(try broadcast(condition.shape, a.shape), b.shape)
        func select<Element: TensorElement>(_ type: Element.Type) -> Tensor {
            var result = Tensor(uninitialized: shape, type: a.elementType)
            let flags = condition.span(of: Bool.self)
            let (x, y) = (a.span(of: type), b.span(of: type))
            var out = result.mutableSpan(of: type)
            let runs = Runs(shape: shape, [condition.shape, a.shape, b.shape])
            var i = 0
            runs.forEach { starts in
                for j in 0..<runs.length {
                    let isFirst = flags[starts[0] + j * runs.innerStrides[0]]
                    out[i] =
                        isFirst
                        ? x[starts[1] + j * runs.innerStrides[1]]
                        : y[starts[2] + j * runs.innerStrides[2]]
                    i += 1
                }
            }
            return result
        }
        return [select(a.elementType.swiftType)]
    }

    private func check(_ types: [ElementType]) throws(OperatorError) {
        guard types[0] == .bool, types[1] == types[2] else {
            throw OperatorError(
                expected: "a bool and two tensors of the same type",
                found: "\(types[0]), \(types[1]) and \(types[2])"
            )
        }
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { broadcastSources(ofOutputAxis: axis, inputs) }
}
