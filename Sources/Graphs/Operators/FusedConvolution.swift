/// A convolution or transposed convolution with what happens to its sums on their way out.
///
/// Inputs: x, weights, bias or none, slopes [M] or none, residual or none.
package struct FusedConvolution: FusedOperator, Equatable {
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

    package typealias Activation = FusedEnding.Activation
    package typealias Residual = FusedEnding.Residual

    package var base: Base
    package var activation: Activation
    package var residual: Residual

    package init(_ base: Base, activation: Activation = .none, residual: Residual = .none) {
        self.base = base
        self.activation = activation
        self.residual = residual
    }

    package var own: any LocalOperator { base.operation }
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
