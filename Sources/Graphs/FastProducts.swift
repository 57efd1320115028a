internal import Glibc
package import Kernels
internal import Tensors

/// Which convolutions of a network are computed with products of bfloat16 numbers, and what that
/// costs.
///
/// Rounding inputs and weights to 8 bits costs every convolution about as much of its own result, but
/// what becomes of that in the network's result differs: so it is measured, on a small picture.
package struct FastProducts: Sendable, Equatable {
    /// The convolutions, counted in the order of computation.
    package let convolutions: Set<Int>
    /// The distance to the float32 result: the range of that result over the root of the mean square
    /// of the differences, in decibels; infinite where nothing differs.
    package let decibels: Double
    /// The part of all multiply-adds that these convolutions do, of the small picture.
    package let share: Double

    /// The least distance that is allowed.
    package static let leastDecibels = 50.0
    static let none = FastProducts(convolutions: [], decibels: .infinity, share: 0)
}

extension FastProducts: CustomStringConvertible {
    package var description: String {
        guard !convolutions.isEmpty else {
            return "no convolution gains from bfloat16 products, or all lose too much"
        }
        let percent = String(Int((share * 100).rounded()))
        let distance = decibels.isFinite ? "\((decibels * 10).rounded() / 10) dB" : "no distance"
        return "\(percent) % of the multiply-adds with bfloat16 products, \(distance) from float32"
    }
}

extension PictureNetwork {
    /// Whether this processor is faster at bfloat16 products.
    package static var hasFastProducts: Bool { BfloatInstructions.best.areFast }

    /// The network with those convolutions computed with bfloat16 products that gain from it, as many
    /// as the least distance to the float32 result allows.
    ///
    /// - Parameters:
    ///   - range: the numbers that pictures are made of.
    ///   - decibels: the least distance.
    package func fast(
        range: ClosedRange<Float>,
        decibels: Double = FastProducts.leastDecibels,
        _ pool: WorkerPool
    ) throws -> PictureNetwork {
        var network = self
        network.fastProducts = try fastProducts(range: range, decibels: decibels, pool)
        return network
    }

    private func fastProducts(
        range: ClosedRange<Float>,
        decibels: Double,
        _ pool: WorkerPool
    ) throws -> FastProducts {
        let trial = try FastTrial(self, range, pool)
        let every = try trial.products(Set(0..<graph.nodes.count))
        if every.convolutions.isEmpty || every.decibels >= decibels { return every }
        // Errors of different convolutions have little to do with each other: their squares add up.
        var losses: [(convolution: Int, square: Double)] = []
        for convolution in every.convolutions.sorted() {
            let alone = try trial.products([convolution])
            losses.append((convolution, pow(10, -alone.decibels / 10)))
        }
        losses.sort { $0.square < $1.square }
        while !losses.isEmpty {
            let expected = -10 * log10(losses.reduce(0) { $0 + $1.square })
            if expected >= decibels {
                let found = try trial.products(Set(losses.map(\.convolution)))
                if found.decibels >= decibels { return found }
            }
            losses.removeLast()
        }
        return .none
    }
}

/// A small picture that a network is tried on, and its float32 result.
private struct FastTrial {
    let network: PictureNetwork
    let picture: Tensor
    let pool: WorkerPool
    private(set) var exact: [Float] = []
    /// Weights of the trial only.
    let weights = WeightCache()

    init(_ network: PictureNetwork, _ range: ClosedRange<Float>, _ pool: WorkerPool) throws {
        self.network = network
        self.pool = pool
        let side = 128.ceiledQuotient(by: network.alignment) * network.alignment
        let size = network.fixedSize ?? (height: side, width: side)
        picture = Self.picture([1, network.inputChannels, size.height, size.width], range)
        exact = try result([]).values
    }

    /// Waves that become finer from left to right, on steps of brightness, with a little noise.
    static func picture(_ shape: [Int], _ range: ClosedRange<Float>) -> Tensor {
        let (height, width) = (shape[2], shape[3])
        var state: UInt32 = 1
        let values = (0..<shape.elementCount).map { index -> Float in
            let (x, y) = (index % width, index / width % height)
            let channel = index / (width * height)
            state = state &* 1_664_525 &+ 1_013_904_223
            let noise = Float(state >> 8) / Float(1 << 24) - 0.5
            let wave = sin(Float(x * x) / Float(3 * width) + Float(y * (channel + 1)) / 9)
            let step = Float((x / 24 + y / 32 + channel) % 3 - 1)
            let value = 0.5 + 0.2 * wave + 0.2 * step + 0.1 * noise
            return range.lowerBound + value * (range.upperBound - range.lowerBound)
        }
        return Tensor(shape: shape, values: values)
    }

    /// What comes out with bfloat16 products in some convolutions.
    func products(_ allowed: Set<Int>) throws -> FastProducts {
        let (values, plan) = try result(allowed)
        let used = plan.fastConvolutions
        guard !used.isEmpty else { return .none }
        var (low, high, squares) = (Float.infinity, -Float.infinity, 0.0)
        for (value, expected) in zip(values, exact) {
            (low, high) = (min(low, expected), max(high, expected))
            squares += Double(value - expected) * Double(value - expected)
        }
        let mean = squares / Double(max(1, exact.count))
        let range = Double(high - low)
        return FastProducts(
            convolutions: Set(used.keys),
            decibels: mean == 0 ? .infinity : 10 * log10(range * range / mean),
            share: used.values.reduce(0, +) / max(1, plan.multiplyAdds)
        )
    }

    private func result(_ allowed: Set<Int>) throws -> (values: [Float], plan: StreamPlan) {
        let plan = try network.plan(for: picture.shape, fast: allowed, weights: weights)
        let result = try StreamRun(plan).evaluate(picture, pool)
        return (result.array(of: Float.self), plan)
    }
}
