internal import Glibc

/// Peak signal-to-noise ratio in decibels: 10 · log₁₀(peak² / mean square difference).
///
/// Values go from 0 to `peak`; a border of some pixels is left out. Infinite for equal planes.
package func peakSignalToNoise(
    _ a: Plane,
    _ b: Plane,
    peak: Double = 255,
    border: Int = 0
) -> Double {
    peakSignalToNoise([a], [b], peak: peak, border: border)
}

/// The same for pictures of several channels, whose differences count alike.
package func peakSignalToNoise(
    _ a: [Plane],
    _ b: [Plane],
    peak: Double = 255,
    border: Int = 0
) -> Double {
    var errors = SquareErrors()
    for (a, b) in zip(a, b) {
        precondition(a.width == b.width && a.height == b.height, "planes of one size")
        for y in border..<(a.height - border) {
            for x in border..<(a.width - border) { errors.add(a[x, y] - b[x, y]) }
        }
    }
    return errors.peakSignalToNoise(peak: peak)
}

/// Square differences of many pictures, pooled: every sample counts alike.
package struct SquareErrors: Sendable {
    package private(set) var sum = 0.0
    package private(set) var count = 0

    package init() {}

    package mutating func add(_ difference: Double) {
        sum += difference * difference
        count += 1
    }

    /// Adds the samples of a picture inside its hole only.
    package mutating func add(_ a: [Plane], _ b: [Plane], inside hole: Hole) {
        for (a, b) in zip(a, b) {
            for i in hole.pixels { add(a.values[i] - b.values[i]) }
        }
    }

    /// 10 · log₁₀(peak² / mean), in decibels.
    package func peakSignalToNoise(peak: Double) -> Double {
        10 * log10(peak * peak * Double(count) / sum)
    }
}
