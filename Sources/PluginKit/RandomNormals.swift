internal import Glibc

/// Normally distributed numbers that a seed repeats.
public struct RandomNormals {
    private var state: UInt64

    public init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) }

    public mutating func next() -> Float {
        // Box and Muller's method.
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return Float(radius * cos(2 * Double.pi * uniform()))
    }

    /// A number from 0 up to 1, by SplitMix64.
    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
}
