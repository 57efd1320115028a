internal import Foundation

/// Random numbers that depend on nothing but a seed, a name, and how many were drawn before.
///
/// Number i is a hash of the key and i, so large draws are made by all threads at once.
package final class RandomStream {
    private let key: UInt64
    /// How many numbers have been drawn: the whole state.
    package var position: UInt64 = 0

    package init(seed: UInt64, name: String) {
        // FNV-1a
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        key = scramble(seed &+ scramble(hash))
    }

    /// Numbers evenly spread over 0 ..< 1.
    package func uniform<Number: Real>(_ shape: [Int]) -> Variable<Number> {
        draw(shape) { Number(fraction($0)) }
    }

    /// Numbers of a normal distribution, by Box and Muller's method.
    package func normal<Number: Real>(
        _ shape: [Int],
        mean: Double = 0,
        deviation: Double = 1
    ) -> Variable<Number> {
        draw(shape) { bits in
            let radius = (-2 * Foundation.log(1 - fraction(bits))).squareRoot()
            let angle = 2 * Double.pi * fraction(scramble(bits ^ 0x5851_F42D_4C95_7F2D))
            return Number(mean + deviation * radius * Foundation.cos(angle))
        }
    }

    /// A number below `bound`.
    package func integer(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Whether something of this probability happens.
    package func chance(_ probability: Double) -> Bool { fraction(next()) < probability }

    private func next() -> UInt64 {
        defer { position += 1 }
        return scramble(key &+ position &* golden)
    }

    private func draw<Number: Real>(
        _ shape: [Int],
        _ number: (UInt64) -> Number
    ) -> Variable<Number> {
        let (key, start) = (key, position)
        let count = shape.reduce(1, *)
        position += UInt64(count)
        return Variable(shape) { target in
            inParallel(count) { range in
                for i in range {
                    target[i] = number(scramble(key &+ (start + UInt64(i)) &* golden))
                }
            }
        }
    }
}

/// The seed of a run, from which every purpose gets a stream of its own: a draw more in one of them
/// changes nothing in another.
package struct Randomness: Sendable {
    package let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    package func stream(_ name: String) -> RandomStream { RandomStream(seed: seed, name: name) }
}

private let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

/// SplitMix64's finalizer.
private func scramble(_ bits: UInt64) -> UInt64 {
    var z = bits
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}

private func fraction(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }
