internal import Glibc

/// A named stream of random numbers, each of which depends on seed, name and its own place only.
///
/// Streams of different names know nothing of each other: one more draw from one shifts no other.
/// What a checkpoint keeps of one is its seed, name and counter.
package struct RandomNumbers: RandomNumberGenerator, Sendable, Equatable {
    package let seed: UInt64
    package let name: String
    /// How many numbers have been drawn.
    package private(set) var counter: UInt64
    /// Seed and name as one number.
    private let key: UInt64

    package init(seed: UInt64, name: String, counter: UInt64 = 0) {
        self.seed = seed
        self.name = name
        self.counter = counter
        key = Self.key(seed: seed, name: name)
    }

    /// What the numbers of a stream are hashed with.
    package static func key(seed: UInt64, name: String) -> UInt64 {
        // FNV-1a tells names apart, the hash spreads what they differ in.
        let place = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        return hashedCounter(place, seed: seed)
    }

    /// A stream of its own for one of many parts, such as an item or an epoch.
    package func part(_ number: Int) -> RandomNumbers {
        RandomNumbers(seed: seed, name: "\(name)/\(number)")
    }

    package mutating func next() -> UInt64 {
        counter &+= 1
        return hashedCounter(counter, seed: key)
    }

    // MARK: Distributions

    /// A number from 0 up to, but not including, 1.
    package mutating func uniform() -> Double { Double(next() >> 11) / Double(1 << 53) }

    package mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// A number with mean 0 and deviation 1, by Box and Muller's transform of two draws.
    package mutating func normal() -> Double {
        let u = (Double(next() >> 11) + 0.5) / Double(1 << 53)
        let v = uniform()
        return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }

    /// An integer from 0 up to, but not including, `limit`.
    package mutating func integer(below limit: Int) -> Int {
        precondition(limit > 0, "there is an integer to draw")
        return Int(next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    package mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + integer(below: range.count)
    }

    /// Whether something happens that happens with this probability.
    package mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    /// The numbers below `count` in an order in which every order is as likely.
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, integer(below: last + 1))
        }
        return order
    }

    /// How many events there are where `mean` are expected: Knuth's product of uniform numbers, and
    /// a rounded normal number from 64 expected events on.
    package mutating func poisson(_ mean: Double) -> Int {
        if mean >= 64 { return max(0, Int((mean + mean.squareRoot() * normal()).rounded())) }
        let limit = exp(-mean)
        var (count, product) = (0, uniform())
        while product > limit {
            count += 1
            product *= uniform()
        }
        return count
    }

    // MARK: Tensors

    /// A tensor of normally distributed numbers.
    package mutating func normal(
        _ shape: [Int],
        mean: Float = 0,
        deviation: Float = 1
    ) -> Tensor {
        filled(shape) { mean + deviation * Float($0.normal()) }
    }

    /// A tensor of numbers from a range.
    package mutating func uniform(_ shape: [Int], in range: ClosedRange<Float>) -> Tensor {
        let span = range.upperBound - range.lowerBound
        return filled(shape) { range.lowerBound + span * Float($0.uniform()) }
    }

    private mutating func filled(
        _ shape: [Int],
        _ draw: (inout RandomNumbers) -> Float
    ) -> Tensor {
        var tensor = Tensor(uninitialized: shape)
        var elements = tensor.mutableFloats
        for i in elements.indices { elements[i] = draw(&self) }
        return tensor
    }
}

/// SplitMix64 of a counter, offset by a seed: 64 bits that look random.
@inlinable
package func hashedCounter(_ counter: UInt64, seed: UInt64) -> UInt64 {
    var z = seed &* 0xD1B5_4A32_D192_ED03 &+ counter &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
