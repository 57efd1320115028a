import Graphs
import Kernels
import Streams
import Support
import Tensors
import Testing
import Vips

/// Networks of a picture and a mask, computed where somebody asks.
@Suite struct PatchTests {
    /// Makes of four channels, of which the last is a mask, three: by convolutions that see eleven
    /// pixels to each side, and at half the size.
    private func network(seed: Int) throws -> PictureNetwork {
        var builder = NetworkBuilder(seed: seed)
        let x = builder.input(channels: 4)
        let a = builder.relu(builder.conv(x, 4, 8, kernel: 3, stride: 2, pad: 1))
        let b = builder.relu(builder.conv(a, 8, 8, kernel: 5, pad: 2))
        let c = builder.enlarge(b, .nearest(.floor), .asymmetric)
        builder.graph.outputs = [builder.conv(c, 8, 3, kernel: 3, pad: 1)]
        return try PictureNetwork(builder.graph.applying())
    }

    @Test(
        "squares asked for in any order give what the whole picture gives, where the mask is not black",
        arguments: 0..<8
    )
    func equal(seed: Int) throws {
        var random = SeededRandom(seed)
        let network = try network(seed: seed)
        let (width, height) = (2 * random.int(1...220), 2 * random.int(1...220))
        let pixels = width * height
        var planar = random.tensor([1, 4, height, width], in: 0...1).array(of: Float.self)
        if seed % 2 == 1 {
            // Black but for spots.
            let spots = (0..<5).map { _ in (random.int(0...width), random.int(0...height)) }
            for i in 0..<pixels {
                let (u, v) = (i % width, i / width)
                if spots.allSatisfy({ abs($0.0 - u) > 9 || abs($0.1 - v) > 9 }) {
                    planar[3 * pixels + i] = 0
                }
            }
        }
        let x = Tensor(shape: [1, 4, height, width], values: planar)
        let samples = (0..<(4 * pixels)).map { planar[$0 % 4 * pixels + $0 / 4] }
        let image = try Image.fromMemory(
            samples,
            width: width,
            height: height,
            bands: 4,
            format: .f32
        )
        var mapping = PixelMapping(range: .signed)
        mapping.masks = 1
        let result = try image.applying(
            StreamedNetwork(network),
            mapping,
            isSparse: true,
            budget: StreamBudget(),
            work: StreamWork()
        )
        #expect(result.bands == 3)
        // The mask keeps its numbers, colours go from −1 to 1.
        let signed = planar.enumerated().map { $0 < 3 * pixels ? 2 * $1 - 1 : $1 }
        let y = try network.run(Tensor(shape: x.shape, values: signed), .shared)
        let wanted = y.array(of: Float.self)
        for area in [(0, 0, width, height), (width / 2, height / 3, width / 4, height / 2)] {
            guard area.2 > 0, area.3 > 0 else { continue }
            let part = try result.operation(
                "extract_area",
                [
                    "left": .int(area.0), "top": .int(area.1), "width": .int(area.2),
                    "height": .int(area.3),
                ]
            ).operation("rot", ["angle": .string("d180")]).floats()
            for i in part.indices {
                let place = area.2 * area.3 - 1 - i / 3
                let (u, v) = (area.0 + place % area.2, area.1 + place / area.2)
                let number = wanted[(i % 3) * pixels + v * width + u]
                if planar[3 * pixels + v * width + u] == 0 { continue }
                let expected = min(max((number + 1) / 2, 0), 1)
                guard abs(part[i] - expected) < 1e-4 else {
                    Issue.record(
                        "seed \(seed), \(width) × \(height): (\(u), \(v)) is \(part[i]), not \(expected)"
                    )
                    return
                }
            }
        }
    }

    @Test("spots far apart in one square take much less work than the square, close ones no more")
    func spots() throws {
        let network = try network(seed: 1)
        func work(_ spots: [(x: Int, y: Int)]) throws -> Double {
            let (width, height) = (640, 640)
            var samples = [UInt8](repeating: 0, count: 4 * width * height)
            for (x, y) in spots { samples[4 * (y * width + x) + 3] = 255 }
            let image = try Image.fromMemory(
                samples,
                width: width,
                height: height,
                bands: 4,
                format: .u8
            )
            var mapping = PixelMapping()
            mapping.masks = 1
            let work = StreamWork()
            _ = try image.applying(
                StreamedNetwork(network),
                mapping,
                isSparse: true,
                budget: StreamBudget(),
                work: work
            ).bytes()
            return work.multiplyAdds
        }
        // Apart within the first square of 128 pixels.
        let one = try work([(8, 8)])
        let far = try work([(8, 8), (120, 120)])
        let near = try work([(8, 8), (10, 10)])
        let wide = try work((0..<128 * 128).map { ($0 % 128, $0 / 128) })
        #expect(try work([]) == 0)
        #expect(far < 2.5 * one && 4 * far < wide)
        #expect(near < 2 * one)
    }

    @Test("a cover has everything that is wanted once, and no more work than one rectangle")
    func cover() {
        for seed in 0..<20 {
            var random = SeededRandom(seed)
            let area = Rectangle(
                left: random.int(0...50),
                top: random.int(0...50),
                width: random.int(1...200),
                height: random.int(1...200)
            )
            let share = Float(random.int(0...3)) / 1000
            let wanted = random.tensor([area.height, area.width], in: 0...1)
                .array(of: Float.self).map { $0 < share }
            let halo = random.int(0...20)
            let rectangles = MaskCover(area, isWanted: wanted).rectangles(halo: halo)
            var covered = [Int](repeating: 0, count: wanted.count)
            for part in rectangles {
                for y in part.top..<part.bottom {
                    for x in part.left..<part.right {
                        covered[(y - area.top) * area.width + x - area.left] += 1
                    }
                }
            }
            #expect(zip(covered, wanted).allSatisfy { $0 <= 1 && (!$1 || $0 == 1) })
            let work = rectangles.reduce(0) { $0 + ($1.width + 2 * halo) * ($1.height + 2 * halo) }
            #expect(work <= (area.width + 2 * halo) * (area.height + 2 * halo))
        }
    }

    @Test("what nobody asks for is not computed")
    func sparse() throws {
        let image = try Image.image(
            "black",
            ["width": .int(2000), "height": .int(2000), "bands": .int(4)]
        )
        let work = StreamWork()
        let result = try image.applying(
            StreamedNetwork(network(seed: 1)),
            PixelMapping(),
            isSparse: true,
            budget: StreamBudget(),
            work: work
        )
        _ = try result.operation(
            "extract_area",
            ["left": .int(700), "top": .int(900), "width": .int(3), "height": .int(2)]
        ).bytes()
        let whole = try #require(work.layout).multiplyAdds
        #expect(work.multiplyAdds > 0 && work.multiplyAdds < whole / 50)
    }
}
