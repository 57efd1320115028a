internal import Glibc
internal import Kernels
package import Tensors

/// alpha · A · B + beta · C for matrices: ONNX Gemm, versions 1 to 13.
package struct Gemm: Operator, Equatable {
    package let name = "Gemm"
    package var alpha, beta: Float
    package var transposesA, transposesB: Bool

    package init(
        alpha: Float = 1,
        beta: Float = 1,
        transposesA: Bool = false,
        transposesB: Bool = false
    ) {
        self.alpha = alpha
        self.beta = beta
        self.transposesA = transposesA
        self.transposesB = transposesB
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        try expectFloats(inputs, count: 2)
        let (a, b) = (try required(inputs, 0), try required(inputs, 1))
        guard let x = try shape(of: a, ranks: 2...2), let y = try shape(of: b, ranks: 2...2) else {
            return [ValueType(a.elementType, nil)]
        }
        let (inner, other) = (x[transposesA ? 0 : 1], y[transposesB ? 1 : 0])
        if let m = inner.constant, let n = other.constant, m != n {
            throw OperatorError(expected: "inner sides that agree", found: "\(m) and \(n)")
        }
        return [ValueType(a.elementType, [x[transposesA ? 1 : 0], y[transposesB ? 0 : 1]])]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (a, b) = (try float(inputs, 0), try float(inputs, 1))
        let shape = try outputShape([a, b])
        var result = Tensor(shape: shape)
        multiply(a.floats, b.floats, into: &result, inner: a.shape[transposesA ? 0 : 1])
        if let c = optional(inputs, 2) {
            try check(c.shape, stretchesTo: shape)
            let beta = beta
            result = try combine(result, c, Float.self) { $0 + beta * $1 }
        }
        return [result]
    }

    private func multiply(
        _ a: Span<Float>,
        _ b: Span<Float>,
        into result: inout Tensor,
        inner: Int
    ) {
        let (m, n) = (result.shape[0], result.shape[1])
        var out = result.mutableFloats
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                out.withUnsafeMutableBufferPointer { out in
                    matrixProduct(
                        rows: m,
                        columns: n,
                        inner: inner,
                        Matrix(
                            a.baseAddress!,
                            stride: transposesA ? m : inner,
                            transposed: transposesA
                        ),
                        Matrix(
                            b.baseAddress!,
                            stride: transposesB ? inner : n,
                            transposed: transposesB
                        ),
                        alpha: alpha,
                        into: out.baseAddress!,
                        stride: n
                    )
                }
            }
        }
    }
}

/// The product of matrices, or of stacks of matrices that stretch to each other: ONNX MatMul.
package struct MatMul: LocalOperator {
    package let name = "MatMul"
    package init() {}

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let (a, b) = (try required(inputs, 0), try required(inputs, 1))
        guard var x = a.shape, var y = b.shape else { return [ValueType(a.elementType, nil)] }
        guard !x.isEmpty, !y.isEmpty else {
            throw OperatorError(expected: "tensors of rank 1 or more", found: "a scalar")
        }
        let (isRow, isColumn) = (x.count == 1, y.count == 1)
        if isRow { x.insert(1, at: 0) }
        if isColumn { y.append(1) }
        let (inner, other) = (x[x.count - 1], y[y.count - 2])
        if let m = inner.constant, let n = other.constant, m != n {
            throw OperatorError(expected: "inner sides that agree", found: "\(m) and \(n)")
        }
        var output = try broadcast(Array(x.dropLast(2)), Array(y.dropLast(2)))
        if !isRow { output.append(x[x.count - 2]) }
        if !isColumn { output.append(y[y.count - 1]) }
        return [ValueType(a.elementType, output)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        var (a, b) = (try required(inputs, 0), try required(inputs, 1))
        let type = a.elementType
        let shape = try outputShape([a, b])
        guard type == b.elementType, type != .bool else {
            throw OperatorError(
                expected: "two tensors of the same number type",
                found: "\(type) and \(b.elementType)"
            )
        }
        if a.rank == 1 { a = a.reshaped(to: [1, a.count]) }
        if b.rank == 1 { b = b.reshaped(to: [b.count, 1]) }
        guard type == .float32 else { return [try slow(a, b, shape)] }
        let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
        let stack = try broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
        let (stepA, stepB) = (
            broadcastStrides(Array(a.shape.dropLast(2)), to: stack),
            broadcastStrides(Array(b.shape.dropLast(2)), to: stack)
        )
        var result = Tensor(shape: shape)
        let (x, y) = (a.floats, b.floats)
        var out = result.mutableFloats
        x.withUnsafeBufferPointer { x in
            y.withUnsafeBufferPointer { y in
                out.withUnsafeMutableBufferPointer { out in
                    var i = 0
                    forEachIndex(stack) { index in
                        let p = zip(index, stepA).reduce(0) { $0 + $1.0 * $1.1 } * m * k
                        let q = zip(index, stepB).reduce(0) { $0 + $1.0 * $1.1 } * k * n
                        matrixProduct(
                            rows: m,
                            columns: n,
                            inner: k,
                            Matrix(x.baseAddress! + p, stride: max(1, k)),
                            Matrix(y.baseAddress! + q, stride: max(1, n)),
                            into: out.baseAddress! + i * m * n,
                            stride: max(1, n)
                        )
                        i += 1
                    }
                }
            }
        }
        return [result]
    }

    /// Other types than float32, through double precision.
    private func slow(_ a: Tensor, _ b: Tensor, _ shape: [Int]) throws(OperatorError) -> Tensor {
        let stack = try broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
        let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
        let (x, y) = (
            a.converted(to: .float64).array(of: Double.self),
            b.converted(to: .float64).array(of: Double.self)
        )
        let (stepA, stepB) = (
            broadcastStrides(Array(a.shape.dropLast(2)), to: stack),
            broadcastStrides(Array(b.shape.dropLast(2)), to: stack)
        )
        var values: [Double] = []
        forEachIndex(stack + [m, n]) { index in
            let outer = index.dropLast(2)
            let p = zip(outer, stepA).reduce(0) { $0 + $1.0 * $1.1 } * m * k
            let q = zip(outer, stepB).reduce(0) { $0 + $1.0 * $1.1 } * k * n
            let (row, column) = (index[index.count - 2], index[index.count - 1])
            values.append(
                (0..<k).reduce(0.0) { $0 + x[p + row * k + $1] * y[q + $1 * n + column] }
            )
        }
        return Tensor(shape: shape, values: values).converted(to: a.elementType)
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard let x = inputs[0]?.shape, let y = inputs[1]?.shape else { return [nil, nil] }
        let rank = max(x.count, y.count)
        func source(_ count: Int, isForeign: Bool) -> AxisSource? {
            let own = axis - (rank - count)
            return own < 0 || isForeign ? nil : AxisSource(axis: own)
        }
        return [
            source(x.count, isForeign: axis == rank - 1),
            source(y.count, isForeign: axis == rank - 2),
        ]
    }
}

/// Exponentials that sum to 1 along an axis, or their logarithms: ONNX Softmax and LogSoftmax,
/// versions 1 to 13.
package struct Softmax: LocalOperator, Equatable {
    package var name: String { isLogarithm ? "LogSoftmax" : "Softmax" }
    package var axis: Int
    package var isLogarithm: Bool
    /// Sums over all axes from `axis` on, as before version 13.
    package var flattens: Bool

    package init(axis: Int = -1, isLogarithm: Bool = false, flattens: Bool = false) {
        self.axis = axis
        self.isLogarithm = isLogarithm
        self.flattens = flattens
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        let x = try required(inputs, 0)
        if let shape = x.shape, !shape.isEmpty { _ = try resolve(axis: axis, rank: shape.count) }
        return [ValueType(x.elementType, x.shape)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let x = try required(inputs, 0)
        if x.elementType == .float64 { return [try evaluate(x, Double.self)] }
        return [try evaluate(try float(inputs, 0), Float.self)]
    }

    private func evaluate<Number: TensorNumber>(
        _ x: Tensor,
        _ type: Number.Type
    ) throws(OperatorError) -> Tensor {
        // A scalar counts as one row of one element.
        let shape = x.rank == 0 ? [1] : x.shape
        let axis = try resolve(axis: axis, rank: shape.count)
        let inner = flattens ? 1 : Array(shape.dropFirst(axis + 1)).elementCount
        let length = flattens ? Array(shape.dropFirst(axis)).elementCount : shape[axis]
        var y = x
        var out = y.mutableSpan(of: type)
        for outer in 0..<(x.count / max(1, length * inner)) {
            for i in 0..<inner {
                let start = outer * length * inner + i
                var peak = -Double.infinity
                for j in 0..<length { peak = max(peak, out[start + j * inner].asDouble) }
                var sum = 0.0
                for j in 0..<length { sum += exp(out[start + j * inner].asDouble - peak) }
                for j in 0..<length {
                    let value = out[start + j * inner].asDouble - peak
                    out[start + j * inner] = Number(
                        converting: isLogarithm ? value - log(sum) : exp(value) / sum
                    )
                }
            }
        }
        return y
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        let rank = inputs[0]?.shape?.count ?? 0
        let own = (try? resolve(axis: self.axis, rank: rank)) ?? 0
        let isSummed = flattens ? axis >= own : axis == own
        return [AxisSource(axis: axis, isSummed ? .everything : .identity)]
    }
}
