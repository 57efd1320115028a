import Graphs
import Support
import Tensors
import Testing

/// Convolution straight from its definition, for two spatial axes.
private func naive(
    _ x: Tensor,
    _ w: Tensor,
    _ bias: Tensor,
    strides: [Int],
    dilations: [Int],
    before: [Int],
    after: [Int],
    groups: Int
) -> Tensor {
    func side(_ axis: Int) -> Int {
        (x.shape[2 + axis] + before[axis] + after[axis] - (w.shape[2 + axis] - 1) * dilations[axis]
            - 1)
            / strides[axis] + 1
    }
    let shape = [x.shape[0], w.shape[0], side(0), side(1)]
    let (a, b) = (x.array(of: Float.self), w.array(of: Float.self))
    var values: [Float] = []
    for n in 0..<shape[0] {
        for m in 0..<shape[1] {
            for i in 0..<shape[2] {
                for j in 0..<shape[3] {
                    var sum = Double(bias.array(of: Float.self)[m])
                    for c in 0..<w.shape[1] {
                        for u in 0..<w.shape[2] {
                            for v in 0..<w.shape[3] {
                                let y = i * strides[0] - before[0] + u * dilations[0]
                                let z = j * strides[1] - before[1] + v * dilations[1]
                                guard y >= 0, y < x.shape[2], z >= 0, z < x.shape[3] else {
                                    continue
                                }
                                let channel = m / (shape[1] / groups) * w.shape[1] + c
                                let p =
                                    ((n * x.shape[1] + channel) * x.shape[2] + y) * x.shape[3] + z
                                let q = ((m * w.shape[1] + c) * w.shape[2] + u) * w.shape[3] + v
                                sum += Double(a[p]) * Double(b[q])
                            }
                        }
                    }
                    values.append(Float(sum))
                }
            }
        }
    }
    return Tensor(shape: shape, values: values)
}

@Suite struct ConvolutionTests {
    @Test(
        "convolution is its definition for any window, stride, dilation, padding and group",
        arguments: 0..<60
    )
    func definition(seed: Int) throws {
        var random = SeededRandom(seed)
        let groups = random.int(1...3)
        let channels = groups * random.int(1...3)
        let outputs = groups * random.int(1...4)
        let kernel = [random.int(1...5), random.int(1...5)]
        let strides = [random.int(1...3), random.int(1...3)]
        let dilations = [random.int(1...2), random.int(1...2)]
        let before = [random.int(0...3), random.int(0...3)]
        let after = [random.int(0...3), random.int(0...3)]
        let sides = (0..<2).map { (kernel[$0] - 1) * dilations[$0] + 1 + random.int(0...9) }
        let x = random.tensor([random.int(1...2), channels] + sides)
        let w = random.tensor([outputs, channels / groups] + kernel)
        let bias = random.tensor([outputs])
        let rule = WindowRule(
            kernel: kernel,
            strides: strides,
            dilations: dilations,
            pads: .explicit(before: before, after: after)
        )
        let y = try Convolution(groups: groups, rule: rule).evaluate([x, w, bias])[0]
        let expected = naive(
            x,
            w,
            bias,
            strides: strides,
            dilations: dilations,
            before: before,
            after: after,
            groups: groups
        )
        #expect(difference(y, expected) == nil, "seed \(seed)")
    }

    @Test("a transposed convolution is the adjoint of the convolution", arguments: 0..<40)
    func adjoint(seed: Int) throws {
        // ⟨conv(x), y⟩ = ⟨x, transposed(y)⟩ for all x and y.
        var random = SeededRandom(seed)
        let groups = random.int(1...2)
        let (channels, outputs) = (groups * random.int(1...3), groups * random.int(1...3))
        let kernel = [random.int(1...4), random.int(1...4)]
        let strides = [random.int(1...3), random.int(1...3)]
        let pads = [random.int(0...1), random.int(0...1)].enumerated().map {
            min($1, kernel[$0] - 1)
        }
        let rule = WindowRule(
            kernel: kernel,
            strides: strides,
            pads: .explicit(before: pads, after: pads)
        )
        let outSides = [random.int(1...5), random.int(1...5)]
        // Sides at which the convolution leaves no remainder, so both maps have the same shapes.
        let sides = (0..<2).map { (outSides[$0] - 1) * strides[$0] + kernel[$0] - 2 * pads[$0] }
        guard sides.allSatisfy({ $0 > 0 }) else { return }
        let (x, y) = (
            random.tensor([1, channels] + sides), random.tensor([1, outputs] + outSides)
        )
        let w = random.tensor([outputs, channels / groups] + kernel)
        let forward = try Convolution(groups: groups, rule: rule).evaluate([x, w])[0]
        let backward = try TransposedConvolution(groups: groups, rule: rule).evaluate([y, w])[0]
        #expect(backward.shape == x.shape, "seed \(seed)")
        func product(_ a: Tensor, _ b: Tensor) -> Double {
            zip(a.array(of: Float.self), b.array(of: Float.self)).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
        #expect(abs(product(forward, y) - product(x, backward)) < 1e-3, "seed \(seed)")
    }

    @Test("output padding adds positions at the end and changes no other")
    func outputPadding() throws {
        var random = SeededRandom(7)
        let (x, w) = (random.tensor([1, 2, 3, 4]), random.tensor([2, 3, 3, 3]))
        let rule = WindowRule(
            kernel: [3, 3],
            strides: [2, 2],
            pads: .explicit(before: [1, 1], after: [1, 1])
        )
        let plain = try TransposedConvolution(rule: rule).evaluate([x, w])[0]
        let padded = try TransposedConvolution(rule: rule, outputPadding: [1, 1]).evaluate([x, w])[
            0
        ]
        #expect(plain.shape == [1, 3, 5, 7])
        #expect(padded.shape == [1, 3, 6, 8])
        for c in 0..<3 {
            for i in 0..<5 {
                for j in 0..<7 {
                    #expect(
                        padded.array(of: Float.self)[(c * 6 + i) * 8 + j]
                            == plain.array(of: Float.self)[(c * 5 + i) * 7 + j]
                    )
                }
            }
        }
    }

    @Test("a wrong number of channels is said with both numbers")
    func channels() {
        let rule = WindowRule(kernel: [3, 3])
        #expect(throws: OperatorError(expected: "an input of 4 channels", found: "3")) {
            try Convolution(rule: rule).infer([
                ValueType(.float32, [1, 3, 8, 8]), ValueType(.float32, [6, 4, 3, 3]),
            ])
        }
    }
}
