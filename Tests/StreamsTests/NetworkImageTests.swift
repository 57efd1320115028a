import Graphs
import Streams
import Support
import Tensors
import Testing
import Vips

@Suite struct NetworkImageTests {
    private func picture(width: Int, height: Int, seed: Int) throws -> (
        image: Image, samples: [Float]
    ) {
        var random = SeededRandom(seed)
        let samples = (0..<(width * height * 3)).map { _ in Float.random(in: 0...1, using: &random)
        }
        let image = try Image.fromMemory(
            samples,
            width: width,
            height: height,
            bands: 3,
            format: .f32
        )
        return (image, samples)
    }

    /// The network on the whole picture at once.
    private func whole(_ network: PictureNetwork, _ samples: [Float], width: Int, height: Int)
        throws -> [Float]
    {
        var planar = [Float](repeating: 0, count: samples.count)
        for i in samples.indices { planar[i % 3 * width * height + i / 3] = samples[i] }
        let fitted = try network.fitted(height: height, width: width)
        let y = try fitted.evaluate(Tensor(shape: [1, 3, height, width], values: planar))
        let (plane, values) = (y.shape[2] * y.shape[3], y.array(of: Float.self))
        return (0..<values.count).map { min(max(values[$0 % 3 * plane + $0 / 3], 0), 1) }
    }

    @Test(
        "rows and tiles give what the whole picture gives, for every network and any size",
        arguments: TestNetwork.allCases,
        0..<8
    )
    func streamedEqualsWhole(network: TestNetwork, seed: Int) throws {
        var random = SeededRandom(seed)
        let least = network == .dilated ? 6 : 1
        let (width, height) = (random.int(least...230), random.int(least...330))
        let picture = try picture(width: width, height: height, seed: seed)
        let network = try PictureNetwork(network.graph(seed: seed).applying())
        let expected = try whole(network, picture.samples, width: width, height: height)
        let fitted = try network.fitted(height: height, width: width)
        // As much as needed, and so little that the picture is cut into narrow tiles.
        for bytes in [256 << 20, 1 << 16] {
            let budget = StreamBudget(bytes: bytes)
            let layout = try StreamLayout(fitted, bytesPerPixel: (12, 12), budget)
            if case .tiles = layout.way { #expect(layout.workRatio >= 1) }
            let result = try picture.image.applying(network, PixelMapping(), budget: budget)
            let scale = network.scale.numerator
            #expect(result.width == width * scale && result.height == height * scale)
            let found = try result.floats()
            let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
            #expect(worst <= 1e-4, "seed \(seed), \(width) × \(height), \(layout.way): \(worst)")
        }
    }

    @Test("a picture too wide for the budget is cut into tiles that stay within it")
    func tiles() throws {
        let network = try PictureNetwork(TestNetwork.wide.graph(seed: 1).applying())
        let fitted = try network.fitted(height: 3000, width: 4000)
        let rows = try StreamLayout(fitted, bytesPerPixel: (3, 3), StreamBudget(bytes: 1 << 30))
        guard case .rows = rows.way else {
            Issue.record("with enough memory the picture streams by rows")
            return
        }
        #expect(rows.workRatio == 1)
        let budget = StreamBudget(bytes: 12 << 20)
        let tiled = try StreamLayout(fitted, bytesPerPixel: (3, 3), budget)
        guard case .tiles(_, let columns) = tiled.way else {
            Issue.record("with little memory the picture is cut")
            return
        }
        #expect(columns < 16000)
        #expect(tiled.bytes <= budget.bytes)
        #expect(tiled.workRatio > 1 && tiled.workRatio < 1.5)
    }

    @Test("rows may be asked for in any order", arguments: [0, 1, 2])
    func anyOrder(seed: Int) throws {
        let picture = try picture(width: 40, height: 1500, seed: seed)
        let network = try PictureNetwork(TestNetwork.compact.graph(seed: seed))
        let result = try picture.image.applying(
            network,
            PixelMapping(),
            budget: StreamBudget(bytes: 1 << 20)
        )
        let expected = try whole(network, picture.samples, width: 40, height: 1500)
        // Turning upside down asks for the last rows first.
        let turned = try result.operation("rot", ["angle": .string("d180")]).floats()
        let pixels = expected.count / 3
        let worst = (0..<expected.count).map { i in
            abs(turned[(pixels - 1 - i / 3) * 3 + i % 3] - expected[i])
        }.max()!
        #expect(worst <= 1e-4)
    }

    @Test(
        "samples of 8 and 16 bits are scaled to the network's numbers and rounded back",
        arguments: [SampleFormat.u8, .u16]
    )
    func formats(format: SampleFormat) throws {
        // A network that does nothing: each channel itself.
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        builder.graph.outputs = [builder.graph.append(Unary(.identity), [x])]
        let network = try PictureNetwork(builder.graph)
        let image = try picture(width: 64, height: 33, seed: 4).image
            .multiplied(by: Double(peak(of: format))).rounded(to: format)
        for range in PixelMapping.Range.allCases {
            for channels in PixelMapping.Channels.allCases {
                let result = try image.applying(
                    network,
                    PixelMapping(range: range, channels: channels)
                )
                #expect(result.format == format)
                #expect(try result.bytes() == image.bytes(), "\(range) \(channels)")
            }
        }
    }

    @Test("the order of channels reaches the network")
    func channelOrder() throws {
        // Doubles the first channel only.
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        let factors = builder.graph.addConstant(
            "f",
            Tensor(shape: [3, 1, 1], values: [2, 1, 1] as [Float])
        )
        builder.graph.outputs = [builder.graph.append(Binary(.multiply), [x, factors])]
        let network = try PictureNetwork(builder.graph)
        let pixel: [UInt8] = [10, 20, 30]
        let image = try Image.fromMemory(pixel, width: 1, height: 1, bands: 3, format: .u8)
        #expect(try image.applying(network, PixelMapping(channels: .rgb)).bytes() == [20, 20, 30])
        #expect(try image.applying(network, PixelMapping(channels: .bgr)).bytes() == [10, 20, 60])
    }

    @Test("a picture too large for a network that sees everything is refused with both sizes")
    func tooLarge() throws {
        var builder = NetworkBuilder(seed: 1)
        let x = builder.input(channels: 3)
        let (scale, bias) = (builder.weights([3], fanIn: 1), builder.weights([3], fanIn: 1))
        builder.graph.outputs = [builder.graph.append(InstanceNormalization(), [x, scale, bias])]
        let network = try PictureNetwork(builder.graph)
        let image = try picture(width: 512, height: 512, seed: 1).image
        let error = #expect(throws: StreamError.self) {
            try image.applying(
                network,
                PixelMapping(),
                budget: StreamBudget(wholePictureBytes: 1 << 20)
            )
        }
        #expect(
            error?.description
                == "this network looks at the whole picture at once, which takes 8 MiB for 512 × 512 "
                + "pixels; expected at most 1 MiB: resize the picture first"
        )
    }

    @Test("an error in the input stops the network's image too")
    func errors() throws {
        struct Broken: Error {}
        let header = ImageHeader(width: 50, height: 900, bands: 3, format: .u8)
        let broken = try Image.node(header, inputs: [], demand: .rows) { request in
            if request.output.area.bottom > 700 { throw Broken() }
        }
        let network = try PictureNetwork(TestNetwork.compact.graph(seed: 1))
        for bytes in [256 << 20, 1 << 16] {
            let once = try broken.applying(
                network,
                PixelMapping(),
                budget: StreamBudget(bytes: bytes)
            )
            let twice = try once.applying(network, PixelMapping())
            for image in [once, twice] {
                #expect(throws: Broken.self) { try image.bytes() }
                let folder = try TemporaryFolder()
                #expect(throws: Broken.self) { try image.write(to: folder.path("x.png")) }
            }
        }
    }

    @Test("two networks stream through each other, with any number of threads into any format")
    func chains() throws {
        let first = try PictureNetwork(TestNetwork.residual.graph(seed: 1).applying())
        let second = try PictureNetwork(TestNetwork.valid.graph(seed: 2).applying())
        let picture = try picture(width: 120, height: 700, seed: 3).image
            .multiplied(by: 255).rounded(to: .u8)
        let folder = try TemporaryFolder()
        var expected: [UInt8]?
        let threads = Vips.threads
        defer { Vips.setThreads(threads) }
        for count in [1, 2, 3, 8] {
            Vips.setThreads(count)
            for bytes in [256 << 20, 1 << 17] {
                let budget = StreamBudget(bytes: bytes)
                let image = try picture.applying(first, PixelMapping(), budget: budget)
                    .operation("sharpen")
                    .applying(second, PixelMapping(), budget: budget)
                for name in ["x.png", "x.tif", "x.v", "x.ppm"] {
                    try image.write(to: folder.path(name))
                }
                let found = try Image.open(folder.path("x.png"), sequentially: false).bytes()
                if bytes > 1 << 20 {
                    #expect(found == expected ?? found, "\(count) threads")
                    expected = found
                } else if let expected {
                    let worst = zip(found, expected).map { abs(Int($0) - Int($1)) }.max()
                    #expect(worst ?? 9 <= 1)
                }
            }
        }
    }

    @Test("statistics of a reduced picture do not depend on the format of its samples")
    func observedFormats() throws {
        var random = SeededRandom(5)
        let bytes = (0..<(90 * 70 * 3)).map { _ in UInt8(random.int(0...255)) }
        let eight = try Image.fromMemory(
            bytes,
            width: 90,
            height: 70,
            bands: 3,
            format: .u8,
            interpretation: "srgb"
        )
        let sixteen = try eight.multiplied(by: 257).cast(to: .u16).interpreted(as: "rgb16")
        let floats = try eight.multiplied(by: 1 / 255.0).cast(to: .f32)
            .interpreted(as: "multiband")
        let network = try PictureNetwork(GlobalNetwork.resnet.graph(seed: 3).applying())
        let results = try [eight, sixteen, floats].map { image in
            let observed = try StreamedNetwork(
                network,
                observing: image,
                PixelMapping(),
                side: 40,
                budget: StreamBudget()
            )
            try observed.prepare()
            let peak: Float = image.format == .u8 ? 255 : image.format == .u16 ? 65535 : 1
            return try image.applying(
                observed,
                PixelMapping(),
                budget: StreamBudget(),
                work: StreamWork()
            ).floats().map { $0 / peak }
        }
        func distance(_ a: [Float], _ b: [Float]) -> Float {
            zip(a, b).map { abs($0 - $1) }.max()!
        }
        // Whole numbers are rounded and cut off at black and white in the reduced picture.
        #expect(distance(results[0], results[2]) < 0.05)
        #expect(distance(results[1], results[2]) < 0.05)
    }
}
