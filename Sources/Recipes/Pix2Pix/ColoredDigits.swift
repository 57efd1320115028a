internal import Measures
internal import Tensors
internal import Training
internal import TrainingData

/// Outlines of digits go in, filled digits come out, each in the colour of its number, which only
/// those know who have read the digit.
package struct ColoredDigits: AcceptanceExperiment {
    private let steps: Int
    /// Digits that are not trained on.
    private let unseen: Glyphs

    package init(steps: Int = 3000, unseen: Int = 1000) {
        self.steps = steps
        self.unseen = Glyphs(count: unseen, seed: 2)
    }

    package func figures(data: String?, report: (String) -> Void) throws -> [AcceptanceFigure] {
        let truth = (0..<unseen.count).map { Self.pair($0, of: unseen) }
        return try firstThatReaches(report) { seed in
            let generator = try train(seed, report)
            var judge = ColorJudge()
            for (outline, target, digit) in truth {
                judge.add(generator.picture(of: outline, range: .signed), target, digit)
            }
            return judge.figures("network", isJudged: true) + baselines(truth)
        }
    }

    /// A digit's outline, the digit in its colour, and which one it is.
    private static func pair(
        _ index: Int,
        of glyphs: Glyphs
    ) -> (outline: Tensor, target: Tensor, digit: Int) {
        let (glyph, digit) = glyphs.glyph(index)
        return (glyph.glyphEdge, glyph.glyph(hue: Float(digit) / 10), digit)
    }

    private func train(_ seed: UInt64, _ report: (String) -> Void) throws -> any Translator<Float> {
        let recipe = try Pix2Pix(set: [
            "seed": "\(seed)", "steps": "\(steps)", "batch": "16", "learning-rate": "0.0005",
            "channels": "16", "depth": "5", "crop": "32", "discriminator-layers": "2",
        ])
        let game = Pix2PixGame(recipe, Pix2PixNetworks(recipe, inputs: 1))
        let glyphs = Glyphs(count: 8000, seed: 1)
        let items = Items(count: glyphs.count) { (index, _) throws(DataError) in
            let (outline, target, _) = Self.pair(index, of: glyphs)
            return ["outline": .picture(outline), "target": .picture(target)]
        }
        let batches = Batches(items, size: recipe.settings.batch, seed: seed, range: .signed)
        for step in 0..<steps {
            let batch = try batches.batch(step)
            let losses = game.step(step, Variable(batch["outline"]), Variable(batch["target"]))
            if (step + 1) % 500 == 0 { report("step \(step + 1): distance \(losses["distance"]!)") }
        }
        return game.networks.average
    }

    /// What comes of it without a network.
    private func baselines(
        _ truth: [(outline: Tensor, target: Tensor, digit: Int)]
    ) -> [AcceptanceFigure] {
        let mean = Tensor(meanPicture(truth.map { planes(of: $0.target) }))
        let answers: [(name: String, of: (Int) -> Tensor)] = [
            ("mean picture", { _ in mean }),
            ("copied outline", { truth[$0].outline.repeated(3) }),
            ("filled in white", { unseen.glyph($0).picture.repeated(3) }),
        ]
        return answers.flatMap { answer in
            var judge = ColorJudge()
            for (index, pair) in truth.enumerated() {
                judge.add(answer.of(index), pair.target, pair.digit)
            }
            return judge.figures(answer.name, isJudged: false)
        }
    }
}

/// Compares coloured digits with what they should be.
private struct ColorJudge {
    private var errors = SquareErrors()
    private var distance = 0.0
    private var read = 0
    private var count = 0

    mutating func add(_ picture: Tensor, _ target: Tensor, _ digit: Int) {
        let (a, b) = (picture.clamped, target)
        for (x, y) in zip(a.array(of: Float.self), b.array(of: Float.self)) {
            errors.add(Double(x - y))
            distance += Double(abs(x - y))
        }
        if Self.digit(of: a) == digit { read += 1 }
        count += 1
    }

    /// The digit whose hue is nearest to that of the mean colour, in which bright pixels count most.
    private static func digit(of picture: Tensor) -> Int {
        let colors = planes(of: picture).map(\.values)
        let weights = colors[0].indices.map { i in colors.map { $0[i] }.max()! }
        let mean = colors.map { color in
            Float(zip(color, weights).reduce(0) { $0 + $1.0 * $1.1 })
        }
        let hue = HSV(red: mean[0], green: mean[1], blue: mean[2]).hue
        let distances = (0..<10).map { hueDistance(Float($0) / 10, hue) }
        return distances.firstIndex(of: distances.min()!)!
    }

    func figures(_ name: String, isJudged: Bool) -> [AcceptanceFigure] {
        [
            AcceptanceFigure(
                name + ", mean absolute error",
                distance / Double(errors.count),
                most: isJudged ? 0.02 : nil
            ),
            AcceptanceFigure(
                name + ", PSNR, dB",
                errors.peakSignalToNoise(peak: 1),
                least: isJudged ? 24 : nil
            ),
            AcceptanceFigure(
                name + ", share of right colours",
                Double(read) / Double(count),
                least: isJudged ? 0.95 : nil
            ),
        ]
    }
}
