import Testing
import Training

/// Layers and what training keeps of them.
@Suite struct ModuleTests {
    private static func initial(_ seed: UInt64 = 1) -> Initialization {
        Initialization(.kaimingNormal, Randomness(seed: seed).stream("weights"))
    }

    private static func network(_ seed: UInt64 = 1) -> Sequential<Double> {
        Sequential {
            Convolution(2, 3, kernel: 3, spectralNorm: true, initial(seed))
            BatchNorm(3, initial(seed))
            Residual {
                PReLU(3)
                Dropout(0.5, Randomness(seed: seed).stream("dropout"))
            }
        }
    }

    @Test("parameters, buffers and streams are found by the names of properties")
    func names() {
        let network = Self.network()
        #expect(
            network.namedParameters.map(\.name) == [
                "layers.0.weight", "layers.0.bias", "layers.1.scale", "layers.1.shift",
                "layers.2.layers.layers.0.slope",
            ]
        )
        #expect(
            network.namedBuffers.map(\.name) == [
                "layers.0.spectral.left", "layers.1.runningMean", "layers.1.runningVariance",
            ]
        )
        #expect(network.namedStreams.map(\.name) == ["layers.2.layers.layers.1.stream"])
    }

    @Test("the same seed gives the same network, another one another")
    func seeds() {
        func weights(_ seed: UInt64) -> [Double] {
            Self.network(seed).parameters[0].variable.values
        }
        #expect(weights(1) == weights(1))
        #expect(weights(1) != weights(2))
    }

    @Test("running statistics follow batches, and take their place at inference")
    func batchNorm() {
        let norm = BatchNorm<Double>(1, Self.initial())
        // Mean 2, biased variance 1, unbiased 4/3.
        let x = Variable<Double>([1, 1, 2, 2], [1, 3, 1, 3])
        let y = norm(x)
        #expect(
            OperationTests.difference(
                y,
                Variable<Double>(x.shape, [-1, 1, -1, 1]),
                tolerance: 1e-4
            ) == nil
        )
        #expect(abs(norm.runningMean.variable.value - 0.2) < 1e-12)
        #expect(abs(norm.runningVariance.variable.value - (0.9 + 0.4 / 3)) < 1e-12)
        let inferred = inference { norm(x) }.values[0]
        let variance = 0.9 + 0.4 / 3 + 1e-5
        #expect(abs(inferred - 0.8 / variance.squareRoot()) < 1e-12)
    }

    @Test("a spectral norm leaves weights whose largest singular value is 1")
    func spectralNorm() {
        let layer = Convolution<Double>(
            2,
            2,
            kernel: 1,
            bias: false,
            spectralNorm: true,
            Self.initial()
        )
        layer.weight.set(Variable([2, 2, 1, 1], [3, 0, 0, 0.5]))
        let x = Variable<Double>([1, 2, 1, 1], [1, 1])
        for _ in 0..<60 { _ = layer(x) }
        let y = layer(x).values
        #expect(abs(y[0] - 1) < 1e-9 && abs(y[1] - 0.5 / 3) < 1e-9)
    }

    @Test("orthogonal weights of outputs are √2 long, at right angles as far as that goes")
    func orthogonal() {
        let initial = Initialization(.orthogonal, RandomStream(seed: 1, name: "weights"))
        let layer = Convolution<Double>(1, 6, kernel: 2, initial)
        let rows = (0..<6).map { Array(layer.weight.variable.values[($0 * 4)..<($0 * 4 + 4)]) }
        for i in rows.indices {
            for j in i..<6 where i / 4 == j / 4 {
                let product = zip(rows[i], rows[j]).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(abs(product - (i == j ? 2 : 0)) < 1e-12, "rows \(i) and \(j)")
            }
        }
        #expect(layer.bias!.variable.values == [0, 0, 0, 0, 0, 0])
    }

    @Test("dropout keeps the mean while training, and everything at inference")
    func dropout() {
        let layer = Dropout<Double>(0.25, RandomStream(seed: 1, name: "dropout"))
        let x = Variable<Double>([1, 1, 100, 100], repeating: 1)
        let y = layer(x).values
        #expect(Set(y) == [0, 1 / 0.75])
        #expect(abs(y.reduce(0, +) / 10_000 - 1) < 0.03)
        #expect(inference { layer(x) }.values == x.values)
    }

    @Test("random numbers depend on seed, name and position alone")
    func streams() {
        let (a, b) = (RandomStream(seed: 1, name: "a"), RandomStream(seed: 1, name: "a"))
        let whole: Variable<Double> = a.uniform([7])
        let parts = [b.uniform([3]), b.uniform([4])].flatMap { (x: Variable<Double>) in x.values }
        #expect(whole.values == parts)
        b.position = 3
        let again: Variable<Double> = b.uniform([4])
        #expect(again.values == Array(parts[3...]))
        let other: Variable<Double> = RandomStream(seed: 1, name: "b").uniform([7])
        #expect(other.values != whole.values)
        let normal: Variable<Double> = a.normal([20_000], mean: 3, deviation: 2)
        let mean = normal.mean().value
        #expect(abs(mean - 3) < 0.06)
        #expect(abs(normal.variance([0]).value - 4) < 0.15)
    }

    @Test("an image pool gives pictures back that it was given, old ones among them")
    func pool() {
        let pool = ImagePool<Double>(capacity: 3, RandomStream(seed: 5, name: "pool"))
        var returned: [Double] = []
        for i in 0..<40 {
            let picture = Variable<Double>([1, 1, 1, 1], [Double(i)])
            returned.append(pool.exchange(picture).value)
        }
        #expect(Array(returned[..<3]) == [0, 1, 2])
        #expect(returned.enumerated().allSatisfy { $0.element <= Double($0.offset) })
        #expect(returned.enumerated().contains { $0.element < Double($0.offset) })
        #expect(pool.images.count == 3)
    }

    @Test("an average follows its network, buffers at once")
    func movingAverage() {
        let (average, network) = (Self.network(1), Self.network(2))
        let before = average.parameters[0].variable.values
        network.namedBuffers[1].buffer.variable = Variable([3], [7, 8, 9])
        MovingAverage(decay: 0.75).update(average, from: network)
        let new = network.parameters[0].variable.values
        for (i, value) in average.parameters[0].variable.values.enumerated() {
            #expect(abs(value - (0.75 * before[i] + 0.25 * new[i])) < 1e-12)
        }
        #expect(average.namedBuffers[1].buffer.variable.values == [7, 8, 9])
    }

    @Test("schedules give the factors of their figures")
    func schedules() {
        let linear = Schedule.constantThenLinear(until: 100, zeroAt: 200)
        #expect([0, 100, 150, 200, 300].map { linear.factor(at: $0) } == [1, 1, 0.5, 0, 0])
        let cosine = Schedule.cosine(steps: 10, floor: 0.1)
        #expect(
            abs(cosine.factor(at: 5) - 0.55) < 1e-12 && abs(cosine.factor(at: 20) - 0.1) < 1e-12
        )
        let halving = Schedule.multiplied(by: 0.5, at: [10, 20])
        #expect([9, 10, 25].map { halving.factor(at: $0) } == [1, 0.5, 0.25])
        #expect(Schedule.decaying(by: 0.5, every: 10).factor(at: 29) == 0.25)
    }

    @Test("clipped gradients are as long, or as large, as they may be")
    func clipping() {
        let gradients = [Variable<Double>([2], [3, 0]), Variable<Double>([1], [-4])]
        let byNorm = GradientClip.norm(1)(gradients)
        #expect(abs(gradientNorm(byNorm) - 1) < 1e-12)
        #expect(GradientClip.value(2)(gradients).map(\.values) == [[2, 0], [-2]])
        #expect(GradientClip.norm(10)(gradients).map(\.values) == [[3, 0], [-4]])
    }
}
