internal import Tensors
internal import TrainingData

/// The 9-1-9 network beats cubic enlargement after a short training, and gains texture from a
/// discriminator at a price in fidelity that is known.
///
/// Cubic enlargement scores 0 on the first bar; sharpening or noise would bring texture, but lose
/// fidelity; a constant picture is 20 dB away.
struct SuperResolutionAcceptance: AcceptanceExperiment {
    private let contentSteps = 3_000
    private let adversarialSteps = 600
    /// Steps of the second stage between two looks at what has become of it.
    private let interval = 40

    func figures(data: String?, report: (String) -> Void) throws -> [AcceptanceFigure] {
        guard let data else { throw RecipeError.needsPhotos("the super-resolution experiment") }
        let steps = contentSteps + adversarialSteps
        let recipe = try SuperResolution(set: [
            "network": "9-1-9", "crop": "32", "batch": "16", "adversarial": "0.0002",
            "adversarial-rate": "0.0005", "steps": "\(steps)",
            "content-share": "\(Double(contentSteps) / Double(steps))",
        ])
        let reader = PictureReader()
        let photos = try PictureFolder(data, smallest: recipe.crop, reader: reader)
        // The first are for measuring, the next for choosing among checkpoints, the rest to learn from.
        let judged = min(100, photos.count / 4)
        let chosen = judged + min(20, photos.count / 8)
        let trainer = try SuperResolutionTrainer(
            recipe,
            photos[chosen..<photos.count],
            named: data,
            reader
        )
        let choice = try Pairs(photos[judged..<chosen], scale: recipe.scale)

        try trainer.take(0..<contentSteps, every: 250, report)
        let pairs = try Pairs(photos[0..<judged], scale: recipe.scale)
        let cubic = pairs.mean { $0.resized(by: Double(recipe.scale)) }
        let content = pairs.mean(trainer.result)

        // The discriminator goes on taking fidelity for texture: the last state that keeps enough of it
        // is the one to have. The margin is for other photos being looked at than those that count.
        let least =
            choice.mean { $0.resized(by: Double(recipe.scale)) }.peakSignalToNoise - 0.3 + 0.2
        var best = trainer.state.tensors
        for step in contentSteps..<steps {
            _ = try trainer.step(step)
            guard (step + 1 - contentSteps) % interval == 0 else { continue }
            let now = choice.mean(trainer.result)
            report("step \(step + 1): \(now.peakSignalToNoise) dB, texture \(now.texture)")
            guard now.peakSignalToNoise >= least else { break }
            best = trainer.state.tensors
        }
        try trainer.state.restore(TensorFile(tensors: best), path: "the best state")
        let adversarial = pairs.mean(trainer.result)

        return [
            AcceptanceFigure("PSNR of luma, cubic, dB", cubic.peakSignalToNoise),
            AcceptanceFigure("texture, cubic", cubic.texture),
            AcceptanceFigure("PSNR of luma after the first stage, dB", content.peakSignalToNoise),
            AcceptanceFigure("texture after the first stage", content.texture),
            AcceptanceFigure(
                "gain over cubic after the first stage, dB",
                content.peakSignalToNoise - cubic.peakSignalToNoise,
                least: 0.8
            ),
            AcceptanceFigure(
                "gain over cubic after the second stage, dB",
                adversarial.peakSignalToNoise - cubic.peakSignalToNoise,
                least: -0.3
            ),
            AcceptanceFigure(
                "texture gained in the second stage",
                adversarial.texture - content.texture,
                least: 0.08
            ),
        ]
    }
}

/// Photos beside what they were reduced to.
private struct Pairs {
    private let pairs: [(small: Tensor, original: Tensor)]
    private let scale: Int

    init(_ photos: PictureFolder, scale: Int) throws {
        self.scale = scale
        pairs = try (0..<photos.count).map { index in
            let photo = try photos.picture(index)
            let original = photo.tensor(
                Crop(
                    left: 0,
                    top: 0,
                    width: photo.width / scale * scale,
                    height: photo.height / scale * scale
                )
            )
            return (SuperResolutionTrainer.reduced(original, scale), original)
        }
    }

    /// The mean fidelity of a way to enlarge the small ones.
    func mean(_ enlarge: (Tensor) -> Tensor) -> (peakSignalToNoise: Double, texture: Double) {
        let all = pairs.map { Fidelity(enlarge($0.small), to: $0.original, border: scale) }
        func mean(_ value: (Fidelity) -> Double) -> Double {
            all.reduce(0) { $0 + value($1) } / Double(all.count)
        }
        return (mean(\.peakSignalToNoise), mean(\.texture))
    }
}
