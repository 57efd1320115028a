internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// The steps of a style transfer in which every photo of a batch has a painting of its own.
final class AnyStyleTrainer: Trainer {
    private let recipe: AnyStyle
    private let networks: AnyStyleNetworks
    private let optimizer: Adam<Float>
    private let losses: StyleLosses
    private let reader = PictureReader()
    private let data: String
    private let batches: Batches
    /// For sample sheets: as many photos as paintings, N × 3 × side × side from 0 to 1.
    private let photos, paintings: Tensor

    init(_ recipe: AnyStyle, _ data: String) throws {
        self.recipe = recipe
        self.data = data
        let settings = recipe.settings
        guard let folder = settings.string("paintings") else {
            throw RecipeError.badSetting("paintings", expected: "a folder", found: "none")
        }
        networks = AnyStyleNetworks(recipe)
        optimizer = Adam(
            networks.generator.parameters + networks.style.parameters,
            rate: settings.learningRate
        )
        let (crop, jitter) = (settings.int("crop"), settings.float("jitter"))
        let photos = try PictureFolder(data, smallest: crop, reader: reader)
        let paintings = try PictureFolder(folder, smallest: crop, reader: reader)
        let items = Items(count: photos.count) { (index, random) throws(DataError) in
            let photo = try photos.picture(index).reducedCrop(crop, &random)
            let painting = try paintings.picture(random.integer(below: paintings.count))
                .reducedCrop(crop, &random)
            let mirror = Symmetry(isMirrored: random.happens(0.5))
            let colors = ColorJitter.random(strength: jitter, hue: jitter / 2, &random)
            return [
                "photo": .picture(photo),
                "painting": .picture(colors.apply(to: mirror.apply(to: painting))),
            ]
        }
        batches = Batches(items, size: settings.batch, seed: settings.seed)
        losses = try StyleLosses(
            settings.string("features")!,
            style: settings.list("style-layers"),
            content: settings.list("content-layers"),
            photos: photos.squares(8, side: crop),
            side: crop
        )
        let count = min(6, photos.count, paintings.count)
        self.photos = try photos.squares(count, side: 256)
        self.paintings = try paintings.squares(count, side: crop)
    }

    var warnings: [String] { reader.warnings }

    var state: TrainingState {
        var state = TrainingState()
        state.networks = [("generator", networks.generator), ("style", networks.style)]
        state.optimizers = [("optimizer", optimizer)]
        return state
    }

    func step(_ step: Int) throws -> [String: Double] {
        let settings = recipe.settings
        optimizer.rate =
            settings.learningRate
            * Schedule.cosine(steps: settings.steps, floor: 0.05).factor(at: step)
        let batch = try batches.batch(step)
        let photos = Variable<Float>(batch["photo"])
        let results = networks.repainted(photos, as: Variable(batch["painting"]))
        let terms = losses(results, of: photos, in: losses.style(of: batch["painting"]))
        optimizer.minimize(terms.weighted(by: settings))
        return terms.figures
    }

    /// Photos, what becomes of them, and the paintings.
    func samples() throws -> SampleSheet {
        let results = inference { networks.repainted(Variable(photos), as: Variable(paintings)) }
        return SampleSheet([photos, results.tensor, paintings])
    }

    /// Content and style pull in different directions: no number says which mixture is best.
    func score() throws -> (name: String, value: Double)? { nil }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let crop = recipe.settings.int("crop")
        let card = ModelFolder.Card(
            name: "style-any",
            task: AnyStyle.name,
            summary: "Repaints a photo in the manner of any painting.",
            scale: 1,
            input: ModelFolder.Card.Input(range: "signed", side: crop),
            training: recipe.settings.training(
                by: AnyStyle.self,
                on: data,
                steps: steps,
                hours: hours
            )
        )
        let style = try networks.style.graph(named: "style", side: 32)
        try ModelFolder(graph: networks.graph(), card: card, others: ["style": style])
            .write(to: folder)
    }
}
