/// Systems whose whole steps of training are measured: forward, losses, backward, and the steps of
/// the optimizers of all networks, on random numbers.
package enum BenchmarkSystem: String, Sendable, CaseIterable {
    /// SRRes(32, 8, 2) with an absolute error, from 64 × 64 pixels.
    case superResolution = "super-resolution"
    /// UNet(64, 7) against PatchGAN(64, 3) with batch norms, at 128 × 128 pixels.
    case pix2pix
    /// ResG(32, 9) with an absolute error, at 128 × 128 pixels.
    case resnet9 = "resnet-9"
    /// Generator and discriminator of 64 channels beside the pictures, of 64 × 64 pixels.
    case dcgan

    /// Samples of a step unless something else is asked for.
    package var batch: Int {
        switch self {
        case .superResolution, .dcgan: 16
        case .pix2pix, .resnet9: 1
        }
    }

    /// One step, to be repeated; it gives its losses.
    package func step(batch: Int) -> () -> [Float] {
        let stream = RandomStream(seed: 1, name: rawValue)
        let initial = Initialization(.normal(deviation: 0.02), stream)
        func pictures(_ side: Int) -> Variable<Float> { stream.uniform([batch, 3, side, side]) }
        switch self {
        case .superResolution:
            let network = SuperResolutionResidual<Float>(features: 32, blocks: 8, scale: 2, initial)
            return regression(network, from: pictures(64), to: pictures(128))
        case .resnet9:
            let network = ResidualGenerator<Float>(features: 32, blocks: 9, initial)
            return regression(network, from: pictures(128), to: pictures(128))
        case .pix2pix:
            return pix2pix(from: pictures(128), to: pictures(128), stream, initial)
        case .dcgan:
            return dcgan(pictures(64), stream, initial)
        }
    }

    private func regression<Network: Layer<Float>>(
        _ network: Network,
        from input: Variable<Float>,
        to target: Variable<Float>
    ) -> () -> [Float] {
        let optimizer = Adam(network.parameters, rate: 1e-4)
        return {
            let loss = meanAbsoluteError(network(input), target)
            optimizer.minimize(loss)
            return [loss.value]
        }
    }

    private func pix2pix(
        from input: Variable<Float>,
        to target: Variable<Float>,
        _ stream: RandomStream,
        _ initial: Initialization
    ) -> () -> [Float] {
        let generator = UNet<Float>(features: 64, levels: 7, dropout: stream, initial)
        let judge = PatchDiscriminator<Float>(inputs: 6, features: 64, halvings: 3, initial)
        let own = Adam(generator.parameters, rate: 2e-4, beta1: 0.5)
        let other = Adam(judge.parameters, rate: 2e-4, beta1: 0.5)
        return {
            let result = generator(input)
            let verdict =
                AdversarialLoss.nonSaturating.discriminator(
                    real: judge(concatenated([input, target])),
                    fake: judge(concatenated([input, result.detached]))
                ) * 0.5
            other.minimize(verdict)
            let deceit = AdversarialLoss.nonSaturating
                .generator(fake: judge(concatenated([input, result])))
            let loss = deceit + meanAbsoluteError(result, target) * 100
            own.minimize(loss)
            return [verdict.value, loss.value]
        }
    }

    private func dcgan(
        _ real: Variable<Float>,
        _ stream: RandomStream,
        _ initial: Initialization
    ) -> () -> [Float] {
        let generator = NoiseGenerator<Float>(width: 64, initial)
        let judge = NoiseDiscriminator<Float>(width: 64, initial)
        let own = Adam(generator.parameters, rate: 2e-4, beta1: 0.5)
        let other = Adam(judge.parameters, rate: 2e-4, beta1: 0.5)
        return {
            let result = generator(stream.normal([real.shape[0], 100]))
            let verdict = AdversarialLoss.nonSaturating
                .discriminator(real: judge(real), fake: judge(result.detached))
            other.minimize(verdict)
            let deceit = AdversarialLoss.nonSaturating.generator(fake: judge(result))
            own.minimize(deceit)
            return [verdict.value, deceit.value]
        }
    }
}
