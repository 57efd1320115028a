internal import Glibc
package import Tensors

/// A function of one number applied to every element: Relu, Sigmoid, Sqrt, ….
///
/// Computed in float32, in float64 for float64 tensors, and in integers where that makes sense.
package struct Unary: LocalOperator, Equatable {
    /// The function; parameters are those of the ONNX operator of the same name.
    package enum Function: Sendable, Equatable {
        case relu, sigmoid, tanh, softplus, softsign, hardSwish, mish, erf
        case leakyRelu(Float)
        case elu(Float)
        case celu(Float)
        case selu(alpha: Float, gamma: Float)
        case gelu(approximate: Bool)
        case hardSigmoid(alpha: Float, beta: Float)
        case thresholdedRelu(Float)
        case sqrt, exp, log, abs, neg, reciprocal, floor, ceil, round, sign, sin, cos
        case identity
    }

    package var function: Function

    package init(_ function: Function) { self.function = function }

    package var name: String {
        switch function {
        case .hardSwish: "HardSwish"
        case .leakyRelu: "LeakyRelu"
        case .hardSigmoid: "HardSigmoid"
        case .thresholdedRelu: "ThresholdedRelu"
        default: capitalized("\(function)".prefix { $0 != "(" })
        }
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        var type = try required(inputs, 0)
        if function == .neg {
            type.content = type.content?.map { -$0 }
        } else if ![.identity, .floor, .ceil, .round].contains(function) {
            type.content = nil
        }
        return [type]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        switch x.elementType {
        case .float32: return [floatResult(x)]
        case .float64:
            let function = double
            return [x.mapping(Double.self, function)]
        default:
            return [try integerResult(x)]
        }
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] }

    /// The float32 case, with the common functions written out so that they are compiled as loops.
    private func floatResult(_ x: Tensor) -> Tensor {
        switch function {
        case .identity: return x
        case .relu: return x.mapping(Float.self) { $0 > 0 ? $0 : 0 }
        case .leakyRelu(let slope): return x.mapping(Float.self) { $0 >= 0 ? $0 : slope * $0 }
        case .abs: return x.mapping(Float.self) { Swift.abs($0) }
        case .neg: return x.mapping(Float.self) { -$0 }
        case .sqrt: return x.mapping(Float.self) { $0.squareRoot() }
        case .reciprocal: return x.mapping(Float.self) { 1 / $0 }
        case .sigmoid: return x.mapping(Float.self) { 1 / (1 + expf(-$0)) }
        case .tanh: return x.mapping(Float.self) { tanhf($0) }
        case .exp: return x.mapping(Float.self) { expf($0) }
        case .log: return x.mapping(Float.self) { logf($0) }
        default:
            let function = double
            return x.mapping(Float.self) { Float(function(Double($0))) }
        }
    }

    /// The definition, in double precision.
    package var double: (Double) -> Double {
        switch function {
        case .identity: return { $0 }
        case .relu: return { $0 > 0 ? $0 : 0 }
        case .leakyRelu(let slope): return { $0 >= 0 ? $0 : Double(slope) * $0 }
        case .sigmoid: return { 1 / (1 + Glibc.exp(-$0)) }
        case .tanh: return { Glibc.tanh($0) }
        case .softplus: return { softplus($0) }
        case .softsign: return { $0 / (1 + Swift.abs($0)) }
        case .hardSwish: return { $0 * min(max($0 / 6 + 0.5, 0), 1) }
        case .mish: return { $0 * Glibc.tanh(softplus($0)) }
        case .erf: return { Glibc.erf($0) }
        case .elu(let alpha): return { $0 >= 0 ? $0 : Double(alpha) * expm1($0) }
        case .celu(let alpha):
            return { max(0, $0) + min(0, Double(alpha) * expm1($0 / Double(alpha))) }
        case .selu(let alpha, let gamma):
            return { Double(gamma) * ($0 > 0 ? $0 : Double(alpha) * expm1($0)) }
        case .gelu(approximate: false):
            return { 0.5 * $0 * (1 + Glibc.erf($0 * 0.5.squareRoot())) }
        case .gelu(approximate: true):
            return { x in
                0.5 * x
                    * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            }
        case .hardSigmoid(let alpha, let beta):
            return { max(0, min(1, Double(alpha) * $0 + Double(beta))) }
        case .thresholdedRelu(let alpha): return { $0 > Double(alpha) ? $0 : 0 }
        case .sqrt: return { $0.squareRoot() }
        case .exp: return { Glibc.exp($0) }
        case .log: return { Glibc.log($0) }
        case .abs: return { Swift.abs($0) }
        case .neg: return { -$0 }
        case .reciprocal: return { 1 / $0 }
        case .floor: return { $0.rounded(.down) }
        case .ceil: return { $0.rounded(.up) }
        case .round: return { $0.rounded(.toNearestOrEven) }
        case .sign: return { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        case .sin: return { Glibc.sin($0) }
        case .cos: return { Glibc.cos($0) }
        }
    }

    private func integerResult(_ x: Tensor) throws(OperatorError) -> Tensor {
        func map<Number: TensorNumber>(_ type: Number.Type) -> Tensor? {
            switch function {
            case .relu: x.mapping(type) { $0 > 0 ? $0 : 0 }
            case .abs: x.mapping(type) { $0 < 0 ? Number.zero.subtracting($0) : $0 }
            case .neg: x.mapping(type) { Number.zero.subtracting($0) }
            case .sign: x.mapping(type) { $0 > 0 ? 1 : $0 < 0 ? Number.zero.subtracting(1) : 0 }
            case .floor, .ceil, .round: x
            default: nil
            }
        }
        if function == .identity { return x }
        guard let type = x.elementType.numberType, let result = map(type) else {
            throw OperatorError(expected: "a tensor of floats", found: "\(x.elementType)")
        }
        return result
    }
}

private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

private func capitalized(_ text: Substring) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
}

/// The elements of a boolean tensor turned around.
package struct Not: LocalOperator {
    package let name = "Not"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        [try required(inputs, 0)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        guard x.elementType == .bool else {
            throw OperatorError(expected: "a tensor of type bool", found: "\(x.elementType)")
        }
        return [x.mapping(Bool.self) { !$0 }]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] }
}

/// Limits every element to an interval given by two optional scalar inputs.
package struct Clip: LocalOperator {
    package let name = "Clip"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        var type = try required(inputs, 0)
        type.content = nil
        return [type]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        let bounds = [optional(inputs, 1), optional(inputs, 2)]
        for bound in bounds.compactMap(\.self)
        where bound.count != 1 || bound.elementType != x.elementType {
            throw OperatorError(
                expected: "a scalar of type \(x.elementType) as a bound",
                found: "\(bound.elementType) of shape \(text(bound.shape))"
            )
        }
        func clip<Number: TensorNumber>(_ type: Number.Type) -> Tensor {
            let low = bounds[0]?.array(of: type)[0]
            let high = bounds[1]?.array(of: type)[0]
            return x.mapping(type) { value in
                let raised = low.map { value < $0 ? $0 : value } ?? value
                return high.map { raised > $0 ? $0 : raised } ?? raised
            }
        }
        guard let type = x.elementType.numberType else {
            throw OperatorError(expected: "numbers", found: "bool")
        }
        return [clip(type)]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis), nil, nil] }
}

/// Converts every element to another type.
package struct Cast: LocalOperator {
    package let name = "Cast"
    package var type: ElementType
    /// Rounds through a shorter floating-point format, which float32 then holds.
    package var rounding: Rounding?

    /// Floating-point formats that are only ever computed with as float32.
    package enum Rounding: Sendable, Equatable { case float16, bfloat16 }

    package init(to type: ElementType, rounding: Rounding? = nil) {
        self.type = type
        self.rounding = rounding
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        var result = try required(inputs, 0)
        result.elementType = type
        // Short types may change the numbers.
        if type.stride < 4 || rounding != nil { result.content = nil }
        return [result]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        var result = x.elementType == type ? x : x.converted(to: type)
        switch rounding {
        case .float16: result = result.mapping(Float.self) { Float(Float16($0)) }
        case .bfloat16: result = result.mapping(Float.self) { $0.roundedToBFloat16 }
        case nil: break
        }
        return [result]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] { [AxisSource(axis: axis)] }
}

extension Float {
    /// The nearest number with eight bits of precision, ties to even.
    package var roundedToBFloat16: Float {
        if isNaN { return self }
        let bits = bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) & 0xFFFF_0000)
    }
}

extension Tensor {
    /// A tensor of the same shape with `function` applied to every element.
    func mapping<Element: TensorElement, Result: TensorElement>(
        _ type: Element.Type,
        _ function: (Element) -> Result
    ) -> Tensor {
        var result = Tensor(uninitialized: shape, type: Result.elementType)
        let source = span(of: type)
        var target = result.mutableSpan(of: Result.self)
        for i in source.indices { target[i] = function(source[i]) }
        return result
    }
}
