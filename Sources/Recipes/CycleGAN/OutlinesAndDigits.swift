internal import Measures
internal import Tensors
internal import Training
internal import TrainingData

/// Filled digits and outlines of other digits, never the two of the same: networks that translate one
/// into the other have found out what belongs together.
///
/// Three measures together, as each alone is fooled: outlines and fills of the same digit read alike,
/// so that a copy is read rightly; black is the constant of the least error; a mean picture correlates.
struct OutlinesAndDigits: AcceptanceExperiment {
    private let steps = 600
    /// Digits that are not trained on.
    private let unseen = Glyphs(count: 1000, seed: 2)

    func figures(data: String?, report: (String) -> Void) throws -> [AcceptanceFigure] {
        let glyphs = Glyphs(count: 8000, seed: 1)
        let numbers = 0..<unseen.count
        let (fills, outlines) = (
            numbers.map { unseen.glyph($0).picture },
            numbers.map { unseen.glyph($0).picture.glyphEdge }
        )
        let digits = numbers.map { unseen.glyph($0).digit }
        func judge(_ picture: @escaping @Sendable (Tensor) -> Tensor) throws -> DigitJudge {
            let items = Items(count: glyphs.count) { (index, _) throws(DataError) in
                let (glyph, digit) = glyphs.glyph(index)
                return ["picture": .picture(picture(glyph)), "digit": .plain(Tensor(Int64(digit)))]
            }
            return try DigitJudge.trained(on: items, channels: 1, seed: 1)
        }
        let outlining = Direction(
            "digits to outlines",
            fills,
            outlines,
            digits,
            try judge(\.glyphEdge)
        )
        let filling = Direction("outlines to digits", outlines, fills, digits, try judge { $0 })

        return try firstThatReaches(report) { seed in
            let networks = try train(seed, on: glyphs, report)
            let there = fills.map { networks.toB.picture(of: $0, range: .signed).clamped }
            let back = outlines.map { networks.toA.picture(of: $0, range: .signed).clamped }
            let cycle = Agreement(there.map { networks.toA.picture(of: $0, range: .signed) }, fills)
            return outlining.figures("network", there, error: 0.045, correlation: 0.88)
                + filling.figures("network", back, error: 0.025, correlation: 0.94)
                + [
                    AcceptanceFigure(
                        "digits to outlines and back, mean absolute error",
                        cycle.meanAbsoluteError,
                        most: 0.03
                    )
                ] + outlining.baselines + filling.baselines
        }
    }

    private func train(
        _ seed: UInt64,
        on glyphs: Glyphs,
        _ report: (String) -> Void
    ) throws -> CycleNetworks {
        // The first half of a schedule, in which the rate stays whole.
        let recipe = try CycleGAN(set: [
            "seed": "\(seed)", "steps": "\(2 * steps)", "batch": "16", "learning-rate": "0.0005",
            "channels": "16", "blocks": "3", "discriminator-channels": "16",
            "discriminator-layers": "2", "crop": "32", "identity": "0",
            "enlargement": "transposed",
        ])
        let game = CycleGame(recipe, CycleNetworks(recipe, channels: 1))
        let half = glyphs.count / 2
        let items = Items(count: half) { (index, random) throws(DataError) in
            let other = half + random.integer(below: half)
            return [
                "a": .picture(glyphs.glyph(index).picture),
                "b": .picture(glyphs.glyph(other).picture.glyphEdge),
            ]
        }
        let batches = Batches(items, size: recipe.settings.batch, seed: seed, range: .signed)
        for step in 0..<steps {
            let batch = try batches.batch(step)
            let losses = game.step(step, a: Variable(batch["a"]), b: Variable(batch["b"]))
            if (step + 1) % 100 == 0 { report("step \(step + 1): cycle \(losses["cycle"]!)") }
        }
        return game.networks
    }
}

/// One way of translating, and what is known of it.
private struct Direction {
    private let name: String
    private let inputs, truth: [Tensor]
    private let digits: [Int]
    private let judge: DigitJudge

    init(
        _ name: String,
        _ inputs: [Tensor],
        _ truth: [Tensor],
        _ digits: [Int],
        _ judge: DigitJudge
    ) {
        self.name = name
        self.inputs = inputs
        self.truth = truth
        self.digits = digits
        self.judge = judge
    }

    /// - Parameters:
    ///   - error: the bar of the mean absolute error; without it the results are for comparison.
    ///   - correlation: the bar of the correlation of all pixels with the truth.
    func figures(
        _ who: String,
        _ results: [Tensor],
        error: Double? = nil,
        correlation: Double? = nil
    ) -> [AcceptanceFigure] {
        let agreement = Agreement(results, truth)
        let prefix = "\(name), \(who): "
        return [
            AcceptanceFigure(
                prefix + "mean absolute error",
                agreement.meanAbsoluteError,
                most: error
            ),
            AcceptanceFigure(prefix + "correlation", agreement.correlation, least: correlation),
            AcceptanceFigure(
                prefix + "digits read",
                judge.accuracy(results, digits),
                least: error == nil ? nil : 0.95
            ),
        ]
    }

    /// What comes of it without a network.
    var baselines: [AcceptanceFigure] {
        let mean = Tensor(meanPicture(truth.map { planes(of: $0) }))
        let black = Tensor(shape: mean.shape, values: [Float](repeating: 0, count: mean.count))
        return figures("a copy", inputs)
            + figures("the mean picture", truth.map { _ in mean })
            + figures("black", truth.map { _ in black })
    }
}

/// How far pictures agree with others, over all of their pixels.
private struct Agreement {
    private(set) var meanAbsoluteError = 0.0
    /// Pearson's; 0 where one of the two is all of one colour.
    private(set) var correlation = 0.0

    init(_ results: [Tensor], _ truth: [Tensor]) {
        var (n, x, y, xx, yy, xy, distance) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for (a, b) in zip(results, truth) {
            for (p, q) in zip(a.array(of: Float.self), b.array(of: Float.self)) {
                let (p, q) = (Double(p), Double(q))
                n += 1
                x += p
                y += q
                xx += p * p
                yy += q * q
                xy += p * q
                distance += abs(p - q)
            }
        }
        meanAbsoluteError = distance / n
        let (varianceX, varianceY) = (xx / n - x / n * x / n, yy / n - y / n * y / n)
        guard varianceX > 1e-12, varianceY > 1e-12 else { return }
        correlation = (xy / n - x / n * y / n) / (varianceX * varianceY).squareRoot()
    }
}
