import Graphs
import Kernels
import Support
import Tensors
import Testing

/// What each pass makes of hand-made graphs.
@Suite struct RewritingTests {
    @Test("what changes nothing goes")
    func identities() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        func ints(_ values: [Int]) -> Graph.ValueID {
            let tensor = Tensor(shape: [values.count], values: values.map { Int64($0) })
            return builder.graph.addConstant("ints", tensor)
        }
        var y = builder.graph.append(Unary(.identity), [x])
        y = builder.graph.append(Cast(to: .float32), [y])
        y = builder.graph.append(Reshape(), [y, builder.graph.append(Shape(), [x])])
        y = builder.graph.append(Expand(), [y, ints([1, 1, 1, 1])])
        y = builder.graph.append(Pad(.reflect), [y, ints([0, 0, 0, 0, 0, 0, 0, 0])])
        let end = Int(Int32.max)
        y = builder.graph.append(Slice(), [y, ints([0]), ints([end]), ints([2]), ints([1])])
        y = builder.graph.append(Transpose(order: [0, 1, 2, 3]), [y])
        y = builder.concat([y])
        var resize = Resize(Resampling(.linear, .halfPixel))
        resize.scales = [1, 1, 1, 1]
        y = builder.graph.append(resize, [y])
        y = builder.graph.append(Clip(), [y, nil, nil])
        y = builder.add(y, builder.graph.addConstant("zero", Tensor(Float(0))))
        y = builder.conv(y, 3, 3, kernel: 3)
        y = builder.graph.append(Unary(.identity), [y])
        _ = builder.relu(y)
        builder.graph.outputs = [y]
        let result = try expectSame(builder.graph, after: [.removeIdentities])
        #expect(names(result) == ["Conv"])
        #expect(result.outputs == [y])
    }

    @Test("what only looks as if it changed nothing stays")
    func notIdentities() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        func ints(_ values: [Int]) -> Graph.ValueID {
            let tensor = Tensor(shape: [values.count], values: values.map { Int64($0) })
            return builder.graph.addConstant("ints", tensor)
        }
        var y = builder.graph.append(Cast(to: .float32, rounding: .float16), [x])
        let end = -Int(Int32.max)
        y = builder.graph.append(Slice(), [y, ints([-1]), ints([end]), ints([1]), ints([-1])])
        y = builder.graph.append(Pad(.wrap), [y, ints([0, 0, 1, 0, 0, 0, -1, 0])])
        builder.graph.outputs = [y]
        let result = try expectSame(builder.graph, after: [.removeIdentities])
        #expect(names(result) == ["Cast", "Slice", "Pad"])
    }

    @Test("an input that is put out keeps its node")
    func inputAsOutput() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        builder.graph.outputs = [builder.graph.append(Unary(.identity), [x])]
        #expect(names(try expectSame(builder.graph)) == ["Identity"])
    }

    @Test("shape arithmetic over types and parts becomes constants")
    func foldingShapes() throws {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, 6, 8, 10]))
        let shape = graph.append(Shape(), [x])
        let two = graph.addConstant("two", Tensor(Float(2)))
        let numbers = graph.append(Cast(to: .float32), [shape])
        let halves = graph.append(Binary(.divide), [numbers, two])
        let sides = graph.append(Cast(to: .int64), [graph.append(Unary(.floor), [halves])])
        let (a, b) = (graph.addValue("a"), graph.addValue("b"))
        graph.nodes.append(
            Graph.Node(name: "split", Split(axis: 0, parts: 2), inputs: [sides], outputs: [a, b])
        )
        let minusOne = graph.addConstant("rest", Tensor(shape: [1], values: [Int64(-1)]))
        let target = graph.append(Concat(axis: 0), [b, minusOne])
        let reshaped = graph.append(Reshape(), [x, target])
        // Known only once the first shape is.
        let count = graph.append(Size(), [reshaped])
        let flat = graph.append(
            Reshape(),
            [
                reshaped,
                graph.append(
                    Unsqueeze(),
                    [count, graph.addConstant("0", Tensor(shape: [1], values: [Int64(0)]))]
                ),
            ]
        )
        graph.outputs = [flat]
        let folded = try graph.applying([.foldConstants])
        #expect(names(folded) == ["Reshape", "Reshape"])
        #expect(try folded.inferTypes()[flat]?.constantShape == [480])
    }

    @Test("a constant that would grow large is not computed")
    func boundedFolding() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 1)
        let sides = Tensor(shape: [4], values: [1, 1, 2048, 2048].map { Int64($0) })
        let one = builder.graph.addConstant(
            "one",
            Tensor(shape: [1, 1, 1, 1], repeating: Float(1))
        )
        let large = builder.graph.append(Expand(), [one, builder.graph.addConstant("s", sides)])
        builder.graph.outputs = [builder.add(x, large)]
        #expect(names(try builder.graph.applying([.foldConstants])) == ["Expand", "Add"])
    }

    // MARK: Shuffles

    @Test(
        "six axes are a pixel shuffle, in both orders and directions",
        arguments: [true, false],
        [DepthToSpace.Order.dcr, .crd]
    )
    func shuffles(isFixed: Bool, order: DepthToSpace.Order) throws {
        for isInverse in [false, true] {
            var graph = Graph()
            let sides: [Dimension] = isFixed ? [6, 8] : [.named("height"), .named("width")]
            let x = graph.addInput("x", ValueType(.float32, [1, 8] + sides))
            let (h, w) = (6, 8)
            func reshape(_ x: Graph.ValueID, _ shape: [Int]) -> Graph.ValueID {
                let tensor = Tensor(shape: [shape.count], values: shape.map { Int64($0) })
                return graph.append(Reshape(), [x, graph.addConstant("shape", tensor)])
            }
            // A side of the input as a list, computed or known.
            func side(_ axis: Int, _ function: Binary.Function?) -> Graph.ValueID {
                let place = Tensor(shape: [1], values: [Int64(axis)])
                let shape = graph.append(Shape(), [x])
                let side = graph.append(Gather(), [shape, graph.addConstant("axis", place)])
                guard let function else { return side }
                let two = graph.addConstant("two", Tensor(shape: [1], values: [Int64(2)]))
                return graph.append(Binary(function), [side, two])
            }
            func numbers(_ values: [Int]) -> Graph.ValueID {
                graph.addConstant(
                    "numbers",
                    Tensor(shape: [values.count], values: values.map { Int64($0) })
                )
            }
            let (split, axes, join): ([Graph.ValueID], [Int], [Graph.ValueID])
            if isInverse {
                let halves = (side(2, .divide), side(3, .divide))
                split = [numbers([1, 8]), halves.0, numbers([2]), halves.1, numbers([2])]
                axes = order == .dcr ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
                join = [numbers([1, 32]), halves.0, halves.1]
            } else {
                split = [
                    numbers(order == .dcr ? [1, 2, 2, 2] : [-1, 2, 2, 2]), side(2, nil),
                    side(3, nil),
                ]
                axes = order == .dcr ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
                join = [numbers([1, 2]), side(2, .multiply), side(3, .multiply)]
            }
            let parts = graph.append(Reshape(), [x, graph.append(Concat(axis: 0), split)])
            let moved = graph.append(Transpose(order: axes), [parts])
            graph.outputs = [
                graph.append(Reshape(), [moved, graph.append(Concat(axis: 0), join)])
            ]
            let result = try graph.applying()
            #expect(names(result) == [isInverse ? "SpaceToDepth" : "DepthToSpace"])
            var random = SeededRandom(3)
            let input = random.tensor([1, 8, h, w])
            #expect(try result.evaluate([input])[0] == graph.evaluate([input])[0])
            let large = random.tensor([1, 8, 10, 4])
            #expect(try result.evaluate([large])[0].count == large.count)
        }
    }

    @Test("copies of pixels and lines side by side are a resize")
    func enlargement() throws {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, 3, 4, 5]))
        func reshape(_ x: Graph.ValueID, _ shape: [Int]) -> Graph.ValueID {
            let tensor = Tensor(shape: [shape.count], values: shape.map { Int64($0) })
            return graph.append(Reshape(), [x, graph.addConstant("shape", tensor)])
        }
        func copy(_ x: Graph.ValueID, _ count: Int) -> Graph.ValueID {
            let zero = graph.addConstant("zero", Tensor(Float(0)))
            let copies = (1..<count).map { _ in graph.append(Binary(.add), [x, zero]) }
            return graph.append(Concat(axis: 1), [x] + copies)
        }
        let pixels = copy(reshape(x, [-1, 1]), 3)
        let lines = copy(reshape(pixels, [-1, 15]), 2)
        graph.outputs = [reshape(lines, [-1, 3, 8, 15])]
        let result = try graph.applying()
        #expect(names(result) == ["Resize"])
        var random = SeededRandom(3)
        let input = random.tensor([1, 3, 4, 5])
        #expect(try result.evaluate([input])[0] == graph.evaluate([input])[0])
        #expect(try result.evaluate([random.tensor([1, 3, 7, 2])])[0].shape == [1, 3, 14, 6])
    }

    @Test("a resize to sides worked out from the input's says by how much")
    func computedSides() throws {
        var builder = NetworkBuilder(seed: 3)
        let x = builder.input(channels: 3)
        let down = builder.conv(x, 3, 3, kernel: 1)
        let shape = builder.graph.append(Shape(), [down])
        let factors = Tensor(shape: [4], values: [1, 1, 2, 4].map { Int64($0) })
        let sides = builder.graph.append(
            Binary(.multiply),
            [shape, builder.graph.addConstant("factors", factors)]
        )
        let resize = Resize(Resampling(.linear, .halfPixel))
        builder.graph.outputs = [builder.graph.append(resize, [down, nil, nil, sides])]
        let result = try expectSame(builder.graph)
        #expect(names(result) == ["Conv", "Resize"])
        #expect((result.nodes[1].operation as? Resize)?.scales == [1, 1, 2, 4])
    }

    @Test("another order of six axes is no pixel shuffle")
    func noShuffle() throws {
        var graph = Graph()
        let x = graph.addInput("x", ValueType(.float32, [1, 8, 6, 8]))
        func shape(_ values: [Int]) -> Graph.ValueID {
            graph.addConstant(
                "s",
                Tensor(shape: [values.count], values: values.map { Int64($0) })
            )
        }
        let split = graph.append(Reshape(), [x, shape([1, 2, 2, 2, 6, 8])])
        let moved = graph.append(Transpose(order: [0, 1, 4, 3, 5, 2]), [split])
        graph.outputs = [graph.append(Reshape(), [moved, shape([1, 2, 12, 16])])]
        #expect(names(try graph.applying()) == ["Reshape", "Transpose", "Reshape"])
    }

    // MARK: Normalizations

    /// Ways to write an instance normalization.
    enum Form: CaseIterable, Sendable {
        case power, product, twoMeans, offsetFactor, reciprocal, inversePower, pooled, oneAxis
        case affine, plain
    }

    @Test("an instance normalization is seen in what files write", arguments: Form.allCases)
    func normalizations(form: Form) throws {
        var builder = NetworkBuilder(seed: 4)
        let x = builder.input(channels: 3)
        func number(_ value: Float) -> Graph.ValueID {
            builder.graph.addConstant("number", Tensor(value))
        }
        func ints(_ values: [Int]) -> Graph.ValueID {
            let tensor = Tensor(shape: [values.count], values: values.map { Int64($0) })
            return builder.graph.addConstant("ints", tensor)
        }
        func binary(_ function: Binary.Function, _ a: Graph.ValueID, _ b: Graph.ValueID)
            -> Graph.ValueID
        { builder.graph.append(Binary(function), [a, b]) }
        func mean(_ x: Graph.ValueID) -> Graph.ValueID {
            switch form {
            case .pooled: return builder.graph.append(GlobalPooling(.average), [x])
            case .oneAxis:
                let line = builder.graph.append(Reshape(), [x, ints([1, 3, 1, -1])])
                return builder.graph.append(Reduction(.mean), [line, ints([3])])
            default: return builder.graph.append(Reduction(.mean), [x, ints([-2, -1])])
            }
        }
        let average = mean(x)
        let centred = binary(.subtract, x, average)
        let squared =
            switch form {
            case .power: binary(.power, centred, number(2))
            case .twoMeans:
                binary(.multiply, binary(.subtract, x, mean(x)), binary(.subtract, x, mean(x)))
            case .offsetFactor, .oneAxis:
                binary(.multiply, centred, binary(.add, centred, number(1e-9)))
            default: binary(.multiply, centred, centred)
            }
        let sum = binary(.add, number(1e-3), mean(squared))
        let root = builder.graph.append(Unary(.sqrt), [sum])
        var y: Graph.ValueID
        switch form {
        case .reciprocal, .plain:
            y = binary(.multiply, builder.graph.append(Unary(.reciprocal), [root]), centred)
        case .inversePower: y = binary(.multiply, centred, binary(.power, sum, number(-0.5)))
        case .affine:
            let inverse = builder.graph.append(Unary(.reciprocal), [root])
            let factor = builder.append(.multiply, inverse, constant: [1, 3, 1, 1])
            let bias = builder.weights([1, 3, 1, 1], fanIn: 3)
            let offset = binary(.subtract, bias, binary(.multiply, average, factor))
            y = binary(.add, binary(.multiply, x, factor), offset)
        default: y = binary(.divide, centred, root)
        }
        if form != .plain, form != .affine {
            y = builder.append(.multiply, y, constant: [1, 3, 1, 1])
            y = builder.append(.add, y, constant: [3, 1, 1])
        }
        builder.graph.outputs = [y]
        let result = try expectSame(
            builder.graph,
            after: [.foldConstants, .recogniseNormalization]
        )
        #expect(names(result) == ["InstanceNormalization"])
        let operation = result.nodes[0].operation as? InstanceNormalization
        #expect(operation?.epsilon == 1e-3)
    }

    @Test("groups reshaped into channels are a group normalization")
    func groupNormalization() throws {
        var builder = NetworkBuilder(seed: 4)
        let x = builder.input(channels: 3)
        let a = builder.conv(x, 3, 8, kernel: 3, pad: 1)
        let shape = Tensor(shape: [3], values: [Int64(0), 2, -1])
        let line = builder.graph.append(
            Reshape(),
            [a, builder.graph.addConstant("shape", shape)]
        )
        let normal = builder.instanceNorm(line, 2)
        var y = builder.graph.append(Reshape(), [normal, builder.graph.append(Shape(), [a])])
        y = builder.append(.multiply, y, constant: [8, 1, 1])
        y = builder.append(.add, y, constant: [8, 1, 1])
        builder.graph.outputs = [builder.conv(y, 8, 3, kernel: 3, pad: 1)]
        let result = try expectSame(builder.graph, after: [.recogniseNormalization])
        #expect(names(result) == ["Conv", "GroupNormalization", "Conv"])
        let reach = try Reach(result, input: [1, 3, 8, 8])
        #expect(try result.statisticNodes(reach) == [[1]])
    }

    @Test("means over other axes are no instance normalization")
    func noNormalization() throws {
        var builder = NetworkBuilder(seed: 4)
        let x = builder.input(channels: 3)
        let axes = Tensor(shape: [3], values: [Int64(1), 2, 3])
        let all = builder.graph.addConstant("axes", axes)
        let centred = builder.graph.append(
            Binary(.subtract),
            [x, builder.graph.append(Reduction(.mean), [x, all])]
        )
        let square = builder.graph.append(Binary(.multiply), [centred, centred])
        let variance = builder.graph.append(Reduction(.mean), [square, all])
        let sum = builder.add(variance, builder.graph.addConstant("e", Tensor(Float(1e-3))))
        let root = builder.graph.append(Unary(.sqrt), [sum])
        builder.graph.outputs = [builder.graph.append(Binary(.divide), [centred, root])]
        let result = try expectSame(builder.graph)
        #expect(result.nodes.count == builder.graph.nodes.count)
    }

    // MARK: Weights

    @Test("what scales channels after a convolution goes into it")
    func affineAfter() throws {
        for isTransposed in [false, true] {
            var builder = NetworkBuilder(seed: 2)
            let x = builder.input(channels: 3)
            var y =
                isTransposed
                ? builder.transposed(x, 3, 4, kernel: 4, stride: 2, pad: 1)
                : builder.conv(x, 3, 4, kernel: 3, pad: 1)
            y = builder.batchNorm(y, 4)
            y = builder.append(.divide, y, constant: [4, 1, 1])
            y = builder.append(.subtract, y, constant: [1, 4, 1, 1])
            let one = builder.graph.addConstant("one", Tensor(shape: [1], values: [Float(1)]))
            y = builder.graph.append(Binary(.subtract), [one, y])
            builder.graph.outputs = [builder.graph.append(Unary(.neg), [y])]
            let result = try expectSame(builder.graph, after: [.foldAffine])
            #expect(names(result) == [isTransposed ? "ConvTranspose" : "Conv"])
        }
    }

    @Test("what scales channels before a convolution goes into it, an offset only without padding")
    func affineBefore() throws {
        for (pad, expected) in [(0, ["Conv"]), (1, ["BatchNormalization", "Conv"])] {
            var builder = NetworkBuilder(seed: 2)
            let x = builder.input(channels: 3)
            var y = builder.append(.subtract, x, constant: [1, 3, 1, 1])
            y = builder.append(.multiply, y, constant: [3, 1, 1])
            builder.graph.outputs = [builder.conv(y, 3, 6, kernel: 3, pad: pad, groups: 3)]
            #expect(names(try expectSame(builder.graph, after: [.foldAffine])) == expected)
        }
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let y = builder.append(.multiply, x, constant: [3, 1, 1])
        let z = builder.conv(y, 3, 4, kernel: 3, pad: 1)
        let scaled = builder.append(.multiply, builder.relu(z), constant: [4, 1, 1])
        builder.graph.outputs = [builder.transposed(scaled, 4, 3, kernel: 4, stride: 2, pad: 1)]
        let result = try expectSame(builder.graph, after: [.foldAffine])
        #expect(names(result) == ["Conv", "LeakyRelu", "ConvTranspose"])
    }

    @Test("weights that others read stay as they are for them")
    func sharedWeights() throws {
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let w = builder.weights([3, 3, 3, 3], fanIn: 27)
        let pads = PadRule.explicit(before: [1, 1], after: [1, 1])
        let conv = Convolution(rule: WindowRule(kernel: [3, 3], pads: pads))
        let a = builder.batchNorm(builder.graph.append(conv, [x, w]), 3)
        builder.graph.outputs = [builder.graph.append(conv, [builder.relu(a), w])]
        let result = try expectSame(builder.graph, after: [.foldAffine])
        #expect(names(result) == ["Conv", "LeakyRelu", "Conv"])
        #expect(result.constants.keys.contains(w))
    }

    @Test("a convolution that others read keeps its weights")
    func sharedConvolution() throws {
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let a = builder.conv(x, 3, 3, kernel: 3, pad: 1)
        builder.graph.outputs = [builder.batchNorm(a, 3), a]
        #expect(names(try expectSame(builder.graph)) == ["Conv", "BatchNormalization"])
    }

    // MARK: Pads

    @Test("zeros around a picture become padding where that is the same")
    func pads() throws {
        let explicit = PadRule.explicit(before: [0, 0], after: [0, 0])
        let average = { (counts: Bool) -> any Operator in
            Pooling(
                .average(countsPadding: counts),
                rule: WindowRule(kernel: [3, 3], pads: explicit)
            )
        }
        let max = Pooling(.max(indices: nil), rule: WindowRule(kernel: [3, 3]))
        for (reader, expected) in [
            (average(true), ["AveragePool"]), (average(false), ["Pad", "AveragePool"]),
            (max, ["Pad", "MaxPool"]),
        ] {
            var builder = NetworkBuilder(seed: 2)
            let x = builder.input(channels: 3)
            let padded = builder.pad(x, 2, .constant)
            builder.graph.outputs = [builder.graph.append(reader, [padded])]
            #expect(names(try expectSame(builder.graph, after: [.foldPads])) == expected)
        }
        for (count, padding, expected) in [
            (1, Padding.constant, ["Conv", "Conv"]), (-1, .constant, ["Pad", "Conv", "Conv"]),
            (1, .edge, ["Pad", "Conv", "Conv"]), (3, .constant, ["Pad", "Conv", "Conv"]),
        ] {
            var builder = NetworkBuilder(seed: 2)
            let x = builder.input(channels: 3)
            let padded = builder.pad(x, count, padding)
            builder.graph.outputs = [
                builder.conv(padded, 3, 4, kernel: 3, stride: 2),
                builder.conv(padded, 3, 4, kernel: 3, pad: 1, dilation: 2),
            ]
            #expect(names(try expectSame(builder.graph, after: [.foldPads])) == expected)
        }
    }

    // MARK: Joining

    @Test("a convolution takes its activation and residual along")
    func fusing() throws {
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let a = builder.relu(builder.conv(x, 3, 8, kernel: 3, pad: 1))
        let b = builder.conv(a, 8, 8, kernel: 3, pad: 1)
        let c = builder.prelu(builder.add(a, b), 8)
        let d = builder.prelu(builder.conv(c, 8, 8, kernel: 3, pad: 1), 8)
        let e = builder.add(d, c)
        let up = builder.transposed(e, 8, 3, kernel: 2, stride: 2, pad: 0)
        let bound = builder.graph.addConstant("low", Tensor(Float(-0.1)))
        builder.graph.outputs = [builder.graph.append(Clip(), [up, bound])]
        let result = try expectSame(builder.graph, after: [.fuse])
        let parts = result.nodes.compactMap { $0.operation as? FusedConvolution }
        #expect(parts.count == 4 && result.nodes.count == 4)
        #expect(
            parts.map(\.activation) == [
                .function(.leakyRelu(0.2)), .prelu, .prelu, .clip(low: -0.1, high: .infinity),
            ]
        )
        #expect(parts.map(\.residual) == [.none, .beforeActivation, .afterActivation, .none])
        #expect(result.parameterCount == builder.graph.parameterCount)
        let (before, after) = (
            try Reach(builder.graph, input: [1, 3, 8, 8]), try Reach(result, input: [1, 3, 8, 8])
        )
        #expect(after.multiplyAdds == before.multiplyAdds)
    }

    @Test(
        "a normalization takes its activation and residual along, and gives them back when frozen"
    )
    func fusingNormalizations() throws {
        var builder = NetworkBuilder(seed: 5)
        let x = builder.input(channels: 3)
        let a = builder.relu(builder.instanceNorm(x, 3))
        let b = builder.prelu(builder.add(builder.instanceNorm(a, 3), a), 3)
        let c = builder.add(builder.relu(builder.instanceNorm(b, 3)), b)
        let low = builder.graph.addConstant("low", Tensor(Float(-0.1)))
        let d = builder.graph.append(Clip(), [builder.instanceNorm(c, 3), low])
        builder.graph.outputs = [d]
        let result = try expectSame(builder.graph, after: [.fuse])
        let parts = result.nodes.compactMap { $0.operation as? FusedInstanceNormalization }
        #expect(parts.count == 4 && result.nodes.count == 4)
        #expect(
            parts.map(\.activation) == [
                .function(.leakyRelu(0.2)), .prelu, .function(.leakyRelu(0.2)),
                .clip(low: -0.1, high: .infinity),
            ]
        )
        #expect(parts.map(\.residual) == [.none, .beforeActivation, .afterActivation, .none])
        var random = SeededRandom(8)
        let picture = random.tensor([1, 3, 9, 7])
        let network = try PictureNetwork(result)
        let frozen = try network.frozen(observing: picture, .shared)
        let (found, wanted) = (
            try frozen.graph.evaluate([picture])[0], try builder.graph.evaluate([picture])[0]
        )
        #expect(difference(found, wanted, tolerance: 1e-4) == nil)
    }

    @Test("of two convolutions that are added, the later one takes the sum")
    func twoConvolutions() throws {
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let a = builder.conv(x, 3, 4, kernel: 3, pad: 1)
        let b = builder.conv(x, 3, 4, kernel: 1)
        builder.graph.outputs = [builder.relu(builder.add(a, b))]
        let result = try expectSame(builder.graph, after: [.fuse])
        #expect(names(result) == ["Conv", "FusedConv"])
        #expect(result.nodes[1].inputs[4] == a)
    }

    @Test("a value that others need stays, and so does a sum that stretches")
    func notFused() throws {
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let a = builder.conv(x, 3, 4, kernel: 3, pad: 1)
        let pooled = builder.graph.append(GlobalPooling(.average), [a])
        let b = builder.conv(pooled, 4, 4, kernel: 1)
        let c = builder.add(b, a)
        let d = builder.conv(c, 4, 4, kernel: 3, pad: 1)
        builder.graph.outputs = [builder.relu(d), d]
        let result = try expectSame(builder.graph, after: [.fuse])
        #expect(
            names(result) == ["Conv", "GlobalAveragePool", "Conv", "Add", "Conv", "LeakyRelu"]
        )
    }

    @Test("concatenations of concatenations are one, others along their axis or not")
    func concats() throws {
        var builder = NetworkBuilder(seed: 2)
        let x = builder.input(channels: 3)
        let a = builder.concat([x, x])
        let b = builder.concat([a, x])
        let c = builder.graph.append(Concat(axis: -3), [x, b])
        let d = builder.graph.append(Concat(axis: 2), [c, c])
        builder.graph.outputs = [d, a]
        let result = try expectSame(builder.graph, after: [.flattenConcats])
        #expect(result.nodes.map(\.inputs) == [[x, x], [x, x, x, x], [c, c]])
    }

    // MARK: Helpers

    private func names(_ graph: Graph) -> [String] { graph.nodes.map(\.operation.name) }

    /// The graph after some passes, which must compute what it did.
    private func expectSame(
        _ graph: Graph,
        after passes: [Pass] = Pass.all,
        seed: Int = 7
    ) throws -> Graph {
        let result = try graph.applying(passes)
        var random = SeededRandom(seed)
        for (height, width) in [(8, 12), (7, 9)] {
            let x = random.tensor([1, 3, height, width])
            for (a, b) in zip(try result.evaluate([x]), try graph.evaluate([x])) {
                let values = b.array(of: Float.self)
                let tolerance = 1e-5 * (values.max()! - values.min()!)
                let difference = difference(a, b, tolerance: tolerance)
                #expect(difference == nil, "seed \(seed)")
            }
        }
        return result
    }
}
