package import Tensors

/// How far apart pictures are for a network that looks at them, one number for each picture.
///
/// `a` and `b` are the network's feature maps, layer by layer, each N × C × H × W. Features are
/// divided by their length over the channels; a layer counts with its mean square distance over
/// the pixels, all layers alike.
package func featureDistances(_ a: [Tensor], _ b: [Tensor]) -> [Double] {
    precondition(a.map(\.shape) == b.map(\.shape), "feature maps of the same network")
    var distances = [Double](repeating: 0, count: a.first?.shape[0] ?? 0)
    for (a, b) in zip(a, b) {
        let (channels, pixels) = (a.shape[1], a.shape[2] * a.shape[3])
        let (x, y) = (a.floats, b.floats)
        for item in distances.indices {
            for pixel in 0..<pixels {
                let first = item * channels * pixels + pixel
                var (xx, yy, xy) = (0.0, 0.0, 0.0)
                for i in stride(from: first, to: first + channels * pixels, by: pixels) {
                    let (p, q) = (Double(x[i]), Double(y[i]))
                    xx += p * p
                    yy += q * q
                    xy += p * q
                }
                distances[item] += squareDistance(xx, yy, xy) / Double(pixels)
            }
        }
    }
    return distances
}

/// The square distance of two directions from the products of their vectors.
private func squareDistance(_ xx: Double, _ yy: Double, _ xy: Double) -> Double {
    // A vector without length has no direction and is taken as the origin.
    let (hasX, hasY) = (xx > 1e-20, yy > 1e-20)
    guard hasX && hasY else { return hasX != hasY ? 1 : 0 }
    return max(2 - 2 * xy / (xx * yy).squareRoot(), 0)
}
