import Glibc
import Graphs
import Kernels
import Support
import Tensors
import Testing

extension Tensor {
    /// The distance between the smallest and the largest element.
    fileprivate var range: Float {
        let values = array(of: Float.self)
        return values.max()! - values.min()!
    }

    /// Rows of this picture as a network's input.
    fileprivate func copy(rows: Range<Int>, into input: InputRows) {
        let values = floats
        for channel in 0..<shape[1] {
            for y in rows {
                let target = input.channel(channel, row: y)
                for (i, x) in input.columns.enumerated() {
                    target[i * input.step] = values[(channel * shape[2] + y) * shape[3] + x]
                }
            }
        }
    }
}

@Suite struct StreamTests {
    private static let pool = WorkerPool(threads: 2)
    private static let alone = WorkerPool(threads: 1)

    /// A rectangle of the whole result.
    private func part(_ y: Tensor, _ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
        let (height, width) = (y.shape[2], y.shape[3])
        let values = y.array(of: Float.self)
        var result: [Float] = []
        for channel in 0..<y.shape[1] {
            for row in rows {
                let start = (channel * height + row) * width
                result += values[(start + columns.lowerBound)..<(start + columns.upperBound)]
            }
        }
        return Tensor(shape: [1, y.shape[1], rows.count, columns.count], values: result)
    }

    @Test(
        "a streamed picture equals the whole one, for any strips, windows and threads",
        arguments: TestNetwork.allCases,
        0..<6
    )
    func exactness(network: TestNetwork, seed: Int) throws {
        var random = SeededRandom(seed)
        let graph = network.graph(seed: seed)
        let step = try PictureNetwork(graph).alignment
        let least = network == .dilated || network == .valid ? 6 : 1
        let height = (random.int(least...70) + step - 1) / step * step
        let width = (random.int(least...70) + step - 1) / step * step
        let x = random.tensor([1, 3, height, width])
        let expected = try graph.evaluate([x])[0]
        let optimized = try graph.applying()
        let sized = try SizedNetwork(
            optimized,
            input: [1, 3, height, width],
            weights: WeightCache()
        )
        let range = expected.range
        let (rows, columns) = (expected.shape[2], expected.shape[3])
        for strip in [1, 7, 16, 64, height] {
            for isWhole in [true, false] {
                let top = isWhole ? 0 : random.int(0...(rows - 1))
                let left = isWhole ? 0 : random.int(0...(columns - 1))
                let bottom = isWhole ? rows : random.int((top + 1)...rows)
                let right = isWhole ? columns : random.int((left + 1)...columns)
                let plan = try StreamPlan(
                    sized,
                    output: sized.flow.graph.outputs[0],
                    rows: top..<bottom,
                    columns: left..<right,
                    stripRows: strip
                )
                let y = try StreamRun(plan).evaluate(x, isWhole ? Self.pool : Self.alone)
                let wanted = part(expected, top..<bottom, left..<right)
                let place =
                    "\(network) seed \(seed): \(width)×\(height), strips of \(strip), "
                    + "rows \(top)..<\(bottom), columns \(left)..<\(right)"
                #expect(difference(y, wanted, tolerance: 1e-4 * range) == nil, "\(place)")
            }
        }
    }

    /// Whether every network streams exactly with the kernels of an instruction set.
    private static func streams(with instructions: InstructionSet) throws -> Bool {
        guard InstructionSet.available.contains(instructions) else { return true }
        InstructionSet.use(instructions)
        for network in TestNetwork.allCases {
            let graph = network.graph(seed: 3)
            var random = SeededRandom(3)
            let x = random.tensor([1, 3, 48, 56])
            let expected = try graph.evaluate([x])[0]
            let optimized = try graph.applying()
            let sized = try SizedNetwork(optimized, input: x.shape, weights: WeightCache())
            for strip in [5, 16, 48] {
                let plan = try StreamPlan(
                    sized,
                    output: sized.flow.graph.outputs[0],
                    stripRows: strip
                )
                let y = try StreamRun(plan).evaluate(x, pool)
                if let difference = difference(y, expected, tolerance: 1e-4 * expected.range) {
                    print("\(network), \(instructions), strips of \(strip): \(difference)")
                    return false
                }
            }
        }
        return true
    }

    // In processes of their own, as other tests use the best kernels.
    @Test("a streamed picture equals the whole one with plain kernels")
    func plainKernels() async {
        await #expect(processExitsWith: .success) {
            exit(try Self.streams(with: .plain) ? 0 : 1)
        }
    }

    @Test("a streamed picture equals the whole one with AVX2 kernels")
    func avx2Kernels() async {
        await #expect(processExitsWith: .success) {
            exit(try Self.streams(with: .avx2) ? 0 : 1)
        }
    }

    @Test("a concatenation may be the output, of parts that come at different times")
    func joinedOutput() throws {
        var builder = NetworkBuilder(seed: 4)
        let x = builder.input(channels: 3)
        let early = builder.conv(x, 3, 16, kernel: 1)
        var late = early
        for _ in 0..<4 { late = builder.relu(builder.conv(late, 16, 16, kernel: 3, pad: 1)) }
        builder.graph.outputs = [builder.concat([late, early])]
        var random = SeededRandom(4)
        let x1 = random.tensor([1, 3, 40, 9])
        let expected = try builder.graph.evaluate([x1])[0]
        let sized = try SizedNetwork(builder.graph, input: x1.shape, weights: WeightCache())
        for strip in [1, 3, 40] {
            let plan = try StreamPlan(sized, output: builder.graph.outputs[0], stripRows: strip)
            let y = try StreamRun(plan).evaluate(x1, Self.pool)
            #expect(difference(y, expected, tolerance: 1e-4) == nil, "strips of \(strip)")
        }
    }

    @Test("small maps of many channels equal the whole network", arguments: 0..<6)
    func manyChannels(seed: Int) throws {
        var random = SeededRandom(seed)
        var builder = NetworkBuilder(seed: seed)
        let input = builder.input(channels: 3)
        let a = builder.relu(builder.conv(input, 3, 128, kernel: 3, pad: 1))
        let b = builder.relu(builder.conv(a, 128, 144, kernel: 4, stride: 2, pad: 1))
        let c = builder.transposed(b, 144, 128, kernel: 4, stride: 2, pad: 1)
        builder.graph.outputs = [builder.graph.append(Unary(.tanh), [c])]
        let (height, width) = (2 * random.int(1...9), 2 * random.int(1...9))
        let x = random.tensor([1, 3, height, width])
        let expected = try builder.graph.evaluate([x])[0]
        let graph = try builder.graph.applying()
        let sized = try SizedNetwork(graph, input: x.shape, weights: WeightCache())
        for strip in [1, 5, height] {
            let plan = try StreamPlan(sized, output: graph.outputs[0], stripRows: strip)
            let y = try StreamRun(plan).evaluate(x, Self.pool)
            let place = "seed \(seed): \(width)×\(height), strips of \(strip)"
            #expect(difference(y, expected, tolerance: 1e-4 * expected.range) == nil, "\(place)")
        }
    }

    @Test(
        "functions of one number are the same streamed, by themselves and after a convolution",
        arguments: [
            .elu(1), .elu(0.5), .selu(alpha: 1.67, gamma: 1.05), .softplus, .softsign, .mish,
            .hardSwish, .gelu(approximate: false), .log, .exp, .sigmoid, .tanh, .sqrt,
        ] as [Unary.Function],
        [true, false]
    )
    func functions(function: Unary.Function, isFused: Bool) throws {
        var random = SeededRandom(1)
        var builder = NetworkBuilder(seed: 1)
        let input = builder.input(channels: 3)
        var x = isFused ? builder.conv(input, 3, 16, kernel: 3, pad: 1) : input
        if [.log, .sqrt].contains(function) { x = builder.graph.append(Unary(.exp), [x]) }
        builder.graph.outputs = [builder.graph.append(Unary(function), [x])]
        let picture = random.tensor([1, 3, 20, 33], in: -4...4)
        let expected = try builder.graph.evaluate([picture])[0]
        let graph = try builder.graph.applying()
        let sized = try SizedNetwork(graph, input: picture.shape, weights: WeightCache())
        let plan = try StreamPlan(sized, output: graph.outputs[0], stripRows: 7)
        let y = try StreamRun(plan).evaluate(picture, Self.pool)
        #expect(difference(y, expected, tolerance: 1e-5 * expected.range) == nil)
    }

    @Test(
        "no thread count changes a bit, nor does the plan's own choice of strips",
        arguments: TestNetwork.allCases
    )
    func threads(network: TestNetwork) throws {
        var random = SeededRandom(9)
        let graph = try network.graph(seed: 9).applying()
        let x = random.tensor([1, 3, 40, 520])
        let sized = try SizedNetwork(graph, input: x.shape, weights: WeightCache())
        func run(_ strip: Int, _ threads: Int) throws -> Tensor {
            let plan = try StreamPlan(sized, output: graph.outputs[0], stripRows: strip)
            return try StreamRun(plan).evaluate(x, WorkerPool(threads: threads))
        }
        for strip in [3, 40] {
            let expected = try run(strip, 1)
            for threads in 2...5 { #expect(try run(strip, threads) == expected) }
        }
    }

    @Test(
        "each multiply-add is done once, however many rows come at a time",
        arguments: TestNetwork.allCases
    )
    func work(network: TestNetwork) throws {
        let graph = try network.graph(seed: 2).applying()
        let sized = try SizedNetwork(graph, input: [1, 3, 96, 48], weights: WeightCache())
        let whole = sized.multiplyAdds(of: graph.outputs[0])
        var random = SeededRandom(2)
        let x = random.tensor([1, 3, 96, 48])
        for strip in [1, 5, 96] {
            let plan = try StreamPlan(sized, output: graph.outputs[0], stripRows: strip)
            let run = StreamRun(plan)
            _ = try run.evaluate(x, Self.alone)
            #expect(abs(run.multiplyAdds / whole - 1) < 1e-9)
        }
    }

    @Test("memory does not grow with the height", arguments: TestNetwork.allCases)
    func memory(network: TestNetwork) throws {
        let graph = try network.graph(seed: 3).applying()
        let bytes = try [960, 1920].map { height in
            let shape = [1, 3, height, 128]
            let sized = try SizedNetwork(graph, input: shape, weights: WeightCache())
            return try StreamPlan(sized, output: graph.outputs[0], stripRows: 24).bytes
        }
        #expect(bytes[0] == bytes[1])
    }

    @Test(
        "what is observed in a picture, whole or streaming, gives what the whole network gives for it",
        arguments: GlobalNetwork.allCases,
        0..<3
    )
    func observation(network: GlobalNetwork, seed: Int) throws {
        var random = SeededRandom(seed)
        let graph = network.graph(seed: seed)
        let picture = try PictureNetwork(graph.applying())
        #expect(picture.halo == nil)
        let (height, width) = (4 * random.int(3...12), 4 * random.int(3...12))
        let x = random.tensor([1, 3, height, width])
        let expected = try graph.evaluate([x])[0]
        let tolerance = 1e-4 * expected.range
        let thumbnail = try picture.frozen(observing: x, Self.pool)
        let exact = try picture.frozen(
            height: height,
            width: width,
            budget: 1 << 16,
            Self.pool
        ) { run, take in
            while !run.isFinished {
                try run.advance(Self.pool, pull: { x.copy(rows: $0, into: $1) }, push: take)
            }
        }
        for frozen in [thumbnail, exact] {
            #expect(frozen.halo != nil)
            let fitted = try frozen.fitted(height: height, width: width)
            let plan = try StreamPlan(fitted.sized, output: fitted.output, stripRows: 3)
            let y = try StreamRun(plan).evaluate(x, Self.pool)
            #expect(difference(y, expected, tolerance: tolerance) == nil, "\(network) seed \(seed)")
        }
    }
}
