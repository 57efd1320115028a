internal import Measures
internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

extension Colorization {
    /// The networks of the game, with fresh weights.
    func networks() -> Pix2PixNetworks {
        guard isScene else { return Pix2PixNetworks(game, inputs: 1, outputs: 2) }
        return Pix2PixNetworks(game, inputs: 1, outputs: 2) { [settings, game] initial, dropout in
            SceneNetwork(
                inputs: 1,
                outputs: 2,
                features: settings.int("channels"),
                norm: game.norm,
                dropout: dropout,
                isEncoderApart: settings.string("features") != nil,
                initial
            )
        }
    }
}

/// A game of Pix2Pix on the luma and the chroma of photos.
final class ColorizationTrainer: Trainer {
    private let recipe: Colorization
    private let data: String
    private let game: Pix2PixGame
    private let reader: PictureReader
    private let batches: Batches
    private let examples: Examples
    /// Photos that are not trained on, by their paths.
    private let heldOut: [String]

    init(_ recipe: Colorization, _ data: String) throws {
        self.recipe = recipe
        self.data = data
        let settings = recipe.settings
        reader = PictureReader()
        let crop = recipe.game.crop
        let photos = try PictureFolder(data, smallest: crop, reader: reader)
        let split = Split(count: photos.count)
        heldOut = split.heldOut(of: photos)
        let items = Items(count: split.training.count) { (index, random) throws(DataError) in
            let part = try photos.picture(split.training[index]).reducedCrop(crop, &random)
            let laid = Symmetry(isMirrored: random.happens(0.5)).apply(to: part)
            let jitter = settings.float("jitter")
            let colors = ColorJitter.random(strength: jitter, hue: 0, &random).apply(to: laid)
            return ["luma": .picture(colors.luma), "chroma": .plain(colors.chroma)]
        }
        batches = Batches(items, size: settings.batch, seed: settings.seed, range: .signed)
        examples = Examples(
            pairs: try split.measuring.prefix(32).map { index in
                let colors = try photos.picture(index).reducedCenter(crop)
                return (colors.luma, colors)
            }
        )
        let networks = recipe.networks()
        let shown = Tensor(stacking: examples.pairs.map { $0.input.repeated(3) })
        let hints = try settings.string("features").map { source in
            try FeatureHints(
                source,
                layers: settings.list("feature-layers"),
                pictures: shown,
                encoder: withoutRecording {
                    networks.generator.withEncoderMaps(Variable([1, 1, crop, crop], repeating: 0))
                        .maps
                },
                Initialization(
                    .kaimingNormal,
                    Randomness(seed: settings.seed).stream("hints")
                )
            )
        }
        // Judged at the size that is drawn at.
        let drawn = recipe.isScene ? 4 : 1
        let distance: Pix2PixGame.Distance? = recipe.visibleDistance.map { visible in
            { luma, chroma, target in
                let differences = visibleDifference(
                    luma.averagePooled(drawn),
                    chroma.averagePooled(drawn),
                    target.averagePooled(drawn)
                )
                return (visible.isSquared ? square(differences) : differences).mean()
            }
        }
        game = Pix2PixGame(recipe.game, networks, hints: hints, distance: distance)
    }

    var warnings: [String] { reader.warnings }
    var state: TrainingState { game.state }

    func step(_ step: Int) throws -> [String: Double] {
        let batch = try batches.batch(step)
        let weight = Float(recipe.settings.float("hints"))
        let luma = Variable<Float>(batch["luma"])
        let grey = concatenated([luma, luma, luma]) * 0.5 + 0.5
        return game.step(
            step,
            luma,
            Variable(batch["chroma"]),
            hinted: recipe.settings.string("features").map { _ in (grey, weight) }
        )
    }

    func samples() throws -> SampleSheet { examples.sheet(colored) }

    /// The photo that the network makes of a luma 1 × H × W of numbers from 0 to 1.
    private func colored(_ luma: Tensor) -> Tensor {
        let luma = luma.reshaped(to: [1] + luma.shape)
        let x = Variable<Float>(PixelRange.signed.encoded(luma))
        let result = inference {
            pictures(luma: Variable(luma), chroma: chroma(of: x))
        }
        return result.tensor.reshaped(to: Array(result.shape.dropFirst()))
    }

    /// The chroma that the model gives a luma from −1 to 1.
    private func chroma(of luma: Variable<Float>) -> Variable<Float> {
        game.networks.average(luma) * Float(recipe.settings.float("vividness"))
    }

    /// How much nearer than grey the colours of photos that are not trained on are to the truth, by the
    /// mean CIEDE2000: 0 for grey, 1 for the truth.
    func score() throws -> (name: String, value: Double)? {
        func distance(_ result: (Tensor) -> Tensor) -> Double {
            examples.results(result).reduce(0) { sum, pair in
                sum + meanColorDifference(bytePlanes(of: pair.result), bytePlanes(of: pair.target))
            }
        }
        return ("colour-gain", 1 - distance(colored) / distance { $0.repeated(3) })
    }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let card = ModelFolder.Card(
            name: "colorize",
            task: Colorization.name,
            summary: "Gives a grey photo colours.",
            // Crops are from a small part of a photo to all of it, half of its side in the middle.
            input: ModelFolder.Card.Input(range: "signed", side: 2 * recipe.game.crop),
            training: recipe.settings.training(
                by: Colorization.self,
                on: data,
                steps: steps,
                hours: hours,
                heldOut: heldOut
            )
        )
        let side = recipe.game.crop
        let graph = try Tracer.graph(
            of: game.networks.average,
            named: Colorization.name,
            sample: Variable([1, 1, side, side], repeating: 0)
        ) { chroma(of: $0) }
        try ModelFolder(graph: graph, card: card).write(to: folder)
    }
}
