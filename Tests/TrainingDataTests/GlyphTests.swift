import Foundation
import Support
import Tensors
import Testing
import TrainingData

@Suite struct GlyphTests {
    @Test("glyphs depend on seed and number only, digits are evenly drawn")
    func drawing() {
        let (glyphs, again) = (Glyphs(count: 2000, seed: 1), Glyphs(count: 10, seed: 1))
        #expect(glyphs.glyph(7).picture == again.glyph(7).picture)
        #expect(glyphs.glyph(7).picture != Glyphs(count: 10, seed: 2).glyph(7).picture)
        var counts = [Int](repeating: 0, count: 10)
        for index in 0..<glyphs.count {
            let (picture, digit) = glyphs.glyph(index)
            counts[digit] += 1
            let values = picture.array(of: Float.self)
            #expect(values.allSatisfy { (0...1).contains($0) })
            // A stroke is white, most of the picture is black.
            #expect(values.contains(1) && values.filter { $0 == 0 }.count > 512, "glyph \(index)")
        }
        // Five deviations of a binomial of 2000 and 1/10.
        #expect(counts.allSatisfy { abs($0 - 200) < 67 }, "\(counts)")
    }

    @Test("a larger glyph is the same glyph, larger")
    func scale() {
        let small = Glyphs(count: 5, side: 32, seed: 3)
        let large = Glyphs(count: 5, side: 96, seed: 3)
        for index in 0..<5 {
            let (a, b) = (small.glyph(index), large.glyph(index))
            #expect(a.digit == b.digit)
            let (x, y) = (a.picture.array(of: Float.self), b.picture.array(of: Float.self))
            var difference: Float = 0
            for i in x.indices {
                // The mean of the nine pixels that lie in one.
                var mean: Float = 0
                for v in 0..<3 {
                    for u in 0..<3 { mean += y[(i / 32 * 3 + v) * 96 + i % 32 * 3 + u] / 9 }
                }
                difference += abs(mean - x[i]) / Float(x.count)
            }
            #expect(difference < 0.02, "glyph \(index): \(difference)")
        }
    }

    @Test("edge, hue and blend of a small glyph, worked by hand")
    func domains() {
        let glyph = Tensor(shape: [1, 2, 3], values: [0, 0.5, 0, 0, 0, 1] as [Float])
        #expect(glyph.glyphEdge.array(of: Float.self) == [0.5, 0.5, 1, 0.5, 1, 0])
        let green = glyph.glyph(hue: 1.0 / 3)
        let wanted = Tensor(
            shape: [3, 2, 3],
            values: [0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0] as [Float]
        )
        #expect(difference(green, wanted) == nil)
        let photo = Tensor(shape: [3, 2, 3], repeating: 0.75 as Float)
        let blend = glyph.glyph(on: photo).array(of: Float.self)
        #expect(
            blend
                == [[Float]](repeating: [0.75, 0.25, 0.75, 0.75, 0.75, 0.25], count: 3).flatMap(
                    \.self
                )
        )
    }

    @Test("the hue of a coloured glyph is read back")
    func hues() throws {
        let glyphs = Glyphs(count: 24, seed: 4)
        for index in 0..<24 {
            let hue = Float(index) / 24
            let found = try #require(glyphs.glyph(index).picture.glyph(hue: hue).glyphHue)
            #expect(hueDistance(found, hue) < 1e-4)
        }
        #expect(Tensor(shape: [3, 4, 4]).glyphHue == nil)
        #expect(abs(hueDistance(0.95, 0.05) - 0.1) < 1e-6 && hueDistance(0.25, 0.75) == 0.5)
    }

    @Test("known photo transforms of known colours")
    func transforms() {
        func one(_ r: Float, _ g: Float, _ b: Float) -> Tensor {
            Tensor(shape: [3, 1, 1], values: [r, g, b])
        }
        #expect(difference(one(1, 1, 1).toned, one(0.82, 0.88, 1)) == nil)
        let r = powf(0.5, 1.3)
        #expect(
            difference(
                one(0.5, 0, 0).toned,
                one(0.75 * r * 0.8 + 0.02, 0.1 * r * 0.85 + 0.03, 0.05 * r)
            ) == nil
        )
        // A flat picture is its own surroundings: brightness 0.5, gain 1.05, tints halfway.
        let flat = Tensor(shape: [3, 16, 16], repeating: 0.5 as Float).locallyToned
        let values = flat.array(of: Float.self)
        for (channel, tint) in [0.985, 0.975, 0.975].enumerated() {
            #expect(abs(values[channel * 256 + 100] - Float(0.5 * 1.05 * tint)) < 1e-5)
        }
        #expect(difference(one(0.1, 0.2, 0.3).negative, one(0.7, 0.9, 0.8)) == nil)
        let picture = SyntheticPhotos(count: 1, side: 16, seed: 1).picture(0)
        var turned = picture
        for _ in 0..<6 { turned = turned.negative }
        #expect(difference(turned, picture) == nil)
    }

    @Test("synthetic photos repeat, differ, and use the whole range of colours")
    func photos() {
        let photos = SyntheticPhotos(count: 20, side: 32, seed: 5)
        var all: [Float] = []
        for index in 0..<20 {
            let picture = photos.picture(index)
            #expect(picture == photos.picture(index))
            #expect(index == 0 || picture != photos.picture(index - 1))
            all += picture.array(of: Float.self)
        }
        #expect(all.allSatisfy { (0...1).contains($0) })
        #expect(all.contains { $0 < 0.1 } && all.contains { $0 > 0.9 })
    }
}
