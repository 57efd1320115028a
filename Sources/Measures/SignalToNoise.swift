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
    precondition(a.width == b.width && a.height == b.height, "planes of one size")
    var (sum, count) = (0.0, 0)
    for y in border..<(a.height - border) {
        for x in border..<(a.width - border) {
            let difference = a[x, y] - b[x, y]
            sum += difference * difference
            count += 1
        }
    }
    return 10 * log10(peak * peak * Double(count) / sum)
}
