internal import Foundation
internal import Tensors

/// Random numbers that depend on nothing but a seed, a name, and how many were drawn before, as
/// those of `RandomNumbers` do.
///
/// A stream is shared by all that draw from it, and large draws are made by all threads at once.
package final class RandomStream {
    private let key: UInt64
    /// How many numbers have been drawn: the whole state.
    package var position: UInt64 = 0

    package init(seed: UInt64, name: String) {
        key = RandomNumbers.key(seed: seed, name: name)
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
        draw(shape) { [key] bits in
            let radius = (-2 * Foundation.log(1 - fraction(bits))).squareRoot()
            let angle = 2 * Double.pi * fraction(hashedCounter(bits, seed: key))
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
        return hashedCounter(position, seed: key)
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
                    target[i] = number(hashedCounter(start + UInt64(i), seed: key))
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

private func fraction(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }
