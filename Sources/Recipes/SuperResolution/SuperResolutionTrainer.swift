internal import Tensors
internal import Training
internal import TrainingData
internal import TrainingLogs

/// The steps of a super-resolution.
final class SuperResolutionTrainer: Trainer {
    private let recipe: SuperResolution
    private let networks: SuperResolutionNetworks
    private let generatorOptimizer, discriminatorOptimizer: Adam<Float>
    private let reader: PictureReader
    private let data: String
    private let batches: Batches
    private let examples: Examples
    /// Photos that are not trained on, by their paths.
    private let heldOut: [String]
    private let perceptual: PerceptualLoss?

    convenience init(_ recipe: SuperResolution, _ data: String) throws {
        let reader = PictureReader()
        let photos = try PictureFolder(data, smallest: recipe.crop, reader: reader)
        try self.init(recipe, photos, named: data, reader)
    }

    /// - Parameter data: what the photos are called.
    init(
        _ recipe: SuperResolution,
        _ photos: PictureFolder,
        named data: String,
        _ reader: PictureReader
    ) throws {
        self.recipe = recipe
        self.data = data
        self.reader = reader
        let settings = recipe.settings
        networks = SuperResolutionNetworks(recipe)
        generatorOptimizer = Adam(
            networks.generator.parameters,
            rate: settings.learningRate
        )
        discriminatorOptimizer = Adam(networks.discriminator.parameters, rate: 1e-4)
        let crop = recipe.crop
        let split = Split(count: photos.count)
        heldOut = split.heldOut(of: photos)
        let scale = recipe.scale
        let items = Items(count: split.training.count) { (index, random) throws(DataError) in
            let photo = try photos.picture(split.training[index])
            let part = photo.interestingCrop(crop, &random)
            let target = Symmetry.random(&random).apply(to: part)
            return [
                "target": .picture(target),
                "input": .picture(Self.reduced(target, scale)),
            ]
        }
        batches = Batches(items, size: settings.batch, seed: settings.seed)
        examples = Examples(
            pairs: try split.measuring.prefix(8).map {
                let photo = try photos.picture($0)
                let side = min(192, photo.width, photo.height) / scale * scale
                let target = photo.tensor(Crop.center(side, in: photo.size))
                return (Self.reduced(target, scale), target)
            }
        )
        perceptual = try settings.string("features").map { source in
            guard recipe.isAdversarial else {
                throw RecipeError.badSetting(
                    "features",
                    expected: "a second stage, with \"adversarial\" above 0",
                    found: "none"
                )
            }
            let parts = try (0..<min(8, photos.count)).map { index in
                let photo = try photos.picture(index)
                return photo.tensor(Crop.center(crop, in: photo.size))
            }
            return try PerceptualLoss(
                source,
                layers: settings.list("feature-layers"),
                pictures: Tensor(stacking: parts)
            )
        }
    }

    /// A photo as it would have been taken small.
    static func reduced(_ picture: Tensor, _ scale: Int) -> Tensor {
        picture.resized(by: 1 / Double(scale)).roundedToBytes
    }

    var warnings: [String] { reader.warnings }

    var state: TrainingState {
        var state = TrainingState()
        state.networks = [("generator", networks.generator)]
        state.optimizers = [("generator-optimizer", generatorOptimizer)]
        if recipe.isAdversarial {
            state.networks.append(("discriminator", networks.discriminator))
            state.optimizers.append(("discriminator-optimizer", discriminatorOptimizer))
        }
        return state
    }

    func step(_ step: Int) throws -> [String: Double] {
        let batch = try batches.batch(step)
        let (x, y) = (Variable<Float>(batch["input"]), Variable<Float>(batch["target"]))
        return step < recipe.contentSteps ? fidelity(x, y, step) : adversary(x, y, step)
    }

    /// Nothing but the distance to the original.
    private func fidelity(_ x: Variable<Float>, _ y: Variable<Float>, _ step: Int) -> [String:
        Double]
    {
        let schedule = Schedule.cosine(steps: recipe.contentSteps, floor: 0.02)
        generatorOptimizer.rate = recipe.settings.learningRate * schedule.factor(at: step)
        let loss = content(networks.generator(x), y)
        generatorOptimizer.minimize(loss)
        return ["content": Double(loss.value)]
    }

    /// The discriminator's step, then the generator's.
    private func adversary(_ x: Variable<Float>, _ y: Variable<Float>, _ step: Int) -> [String:
        Double]
    {
        let past = step - recipe.contentSteps
        let steps = recipe.settings.steps - recipe.contentSteps
        let halvings = Schedule.multiplied(by: 0.5, at: [steps / 2, steps * 3 / 4, steps * 9 / 10])
        for optimizer in [generatorOptimizer, discriminatorOptimizer] {
            optimizer.rate = recipe.settings.float("adversarial-rate") * halvings.factor(at: past)
        }
        let judge = networks.discriminator
        let result = networks.generator(x)
        // A result in the colours of its original is what judges are shown, so that they ask for
        // texture and not for colours; those have to be the original's.
        let luma = Variable<Float>([3, 1, 1], [0.299, 0.587, 0.114])
        let shown = y + ((result - y) * luma).sum([1])
        let speckle = meanAbsoluteError(result, shown)
        let verdict = AdversarialLoss.nonSaturating.discriminator(
            real: judge(y),
            fake: judge(shown.detached)
        )
        discriminatorOptimizer.minimize(verdict)
        let content = content(result, y)
        let deceit = AdversarialLoss.nonSaturating.generator(fake: judge(shown))
        var loss = content * 0.01 + speckle * 0.1
        loss = loss + deceit * Float(recipe.settings.float("adversarial"))
        var values = [
            "content": Double(content.value), "speckle": Double(speckle.value),
            "adversarial": Double(deceit.value), "discriminator": Double(verdict.value),
        ]
        if let perceptual {
            let distance = perceptual(shown, y)
            loss = loss + distance * Float(recipe.settings.float("perceptual"))
            values["perceptual"] = Double(distance.value)
        }
        generatorOptimizer.minimize(loss)
        return values
    }

    private func content(_ a: Variable<Float>, _ b: Variable<Float>) -> Variable<Float> {
        switch recipe.settings.string("content") {
        case "l2": meanSquaredError(a, b)
        case "charbonnier": charbonnierError(a, b)
        default: meanAbsoluteError(a, b)
        }
    }

    func samples() throws -> SampleSheet { examples.sheet(result) }

    /// What the generator makes of a small picture: 3 × height × width.
    func result(_ input: Tensor) -> Tensor { networks.generator.picture(of: input) }

    /// The mean PSNR of luma on photos that are not trained on, in dB.
    func score() throws -> (name: String, value: Double)? {
        let values = examples.results(result).map { (result, target) in
            Fidelity(result, to: target, border: recipe.scale).peakSignalToNoise
        }
        return ("psnr", values.reduce(0, +) / Double(values.count))
    }

    func export(to folder: String, steps: Int, hours: Double) throws {
        let card = ModelFolder.Card(
            name: "sr-x\(recipe.scale)",
            task: "super-resolution",
            summary: "Makes a photo \(recipe.scale) times larger.",
            scale: Double(recipe.scale),
            input: ModelFolder.Card.Input(range: "unit"),
            training: recipe.settings.training(
                by: SuperResolution.self,
                on: data,
                steps: steps,
                hours: hours,
                heldOut: heldOut
            )
        )
        let graph = try networks.generator.graph(named: "super-resolution", side: 16)
        try ModelFolder(graph: graph, card: card).write(to: folder)
    }
}
