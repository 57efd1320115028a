import Foundation
import Measures
import Support
import Tensors
import Testing
import TrainingData

/// A random picture.
private func noise(_ shape: [Int], seed: Int) -> Tensor {
    var random = SeededRandom(seed)
    return random.tensor(shape, in: 0...1)
}

private func values(_ tensor: Tensor) -> [Float] { tensor.array(of: Float.self) }

@Suite struct TransformTests {
    @Test("a quarter turn and a mirror of six pixels")
    func turns() {
        let picture = Tensor(shape: [1, 2, 3], values: [1, 2, 3, 4, 5, 6] as [Float])
        func turned(_ mirrored: Bool, _ turns: Int) -> Tensor {
            Symmetry(isMirrored: mirrored, quarterTurns: turns).apply(to: picture)
        }
        #expect(turned(false, 1).shape == [1, 3, 2])
        #expect(values(turned(false, 1)) == [4, 1, 5, 2, 6, 3])
        #expect(values(turned(false, 2)) == [6, 5, 4, 3, 2, 1])
        #expect(values(turned(false, 3)) == [3, 6, 2, 5, 1, 4])
        #expect(values(turned(true, 0)) == [3, 2, 1, 6, 5, 4])
        // First mirrored, then turned.
        #expect(values(turned(true, 1)) == [6, 3, 5, 2, 4, 1])
    }

    @Test("the eight symmetries differ, and four turns change nothing")
    func symmetries() {
        let picture = noise([2, 5, 5], seed: 1)
        var seen: [Tensor] = []
        for isMirrored in [false, true] {
            for turns in 0..<4 {
                seen.append(
                    Symmetry(isMirrored: isMirrored, quarterTurns: turns).apply(to: picture)
                )
            }
        }
        for (index, picture) in seen.enumerated() {
            #expect(!seen[..<index].contains(picture), "symmetry \(index)")
        }
        var turned = picture
        for _ in 0..<4 { turned = Symmetry(quarterTurns: 1).apply(to: turned) }
        #expect(turned == picture)
        var random = RandomNumbers(seed: 1, name: "symmetries")
        let drawn = (0..<200).map { _ in Symmetry.random(&random).apply(to: picture) }
        #expect(seen.allSatisfy(drawn.contains))
    }

    @Test("random crops reach every aligned place and no other")
    func crops() {
        var random = RandomNumbers(seed: 2, name: "crops")
        let crops = (0..<500).map { _ in
            Crop.random(8, in: Size(width: 15, height: 13), alignedTo: 3, &random)
        }
        #expect(Set(crops.map(\.left)) == [0, 3, 6])
        #expect(Set(crops.map(\.top)) == [0, 3])
        let whole = Crop.random(8, in: Size(width: 8, height: 8), &random)
        #expect(whole == Crop(left: 0, top: 0, width: 8, height: 8))
        #expect(whole.enlarged(by: 2) == Crop(left: 0, top: 0, width: 16, height: 16))
    }

    @Test("of crops that show nothing every other one is passed over")
    func interest() {
        // The left half is flat, the right half is noise.
        var source = SeededRandom(3)
        let samples = (0..<(64 * 32)).map { i in
            i % 64 < 32 ? UInt8(128) : UInt8(source.int(0...255))
        }
        let picture = Picture(size: Size(width: 64, height: 32), bands: 1, samples: samples)
        var random = RandomNumbers(seed: 3, name: "interest")
        let crops = (0..<2000).map { _ in picture.interestingCrop(8, &random) }
        let flat = crops.filter { crop in values(crop).allSatisfy { $0 == values(crop)[0] } }
        // Flat crops have 25 of 57 places; half of those count: 12.5 of 44.5.
        #expect(abs(Double(flat.count) / 2000 - 12.5 / 44.5) < 0.06, "seed 3: \(flat.count)")
    }

    @Test("reduced crops come in every size, each the mean of what it covers")
    func reducedCrops() {
        // A slope: the mean of a crop says where it is, the steps between pixels how large it was.
        let (width, height) = (96, 64)
        let samples = (0..<(width * height)).map { UInt8(2 * ($0 % width)) }
        let picture = Picture(size: Size(width: width, height: height), bands: 1, samples: samples)
        var random = RandomNumbers(seed: 5, name: "sizes")
        var factors: Set<Int> = []
        for _ in 0..<200 {
            let crop = picture.reducedCrop(16, &random)
            #expect(crop.shape == [1, 16, 16])
            let row = values(crop)[112..<128]
            let step = (row[row.startIndex + 12] - row[row.startIndex + 4]) / 8 * 255 / 2
            #expect(step > 0.9 && step < 4.1, "seed 5: \(step)")
            factors.insert(Int((step * 2).rounded()))
        }
        #expect(factors == [2, 3, 4, 5, 6, 7, 8])
        let center = values(picture.reducedCenter(16))
        #expect(abs(center[0] - (16 + 1.5) * 2 / 255) < 0.01)
    }

    @Test("neutral colour jitter changes nothing; hue turns red to green")
    func jitter() {
        let picture = noise([3, 4, 5], seed: 4)
        #expect(difference(ColorJitter().apply(to: picture), picture, tolerance: 1e-6) == nil)
        let red = Tensor(shape: [3, 1, 1], values: [0.8, 0.2, 0.2] as [Float])
        let green = Tensor(shape: [3, 1, 1], values: [0.2, 0.8, 0.2] as [Float])
        #expect(difference(ColorJitter(hue: 1.0 / 3).apply(to: red), green) == nil)
        let grey = 0.299 * 0.8 + 0.701 * 0.2 as Float
        let faded = Tensor(shape: [3, 1, 1], values: [grey, grey, grey])
        #expect(difference(ColorJitter(saturation: 0).apply(to: red), faded) == nil)
        let dark = Tensor(shape: [3, 1, 1], values: [0.4, 0.1, 0.1] as [Float])
        #expect(difference(ColorJitter(brightness: 0.5).apply(to: red), dark) == nil)
        let two = Tensor(shape: [3, 1, 2], values: [0.2, 0.6, 0.2, 0.6, 0.2, 0.6] as [Float])
        let half = Tensor(shape: [3, 1, 2], values: [0.3, 0.5, 0.3, 0.5, 0.3, 0.5] as [Float])
        #expect(difference(ColorJitter(contrast: 0.5).apply(to: two), half) == nil)
    }

    @Test("hue, saturation and value come back as the colour they were")
    func hues() {
        var random = SeededRandom(5)
        for _ in 0..<1000 {
            let c = (0..<3).map { _ in Float.random(in: 0...1, using: &random) }
            let (r, g, b) = HSV(red: c[0], green: c[1], blue: c[2]).rgb
            #expect(abs(r - c[0]) + abs(g - c[1]) + abs(b - c[2]) < 1e-5, "seed 5: \(c)")
        }
        // Python's colorsys.hsv_to_rgb.
        let (r, g, b) = HSV(0.4, 0.5, 0.8).rgb
        #expect(abs(r - 0.4) + abs(g - 0.8) + abs(b - 0.56) < 1e-6)
    }

    @Test("blur is a weighted sum over the neighbourhood", arguments: [0.5, 1.0, 2.3])
    func blur(sigma: Double) {
        let picture = noise([2, 7, 9], seed: 6)
        let radius = Int((3 * sigma).rounded(.up))
        let source = values(picture)
        var wanted: [Float] = []
        for channel in 0..<2 {
            for y in 0..<7 {
                for x in 0..<9 {
                    var (sum, weights) = (0.0, 0.0)
                    for v in -radius...radius {
                        for u in -radius...radius {
                            let weight = exp(-Double(u * u + v * v) / (2 * sigma * sigma))
                            let (px, py) = (min(max(x + u, 0), 8), min(max(y + v, 0), 6))
                            sum += weight * Double(source[(channel * 7 + py) * 9 + px])
                            weights += weight
                        }
                    }
                    wanted.append(Float(sum / weights))
                }
            }
        }
        let expected = Tensor(shape: [2, 7, 9], values: wanted)
        #expect(difference(picture.blurred(sigma: sigma), expected) == nil, "seed 6")
        #expect(picture.blurred(sigma: 0) == picture)
    }

    @Test("noise has the deviation asked for, and shot noise grows with light")
    func noises() {
        let grey = Tensor(shape: [3, 100, 100], repeating: 0.5 as Float)
        var random = RandomNumbers(seed: 7, name: "noise")
        func moments(_ picture: Tensor) -> Moments { Moments(values(picture).map(Double.init)) }
        let normal = moments(grey.withNoise(deviation: 0.05, &random))
        #expect(abs(normal.mean - 0.5) < 0.002 && abs(normal.deviation - 0.05) < 0.002, "seed 7")
        let shot = moments(grey.withShotNoise(photons: 200, &random))
        // 100 expected events: deviation 10 of 200.
        #expect(abs(shot.mean - 0.5) < 0.002 && abs(shot.deviation - 0.05) < 0.002, "seed 7")
        let same = values(grey.withNoise(deviation: 0.05, isGrey: true, &random))
        #expect(same[0..<10_000] == same[10_000..<20_000])
        let black = Tensor(shape: [1, 2, 2])
        #expect(black.withShotNoise(photons: 100, &random) == black)
    }

    @Test("JPEG of a lower quality is further from the picture")
    func compression() throws {
        let picture = SyntheticPhotos(count: 1, side: 64, seed: 8).picture(0)
        func quality(_ quality: Int) throws -> Double {
            let result = try picture.throughJPEG(quality: quality)
            #expect(result.shape == picture.shape)
            return peakSignalToNoise(planes(of: picture), planes(of: result), peak: 1)
        }
        let (high, middle, low) = try (quality(95), quality(50), quality(10))
        #expect(high > middle && middle > low && low > 15, "\(high) \(middle) \(low)")
        let grey = try picture.luma.throughJPEG(quality: 90)
        #expect(grey.shape == [1, 64, 64])
    }

    @Test("resizing is the measures' own, channel by channel")
    func resizing() {
        let picture = noise([3, 8, 10], seed: 9)
        let small = picture.resized(by: 0.5)
        #expect(small.shape == [3, 4, 5])
        let second = Tensor([planes(of: picture)[1].resized(by: 0.5)])
        #expect(Array(values(small)[20..<40]) == values(second))
        let rounded = Tensor(shape: [1, 1, 3], values: [-0.1, 0.5, 1.2] as [Float]).roundedToBytes
        #expect(values(rounded) == [0, 128.0 / 255, 1])
    }

    @Test("a kernel with two deviations is a Gaussian turned; filtering takes weighted sums")
    func kernels() {
        let round = SquareKernel.gaussian(1.2, 1.2, angle: 0.7, radius: 4)
        let picture = noise([2, 9, 8], seed: 10)
        let blurred = picture.blurred(sigma: 1.2, radius: 4)
        #expect(difference(picture.filtered(round), blurred) == nil, "seed 10")
        // A quarter turn exchanges the deviations.
        let (long, turned) = (
            SquareKernel.gaussian(3, 0.5, angle: 0, radius: 3),
            SquareKernel.gaussian(0.5, 3, angle: .pi / 2, radius: 3)
        )
        #expect(zip(long.weights, turned.weights).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(long.weights[3 * 7] > 0.05 && long.weights[3] < 1e-6)
    }

    @Test("the ringing kernel is what a disc of frequencies sums up to")
    func ringing() {
        let (cutoff, radius) = (2.0, 3)
        // The Fourier integral over the disc, as a sum.
        let steps = 200
        var wanted: [Double] = []
        for y in -radius...radius {
            for x in -radius...radius {
                var sum = 0.0
                for v in 0..<steps {
                    for u in 0..<steps {
                        let fx = cutoff * (2 * (Double(u) + 0.5) / Double(steps) - 1)
                        let fy = cutoff * (2 * (Double(v) + 0.5) / Double(steps) - 1)
                        if fx * fx + fy * fy < cutoff * cutoff {
                            sum += cos(fx * Double(x) + fy * Double(y))
                        }
                    }
                }
                wanted.append(sum)
            }
        }
        let total = wanted.reduce(0, +)
        let found = SquareKernel.ringing(cutoff: cutoff, radius: radius).weights
        for (i, weight) in found.enumerated() {
            #expect(abs(Double(weight) - wanted[i] / total) < 1e-3, "weight \(i)")
        }
    }

    @Test("a photo's history makes it smaller by the scale, the same for the same stream")
    func history() throws {
        let picture = SyntheticPhotos(count: 1, side: 50, seed: 11).picture(0)
        for scale in [1, 2, 4] {
            for seed in 0..<6 as Range<UInt64> {
                func result() throws -> Tensor {
                    var random = RandomNumbers(seed: seed, name: "history")
                    return try PhotoHistory(scale: scale).apply(to: picture, &random)
                }
                let small = try result()
                #expect(small.shape == [3, 50 / scale, 50 / scale])
                #expect(values(small).allSatisfy { (0...1).contains($0) }, "seed \(seed)")
                #expect(try result() == small, "seed \(seed)")
                // Whatever happened, it still is that picture.
                let plain = picture.resized(to: Size(width: 50 / scale, height: 50 / scale)).clamped
                let quality = peakSignalToNoise(planes(of: small), planes(of: plain), peak: 1)
                #expect(quality > 10, "seed \(seed), scale \(scale): \(quality)")
            }
        }
    }
}
