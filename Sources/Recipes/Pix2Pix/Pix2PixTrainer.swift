internal import Measures
internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// A game of Pix2Pix on pairs of pictures in a folder.
final class Pix2PixTrainer: Trainer {
    private let recipe: Pix2Pix
    private let data: String
    private let game: Pix2PixGame
    private let reader: PictureReader
    private let batches: Batches
    private let examples: Examples

    init(_ recipe: Pix2Pix, _ data: String) throws {
        self.recipe = recipe
        self.data = data
        let settings = recipe.settings
        game = Pix2PixGame(recipe, Pix2PixNetworks(recipe))
        reader = PictureReader()
        let cut = PairCut(
            side: recipe.crop,
            jitter: settings.bool("fit") ? settings.int("jitter") : nil,
            isMirrored: settings.bool("mirror")
        )
        let pairs = try PicturePairs(
            dataSet: data,
            inputIsA: settings.string("direction") == "a-to-b",
            smallest: cut.smallest,
            reader: reader
        )
        let split = Split(count: pairs.count)
        let items = Items(count: split.training.count) { (index, random) throws(DataError) in
            let (input, target) = cut.random(try pairs.pair(split.training[index]), &random)
            return ["input": .picture(input), "target": .picture(target)]
        }
        batches = Batches(items, size: settings.batch, seed: settings.seed, range: .signed)
        examples = Examples(
            pairs: try split.measuring.prefix(32).map { cut.center(try pairs.pair($0)) }
        )
    }

    var warnings: [String] { reader.warnings }
    var state: TrainingState { game.state }

    func step(_ step: Int) throws -> [String: Double] {
        let batch = try batches.batch(step)
        return game.step(step, Variable(batch["input"]), Variable(batch["target"]))
    }

    func samples() throws -> SampleSheet { examples.sheet(translated) }

    private func translated(_ picture: Tensor) -> Tensor {
        game.networks.average.picture(of: picture, range: .signed)
    }

    /// The mean PSNR of all colours on pairs that are not trained on, in dB.
    func score() throws -> (name: String, value: Double)? {
        let values = examples.results(translated).map { (result, target) in
            peakSignalToNoise(planes(of: result.roundedToBytes), planes(of: target), peak: 1)
        }
        return ("psnr", values.reduce(0, +) / Double(values.count))
    }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let card = ModelFolder.Card(
            name: Pix2Pix.name,
            task: "translation",
            summary: "Translates a picture into another of the same size.",
            input: ModelFolder.Card.Input(
                range: "signed",
                side: recipe.settings.bool("fit") ? recipe.crop : nil
            ),
            training: recipe.settings.training(
                by: Pix2Pix.self,
                on: data,
                steps: steps,
                hours: hours
            )
        )
        let graph = try game.networks.average.graph(named: Pix2Pix.name, side: recipe.crop)
        try ModelFolder(graph: graph, card: card).write(to: folder)
    }
}
