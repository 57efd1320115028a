import Graphs
import Support
import Tensors
import Testing

@Suite struct ResizeTests {
    private func resize(_ values: [Float], _ resampling: Resampling, scale: Float) throws -> [Float]
    {
        var resize = Resize(resampling)
        resize.scales = [scale]
        return try resize.evaluate([Tensor(shape: [values.count], values: values)])[0].array(
            of: Float.self
        )
    }

    @Test("worked examples of the ONNX specification")
    func examples() throws {
        // Resize-11, test "resize_upsample_scales_nearest" along one axis.
        #expect(
            try resize([1, 2], Resampling(.nearest(.roundPreferFloor), .halfPixel), scale: 3) == [
                1, 1, 1, 2, 2, 2,
            ]
        )
        // "resize_upsample_scales_linear": 1 2 → 1 1.25 1.75 2.
        #expect(
            try resize([1, 2], Resampling(.linear, .halfPixel), scale: 2) == [1, 1.25, 1.75, 2]
        )
        // "resize_upsample_scales_linear_align_corners": 1 2 → 1 4/3 5/3 2.
        let aligned = try resize([1, 2], Resampling(.linear, .alignCorners), scale: 2)
        #expect(
            difference(
                Tensor(shape: [4], values: aligned),
                Tensor(shape: [4], values: [1, 4 / 3, 5 / 3, 2] as [Float])
            ) == nil
        )
        // "resize_downsample_scales_linear": 1 2 3 4 by 0.6 → 1.3333 3.
        let smaller = try resize([1, 2, 3, 4], Resampling(.linear, .halfPixel), scale: 0.6)
        #expect(abs(smaller[0] - 4 / 3) < 1e-5 && abs(smaller[1] - 3) < 1e-5)
    }

    @Test("a cubic kernel reproduces straight lines inside and sums to one everywhere")
    func cubic() throws {
        let line = (0..<12).map { Float($0) }
        let result = try resize(line, Resampling(.cubic(-0.75), .halfPixel), scale: 2)
        for i in 8..<16 { #expect(abs(result[i] - ((Float(i) + 0.5) / 2 - 0.5)) < 0.1) }
        let flat = try resize([5, 5, 5, 5], Resampling(.cubic(-0.5), .asymmetric), scale: 3)
        #expect(flat.allSatisfy { abs($0 - 5) < 1e-5 })
    }

    @Test("the interval of inputs covers every tap and nothing outside", arguments: 0..<80)
    func intervals(seed: Int) {
        var random = SeededRandom(seed)
        let kinds: [Resampling.Interpolation] = [
            .nearest(.floor), .nearest(.roundPreferCeil), .linear, .cubic(-0.75),
        ]
        let modes: [Resampling.CoordinateMode] = [
            .halfPixel, .asymmetric, .alignCorners, .pytorchHalfPixel,
        ]
        let scales = [0.5, 1.5, 2.0, 3.0]
        var resampling = Resampling(kinds[random.int(0...3)], modes[random.int(0...3)])
        let scale = scales[random.int(0...3)]
        let input = random.int(2...30)
        let output = max(1, Int(Double(input) * scale))
        if random.int(0...1) == 0 { resampling.scale = scale }
        let axis = resampling.axis(inputLength: input, outputLength: output)
        let low = random.int(0...(output - 1))
        let interval = low..<(low + random.int(1...(output - low)))
        let positions = interval.flatMap { (axis.taps($0) ?? []).map(\.position) }
        #expect(
            axis.inputs(for: interval) == positions.min()!..<(positions.max()! + 1),
            "seed \(seed)"
        )
    }
}
