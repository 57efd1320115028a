internal import Training

extension CycleGAN {
    var loss: AdversarialLoss { AdversarialLoss(rawValue: settings.string("loss")!)! }

    /// The whole rate for half of the steps, then down to nothing.
    var schedule: Schedule {
        .constantThenLinear(until: settings.steps / 2, zeroAt: settings.steps)
    }
}

/// Two generators and two discriminators with fresh weights.
struct CycleNetworks {
    let toA, toB: ResidualGenerator<Float>
    let judgeA, judgeB: PatchDiscriminator<Float>

    /// - Parameter channels: of the pictures.
    init(_ recipe: CycleGAN, channels: Int = 3) {
        let settings = recipe.settings
        let random = Randomness(seed: settings.seed)
        func weights(_ name: String) -> Initialization {
            Initialization(.normal(deviation: 0.02), random.stream(name))
        }
        func generator(_ name: String) -> ResidualGenerator<Float> {
            ResidualGenerator(
                inputs: channels,
                outputs: channels,
                features: settings.int("channels"),
                blocks: settings.int("blocks"),
                enlargement: settings.string("enlargement") == "transposed"
                    ? .transposed : .resized,
                weights(name)
            )
        }
        func judge(_ name: String) -> PatchDiscriminator<Float> {
            PatchDiscriminator(
                inputs: channels,
                features: settings.int("discriminator-channels"),
                halvings: settings.int("discriminator-layers"),
                norm: .instance,
                weights(name)
            )
        }
        (toB, toA) = (generator("a-to-b"), generator("b-to-a"))
        (judgeA, judgeB) = (judge("judge-a"), judge("judge-b"))
    }
}

/// The game of the four networks, with pictures of either kind from −1 to 1.
final class CycleGame {
    let networks: CycleNetworks
    private let recipe: CycleGAN
    private let generatorOptimizer, discriminatorOptimizer: Adam<Float>
    private let poolA, poolB: ImagePool<Float>

    init(_ recipe: CycleGAN, _ networks: CycleNetworks) {
        self.recipe = recipe
        self.networks = networks
        let settings = recipe.settings
        func adam(_ parameters: [Training.Parameter<Float>]) -> Adam<Float> {
            Adam(parameters, rate: settings.learningRate, beta1: 0.5, beta2: 0.999)
        }
        generatorOptimizer = adam(networks.toB.parameters + networks.toA.parameters)
        discriminatorOptimizer = adam(networks.judgeA.parameters + networks.judgeB.parameters)
        let random = Randomness(seed: settings.seed)
        func pool(_ name: String) -> ImagePool<Float> {
            ImagePool(capacity: settings.int("pool"), random.stream(name))
        }
        (poolA, poolB) = (pool("pool-a"), pool("pool-b"))
    }

    var state: TrainingState {
        var state = TrainingState()
        state.networks = [
            ("a-to-b", networks.toB), ("b-to-a", networks.toA),
            ("judge-a", networks.judgeA), ("judge-b", networks.judgeB),
        ]
        state.optimizers = [
            ("generator-optimizer", generatorOptimizer),
            ("discriminator-optimizer", discriminatorOptimizer),
        ]
        state.pools = [("pool-a", poolA), ("pool-b", poolB)]
        return state
    }

    /// The generators' step, then the discriminators'.
    func step(_ step: Int, a: Variable<Float>, b: Variable<Float>) -> [String: Double] {
        let (settings, loss) = (recipe.settings, recipe.loss)
        let rate = settings.learningRate * recipe.schedule.factor(at: step)
        (generatorOptimizer.rate, discriminatorOptimizer.rate) = (rate, rate)
        let (asB, asA) = (networks.toB(a), networks.toA(b))
        let deceit =
            loss.generator(fake: networks.judgeB(asB)) + loss.generator(fake: networks.judgeA(asA))
        let cycle =
            meanAbsoluteError(networks.toA(asB), a) + meanAbsoluteError(networks.toB(asA), b)
        let weight = Float(settings.float("cycle"))
        var total = deceit + cycle * weight
        var losses = ["adversarial": Double(deceit.value), "cycle": Double(cycle.value)]
        let share = Float(settings.float("identity"))
        if share > 0 {
            let identity =
                meanAbsoluteError(networks.toB(b), b) + meanAbsoluteError(networks.toA(a), a)
            total = total + identity * (weight * share)
            losses["identity"] = Double(identity.value)
        }
        generatorOptimizer.minimize(total)

        func verdict(
            _ judge: PatchDiscriminator<Float>,
            _ real: Variable<Float>,
            _ fake: Variable<Float>
        ) -> Variable<Float> { loss.discriminator(real: judge(real), fake: judge(fake)) }
        let verdicts =
            verdict(networks.judgeA, a, poolA.exchange(asA))
            + verdict(networks.judgeB, b, poolB.exchange(asB))
        discriminatorOptimizer.minimize(
            verdicts * Float(settings.float("discriminator-weight"))
        )
        losses["discriminator"] = Double(verdicts.value)
        return losses
    }
}
