internal import Measures
internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// The steps of an inpainting.
final class InpaintingTrainer: Trainer {
    private let recipe: Inpainting
    private let data: InpaintingData
    let networks: InpaintingNetworks
    private let generatorOptimizer, discriminatorOptimizer: Adam<Float>
    private let batches: Batches

    init(_ recipe: Inpainting, _ data: InpaintingData) {
        self.recipe = recipe
        self.data = data
        let settings = recipe.settings
        networks = InpaintingNetworks(recipe)
        func adam(_ parameters: [Training.Parameter<Float>]) -> Adam<Float> {
            Adam(parameters, rate: settings.learningRate, beta1: 0.5)
        }
        generatorOptimizer = adam(networks.generator.parameters)
        discriminatorOptimizer = adam(networks.discriminator.parameters)
        batches = Batches(
            data.items,
            size: settings.batch,
            seed: settings.seed,
            range: .signed
        )
    }

    var warnings: [String] { data.warnings() }

    var state: TrainingState {
        var state = TrainingState()
        state.networks = [("generator", networks.generator), ("average", networks.average)]
        state.optimizers = [("generator-optimizer", generatorOptimizer)]
        if recipe.isAdversarial {
            state.networks.append(("discriminator", networks.discriminator))
            state.optimizers.append(("discriminator-optimizer", discriminatorOptimizer))
        }
        return state
    }

    // MARK: Steps

    func step(_ step: Int) throws -> [String: Double] {
        let batch = try batches.batch(step)
        let (x, mask) = (Variable<Float>(batch["picture"]), Variable<Float>(batch["mask"]))
        let target = Variable<Float>(batch["target"])
        let settings = recipe.settings
        if settings.string("schedule") == "cosine" {
            let schedule = Schedule.cosine(steps: settings.steps, floor: 0.02)
            for optimizer in [generatorOptimizer, discriminatorOptimizer] {
                optimizer.rate = settings.learningRate * schedule.factor(at: step)
            }
        }
        let isJudged = recipe.isAdversarial && step >= settings.int("warm-up")
        let hole = networks.generator.hole(mask)
        let drawn = networks.generator.drawn(x, mask: mask)
        let result = target * (-hole + 1) + drawn * hole
        var losses: [String: Double] = [:]
        if isJudged {
            let verdict = AdversarialLoss.hinge.discriminator(
                real: judged(target, hole),
                fake: judged(result.detached, hole)
            )
            discriminatorOptimizer.minimize(verdict)
            losses["discriminator"] = Double(verdict.value)
        }
        let (inside, outside) = distances(drawn, target, hole)
        var loss = inside * 6 + outside
        losses["hole"] = Double(inside.value)
        losses["rest"] = Double(outside.value)
        if isJudged {
            let deceit = AdversarialLoss.hinge.generator(fake: judged(result, hole))
            loss = loss + deceit * Float(settings.float("adversarial"))
            losses["adversarial"] = Double(deceit.value)
        }
        generatorOptimizer.minimize(loss)
        MovingAverage(decay: settings.float("average"))
            .update(networks.average, from: networks.generator)
        return losses
    }

    private func judged(_ picture: Variable<Float>, _ hole: Variable<Float>) -> Variable<Float> {
        networks.discriminator(concatenated([picture, hole]))
    }

    /// Mean errors in holes, and of all other pixels.
    private func distances(
        _ a: Variable<Float>,
        _ b: Variable<Float>,
        _ hole: Variable<Float>
    ) -> (inside: Variable<Float>, outside: Variable<Float>) {
        let isSquared = recipe.settings.string("distance") == "squared"
        let errors = isSquared ? square(a - b) : abs(a - b)
        let inside = Float(a.shape[1]) * hole.sum().value
        let outside = Float(a.count) - inside
        let outer = (errors * (-hole + 1)).sum() / max(outside, 1)
        guard recipe.settings.string("alike") == "holes" else {
            return ((errors * hole).sum() / max(inside, 1), outer)
        }
        let pixels = hole.sum([1, 2, 3]) * Float(a.shape[1])
        return (((errors * hole).sum([1, 2, 3]) / (pixels + 1e-6)).mean(), outer)
    }

    // MARK: Results

    func samples() throws -> SampleSheet {
        let shown = Array(data.examples.prefix(6))
        return SampleSheet([
            Tensor(stacking: shown.map { PlainFill.zero($0.picture, mask: $0.mask) }),
            Tensor(stacking: networks.filled(shown)),
            Tensor(stacking: shown.map(\.picture)),
        ])
    }

    /// PSNR in the holes of pictures that are not trained on, in dB.
    func score() throws -> (name: String, value: Double)? {
        let results = networks.filled(data.examples)
        return ("hole-psnr", data.examples.quality(of: results).peakSignalToNoise)
    }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let card = ModelFolder.Card(
            name: "inpaint",
            task: "inpainting",
            summary: "Fills holes and scratches in photos.",
            scale: 1,
            input: ModelFolder.Card.Input(range: "unit"),
            training: recipe.settings.training(
                by: Inpainting.self,
                on: data.name,
                steps: steps,
                hours: hours,
                heldOut: data.heldOut
            )
        )
        try ModelFolder(graph: try networks.graph(), card: card).write(to: folder)
    }
}
