internal import Glibc
package import Tensors

/// How differently two sets of pictures are distributed, seen through features (N × D).
///
/// The kernel inception distance of Bińkowski and others (2018) with features of any network: the
/// unbiased squared maximum mean discrepancy for the kernel (a·b / D + 1)³. Features are
/// standardised by mean and deviation of the reference and limited to ±5 first.
package struct KernelDistance: Sendable {
    /// Mean and deviation over the subsets.
    package let mean, deviation: Double

    /// Measures on `subsets` pairs of subsets of min(100, half of the smaller set) pictures.
    package init(
        _ features: Tensor,
        reference: Tensor,
        subsets: Int = 10,
        random: RandomNumbers
    ) {
        let standard = Standardisation(reference)
        let (x, y) = (standard.apply(features), standard.apply(reference))
        let size = max(2, min(100, min(x.count, y.count) / 2))
        var random = random
        let moments = Moments(
            (0..<subsets).map { _ in
                let first = random.permutation(x.count).prefix(size).map { x[$0] }
                let second = random.permutation(y.count).prefix(size).map { y[$0] }
                return discrepancy(first, second)
            }
        )
        (mean, deviation) = (moments.mean, moments.deviation)
    }
}

/// The unbiased squared maximum mean discrepancy of two sets of features, as they are.
package func discrepancy(_ x: [[Double]], _ y: [[Double]]) -> Double {
    meanOfPairs(x) + meanOfPairs(y) - 2 * meanOfPairs(x, y)
}

private func kernel(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    let base = sum / Double(a.count) + 1
    return base * base * base
}

/// The mean kernel of different members of one set.
private func meanOfPairs(_ x: [[Double]]) -> Double {
    var sum = 0.0
    for i in x.indices {
        for j in 0..<i { sum += kernel(x[i], x[j]) }
    }
    return 2 * sum / Double(x.count * (x.count - 1))
}

private func meanOfPairs(_ x: [[Double]], _ y: [[Double]]) -> Double {
    var sum = 0.0
    for a in x {
        for b in y { sum += kernel(a, b) }
    }
    return sum / Double(x.count * y.count)
}

/// What makes every feature of a reference set have mean 0 and deviation 1.
private struct Standardisation {
    let moments: [Moments]

    init(_ reference: Tensor) {
        let (count, size) = (reference.shape[0], reference.shape[1])
        let values = reference.floats
        var moments = [Moments](repeating: Moments(), count: size)
        for i in 0..<(count * size) { moments[i % size].add(Double(values[i])) }
        self.moments = moments
    }

    func apply(_ features: Tensor) -> [[Double]] {
        let size = features.shape[1]
        let values = features.floats
        return (0..<features.shape[0]).map { item in
            (0..<size).map { i in
                let own = moments[i]
                let value = Double(values[item * size + i]) - own.mean
                return min(max(value / max(own.deviation, 1e-9), -5), 5)
            }
        }
    }
}
