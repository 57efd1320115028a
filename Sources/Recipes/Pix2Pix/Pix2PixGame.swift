internal import Training

extension Settings {
    /// Refuses patch discriminators (`discriminator-layers`) that halve a crop to less than they need.
    func expectDiscriminator(fitting crop: Int) throws(RecipeError) {
        let layers = int("discriminator-layers")
        guard layers == 0 || crop >> layers >= 3 else {
            throw .badSetting(
                "discriminator-layers",
                expected: "few enough to leave 3 pixels of a crop of \(crop)",
                found: "\(layers)"
            )
        }
    }
}

extension Pix2Pix {
    static var lossNames: [String] {
        let losses: [AdversarialLoss] = [
            .nonSaturating, .minimax, .leastSquares, .leastSquaresSigmoid, .hinge,
        ]
        return losses.map(\.rawValue)
    }

    var loss: AdversarialLoss { AdversarialLoss(rawValue: settings.string("loss")!)! }

    var norm: Norm {
        switch settings.string("norm") {
        case "batch": .batch
        case "instance": .instance
        case "layer": .layer
        default: settings.batch < 4 ? .instance : .batch
        }
    }

    /// The whole rate for half of the steps, then down to nothing.
    var schedule: Schedule {
        .constantThenLinear(until: settings.steps / 2, zeroAt: settings.steps)
    }
}

/// The networks of Pix2Pix with fresh weights: one translates, the other tells pairs whose second
/// picture is a translation from pairs as they should be.
struct Pix2PixNetworks {
    /// Makes a generator with fresh weights, which may have dropout.
    typealias MakeGenerator = (Initialization, _ dropout: RandomStream?) -> any Translator<Float>

    let inputs, outputs: Int
    let generator: any Translator<Float>
    /// The running mean of the generator, which is the one to use.
    let average: any Translator<Float>
    let discriminator: PatchDiscriminator<Float>

    /// The U-Net and its discriminator, for pictures of so many channels.
    init(_ recipe: Pix2Pix, inputs: Int = 3, outputs: Int = 3) {
        self.init(recipe, inputs: inputs, outputs: outputs) { initial, dropout in
            UNet(
                inputs: inputs,
                outputs: outputs,
                features: recipe.settings.int("channels"),
                levels: recipe.settings.int("depth"),
                norm: recipe.norm,
                dropout: dropout,
                initial
            )
        }
    }

    /// Another generator, and its discriminator.
    init(_ recipe: Pix2Pix, inputs: Int, outputs: Int, generator make: MakeGenerator) {
        (self.inputs, self.outputs) = (inputs, outputs)
        let settings = recipe.settings
        let random = Randomness(seed: settings.seed)
        func weights(_ name: String) -> Initialization {
            Initialization(.normal(deviation: 0.02), random.stream(name))
        }
        let dropout = settings.bool("dropout") ? random.stream("dropout") : nil
        generator = make(weights("generator"), dropout)
        average = make(weights("average"), dropout)
        MovingAverage(decay: 0).start(average, from: generator)
        discriminator = PatchDiscriminator(
            inputs: inputs + outputs,
            features: settings.int("channels"),
            halvings: settings.int("discriminator-layers"),
            norm: recipe.norm,
            weights("discriminator")
        )
    }
}

/// The game of the two networks, pair after pair: x is what is, y what should be; both from −1 to 1.
final class Pix2PixGame {
    /// How far a translation of x is from y, which all three are given.
    typealias Distance = (
        _ x: Variable<Float>, _ translation: Variable<Float>, _ y: Variable<Float>
    ) -> Variable<Float>

    let networks: Pix2PixNetworks
    private let recipe: Pix2Pix
    private let hints: FeatureHints?
    private let distance: Distance
    private let generatorOptimizer, discriminatorOptimizer: Adam<Float>

    /// - Parameter distance: another than those of Pix2Pix.
    init(
        _ recipe: Pix2Pix,
        _ networks: Pix2PixNetworks,
        hints: FeatureHints? = nil,
        distance: Distance? = nil
    ) {
        self.recipe = recipe
        self.networks = networks
        self.hints = hints
        self.distance =
            distance ?? { _, translation, y in
                recipe.settings.string("distance") == "squared"
                    ? meanSquaredError(translation, y) : meanAbsoluteError(translation, y)
            }
        func adam(
            _ parameters: [Training.Parameter<Float>],
            weightDecay: Double = 0
        ) -> Adam<Float> {
            Adam(
                parameters,
                rate: recipe.settings.learningRate,
                beta1: 0.5,
                weightDecay: weightDecay,
                decoupled: true
            )
        }
        generatorOptimizer = adam(
            networks.generator.parameters + (hints?.parameters ?? []),
            weightDecay: recipe.settings.float("weight-decay")
        )
        discriminatorOptimizer = adam(networks.discriminator.parameters)
    }

    var state: TrainingState {
        var state = TrainingState()
        state.networks = [("generator", networks.generator), ("average", networks.average)]
        state.optimizers = [("generator-optimizer", generatorOptimizer)]
        if let hints { state.networks.append(("hints", hints)) }
        if recipe.isAdversarial {
            state.networks.append(("discriminator", networks.discriminator))
            state.optimizers.append(("discriminator-optimizer", discriminatorOptimizer))
        }
        return state
    }

    /// The discriminator's step, if there is one, then the generator's.
    ///
    /// - Parameter hinted: what there are hints of, and their weight; pictures from 0 to 1.
    func step(
        _ step: Int,
        _ x: Variable<Float>,
        _ y: Variable<Float>,
        hinted: (pictures: Variable<Float>, weight: Float)? = nil
    ) -> [String: Double] {
        let (settings, loss) = (recipe.settings, recipe.loss)
        let rate = settings.learningRate * recipe.schedule.factor(at: step)
        (generatorOptimizer.rate, discriminatorOptimizer.rate) = (rate, rate)
        func judge(_ y: Variable<Float>) -> Variable<Float> {
            networks.discriminator(concatenated([x, y]))
        }
        let (translation, maps) = networks.generator.withEncoderMaps(x)
        let error = distance(x, translation, y)
        var content = error * Float(settings.float("l1"))
        var losses = ["distance": Double(error.value)]
        if let hints, let hinted {
            let error = hints.error(maps, of: hinted.pictures)
            content = content + error * hinted.weight
            losses["hints"] = Double(error.value)
        }
        defer {
            MovingAverage(decay: settings.float("average"))
                .update(networks.average, from: networks.generator)
        }
        guard recipe.isAdversarial else {
            generatorOptimizer.minimize(content)
            return losses
        }
        let verdict = loss.discriminator(real: judge(y), fake: judge(translation.detached))
        discriminatorOptimizer.minimize(verdict * Float(settings.float("discriminator-weight")))
        let deceit = loss.generator(fake: judge(translation))
        generatorOptimizer.minimize(deceit * Float(settings.float("adversarial")) + content)
        losses["adversarial"] = Double(deceit.value)
        losses["discriminator"] = Double(verdict.value)
        return losses
    }
}
