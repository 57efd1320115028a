internal import COpenBLAS

/// How many threads OpenBLAS uses for one product.
package func setMatrixProductThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }

/// Which of its kernels OpenBLAS chose for this processor, such as "SkylakeX".
package var matrixProductCore: String { String(cString: openblas_get_corename()) }

/// A matrix inside a larger array of numbers, in row-major order.
package struct Matrix {
    /// The first element.
    package let base: UnsafePointer<Float>
    /// How far apart the starts of two rows are.
    package let stride: Int
    package let isTransposed: Bool

    package init(_ base: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
        self.base = base
        self.stride = stride
        isTransposed = transposed
    }
}

/// Computes `c[m×n] = alpha · a[m×k] · b[k×n] + beta · c` in float32.
///
/// Where a matrix is transposed, its
/// memory holds k×m or n×k.
package func matrixProduct(
    rows m: Int,
    columns n: Int,
    inner k: Int,
    _ a: Matrix,
    _ b: Matrix,
    alpha: Float = 1,
    beta: Float = 0,
    into c: UnsafeMutablePointer<Float>,
    stride: Int
) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
        for row in 0..<m {
            for column in 0..<n { c[row * stride + column] *= beta }
        }
        return
    }
    cblas_sgemm(
        CblasRowMajor,
        a.isTransposed ? CblasTrans : CblasNoTrans,
        b.isTransposed ? CblasTrans : CblasNoTrans,
        blasint(m),
        blasint(n),
        blasint(k),
        alpha,
        a.base,
        blasint(a.stride),
        b.base,
        blasint(b.stride),
        beta,
        c,
        blasint(stride)
    )
}
