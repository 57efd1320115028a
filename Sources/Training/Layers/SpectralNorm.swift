/// Divides weights by their largest singular value, which power iteration follows while training.
package struct SpectralNorm<Number: Real>: Module {
    /// The left singular vector, as far as it is known.
    package let left: Buffer<Number>

    init(rows: Int, _ stream: RandomStream) {
        left = Buffer(unit(stream.normal([rows, 1])))
    }

    func callAsFunction(_ weights: Variable<Number>) -> Variable<Number> {
        let matrix = weights.reshaped([weights.shape[0], -1])
        let right = withoutRecording {
            unit(matrixProduct(matrix, left.variable, transposingFirst: true))
        }
        if Phase.current == .training {
            left.variable = withoutRecording { unit(matrixProduct(matrix, right)) }
        }
        let (u, v) = (left.variable, right)
        let sigma = matrixProduct(matrixProduct(u, matrix, transposingFirst: true), v)
        return weights / sigma.reshaped([])
    }
}

/// The vector of length 1 in the same direction.
private func unit<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    x / (sqrt(square(x).sum()) + 1e-12)
}
