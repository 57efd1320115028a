import Support
import Tensors
import Testing
import TrainingData

@Suite struct CorruptionTests {
    private let sizes = [(64, 64), (33, 48), (256, 256), (1, 1), (7, 5)]

    @Test(
        "only the hole changes, and it is what the fill says",
        arguments: Corruption.Kind.allCases
    )
    func holes(kind: Corruption.Kind) {
        for (width, height) in sizes {
            for seed in 0..<5 as Range<UInt64> {
                var source = SeededRandom(Int(seed))
                let picture = source.tensor([3, height, width], in: 0.1...0.9)
                var random = RandomNumbers(seed: seed, name: "holes")
                let fills: [Corruption.Fill] = [.constant(1), .mean, .noise]
                let fill = fills[random.integer(below: 3)]
                let (corrupted, mask) = Corruption(kind, fill: fill).apply(to: picture, &random)
                #expect(mask.shape == [1, height, width] && corrupted.shape == picture.shape)
                let hole = mask.array(of: Float.self)
                #expect(hole.allSatisfy { $0 == 0 || $0 == 1 })
                let (old, new) = (picture.array(of: Float.self), corrupted.array(of: Float.self))
                // The rim of a stain is too faint to count as damage.
                let tolerance: Float = kind == .stain ? 0.15 : 0
                let wrong = old.indices.first {
                    hole[$0 % hole.count] == 0 && abs(old[$0] - new[$0]) > tolerance
                }
                #expect(wrong == nil, "\(kind) \(width) × \(height), seed \(seed), \(wrong ?? 0)")
                if fill == .constant(1), kind != .stain {
                    #expect(old.indices.allSatisfy { hole[$0 % hole.count] == 0 || new[$0] == 1 })
                }
                #expect(new.allSatisfy { (0...1).contains($0) })
            }
        }
    }

    @Test("the same stream gives the same damage", arguments: Corruption.Kind.allCases)
    func repetition(kind: Corruption.Kind) {
        let picture = SyntheticPhotos(count: 1, side: 48, seed: 1).picture(0)
        func damage(_ seed: UInt64) -> Tensor {
            var random = RandomNumbers(seed: seed, name: "repetition")
            return Corruption(kind, fill: .noise).apply(to: picture, &random).corrupted
        }
        #expect(damage(1) == damage(1))
        #expect(damage(1) != damage(2))
    }

    @Test("an occlusion is a square of the size asked for, anywhere inside")
    func squares() {
        var (sides, places): (Set<Int>, Set<Int>) = ([], [])
        var random = RandomNumbers(seed: 2, name: "squares")
        for _ in 0..<500 {
            let mask = Corruption(.occlusion).mask(width: 64, height: 64, &random)
                .array(of: Float.self)
            let inside = mask.indices.filter { mask[$0] == 1 }
            let (xs, ys) = (Set(inside.map { $0 % 64 }), Set(inside.map { $0 / 64 }))
            #expect(xs.count == ys.count && inside.count == xs.count * ys.count, "seed 2")
            #expect(xs.max()! - xs.min()! + 1 == xs.count)
            sides.insert(xs.count)
            places.formUnion(xs)
        }
        // 50 … 99 of 256, of a side of 64.
        #expect(sides.min()! >= 12 && sides.max()! <= 25 && sides.count > 10)
        #expect(places.count == 64)
    }

    @Test("a higher level damages more", arguments: Corruption.Kind.allCases)
    func levels(kind: Corruption.Kind) {
        func damaged(_ level: Double) -> Float {
            var random = RandomNumbers(seed: 3, name: "levels")
            return (0..<30).reduce(0) { sum, _ in
                let mask = Corruption(kind, level: level).mask(width: 64, height: 64, &random)
                return sum + mask.array(of: Float.self).reduce(0, +)
            }
        }
        #expect(damaged(0.5) < damaged(1) && damaged(1) < damaged(1.6))
    }
}
