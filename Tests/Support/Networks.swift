package import Graphs
import Tensors

/// Small networks with random weights, of the kinds people run on pictures.
package enum TestNetwork: String, CaseIterable, Sendable {
    /// Convolutions with zero padding and a pixel shuffle: ×2.
    case compact
    /// Convolutions without padding, then a transposed one: ×2 with a lost border.
    case valid
    /// Strides down, resizes up, skip connections: the sides are multiples of 4.
    case encoder
    /// Reflected borders, dilation, pooling, an odd mix.
    case dilated
    /// Transposed convolutions up and strides down.
    case transposed

    package func graph(seed: Int) -> Graph {
        var builder = NetworkBuilder(seed: seed)
        let x = builder.input(channels: 3)
        let output: Graph.ValueID
        switch self {
        case .compact:
            let a = builder.relu(builder.conv(x, 3, 8, kernel: 3, pad: 1))
            let b = builder.relu(builder.conv(a, 8, 8, kernel: 3, pad: 1))
            let c = builder.conv(builder.add(a, b), 8, 12, kernel: 5, pad: 2)
            let shuffled = builder.graph.append(DepthToSpace(block: 2, order: .crd), [c])
            output = builder.add(shuffled, builder.enlarge(x, .nearest(.floor), .asymmetric))
        case .valid:
            let a = builder.relu(builder.conv(x, 3, 8, kernel: 3))
            let b = builder.relu(builder.conv(a, 8, 6, kernel: 3))
            output = builder.transposed(b, 6, 3, kernel: 4, stride: 2, pad: 3)
        case .encoder:
            let a = builder.relu(builder.conv(x, 3, 6, kernel: 3, pad: 1))
            let b = builder.relu(builder.conv(a, 6, 8, kernel: 4, stride: 2, pad: 1))
            let c = builder.relu(builder.conv(b, 8, 8, kernel: 4, stride: 2, pad: 1))
            let d = builder.enlarge(c, .linear, .halfPixel)
            let e = builder.relu(builder.conv(builder.concat([b, d]), 16, 6, kernel: 3, pad: 1))
            let f = builder.enlarge(e, .cubic(-0.75), .halfPixel)
            output = builder.conv(builder.concat([a, f]), 12, 3, kernel: 3, pad: 1)
        case .dilated:
            let a = builder.pad(x, 4, .reflect)
            let b = builder.relu(builder.conv(a, 3, 8, kernel: 9))
            let c = builder.relu(builder.conv(b, 8, 8, kernel: 3, pad: 3, dilation: 3, groups: 2))
            let rule = WindowRule(kernel: [3, 3], pads: .explicit(before: [1, 1], after: [1, 1]))
            let d = builder.graph.append(Pooling(.max(indices: nil), rule: rule), [c])
            let e = builder.graph.append(Pooling(.average(countsPadding: false), rule: rule), [c])
            output = builder.conv(builder.pad(builder.add(d, e), 1, .edge), 8, 3, kernel: 3)
        case .transposed:
            let a = builder.relu(builder.conv(x, 3, 6, kernel: 3, stride: 2, pad: 1))
            let b = builder.transposed(a, 6, 6, kernel: 4, stride: 2, pad: 1)
            let c = builder.relu(builder.conv(builder.relu(b), 6, 6, kernel: 7, pad: 3))
            output = builder.transposed(c, 6, 3, kernel: 3, stride: 1, pad: 1)
        }
        builder.graph.outputs = [output]
        return builder.graph
    }
}

/// Puts graphs together with random weights.
package struct NetworkBuilder {
    package var graph = Graph()
    private var random: SeededRandom

    package init(seed: Int) { random = SeededRandom(seed) }

    package mutating func input(channels: Int) -> Graph.ValueID {
        let shape: [Dimension] = [1, Dimension(channels), .named("height"), .named("width")]
        return graph.addInput("image", ValueType(.float32, shape))
    }

    package mutating func weights(_ shape: [Int], fanIn: Int) -> Graph.ValueID {
        let bound = (3 / Float(fanIn)).squareRoot()
        return graph.addConstant("w\(graph.values.count)", random.tensor(shape, in: -bound...bound))
    }

    package mutating func conv(
        _ x: Graph.ValueID,
        _ inputs: Int,
        _ outputs: Int,
        kernel: Int,
        stride: Int = 1,
        pad: Int = 0,
        dilation: Int = 1,
        groups: Int = 1
    ) -> Graph.ValueID {
        let rule = WindowRule(
            kernel: [kernel, kernel],
            strides: [stride, stride],
            dilations: [dilation, dilation],
            pads: .explicit(before: [pad, pad], after: [pad, pad])
        )
        let fan = inputs / groups * kernel * kernel
        let w = weights([outputs, inputs / groups, kernel, kernel], fanIn: fan)
        return graph.append(
            Convolution(groups: groups, rule: rule),
            [x, w, weights([outputs], fanIn: 3)]
        )
    }

    package mutating func transposed(
        _ x: Graph.ValueID,
        _ inputs: Int,
        _ outputs: Int,
        kernel: Int,
        stride: Int,
        pad: Int
    ) -> Graph.ValueID {
        let rule = WindowRule(
            kernel: [kernel, kernel],
            strides: [stride, stride],
            pads: .explicit(before: [pad, pad], after: [pad, pad])
        )
        let w = weights([inputs, outputs, kernel, kernel], fanIn: inputs * kernel * kernel)
        return graph.append(
            TransposedConvolution(rule: rule),
            [x, w, weights([outputs], fanIn: 3)]
        )
    }

    package mutating func relu(_ x: Graph.ValueID) -> Graph.ValueID {
        graph.append(Unary(.leakyRelu(0.2)), [x])
    }

    package mutating func add(_ x: Graph.ValueID, _ y: Graph.ValueID) -> Graph.ValueID {
        graph.append(Binary(.add), [x, y])
    }

    package mutating func concat(_ list: [Graph.ValueID]) -> Graph.ValueID {
        graph.append(Concat(axis: 1), list)
    }

    package mutating func pad(_ x: Graph.ValueID, _ count: Int, _ padding: Padding) -> Graph.ValueID
    {
        let counts = [0, 0, count, count, 0, 0, count, count].map { Int64($0) }
        let pads = graph.addConstant(
            "pads\(graph.values.count)",
            Tensor(shape: [8], values: counts)
        )
        return graph.append(Pad(padding), [x, pads])
    }

    package mutating func enlarge(
        _ x: Graph.ValueID,
        _ interpolation: Resampling.Interpolation,
        _ coordinates: Resampling.CoordinateMode
    ) -> Graph.ValueID {
        var resize = Resize(Resampling(interpolation, coordinates))
        resize.scales = [1, 1, 2, 2]
        return graph.append(resize, [x])
    }
}
