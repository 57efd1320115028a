import Foundation
import Measures
import Support
import Tensors
import Testing

@Suite struct SimilarityTests {
    @Test("SSIM equals the formula with a window over the plane", arguments: [(11, 11), (17, 23)])
    func similarity(size: (Int, Int)) throws {
        let (a, b) = (noisePlane(size.0, size.1, seed: 1), noisePlane(size.0, size.1, seed: 2))
        let found = try #require(structuralSimilarity(a, b, peak: 1))
        #expect(abs(found - naive(a, b)) < 1e-9, "seeds 1 and 2, \(size)")
        #expect(abs(try #require(structuralSimilarity(a, a, peak: 1)) - 1) < 1e-12)
        #expect(structuralSimilarity(a, b, peak: 1, border: 7) == nil)
    }

    private func naive(_ a: Plane, _ b: Plane) -> Double {
        var (total, count) = (0.0, 0)
        for top in 0...(a.height - 11) {
            for left in 0...(a.width - 11) {
                var (sum, x, y, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
                for v in 0..<11 {
                    for u in 0..<11 {
                        let w = exp(-Double((u - 5) * (u - 5) + (v - 5) * (v - 5)) / 4.5)
                        let (p, q) = (a[left + u, top + v], b[left + u, top + v])
                        sum += w
                        x += w * p
                        y += w * q
                        xx += w * p * p
                        yy += w * q * q
                        xy += w * p * q
                    }
                }
                let (mx, my) = (x / sum, y / sum)
                let (c1, c2) = (0.0001, 0.0009)
                total +=
                    (2 * mx * my + c1) * (2 * (xy / sum - mx * my) + c2)
                    / ((mx * mx + my * my + c1) * (xx / sum - mx * mx + yy / sum - my * my + c2))
                count += 1
            }
        }
        return total / Double(count)
    }

    @Test("feature distance is the square distance of directions, worked by hand")
    func features() {
        // Two pixels: directions (1, 0) and (0, 1) are √2 apart, (3, 4) and (6, 8) are the same.
        let a = Tensor(shape: [1, 2, 1, 2], values: [1, 3, 0, 4] as [Float])
        let b = Tensor(shape: [1, 2, 1, 2], values: [0, 6, 1, 8] as [Float])
        let found = featureDistances([a, a], [b, a])
        #expect(found.count == 1 && abs(found[0] - 1) < 1e-6)
        let none = Tensor(shape: [1, 2, 1, 2])
        #expect(featureDistances([none], [none]) == [0])
    }

    @Test("the discrepancy of two sets of two, worked by hand")
    func kernels() {
        // k = (ab + 1)³ in one dimension: pairs 1·2 → 27, 0·1 → 1, and 1, 1, 8, 27 across… of
        // x = {1, 2}, y = {0, 1}: across k(1,0) = 1, k(1,1) = 8, k(2,0) = 1, k(2,1) = 27.
        let found = discrepancy([[1], [2]], [[0], [1]])
        #expect(abs(found - (27 + 1 - 2 * 37.0 / 4)) < 1e-12)
    }

    @Test("kernel distance is near 0 within one distribution and large between two")
    func distances() {
        var random = RandomNumbers(seed: 2, name: "features")
        let (a, b) = (random.normal([300, 8]), random.normal([300, 8]))
        let shifted = random.normal([300, 8], mean: 2)
        let same = KernelDistance(b, reference: a, random: random)
        let other = KernelDistance(shifted, reference: a, random: random)
        #expect(abs(same.mean) < 0.2, "seed 2: \(same)")
        #expect(other.mean > 50 * abs(same.mean) && other.mean > 5, "seed 2: \(other)")
        // Reference moments make it blind to the scale of a feature.
        func scaled(_ tensor: Tensor) -> Tensor {
            Tensor(shape: tensor.shape, values: tensor.array(of: Float.self).map { $0 * 1024 })
        }
        let big = KernelDistance(scaled(b), reference: scaled(a), random: random)
        #expect(abs(big.mean - same.mean) < 1e-9)
    }

    @Test("planes become tensors and planes again")
    func planesAndTensors() {
        let tensor = Tensor([noisePlane(5, 3, seed: 1), noisePlane(5, 3, seed: 2)])
        #expect(tensor.shape == [2, 3, 5])
        #expect(Tensor(planes(of: tensor)) == tensor)
        let batch = tensor.reshaped(to: [2, 1, 3, 5])
        #expect(planes(of: batch, item: 1) == [planes(of: tensor)[1]])
    }
}
