package import Graphs
import Tensors

/// A kind of small network with random weights.
package protocol NetworkCase: Sendable {
    var rawValue: String { get }
    /// The network, which takes pictures of three channels; a seed repeats its weights.
    func graph(seed: Int) -> Graph
}

/// All kinds of small networks.
package let everyNetwork: [any NetworkCase] = TestNetwork.allCases + GlobalNetwork.allCases

/// Networks, of the kinds people run on pictures, that see a neighbourhood of each pixel.
package enum TestNetwork: String, CaseIterable, NetworkCase {
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
    /// Residual blocks with batch normalizations, behind a fixed scale and offset of colours.
    case residual
    /// Down by pooling and up by transposed convolutions, with concatenated skips.
    case unet
    /// Dense blocks whose results are scaled by 0.2 and added, twice over: ×2.
    case dense
    /// PReLU with a slope for each channel, clipped at the end: ×2.
    case prelu
    /// More channels than fit into two blocks of sixteen, and a residual over all: ×4.
    case wide
    /// Large kernels, alone, with stride 2 and transposed; a depth that Winograd's method suits.
    case large

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
        case .residual:
            let centred = builder.append(.subtract, x, constant: [1, 3, 1, 1])
            let scaled = builder.append(.multiply, centred, constant: [])
            var y = builder.relu(
                builder.batchNorm(builder.conv(scaled, 3, 8, kernel: 3, pad: 1), 8)
            )
            for _ in 0..<2 {
                let a = builder.batchNorm(builder.conv(y, 8, 8, kernel: 3, pad: 1, groups: 2), 8)
                let b = builder.batchNorm(builder.conv(builder.relu(a), 8, 8, kernel: 3, pad: 1), 8)
                y = builder.relu(builder.add(b, y))
            }
            let last = builder.conv(builder.batchNorm(y, 8), 8, 3, kernel: 3, pad: 1)
            output = builder.graph.append(Unary(.tanh), [builder.add(x, last)])
        case .unet:
            let a = builder.relu(builder.conv(x, 3, 6, kernel: 3, pad: 1))
            let b = builder.relu(builder.conv(builder.halve(a), 6, 8, kernel: 3, pad: 1))
            let c = builder.relu(builder.conv(builder.halve(b), 8, 8, kernel: 3, pad: 1))
            let d = builder.batchNorm(builder.transposed(c, 8, 8, kernel: 2, stride: 2, pad: 0), 8)
            let e = builder.relu(builder.conv(builder.concat([d, b]), 16, 6, kernel: 3, pad: 1))
            let f = builder.relu(builder.transposed(e, 6, 6, kernel: 2, stride: 2, pad: 0))
            let all = builder.concat([builder.concat([f, a]), x])
            output = builder.graph.append(
                Unary(.sigmoid),
                [builder.conv(all, 15, 3, kernel: 1)]
            )
        case .dense:
            let first = builder.conv(x, 3, 6, kernel: 3, pad: 1)
            var trunk = first
            for _ in 0..<2 {
                var known = trunk
                for step in 0..<3 {
                    let next = builder.conv(known, 6 + 4 * step, 4, kernel: 3, pad: 1)
                    known = builder.concat([known, builder.relu(next)])
                }
                let block = builder.conv(known, 18, 6, kernel: 3, pad: 1)
                trunk = builder.add(builder.scale(block, 0.2), trunk)
            }
            let body = builder.scale(builder.conv(trunk, 6, 6, kernel: 3, pad: 1), 0.2)
            let large = builder.enlarge(builder.add(first, body), .nearest(.floor), .asymmetric)
            let last = builder.relu(builder.conv(large, 6, 6, kernel: 3, pad: 1))
            output = builder.conv(last, 6, 3, kernel: 3, pad: 1)
        case .prelu:
            var y = builder.prelu(builder.conv(builder.pad(x, 1, .constant), 3, 8, kernel: 3), 8)
            for _ in 0..<2 { y = builder.prelu(builder.conv(y, 8, 8, kernel: 3, pad: 1), 8) }
            let c = builder.conv(y, 8, 12, kernel: 3, pad: 1)
            let shuffled = builder.graph.append(DepthToSpace(block: 2, order: .crd), [c])
            let large = builder.enlarge(x, .nearest(.floor), .asymmetric)
            let bounds = [Float(-0.9), 0.8].map { builder.graph.addConstant("bound", Tensor($0)) }
            output = builder.graph.append(Clip(), [builder.add(shuffled, large)] + bounds)
        case .wide:
            let first = builder.prelu(builder.conv(x, 3, 40, kernel: 3, pad: 1), 40)
            var y = builder.relu(builder.conv(first, 40, 64, kernel: 3, pad: 1))
            y = builder.add(builder.conv(y, 64, 40, kernel: 3, pad: 1), first)
            let c = builder.conv(builder.relu(y), 40, 48, kernel: 3, pad: 1)
            output = builder.graph.append(DepthToSpace(block: 4, order: .crd), [c])
        case .large:
            let a = builder.relu(builder.conv(x, 3, 24, kernel: 7, pad: 3))
            let b = builder.relu(builder.conv(a, 24, 32, kernel: 5, pad: 2))
            let c = builder.relu(builder.conv(b, 32, 24, kernel: 6, stride: 2, pad: 2))
            let d = builder.relu(builder.conv(c, 24, 24, kernel: 7, pad: 3))
            let e = builder.relu(builder.transposed(d, 24, 24, kernel: 6, stride: 2, pad: 2))
            let f = builder.relu(builder.conv(e, 24, 24, kernel: 7, stride: 2, pad: 3))
            let g = builder.relu(builder.transposed(f, 24, 24, kernel: 8, stride: 2, pad: 3))
            output = builder.conv(g, 24, 3, kernel: 5, pad: 2)
        }
        builder.graph.outputs = [output]
        return builder.graph
    }
}

/// Networks of which every output sees all of the picture.
package enum GlobalNetwork: String, CaseIterable, NetworkCase {
    /// Residual blocks with instance normalizations and reflected borders, as for style transfer.
    case resnet
    /// The same in terms of means and roots.
    case written
    /// Channels weighted by what their means say.
    case squeeze
    /// Normalizations of groups of channels, of all of them, and by the largest element.
    case groups

    package func graph(seed: Int) -> Graph {
        var builder = NetworkBuilder(seed: seed)
        let x = builder.input(channels: 3)
        let output: Graph.ValueID
        switch self {
        case .resnet, .written:
            func normalize(_ x: Graph.ValueID, _ channels: Int) -> Graph.ValueID {
                self == .resnet
                    ? builder.instanceNorm(x, channels) : builder.writtenNorm(x, channels)
            }
            let a = builder.conv(builder.pad(x, 4, .reflect), 3, 6, kernel: 9)
            let b = builder.relu(normalize(a, 6))
            let c = builder.conv(builder.pad(b, 1, .reflect), 6, 8, kernel: 3, stride: 2)
            var y = builder.relu(normalize(c, 8))
            for _ in 0..<2 {
                let d = builder.conv(builder.pad(y, 1, .reflect), 8, 8, kernel: 3)
                let e = builder.pad(builder.relu(normalize(d, 8)), 1, .reflect)
                y = builder.add(normalize(builder.conv(e, 8, 8, kernel: 3), 8), y)
            }
            let f = builder.transposed(y, 8, 6, kernel: 4, stride: 2, pad: 1)
            let g = builder.relu(normalize(f, 6))
            output = builder.conv(builder.pad(g, 4, .reflect), 6, 3, kernel: 9)
        case .squeeze:
            let a = builder.relu(builder.conv(x, 3, 8, kernel: 3, pad: 1))
            let mean = builder.graph.append(GlobalPooling(.average), named: "squeeze", [a])
            let b = builder.relu(builder.conv(mean, 8, 2, kernel: 1))
            let gate = builder.graph.append(Unary(.sigmoid), [builder.conv(b, 2, 8, kernel: 1)])
            let c = builder.graph.append(Binary(.multiply), [a, gate])
            output = builder.add(x, builder.conv(c, 8, 3, kernel: 3, pad: 1))
        case .groups:
            let a = builder.conv(x, 3, 8, kernel: 3, pad: 1)
            let (scale, bias) = (builder.weights([8], fanIn: 1), builder.weights([8], fanIn: 1))
            let grouped = builder.graph.append(GroupNormalization(groups: 2), [a, scale, bias])
            let b = builder.conv(builder.relu(grouped), 8, 6, kernel: 3, pad: 1)
            let one = builder.graph.addConstant("one", Tensor(shape: [1], values: [Float(1)]))
            let layer = builder.graph.append(LayerNormalization(axis: 1), [b, one])
            let axes = builder.graph.addConstant(
                "axes",
                Tensor(shape: [2], values: [Int64(2), -1])
            )
            let largest = builder.graph.append(Reduction(.maximum), [layer, axes])
            let c = builder.graph.append(Binary(.divide), [layer, largest])
            output = builder.conv(c, 6, 3, kernel: 3, pad: 1)
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

    package mutating func prelu(_ x: Graph.ValueID, _ channels: Int) -> Graph.ValueID {
        append(.prelu, x, constant: [channels, 1, 1])
    }

    package mutating func batchNorm(_ x: Graph.ValueID, _ channels: Int) -> Graph.ValueID {
        let parameters = [-1...1, -1...1, -0.2...0.2, Float(0.5)...2].map { range in
            graph.addConstant("n\(graph.values.count)", random.tensor([channels], in: range))
        }
        return graph.append(BatchNormalization(), [x] + parameters)
    }

    package mutating func instanceNorm(_ x: Graph.ValueID, _ channels: Int) -> Graph.ValueID {
        let (scale, bias) = (weights([channels], fanIn: 1), weights([channels], fanIn: 1))
        return graph.append(InstanceNormalization(), [x, scale, bias])
    }

    /// An instance normalization as arithmetic with means over space.
    package mutating func writtenNorm(_ x: Graph.ValueID, _ channels: Int) -> Graph.ValueID {
        let axes = graph.addConstant("axes", Tensor(shape: [2], values: [Int64(2), 3]))
        let epsilon = graph.addConstant("epsilon", Tensor(Float(1e-5)))
        let mean = graph.append(Reduction(.mean), [x, axes])
        let centred = graph.append(Binary(.subtract), [x, mean])
        let square = graph.append(Binary(.multiply), [centred, centred])
        let variance = graph.append(Reduction(.mean), [square, axes])
        let sum = graph.append(Binary(.add), [variance, epsilon])
        let normal = graph.append(Binary(.divide), [centred, graph.append(Unary(.sqrt), [sum])])
        let scaled = append(.multiply, normal, constant: [1, channels, 1, 1])
        return append(.add, scaled, constant: [channels, 1, 1])
    }

    /// Arithmetic with a random constant of a given shape.
    package mutating func append(
        _ function: Binary.Function,
        _ x: Graph.ValueID,
        constant shape: [Int]
    ) -> Graph.ValueID {
        graph.append(Binary(function), [x, weights(shape, fanIn: 3)])
    }

    package mutating func scale(_ x: Graph.ValueID, _ factor: Float) -> Graph.ValueID {
        graph.append(Binary(.multiply), [x, graph.addConstant("factor", Tensor(factor))])
    }

    /// The largest of every 2×2 pixels.
    package mutating func halve(_ x: Graph.ValueID) -> Graph.ValueID {
        graph.append(
            Pooling(.max(indices: nil), rule: WindowRule(kernel: [2, 2], strides: [2, 2])),
            [x]
        )
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
