package import Tensors

/// A convolution with what happens to its sums on their way out:
/// y = activation(convolution(x) + bias [+ residual]) [+ residual].
///
/// Inputs: x, weights, bias or none, slopes [M] or none (for `.prelu`), residual or none. The
/// residual has exactly the shape of the result.
package struct FusedConvolution: LocalOperator, Equatable {
    package enum Base: Sendable, Equatable {
        case convolution(Convolution)
        case transposed(TransposedConvolution)

        /// The operator that it is on its own.
        package var operation: any LocalOperator {
            switch self {
            case .convolution(let operation): operation
            case .transposed(let operation): operation
            }
        }
    }

    package enum Activation: Sendable, Equatable {
        case none, prelu
        case function(Unary.Function)
        /// Limits that are not there are infinite.
        case clip(low: Float, high: Float)
    }

    package enum Residual: Sendable, Equatable { case none, beforeActivation, afterActivation }

    package var name: String { "Fused" + base.operation.name }
    package var base: Base
    package var activation: Activation
    package var residual: Residual

    package init(_ base: Base, activation: Activation = .none, residual: Residual = .none) {
        self.base = base
        self.activation = activation
        self.residual = residual
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let result = try base.operation.infer(Array(inputs.prefix(3)))
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
        var y = try base.operation.evaluate(Array(inputs.prefix(3)))[0]
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
        let own = base.operation.sources(ofOutputAxis: axis, Array(inputs.prefix(3)))[0]
        return [own, nil, nil, nil, residual == .none ? nil : AxisSource(axis: axis)]
    }
}

extension Graph.Node {
    /// The convolution that the node computes, on its own or with more.
    package var convolution: FusedConvolution? {
        switch operation {
        case let fused as FusedConvolution: fused
        case let plain as Convolution: FusedConvolution(.convolution(plain))
        case let transposed as TransposedConvolution: FusedConvolution(.transposed(transposed))
        default: nil
        }
    }
}
