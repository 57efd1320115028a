import Graphs
import Kernels
import Measures
import ONNX
import Recipes
import Support
import Tensors
import Testing
import Training

@Suite struct InpaintingTests {
    @Test("the mean generator is what the decay makes of all generators so far")
    func average() throws {
        let own = RecipeCase.inpainting(prefill: "none")
        let folder = try RecipeFolder(.photos)
        let more = [("average", "0.75"), ("adversarial", "0"), ("steps", "3")]
            .map { (key: $0.0, text: $0.1) }
        let name = "ending.weight"
        var generators: [[Float]] = []
        var average: [Float] = []
        // The mean begins as the generator without training, which a rate of zero keeps.
        _ = try folder.run(own, "fresh", more + [(key: "learning-rate", text: "0")], steps: 1)
        let fresh = try folder.checkpoint("fresh").tensors
        #expect(fresh["average.\(name)"] == fresh["generator.\(name)"])
        for _ in 0..<3 {
            _ = try folder.run(own, "run", more, steps: 1)
            let state = try folder.checkpoint("run").tensors
            generators.append(state["generator.\(name)"]!.array(of: Float.self))
            average = state["average.\(name)"]!.array(of: Float.self)
        }
        var wanted = fresh["generator.\(name)"]!.array(of: Float.self)
        for generator in generators {
            wanted = zip(wanted, generator).map { $0 * 0.75 + $1 * 0.25 }
        }
        #expect(generators[0] != generators[2])
        #expect(zip(average, wanted).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test(
        "noise filled with its mean is off by half of its deviation, or squared by a third",
        arguments: [("absolute", 1.0 / 2), ("squared", 1.0 / 3)]
    )
    func distance(_ word: String, _ expected: Double) throws {
        let folder = try RecipeFolder(.photos)
        let own = RecipeCase.inpainting(prefill: "pushpull", network: "narrow")
        let words = [
            ("distance", word), ("coarse", "0"), ("batch", "16"), ("corruption", "occlusion"),
        ]
        .map { (key: $0.0, text: $0.1) }
        // Uniform from −1 to 1, and filled smoothly by a network that is fresh.
        let error = try own.trainer(words, in: folder).step(0)["hole"]!
        #expect(abs(error / expected - 1) < 0.15, "\(error)")
    }

    @Test(
        "the exported model changes pixels in the hole only, and streams",
        arguments: ["none", "pushpull"]
    )
    func export(prefill: String) throws {
        let folder = try RecipeFolder(.photos)
        let own = RecipeCase.inpainting(prefill: prefill)
        _ = try folder.run(own, "run", [(key: "steps", text: "1")])
        let model = try ONNXModel(path: "\(folder.path)/run/models/inpaint/model.onnx")
        let names = model.graph.inputs.map { model.graph.values[$0].name }
        #expect(names == ["picture", "mask"])
        var random = SeededRandom(2)
        let (height, width) = (64, 96)
        let x = random.tensor([1, 3, height, width], in: 0...1)
        var mask = Tensor(shape: [1, 1, height, width])
        do {
            var values = mask.mutableFloats
            for y in 20..<40 { for i in 30..<60 { values[y * width + i] = i < 45 ? 1 : 0.5 } }
        }
        let y = try model.graph.evaluate([x, mask])[0]
        let (a, b) = (x.array(of: Float.self), y.array(of: Float.self))
        let holes = mask.array(of: Float.self)
        for i in a.indices where holes[i % holes.count] == 0 {
            guard abs(a[i] - b[i]) < 1e-6 else {
                Issue.record("pixel \(i) went from \(a[i]) to \(b[i])")
                return
            }
        }
        #expect(a.indices.filter { holes[$0 % holes.count] > 0 }.allSatisfy { a[$0] != b[$0] })

        // What is in the hole makes no difference where nothing of it is known.
        var other = x
        do {
            var values = other.mutableFloats
            for y in 20..<40 { for i in 30..<45 { values[y * width + i] = 0.123 } }
        }
        let again = try model.graph.evaluate([other, mask])[0]
        #expect(difference(again, y, tolerance: 1e-6) == nil)

        // Picture and mask as one picture of four channels.
        let network = try PictureNetwork(try model.graph.applying())
        #expect(network.inputChannels == 4 && network.scale == Ratio(1))
        let joined = Tensor(
            shape: [1, 4, height, width],
            values: a + holes
        )
        #expect(difference(try network.run(joined, .shared), y, tolerance: 1e-4) == nil)
    }

    @Test(
        "without relaxation the first guess is the picture filled from its pyramid",
        arguments: 0..<3
    )
    func guess(seed: Int) {
        let (x, known) = damaged(seed)
        let found = filledFromHalvings(
            Variable<Float>(x),
            known: Variable([1, 1, 32, 64], known),
            5,
            relaxations: 0
        )
        let hole = Hole(width: 64, height: 32, isInside: known.map { $0 == 0 })
        let wanted = Tensor(planes(of: x).map { $0.filledFromPyramid(hole) })
        #expect(
            difference(found.tensor.reshaped(to: [3, 32, 64]), wanted, tolerance: 1e-4) == nil
        )
    }

    @Test("relaxed for long, every unknown pixel is the mean of those around it", arguments: 0..<3)
    func relaxation(seed: Int) {
        let (x, known) = damaged(seed)
        let values = filledFromHalvings(
            Variable<Float>(x),
            known: Variable([1, 1, 32, 64], known),
            3,
            relaxations: 1500
        ).values
        for i in values.indices {
            let (x0, y0) = (i % 64, i / 64 % 32)
            if known[y0 * 64 + x0] == 1 {
                #expect(values[i] == x.array(of: Float.self)[i])
                continue
            }
            var around: [Float] = []
            for y in max(0, y0 - 1)...min(31, y0 + 1) {
                for x in max(0, x0 - 1)...min(63, x0 + 1) {
                    around.append(values[i + (y - y0) * 64 + x - x0])
                }
            }
            let mean = around.reduce(0, +) / Float(around.count)
            guard abs(values[i] - mean) < 1e-4 else {
                Issue.record("seed \(seed), (\(x0), \(y0)): \(values[i]) among \(mean)")
                return
            }
        }
    }

    /// A picture of 64 × 32, and what is known of it: half, a tenth, or a hundredth.
    private func damaged(_ seed: Int) -> (picture: Tensor, known: [Float]) {
        var random = SeededRandom(seed)
        let x = random.tensor([1, 3, 32, 64], in: -1...1)
        let share: Float = [0.5, 0.9, 0.99][seed]
        let known = random.tensor([1, 1, 32, 64], in: 0...1).array(of: Float.self)
        return (x, known.map { $0 > share ? 1 : 0 })
    }
}
