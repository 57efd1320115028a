import Graphs
import Support
import Tensors
import Testing

@Suite struct ReachTests {
    @Test(
        "changing inputs outside the interval changes nothing, at its ends something",
        arguments: TestNetwork.allCases,
        0..<6
    )
    func exactness(network: TestNetwork, seed: Int) throws {
        var random = SeededRandom(seed)
        let graph = network.graph(seed: seed)
        let (height, width) = (4 * random.int(4...8), 4 * random.int(4...8))
        let flow = try Flow(graph, input: [1, 3, height, width])
        let output = graph.outputs[0]
        let length = flow.reach.length(of: output, .rows)
        let low = random.int(0...(length - 1))
        let rows = low..<(low + random.int(1...min(5, length - low)))
        let seen = try #require(flow.needs(for: rows, of: output, .rows)[graph.inputs[0]])
        let x = random.tensor([1, 3, height, width], in: 0.1...1)
        let y = try graph.evaluate([x])[0]
        for row in 0..<height {
            var changed = x
            var values = changed.mutableFloats
            for c in 0..<3 {
                for column in 0..<width { values[(c * height + row) * width + column] += 0.5 }
            }
            let z = try graph.evaluate([changed])[0]
            let isSame = rows.allSatisfy { r in self.row(r, of: y) == self.row(r, of: z) }
            if !seen.contains(row) {
                #expect(isSame, "\(network) seed \(seed): row \(row), seen \(seen)")
            } else if row == seen.lowerBound || row == seen.upperBound - 1 {
                #expect(!isSame, "\(network) seed \(seed): row \(row), seen \(seen)")
            }
        }
    }

    private func row(_ index: Int, of y: Tensor) -> [Float] {
        let (h, w) = (y.shape[2], y.shape[3])
        let values = y.array(of: Float.self)
        return (0..<y.shape[1]).flatMap { channel in
            let start = (channel * h + index) * w
            return Array(values[start..<(start + w)])
        }
    }

    @Test("scale, alignment and lost border are those of the network's parts")
    func facts() throws {
        let compact = try PictureNetwork(TestNetwork.compact.graph(seed: 1))
        #expect(compact.scale == Ratio(2))
        #expect(compact.halo == 4)
        #expect(compact.lostBorder == 0)
        let valid = try PictureNetwork(TestNetwork.valid.graph(seed: 1))
        #expect(valid.scale == Ratio(2))
        // Two valid 3×3 windows and a transposed one that gives up 3 of its outputs at each end.
        #expect(valid.lostBorder == 3)
        let encoder = try PictureNetwork(TestNetwork.encoder.graph(seed: 1))
        #expect(encoder.scale == Ratio(1))
        #expect(encoder.alignment == 4)
    }

    @Test(
        "a network fits any size, and what comes out is that size times the scale",
        arguments: TestNetwork.allCases
    )
    func fitting(network: TestNetwork) throws {
        let picture = try PictureNetwork(network.graph(seed: 3))
        for (height, width) in [(1, 1), (1, 9), (7, 5), (16, 16), (33, 18)]
        where network != .dilated || min(height, width) > 4 {
            let fitted = try picture.fitted(height: height, width: width)
            var random = SeededRandom(height)
            let y = try fitted.evaluate(random.tensor([1, 3, height, width]))
            #expect(
                y.shape == [
                    1, 3, height * picture.scale.numerator, width * picture.scale.numerator,
                ]
            )
        }
    }

    @Test(
        "padding of any width leads to the positions that it repeats",
        arguments: Padding.allCases
    )
    func padding(padding: Padding) {
        for length in 1...6 {
            for low in -25..<25 {
                for high in (low + 1)...26 {
                    let places = (low..<high).compactMap { padding.source(of: $0, in: length) }
                    let found = padding.sources(of: low..<high, in: length)
                    guard let first = places.min(), let last = places.max() else {
                        #expect(found.isEmpty)
                        continue
                    }
                    #expect(found == first..<(last + 1), "\(low)..<\(high) in \(length)")
                }
            }
        }
    }

    @Test("nodes that look at everything are found")
    func globalNodes() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        let a = builder.conv(x, 3, 4, kernel: 3, pad: 1)
        let (scale, bias) = (builder.weights([4], fanIn: 1), builder.weights([4], fanIn: 1))
        let b = builder.graph.append(InstanceNormalization(), named: "norm", [a, scale, bias])
        let pooled = builder.graph.append(GlobalPooling(.average), named: "squeeze", [b])
        let c = builder.graph.append(Binary(.multiply), [b, pooled])
        builder.graph.outputs = [builder.conv(c, 4, 3, kernel: 3, pad: 1)]
        let picture = try PictureNetwork(builder.graph)
        #expect(
            picture.globalNodes == ["norm (InstanceNormalization)", "squeeze (GlobalAveragePool)"]
        )
        #expect(picture.halo == nil)
    }
    @Test("a reduction that drops its axes looks at everything")
    func droppedAxes() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        let list = { (axes: [Int]) in
            Tensor(shape: [axes.count], values: axes.map { Int64($0) })
        }
        let axes = builder.graph.addConstant("axes", list([2, 3]))
        let mean = builder.graph.append(
            Reduction(.mean, keepsAxes: false),
            named: "mean",
            [x, axes]
        )
        let spread = builder.graph.append(Unsqueeze(), [mean, axes])
        builder.graph.outputs = [builder.add(x, spread)]
        #expect(try PictureNetwork(builder.graph).globalNodes == ["mean (ReduceMean)"])
    }

    @Test(
        "a picture of one row or column comes out of a normalization as a picture",
        arguments: 1...2
    )
    func thin(side: Int) throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 2)
        builder.graph.outputs = [builder.instanceNorm(builder.conv(x, 2, 2, kernel: 3, pad: 1), 2)]
        let network = try PictureNetwork(builder.graph)
        var random = SeededRandom(2)
        for (height, width) in [(side, 7), (7, side)] {
            let fitted = try network.fitted(height: height, width: width)
            let axes = fitted.reach.axes[builder.graph.outputs[0]]
            #expect(axes?.rows == 2 && axes?.columns == 3)
            let picture = random.tensor([1, 2, height, width])
            #expect(try fitted.evaluate(picture).shape == [1, 2, height, width])
        }
    }

    @Test("flags are no picture")
    func flags() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 1)
        builder.graph.outputs = [builder.graph.append(Comparison(.less), [x, x])]
        let error = #expect(throws: GraphError.self) { try PictureNetwork(builder.graph) }
        #expect(error?.message == "expected a picture as output, found 1×1×3072×3072")
    }
}
