import Graphs
import Tensors

// What operations are in a graph.

extension Sliding {
    func rule(_ kernel: [Int]) -> WindowRule {
        WindowRule(
            kernel: kernel,
            strides: [stride, stride],
            dilations: [dilation, dilation],
            pads: .explicit(before: [padding, padding], after: [padding, padding])
        )
    }

    func convolution(_ weights: [Int]) -> any Graphs.Operator {
        Graphs.Convolution(groups: groups, rule: rule(Array(weights[2...])))
    }

    func transposedConvolution(_ weights: [Int], outputPadding: Int) -> any Graphs.Operator {
        Graphs.TransposedConvolution(
            groups: groups,
            rule: rule(Array(weights[2...])),
            outputPadding: [outputPadding, outputPadding]
        )
    }
}

extension Function {
    /// The operator and its inputs beside the number.
    var operation: (any Graphs.Operator, [Tensor?]) {
        func unary(_ function: Unary.Function) -> (any Graphs.Operator, [Tensor?]) {
            (Unary(function), [])
        }
        func number(_ value: Double) -> Tensor { Tensor(Float(value)) }
        switch self {
        case .exp: return unary(.exp)
        case .log: return unary(.log)
        case .sqrt: return unary(.sqrt)
        case .abs: return unary(.abs)
        case .sign: return unary(.sign)
        case .reciprocal: return unary(.reciprocal)
        case .square: return (Binary(.power), [number(2)])
        case .tanh: return unary(.tanh)
        case .sigmoid: return unary(.sigmoid)
        case .softplus: return unary(.softplus)
        case .leakyRelu(let slope): return unary(slope == 0 ? .relu : .leakyRelu(Float(slope)))
        case .elu: return unary(.elu(1))
        case .clamp(let low, let high): return (Clip(), [number(low), number(high)])
        case .power(let exponent): return (Binary(.power), [number(exponent)])
        case .scale(let factor, 0): return (Binary(.multiply), [number(factor)])
        case .scale(1, let offset): return (Binary(.add), [number(offset)])
        // Those with a factor and an offset are applied in two steps.
        case .scale, .step, .isWithin:
            preconditionFailure("networks that are exported compute no \(self)")
        }
    }
}

extension Combination {
    var operation: any Graphs.Operator {
        switch self {
        case .add: Binary(.add)
        case .subtract: Binary(.subtract)
        case .multiply: Binary(.multiply)
        case .divide: Binary(.divide)
        }
    }
}

extension Interpolation {
    func resize(_ factor: Int) -> any Graphs.Operator {
        let resampling =
            switch self {
            case .nearest: Resampling(.nearest(.floor), .asymmetric)
            case .bilinear: Resampling(.linear, .halfPixel)
            case .bicubic: Resampling(.cubic(-0.5), .halfPixel)
            }
        var operation = Resize(resampling)
        operation.scales = [1, 1, Float(factor), Float(factor)]
        return operation
    }
}

extension PadMode {
    var operation: any Graphs.Operator {
        switch self {
        case .zero: Pad(.constant)
        case .reflect: Pad(.reflect)
        case .replicate: Pad(.edge)
        }
    }
}
