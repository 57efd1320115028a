package import Tensors

/// What happens to results on their way out.
package enum FusedEnding {
    package enum Activation: Sendable, Equatable {
        case none, prelu
        case function(Unary.Function)
        /// Limits that are not there are infinite.
        case clip(low: Float, high: Float)
    }

    package enum Residual: Sendable, Equatable { case none, beforeActivation, afterActivation }
}

/// An operator with what happens to its results on their way out:
/// y = activation(operator(x) [+ residual]) [+ residual].
///
/// Inputs: the three of the operator itself, slopes [C] or none (for `.prelu`), residual or none.
/// The residual has exactly the shape of the result.
package protocol FusedOperator: LocalOperator {
    /// The operator that it is on its own.
    var own: any LocalOperator { get }
    var activation: FusedEnding.Activation { get set }
    var residual: FusedEnding.Residual { get set }
}

extension FusedOperator {
    package var name: String { "Fused" + own.name }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let result = try own.infer(Array(inputs.prefix(3)))
        if activation == .prelu {
            let slopes = try required(inputs, 3)
            if let channels = result[0].shape?[1], let shape = slopes.shape, shape != [channels] {
                throw OperatorError(expected: "\(channels) slopes", found: text(shape))
            }
        }
        if residual != .none {
            let other = try required(inputs, 4)
            if let shape = result[0].constantShape, let found = other.constantShape, shape != found
            {
                throw OperatorError(
                    expected: "a residual of shape \(text(shape))",
                    found: text(found)
                )
            }
        }
        return result
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        _ = try infer(inputs.map { $0.map { ValueType(of: $0) } })
        var y = try own.evaluate(Array(inputs.prefix(3)))[0]
        if residual == .beforeActivation {
            y = try Binary(.add).evaluate([y, try float(inputs, 4)])[0]
        }
        switch activation {
        case .none: break
        case .prelu:
            let slopes = try float(inputs, 3)
            let shape = [slopes.count] + y.shape.dropFirst(2).map { _ in 1 }
            y = try Binary(.prelu).evaluate([y, slopes.reshaped(to: shape)])[0]
        case .function(let function): y = try Unary(function).evaluate([y])[0]
        case .clip(let low, let high):
            y = try Clip().evaluate([y, Tensor(low), Tensor(high)])[0]
        }
        if residual == .afterActivation {
            y = try Binary(.add).evaluate([y, try float(inputs, 4)])[0]
        }
        return [y]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let first = own.sources(ofOutputAxis: axis, Array(inputs.prefix(3)))[0]
        return [first, nil, nil, nil, residual == .none ? nil : AxisSource(axis: axis)]
    }
}

extension Graph.Node {
    /// The operator of the node, if it can take along what happens to its results.
    var fusable: (any FusedOperator)? {
        switch operation {
        case let fused as any FusedOperator: fused
        case let normalization as InstanceNormalization:
            FusedInstanceNormalization(normalization)
        default: convolution
        }
    }
}
