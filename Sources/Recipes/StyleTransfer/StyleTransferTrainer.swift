internal import FoundationEssentials
internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// The steps of a style transfer.
final class StyleTransferTrainer: Trainer {
    private let recipe: StyleTransfer
    private let generator: StyleGenerator
    private let optimizer: Adam<Float>
    private let reader: PictureReader
    private let data: String
    private let batches: Batches
    private let terms: StyleLosses
    private let style: StyleLosses.Style
    /// Photos for sample sheets, N × 3 × side × side from 0 to 1.
    private let examples: Tensor

    convenience init(_ recipe: StyleTransfer, _ data: String) throws {
        guard let file = recipe.settings.string("style") else {
            throw RecipeError.badSetting("style", expected: "a picture file", found: "none")
        }
        let painting = try Picture(path: file)
        let factor =
            Double(recipe.settings.int("style-size")) / Double(max(painting.width, painting.height))
        let reader = PictureReader()
        try self.init(
            recipe,
            PictureFolder(data, smallest: recipe.settings.int("crop"), reader: reader),
            named: data,
            painting: painting.tensor.resized(by: factor).clamped,
            reader
        )
    }

    /// - Parameters:
    ///   - data: what the photos are called.
    ///   - painting: 3 × height × width from 0 to 1.
    init(
        _ recipe: StyleTransfer,
        _ photos: PictureFolder,
        named data: String,
        painting: Tensor,
        _ reader: PictureReader
    ) throws {
        self.recipe = recipe
        self.data = data
        self.reader = reader
        let settings = recipe.settings
        generator = StyleGenerator(recipe)
        optimizer = Adam(generator.parameters, rate: settings.learningRate)
        let crop = settings.int("crop")
        let items = Items(count: photos.count) { (index, random) throws(DataError) in
            ["photo": .picture(try photos.picture(index).reducedCrop(crop, &random))]
        }
        batches = Batches(items, size: settings.batch, seed: settings.seed)
        terms = try StyleLosses(
            settings.string("features")!,
            style: settings.list("style-layers"),
            content: settings.list("content-layers"),
            photos: photos.squares(8, side: crop),
            side: min(crop, painting.shape[1], painting.shape[2])
        )
        style = terms.style(of: painting.reshaped(to: [1] + painting.shape))
        examples = try photos.squares(4, side: 384)
    }

    var warnings: [String] { reader.warnings }

    var state: TrainingState {
        var state = TrainingState()
        state.networks = [("generator", generator)]
        state.optimizers = [("optimizer", optimizer)]
        return state
    }

    func step(_ step: Int) throws -> [String: Double] {
        let settings = recipe.settings
        optimizer.rate =
            settings.learningRate
            * Schedule.cosine(steps: settings.steps, floor: 0.05).factor(at: step)
        let photos = Variable<Float>(try batches.batch(step)["photo"])
        let losses = losses(repainted(photos), of: photos)
        optimizer.minimize(losses.weighted(by: settings))
        return losses.figures
    }

    /// What is wrong with results, pictures from 0 to 1 made of these photos.
    func losses(_ results: Variable<Float>, of photos: Variable<Float>) -> StyleLosses.Terms {
        terms(results, of: photos, in: style)
    }

    /// Pictures made of photos, both from 0 to 1.
    func repainted(_ photos: Variable<Float>) -> Variable<Float> {
        (generator(photos * 2 - 1) + 1) * 0.5
    }

    func samples() throws -> SampleSheet {
        let results = inference { repainted(Variable(examples)) }
        return SampleSheet([examples, results.tensor])
    }

    /// Content and style pull in different directions: no number says which mixture is best.
    func score() throws -> (name: String, value: Double)? { nil }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let file = URL(filePath: recipe.settings.string("style")!)
        let words = file.deletingPathExtension().lastPathComponent.lowercased()
            .split { !$0.isLetter && !$0.isNumber }
        let card = ModelFolder.Card(
            name: "style-" + words.joined(separator: "-"),
            task: StyleTransfer.name,
            summary: "Repaints a photo in the manner of \(file.lastPathComponent).",
            scale: 1,
            input: ModelFolder.Card.Input(range: "signed"),
            training: recipe.settings.training(
                by: StyleTransfer.self,
                on: data,
                steps: steps,
                hours: hours
            )
        )
        let graph = try generator.graph(named: StyleTransfer.name, side: 32)
        try ModelFolder(graph: graph, card: card).write(to: folder)
    }
}
