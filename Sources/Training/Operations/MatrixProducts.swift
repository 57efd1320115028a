internal import Graphs

/// The product of two matrices, or of two batches of as many, transposed before if asked for.
package func matrixProduct<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>,
    transposingFirst aIsTransposed: Bool = false,
    transposingSecond bIsTransposed: Bool = false
) -> Variable<Number> {
    let batch = Array(a.shape.dropLast(2))
    let (rows, inner) = a.matrixSides(transposed: aIsTransposed)
    let (innerToo, columns) = b.matrixSides(transposed: bIsTransposed)
    precondition(
        Array(b.shape.dropLast(2)) == batch && inner == innerToo,
        "matrices that go together, not \(a.shape) and \(b.shape)"
    )
    let sides = MatrixSides(rows: rows, columns: columns, inner: inner)
    let result = Variable<Number>(batch + [rows, columns]) { c in
        for index in 0..<batch.reduce(1, *) {
            Number.multiply(
                a.base + index * rows * inner,
                isTransposed: aIsTransposed,
                b.base + index * inner * columns,
                isTransposed: bIsTransposed,
                into: c + index * rows * columns,
                sides: sides
            )
        }
    }
    return result.recorded(from: [a, b]) { gradient, wanted in
        var gradients: [Variable<Number>?] = [nil, nil]
        if wanted[0] {
            gradients[0] =
                aIsTransposed
                ? matrixProduct(
                    b,
                    gradient,
                    transposingFirst: bIsTransposed,
                    transposingSecond: true
                )
                : matrixProduct(gradient, b, transposingSecond: !bIsTransposed)
        }
        if wanted[1] {
            gradients[1] =
                bIsTransposed
                ? matrixProduct(
                    gradient,
                    a,
                    transposingFirst: true,
                    transposingSecond: aIsTransposed
                )
                : matrixProduct(a, gradient, transposingFirst: !aIsTransposed)
        }
        return gradients
    }
}

extension Variable {
    fileprivate func matrixSides(transposed: Bool) -> (Int, Int) {
        let (a, b) = (shape[shape.count - 2], shape[shape.count - 1])
        return transposed ? (b, a) : (a, b)
    }
}

/// Samples [batch, inputs] times weights [outputs, inputs], plus a bias.
package func linear<Number: Real>(
    _ x: Variable<Number>,
    weights: Variable<Number>,
    bias: Variable<Number>?
) -> Variable<Number> {
    let product = matrixProduct(x, weights, transposingSecond: true)
    return (bias.map { product + $0 } ?? product)
        .traced(Gemm(transposesB: true), [x, weights, bias])
}

/// The correlations of feature maps: F·Fᵀ / (channels · height · width) for every sample.
package func gramMatrix<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    let maps = x.reshaped([x.shape[0], x.shape[1], -1])
    return matrixProduct(maps, maps, transposingSecond: true)
        / Number(x.shape[1] * x.shape[2] * x.shape[3])
}
