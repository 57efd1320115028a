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
        seed: UInt64
    ) throws {
        let recipe = try Inpainting(set: [
            "seed": "\(seed)", "steps": "\(steps)", "batch": "\(batch)", "crop": "\(side)",
            "channels": "16", "discriminator-channels": "16", "warm-up": "300",
            "adversarial": "0.1", "average": "0.5",
        ])
        let data = InpaintingData(items, examples: [], name: "")
        trainer = InpaintingTrainer(recipe, data)
        self.steps = steps
    }

    func run(_ report: (String) -> Void) throws {
        try trainer.take(0..<steps, every: 100, report)
    }
}

extension Tensor {
    /// A mask 1 × side × side with square holes that stay away from the border.
    init(
        squareHoles count: Int,
        _ lengths: ClosedRange<Int>,
        side: Int,
        margin: Int = 0,
        _ random: inout RandomNumbers
    ) {
        var values = [Float](repeating: 0, count: side * side)
        for _ in 0..<count {
            let length = random.integer(lengths)
            let left = random.integer(margin...(side - margin - length))
            let top = random.integer(margin...(side - margin - length))
            for y in top..<(top + length) {
                for x in left..<(left + length) { values[y * side + x] = 1 }
            }
        }
        self.init(shape: [1, side, side], values: values)
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
