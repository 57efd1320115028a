internal import Tensors
internal import Training
internal import TrainingData

/// A small network learns a pattern of brush strokes: photos it has never seen come out close to the
/// pattern in style, and still show what they showed.
///
/// The photo itself has all of the content and none of the style; a plain colour, and the pattern
/// itself, have lost the content.
struct StyleTransferAcceptance: AcceptanceExperiment {
    private let steps = 600
    /// The bar of style, as a share of an untouched photo's distance from the pattern.
    private let style = 0.25
    /// The bar of content, as a share of the distance of unrelated photos.
    private let content = 0.4

    func figures(data: String?, report: (String) -> Void) throws -> [AcceptanceFigure] {
        guard let data else { throw RecipeError.needsPhotos("the style-transfer experiment") }
        let recipe = try StyleTransfer(set: [
            "channels": "8", "blocks": "2", "crop": "96", "steps": "\(steps)",
            "learning-rate": "0.003", "features": "random", "content-weight": "2",
            "style-weight": "1", "tv-weight": "0",
        ])
        let reader = PictureReader()
        let photos = try PictureFolder(data, smallest: recipe.settings.int("crop"), reader: reader)
        let judged = min(16, max(2, photos.count / 4))
        let pattern = PaintedPattern(side: 192, seed: 1).tensor
        let trainer = try StyleTransferTrainer(
            recipe,
            photos[judged..<photos.count],
            named: data,
            painting: pattern,
            reader
        )
        try trainer.take(0..<steps, every: 50, report)

        let side = 128
        let originals = try (0..<judged).map { try photos.picture($0).reducedCenter(side) }
        let batch = Variable<Float>(Tensor(stacking: originals))
        func distances(_ results: Variable<Float>) -> (content: Double, style: Double) {
            let losses = withoutRecording { trainer.losses(results, of: batch) }
            return (Double(losses.content.value), Double(losses.style.value))
        }
        func excess(_ found: (content: Double, style: Double)) -> Double {
            max(found.content / unrelated.content / content, found.style / untouched.style / style)
        }
        let unrelated = distances(batch.gathered((0..<judged).map { ($0 + 1) % judged }))
        let untouched = distances(batch)
        let result = distances(inference { trainer.repainted(batch) })
        let part = Variable<Float>(pattern.reshaped(to: [1, 3, 192, 192]))
        let square = part.cropped(rows: 0..<side, columns: 0..<side).broadcast(to: batch.shape)
        return [
            AcceptanceFigure(
                "style, share of an untouched photo's distance",
                result.style / untouched.style,
                most: style
            ),
            AcceptanceFigure(
                "content, share of an unrelated photo's distance",
                result.content / unrelated.content,
                most: content
            ),
            AcceptanceFigure("times a bar: the photo itself", excess(untouched), least: 1.2),
            AcceptanceFigure(
                "times a bar: the mean colour of the pattern",
                excess(distances(part.mean([2, 3]).broadcast(to: batch.shape))),
                least: 1.2
            ),
            AcceptanceFigure(
                "times a bar: the pattern itself",
                excess(distances(square)),
                least: 1.2
            ),
        ]
    }
}
