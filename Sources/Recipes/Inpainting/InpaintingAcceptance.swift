internal import Tensors
internal import TrainingData

/// Shows that the recipe fills holes: those of photos where some are given, else those of drawn digits,
/// where only what understands strokes beats the smoothest surface.
struct InpaintingAcceptance: AcceptanceExperiment {
    func figures(data: String?, report: (String) -> Void) throws -> [AcceptanceFigure] {
        try firstThatReaches(report) { seed in
            try data.map { try PhotoFills($0, seed: seed).figures(report) }
                ?? GlyphFills(seed: seed).figures(report)
        }
    }
}

/// A small training, as the experiments need it.
struct FillTraining {
    let trainer: InpaintingTrainer
    private let steps: Int

    init(
        _ items: Items,
        steps: Int,
        batch: Int,
        side: Int,
        prefill: String = "none",
        seed: UInt64
    ) throws(RecipeError) {
        let words = [
            ("seed", "\(seed)"), ("steps", "\(steps)"), ("batch", "\(batch)"), ("crop", "\(side)"),
            ("channels", "16"), ("discriminator-channels", "16"), ("warm-up", "300"),
            ("average", "0.99"), ("prefill", prefill), ("learning-rate", "0.001"),
        ].map { (key: $0.0, text: $0.1) }
        let settings = try Settings(Inpainting.settings, given: words, recipe: Inpainting.name)
        let data = InpaintingData(items, examples: [], name: "")
        trainer = InpaintingTrainer(Inpainting(settings), data)
        self.steps = steps
    }

    func run(_ report: (String) -> Void) throws {
        for step in 0..<steps {
            let losses = try trainer.step(step)
            guard (step + 1) % 100 == 0 else { continue }
            let texts = losses.sorted { $0.key < $1.key }.map { "\($0.key) \(Float($0.value))" }
            report("step \(step + 1) of \(steps): " + texts.joined(separator: ", "))
        }
    }
}

extension [HoledPicture] {
    /// All pictures as something fills them.
    func filled(by fill: PlainFill) -> [Tensor] { map { fill($0.picture, mask: $0.mask) } }

    func quality(of results: [Tensor]) -> FillQuality {
        var quality = FillQuality()
        for (sample, result) in zip(self, results) {
            quality.add(result, sample.picture, mask: sample.mask)
        }
        return quality
    }
}
