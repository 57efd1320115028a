import Graphs
import Support
import Tensors
import Testing

@Suite struct StatisticsTests {
    @Test(
        "a graph frozen on a picture gives for it what it gave",
        arguments: GlobalNetwork.allCases,
        [false, true]
    )
    func frozenIsSame(network: GlobalNetwork, isPassed: Bool) throws {
        var random = SeededRandom(6)
        var graph = network.graph(seed: 6)
        if isPassed { graph = try graph.applying() }
        let x = random.tensor([1, 3, 24, 32])
        let expected = try graph.evaluate([x])[0]
        let frozen = try freeze(graph, on: x)
        let values = expected.array(of: Float.self)
        let tolerance = 1e-5 * (values.max()! - values.min()!)
        for result in [frozen, try frozen.applying()] {
            let y = try result.evaluate([x])[0]
            #expect(difference(y, expected, tolerance: tolerance) == nil, "\(network)")
            #expect(try Reach(result, input: x.shape).globalNodes.isEmpty)
        }
    }

    @Test("frozen normalizations and gates go into convolutions")
    func folded() throws {
        var random = SeededRandom(6)
        let x = random.tensor([1, 3, 24, 32])
        for network in [GlobalNetwork.resnet, .written, .squeeze] {
            let graph = try network.graph(seed: 6).applying()
            let frozen = try freeze(graph, on: x).applying()
            let allowed: Set = ["Conv", "FusedConv", "FusedConvTranspose", "Pad"]
            #expect(Set(frozen.nodes.map(\.operation.name)).isSubset(of: allowed), "\(network)")
        }
    }

    @Test("nodes of a wave depend on no node of the same or a later one")
    func waves() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        let a = builder.instanceNorm(x, 3)
        let b = builder.graph.append(GlobalPooling(.average), [x])
        let c = builder.graph.append(GlobalPooling(.max), [builder.add(a, b)])
        builder.graph.outputs = [builder.instanceNorm(builder.add(builder.add(x, b), c), 3)]
        let reach = try Reach(builder.graph, input: [1, 3, 8, 8])
        let names = try builder.graph.statisticNodes(reach).map { wave in
            wave.map { builder.graph.nodes[$0].operation.name }
        }
        #expect(
            names == [
                ["InstanceNormalization", "GlobalAveragePool"], ["GlobalMaxPool"],
                ["InstanceNormalization"],
            ]
        )
    }

    @Test(
        "every reduction of a picture is the same number from pieces",
        arguments: Reduction.Function.allCases
    )
    func reductions(function: Reduction.Function) throws {
        for (axes, keepsAxes) in [([2, 3], true), ([-1, -2], false), ([1, 2, 3], true)] {
            var builder = NetworkBuilder(seed: 1)
            let x = builder.input(channels: 3)
            let list = Tensor(shape: [axes.count], values: axes.map { Int64($0) })
            let reduction = Reduction(function, keepsAxes: keepsAxes)
            let number = builder.graph.append(
                reduction,
                [x, builder.graph.addConstant("axes", list)]
            )
            builder.graph.outputs = [number]
            var random = SeededRandom(2)
            // Products of numbers around 1 stay in range.
            let picture = random.tensor([1, 3, 13, 17], in: 0.9...1.1)
            let expected = try builder.graph.evaluate([picture])[0]
            let frozen = try freeze(builder.graph, on: picture)
            let result = try #require(frozen.constants[number])
            let scale = expected.array(of: Float.self).map { abs($0) }.max()!
            #expect(difference(result, expected, tolerance: 1e-6 * scale) == nil)
        }
    }

    @Test("statistics are the same however rows are cut, and nearly so for other pieces")
    func pieces() throws {
        var random = SeededRandom(9)
        // A large mean beside a small spread is where naive sums fail.
        let x = random.tensor([1, 2, 37, 29], in: 1000...1001)
        let operation = InstanceNormalization()
        let node = Graph.Node(name: "", operation, inputs: [0, 1, 2], outputs: [3])
        func gather(_ cuts: [Int]) -> NodeStatistics {
            var statistics = NodeStatistics(for: node, channels: 2)
            for (low, high) in zip(cuts, cuts.dropFirst()) {
                statistics.add(rows: rows(low..<high, of: x))
            }
            return statistics
        }
        let whole = gather([0, 37])
        for cuts in [[0, 1, 2, 37], [0, 0, 20, 36, 37], Array(0...37)] {
            let other = gather(cuts)
            #expect(other.means == whole.means && other.variances == whole.variances)
            #expect(other.count == 37 * 29)
        }
        var merged = NodeStatistics(for: node, channels: 2)
        merged.merge(gather([20, 37]))
        merged.merge(gather([0, 20]))
        merged.merge(NodeStatistics(for: node, channels: 2))
        for channel in 0..<2 {
            let values = x.array(of: Float.self)[(channel * 1073)..<((channel + 1) * 1073)]
                .map { Double($0) }
            let mean = values.reduce(0, +) / 1073
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1073
            for statistics in [whole, merged] {
                #expect(abs(statistics.means[channel] - mean) < 1e-9)
                #expect(abs(statistics.variances[channel] - variance) < 1e-9)
            }
        }
    }

    @Test("a node that sees every pixel in another way is named")
    func refused() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        let axes = Tensor(shape: [1], values: [Int64(3)])
        let mean = builder.graph.append(
            Reduction(.mean),
            named: "columns",
            [x, builder.graph.addConstant("axes", axes)]
        )
        builder.graph.outputs = [builder.add(x, mean)]
        let reach = try Reach(builder.graph, input: [1, 3, 8, 8])
        #expect(
            throws: GraphError(
                node: "columns (ReduceMean)",
                "expected a node whose view of the whole picture is a few numbers for each "
                    + "channel, found one that depends on every pixel in another way"
            )
        ) { try builder.graph.statisticNodes(reach) }
    }

    // MARK: Helpers

    /// A graph frozen wave by wave on a picture, in pieces of some rows.
    private func freeze(_ graph: Graph, on picture: Tensor) throws -> Graph {
        var graph = graph
        while let wave = try graph.statisticNodes(Reach(graph, input: picture.shape)).first {
            var statistics: [Int: NodeStatistics] = [:]
            for index in wave {
                let node = graph.nodes[index]
                var part = graph
                part.outputs = [node.inputs[0]!]
                let input = try part.evaluate([picture])[0]
                var numbers = NodeStatistics(for: node, channels: input.shape[1])
                for start in stride(from: 0, to: input.shape[2], by: 5) {
                    numbers.add(rows: rows(start..<min(start + 5, input.shape[2]), of: input))
                }
                statistics[index] = numbers
            }
            graph = try graph.frozen(statistics)
        }
        return graph
    }

    /// Some rows of all channels of a picture.
    private func rows(_ range: Range<Int>, of x: Tensor) -> Tensor {
        let (c, h, w) = (x.shape[1], x.shape[2], x.shape[3])
        let values = x.array(of: Float.self)
        let part = (0..<c).flatMap { channel in
            values[((channel * h + range.lowerBound) * w)..<((channel * h + range.upperBound) * w)]
        }
        return Tensor(shape: [1, c, range.count, w], values: part)
    }
}
