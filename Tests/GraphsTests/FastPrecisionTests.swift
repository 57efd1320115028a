import Glibc
import Graphs
import Kernels
import Support
import Tensors
import Testing

@Suite struct FastPrecisionTests {
    private static let pool = WorkerPool(threads: 2)

    /// The range of a result over the root of the mean square of the differences.
    private static func decibels(_ y: Tensor, _ expected: Tensor) -> Double {
        let (y, expected) = (y.array(of: Float.self), expected.array(of: Float.self))
        let squares = zip(y, expected).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
        let range = Double(expected.max()! - expected.min()!)
        return squares == 0 ? .infinity : 10 * log10(range * range * Double(y.count) / squares)
    }

    private static func picture(_ network: PictureNetwork, _ random: inout SeededRandom) -> Tensor {
        let side = 48.ceiledQuotient(by: network.alignment) * network.alignment
        return random.tensor([1, 3, side, side], in: 0...1)
    }

    @Test(
        "strips of any height give the whole picture",
        arguments: TestNetwork.allCases,
        0..<3
    )
    func strips(network: TestNetwork, seed: Int) throws {
        var random = SeededRandom(seed)
        let graph = try network.graph(seed: seed).applying()
        let x = Self.picture(try PictureNetwork(graph), &random)
        let sized = try SizedNetwork(
            graph,
            input: x.shape,
            weights: WeightCache(),
            fast: Set(0..<100)
        )
        func run(_ stripRows: Int) throws -> Tensor {
            let plan = try StreamPlan(sized, output: graph.outputs[0], stripRows: stripRows)
            return try StreamRun(plan).evaluate(x, Self.pool)
        }
        let whole = try run(.max)
        for stripRows in [1, 7, 16] {
            // Float32 steps between may round otherwise, and so may what follows them.
            let distance = Self.decibels(try run(stripRows), whole)
            #expect(
                distance > 70,
                "\(network), seed \(seed), strips of \(stripRows): \(distance) dB"
            )
        }
        let distance = Self.decibels(whole, try graph.evaluate([x])[0])
        #expect(distance > 40, "\(network), seed \(seed): \(distance) dB from float32")
    }

    @Test("a network keeps the least distance to float32", arguments: everyNetwork.indices, 0..<2)
    func leastDistance(network: Int, seed: Int) throws {
        var random = SeededRandom(seed)
        let full = try PictureNetwork(everyNetwork[network].graph(seed: seed).applying())
        let name = everyNetwork[network].rawValue
        let fast = try full.fast(range: 0...1, Self.pool)
        let products = try #require(fast.fastProducts)
        #expect(products.decibels >= FastProducts.leastDecibels, "\(name), seed \(seed)")
        #expect(products.convolutions.isEmpty == (products.share == 0), "\(name), seed \(seed)")
        let x = Self.picture(full, &random)
        let distance = Self.decibels(try fast.run(x, Self.pool), try full.run(x, Self.pool))
        // Another picture than the one it was measured on.
        #expect(distance > FastProducts.leastDecibels - 6, "\(name), seed \(seed): \(distance) dB")
    }

    @Test("the more distance is asked for, the fewer convolutions are fast, and at last none")
    func fewerConvolutions() throws {
        let network = try PictureNetwork(TestNetwork.encoder.graph(seed: 1).applying())
        let every = try #require(
            try network.fast(range: 0...1, decibels: 0, Self.pool).fastProducts
        )
        #expect(every.convolutions.count > 2)
        let some = try #require(
            try network.fast(range: 0...1, decibels: every.decibels + 3, Self.pool).fastProducts
        )
        #expect(some.convolutions.isStrictSubset(of: every.convolutions))
        #expect(!some.convolutions.isEmpty)
        #expect(some.decibels >= every.decibels + 3)
        let none = try network.fast(range: 0...1, decibels: 500, Self.pool)
        #expect(none.fastProducts?.convolutions == [])
        var random = SeededRandom(2)
        let x = Self.picture(network, &random)
        let (y, expected) = (try none.run(x, Self.pool), try network.run(x, Self.pool))
        #expect(difference(y, expected, tolerance: 0) == nil)
    }
}
