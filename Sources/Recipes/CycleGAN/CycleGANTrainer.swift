internal import Graphs
internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// A game of CycleGAN on two folders of pictures.
final class CycleGANTrainer: Trainer {
    private let recipe: CycleGAN
    private let data: String
    private let game: CycleGame
    private let reader: PictureReader
    private let batches: Batches
    /// Pictures for sample sheets, N × 3 × crop × crop from 0 to 1.
    private let examplesA, examplesB: Tensor

    init(_ recipe: CycleGAN, _ data: String) throws {
        self.recipe = recipe
        self.data = data
        let settings = recipe.settings
        game = CycleGame(recipe, CycleNetworks(recipe))
        reader = PictureReader()
        let cut = PairCut(
            side: recipe.crop,
            jitter: settings.bool("fit") ? settings.int("jitter") : nil,
            isMirrored: true
        )
        let domains = try TwoDomains(data, smallest: cut.smallest, reader: reader)
        let (a, b) = (domains.a, domains.b)
        // One picture of the larger folder after the other, each beside any of the smaller one.
        let items = Items(count: max(a.count, b.count)) { (index, random) throws(DataError) in
            func place(_ count: Int) -> Int {
                index < count ? index : random.integer(below: count)
            }
            let (first, second) = (place(a.count), place(b.count))
            return [
                "a": .picture(cut.random(try a.picture(first), &random)),
                "b": .picture(cut.random(try b.picture(second), &random)),
            ]
        }
        batches = Batches(items, size: settings.batch, seed: settings.seed, range: .signed)
        func examples(_ folder: PictureFolder) throws -> Tensor {
            let count = min(4, a.count, b.count)
            return Tensor(stacking: try (0..<count).map { cut.center(try folder.picture($0)) })
        }
        (examplesA, examplesB) = (try examples(a), try examples(b))
    }

    var warnings: [String] { reader.warnings }
    var state: TrainingState { game.state }

    func step(_ step: Int) throws -> [String: Double] {
        let batch = try batches.batch(step)
        return game.step(step, a: Variable(batch["a"]), b: Variable(batch["b"]))
    }

    /// Pictures of both kinds, each beside its translation.
    func samples() throws -> SampleSheet {
        func translated(_ pictures: Tensor, by network: ResidualGenerator<Float>) -> Tensor {
            let results = inference { network(Variable(PixelRange.signed.encoded(pictures))) }
            return PixelRange.signed.decoded(results.tensor)
        }
        return SampleSheet([
            examplesA, translated(examplesA, by: game.networks.toB),
            examplesB, translated(examplesB, by: game.networks.toA),
        ])
    }

    /// Without pairs there is no truth to compare with.
    func score() throws -> (name: String, value: Double)? { nil }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let card = ModelFolder.Card(
            name: CycleGAN.name,
            task: "translation",
            summary: "Translates pictures of one kind into pictures of another, and back.",
            scale: 1,
            input: ModelFolder.Card.Input(range: "signed"),
            training: recipe.settings.training(
                by: CycleGAN.self,
                on: data,
                steps: steps,
                hours: hours
            )
        )
        func graph(_ network: ResidualGenerator<Float>, _ name: String) throws -> Graph {
            try network.graph(named: name, side: 32)
        }
        try ModelFolder(
            graph: graph(game.networks.toB, "a-to-b"),
            card: card,
            others: ["b-to-a": graph(game.networks.toA, "b-to-a")]
        ).write(to: folder)
    }
}
