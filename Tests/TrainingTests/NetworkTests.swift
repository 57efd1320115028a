import Support
import Testing
import Training

/// Networks of the papers, at the papers' sizes.
@Suite struct NetworkTests {
    private static var none: Initialization { Initialization(.zeros, stream) }
    private static var stream: RandomStream { RandomStream(seed: 1, name: "dropout") }

    /// Networks and how many parameters they have.
    private static func counts() -> [(String, any Module<Float>, Int)] {
        [
            ("9-1-9", ThreeLayerNetwork<Float>(none), 25_475),
            ("SRCNN", ThreeLayerNetwork<Float>(channels: 1, kernels: (9, 5, 5), none), 57_281),
            ("32 × 32 discriminator", CropDiscriminator<Float>(none), 268_993),
            ("sixteenfold", SixteenfoldGenerator<Float>(none), 672_067),
            (
                "256² discriminator", DropoutDiscriminator<Float>(side: 256, dropout: stream, none),
                921_025
            ),
            ("ResG(64, 9)", ResidualGenerator<Float>(features: 64, blocks: 9, none), 11_378_179),
            ("ResG(64, 6)", ResidualGenerator<Float>(features: 64, blocks: 6, none), 7_837_699),
            ("UNet(64, 8)", UNet<Float>(features: 64, levels: 8, none), 54_419_459),
            ("UNet(16, 5)", UNet<Float>(inputs: 1, features: 16, levels: 5, none), 1_043_715),
            (
                "Patch(64, 3) BN",
                PatchDiscriminator<Float>(inputs: 6, features: 64, halvings: 3, none), 2_768_705
            ),
            (
                "Patch(64, 3) IN",
                PatchDiscriminator<Float>(features: 64, halvings: 3, norm: .instance, none),
                2_764_737
            ),
            (
                "MsD(64, 4, 3)",
                MultiScaleDiscriminator<Float>(features: 64, layers: 4, scales: 3, none), 8_271_171
            ),
            ("Johnson", StyleTransformer<Float>(none), 1_679_235),
            (
                "SRRes(32, 8, 2)",
                SuperResolutionResidual<Float>(features: 32, blocks: 8, scale: 2, none), 161_588
            ),
            (
                // 1 344 + 8 · 41 569 + 20 784 at the small size, then 10 392 + 5 208 + 651.
                "SRRes(48, 8, 4), resized",
                SuperResolutionResidual<Float>(
                    features: 48,
                    blocks: 8,
                    scale: 4,
                    enlargement: .resized,
                    none
                ), 370_931
            ),
            ("FillNet(16)", FillNetwork<Float>(features: 16, none), 265_635),
            (
                // 296 + 2 · 1 169 + 219
                "NarrowFill(8, 2)",
                NarrowFillNetwork<Float>(features: 8, blocks: 2, halvings: 3, none), 2_853
            ),
            (
                // 48 + 312, 1 200 + 2 352, 3 528 + 10 512, 1 752, 1 752, 34
                "Scene(4, 1)",
                SceneNetwork<Float>(inputs: 1, outputs: 2, features: 4, blocks: 1, none), 21_490
            ),
            ("DCGAN generator", NoiseGenerator<Float>(width: 256, none), 47_336_960),
            ("DCGAN discriminator", NoiseDiscriminator<Float>(width: 256, none), 44_092_416),
            (
                "small DCGAN generator",
                NoiseGenerator<Float>(channels: 1, width: 16, doublings: 3, none),
                143_840
            ),
            (
                "small DCGAN discriminator",
                NoiseDiscriminator<Float>(channels: 1, width: 16, halvings: 3, none), 42_432
            ),
        ]
    }

    @Test("an encoder apart learns from its maps, not from the output", arguments: [true, false])
    func encoderApart(isApart: Bool) {
        let network = SceneNetwork<Float>(
            inputs: 1,
            outputs: 2,
            features: 2,
            blocks: 1,
            isEncoderApart: isApart,
            Initialization(.kaimingNormal, Self.stream)
        )
        var random = SeededRandom(1)
        let x = Variable<Float>(random.tensor([1, 1, 32, 48]))
        let (output, maps) = network.withEncoderMaps(x)
        #expect(output.shape == [1, 2, 32, 48])
        #expect(maps.map(\.shape) == [[1, 4, 8, 12], [1, 8, 4, 6], [1, 12, 2, 3]])
        func learns(_ loss: Variable<Float>, _ parameters: [Parameter<Float>]) -> Bool {
            loss.gradients(for: parameters.map(\.variable), keepsGraph: true)
                .contains { $0.values.contains { $0 != 0 } }
        }
        let encoder = network.stages.flatMap(\.parameters)
        #expect(learns(output.sum(), encoder) != isApart)
        #expect(learns(maps[2].sum(), encoder))
        #expect(learns(output.sum(), network.rising.parameters))
    }

    @Test("networks have as many parameters as in their papers")
    func parameterCounts() {
        for (name, network, count) in Self.counts() {
            #expect(network.parameterCount == count, "\(name)")
        }
        let parts: [any Module<Float>] = [
            ContentEncoder<Float>(features: 64, halvings: 2, blocks: 4, Self.none),
            StyleEncoder<Float>(features: 64, halvings: 4, size: 8, Self.none),
            StyledDecoder<Float>(
                channels: 256,
                halvings: 2,
                blocks: 4,
                style: 8,
                hidden: 256,
                Self.none
            ),
        ]
        #expect(parts.reduce(0) { $0 + $1.parameterCount } == 15_026_187, "MUNIT")
    }

    @Test("networks give pictures and logits of the right shapes")
    func shapes() {
        let initial = Initialization(.kaimingNormal, RandomStream(seed: 2, name: "weights"))
        let x = Variable<Float>([2, 3, 32, 32], repeating: 0.5)
        let generator = ResidualGenerator<Float>(
            features: 4,
            blocks: 1,
            enlargement: .resized,
            initial
        )
        #expect(generator(x).shape == [2, 3, 32, 32])
        let fill = FillNetwork<Float>(features: 4, initial)
        let mask = Variable<Float>([2, 1, 32, 32], repeating: 1)
        #expect(fill(x, mask: mask).shape == [2, 3, 32, 32])
        // What it draws has no bound at which gradients would vanish.
        let loud = FillNetwork<Float>(features: 4, initial.scaled(by: 10))
        #expect(loud.drawn(x, mask: mask).values.contains { abs($0) > 1 })
        let unet = UNet<Float>(features: 4, levels: 5, dropout: Self.stream, initial)
        #expect(unet(x).shape == [2, 3, 32, 32])
        let scales = MultiScaleDiscriminator<Float>(features: 4, layers: 3, scales: 2, initial)
        #expect(scales(x).map(\.shape) == [[2, 1, 4, 4], [2, 1, 2, 2]])
        let decoder = StyledDecoder<Float>(
            channels: 8,
            halvings: 2,
            blocks: 2,
            style: 4,
            hidden: 5,
            initial
        )
        let content = Variable<Float>([2, 8, 8, 8], repeating: 0.5)
        let style = Variable<Float>([2, 4], repeating: 0.5)
        #expect(decoder(content, style: style).shape == [2, 3, 32, 32])
        let painter = StyledTransformer<Float>(features: 4, blocks: 1, style: 5, initial)
        let styles = Variable<Float>([2, 5], (0..<10).map { Float($0) / 10 })
        let noise: Variable<Float> = Self.stream.normal([2, 3, 32, 32])
        let painted = painter(noise, style: styles)
        #expect(painted.shape == [2, 3, 32, 32])
        // Every sample has its own style.
        let alone = painter(noise.slice(0, 1..<2), style: styles.slice(0, 1..<2))
        #expect(difference(alone.tensor, painted.slice(0, 1..<2).tensor) == nil)
        let other = painter(noise.slice(0, 1..<2), style: styles.slice(0, 0..<1))
        #expect(difference(other.tensor, alone.tensor) != nil)
        for scale in [PreActivationResidual<Float>.Scale.same, .halved, .doubled] {
            let block = PreActivationResidual<Float>(3, 5, scale, norm: .affineInstance, initial)
            let side = [.same: 32, .halved: 16, .doubled: 64][scale]!
            #expect(block(x).shape == [2, 5, side, side])
        }
        #expect(
            NoiseGenerator<Float>(noise: 7, width: 2, initial)(Variable([2, 7], repeating: 1))
                .shape == [2, 3, 64, 64]
        )
    }

    @Test("flat pictures stay flat when resized, whatever the weights; not when shuffled")
    func grid() {
        let x = Variable<Float>([1, 3, 16, 16], repeating: 0.3)
        let initial = Initialization(.kaimingNormal, RandomStream(seed: 3, name: "weights"))
        func isFlat(_ enlargement: SuperResolutionResidual<Float>.Enlargement) -> Bool {
            let network = SuperResolutionResidual(
                features: 6,
                blocks: 1,
                scale: 4,
                enlargement: enlargement,
                initial
            )
            // Away from the border, where zeros are seen.
            let y = network(x).slice(1, 0..<1).cropped(rows: 28..<36, columns: 28..<36).values
            return y.allSatisfy { abs($0 - y[0]) < 1e-4 }
        }
        #expect(isFlat(.resized))
        #expect(!isFlat(.shuffled))
    }
}
