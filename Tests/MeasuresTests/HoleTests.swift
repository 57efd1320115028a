import Measures
import Support
import Testing

/// A plane of random numbers from 0 to 1.
func noisePlane(_ width: Int, _ height: Int, seed: Int) -> Plane {
    var random = SeededRandom(seed)
    let values = (0..<(width * height)).map { _ in Double.random(in: 0...1, using: &random) }
    return Plane(width: width, height: height, values: values)
}

private func square(_ side: Int, _ hole: Range<Int>) -> Hole {
    let inside = (0..<(side * side)).map { hole ~= $0 % side && hole ~= $0 / side }
    return Hole(width: side, height: side, isInside: inside)
}

@Suite struct HoleTests {
    @Test("hole-PSNR counts the hole only, all pictures together")
    func pooled() {
        let hole = square(4, 1..<3)
        let truth = Plane(width: 4, height: 4, values: [Double](repeating: 0.5, count: 16))
        var wrong = Plane(width: 4, height: 4, values: [Double](repeating: 1, count: 16))
        for i in hole.pixels { wrong.values[i] = 0.6 }
        var errors = SquareErrors()
        errors.add([truth], [wrong], inside: hole)
        // 10·log10(1 / 0.01)
        #expect(abs(errors.peakSignalToNoise(peak: 1) - 20) < 1e-9)
        errors.add([truth], [truth], inside: hole)
        #expect(abs(errors.peakSignalToNoise(peak: 1) - 23.0103) < 1e-4)
        #expect(hole.share == 0.25)
    }

    @Test("the mean fill puts the mean of the rest into the hole")
    func mean() {
        let plane = Plane(width: 3, height: 1, values: [1, 100, 3])
        let hole = Hole(width: 3, height: 1, isInside: [false, true, false])
        #expect(plane.filledWithMean(hole).values == [1, 2, 3])
        let all = Hole(width: 3, height: 1, isInside: [true, true, true])
        #expect(plane.filledWithMean(all).values == [0, 0, 0])
    }

    @Test("the smooth fill solves Laplace's equation and keeps the rest")
    func harmonic() {
        let plane = noisePlane(20, 20, seed: 4)
        let hole = square(20, 3..<15)
        let filled = plane.filledSmoothly(hole)
        for i in plane.values.indices where !hole.isInside[i] {
            #expect(filled.values[i] == plane.values[i])
        }
        for i in hole.pixels {
            let around = [i - 1, i + 1, i - 20, i + 20].reduce(0) { $0 + filled.values[$1] } / 4
            #expect(abs(filled.values[i] - around) < 1e-5, "seed 4, pixel \(i)")
        }
    }

    @Test("a plane that rises evenly is filled exactly; at the border the surface arrives level")
    func ramps() {
        let ramp = Plane(width: 12, height: 12, values: (0..<144).map { Double($0 / 12) })
        let hole = square(12, 4..<9)
        let filled = ramp.filledSmoothly(hole)
        for i in hole.pixels { #expect(abs(filled.values[i] - ramp.values[i]) < 1e-4) }

        let across = Plane(width: 8, height: 3, values: (0..<24).map { Double($0 % 8) })
        let left = Hole(width: 8, height: 3, isInside: (0..<24).map { $0 % 8 < 4 })
        let level = across.filledSmoothly(left)
        for i in left.pixels { #expect(abs(level.values[i] - 4) < 1e-4) }
    }

    @Test("the pyramid's fill keeps the rest, and a flat picture flat")
    func pyramid() {
        for (width, height) in [(1, 1), (2, 3), (17, 16), (40, 9)] {
            let flat = Plane(
                width: width,
                height: height,
                values: [Double](repeating: 3, count: width * height)
            )
            let plane = noisePlane(width, height, seed: 5)
            let inside = (0..<(width * height)).map { $0 % width > width / 3 && $0 / width > 1 }
            let hole = Hole(width: width, height: height, isInside: inside)
            let filled = plane.filledFromPyramid(hole)
            #expect(flat.filledFromPyramid(hole).values.allSatisfy { abs($0 - 3) < 1e-12 })
            for i in inside.indices {
                #expect(inside[i] || filled.values[i] == plane.values[i], "seed 5, \(i)")
                #expect((0...1).contains(filled.values[i]), "seed 5, \(i)")
            }
        }
    }

    @Test("the pyramid's fill goes from one side to the other")
    func pyramidSlope() {
        let step = Plane(width: 32, height: 32, values: (0..<1024).map { $0 % 32 < 16 ? 0 : 1 })
        let filled = step.filledFromPyramid(square(32, 10..<22))
        #expect(filled[11, 16] < 0.3 && filled[20, 16] > 0.7)
        #expect(abs(filled[15, 16] + filled[16, 16] - 1) < 0.2)
    }

    @Test("gradients of ramps, and of a hole alone")
    func gradients() {
        let slope = Plane(
            width: 5,
            height: 5,
            values: (0..<25).map { Double(3 * ($0 % 5) + 4 * ($0 / 5)) }
        )
        #expect(abs(slope.meanGradient() - 5) < 1e-12)
        let half = Plane(width: 5, height: 5, values: slope.values.map { $0 / 2 })
        #expect(abs(gradientRatio(half, slope) - 0.5) < 1e-12)
        var patched = slope
        let hole = square(5, 1..<4)
        for i in hole.pixels { patched.values[i] = 0 }
        // Nothing but the steps over its edge to the right and below: 16, 20, 19, 22 and √(24² + 25²)
        // at the corner, beside nine times 5.
        let edge: Double = (77 + 1201.squareRoot()) / 45
        #expect(abs(gradientRatio(patched, slope, inside: hole) - edge) < 1e-12)
        #expect(gradientRatio(patched, slope) > 0)
    }

    @Test("the edge of a hole shows as the step across it beside the step outside")
    func edges() {
        // One row: outside steps are 2, the step into the hole is 6.
        let row = Plane(width: 6, height: 1, values: [0, 2, 8, 8, 2, 0])
        let hole = Hole(width: 6, height: 1, isInside: [false, false, true, true, false, false])
        #expect(boundaryJump(row, around: hole) == 3)
    }

    @Test("PSNR of colour counts all channels alike")
    func color() {
        let a = Plane(width: 2, height: 1, values: [0, 0])
        let b = Plane(width: 2, height: 1, values: [3, 3])
        // Mean square 9 / 3.
        let same = Plane(
            width: 2,
            height: 1,
            values: [Double(3).squareRoot(), Double(3).squareRoot()]
        )
        let found = peakSignalToNoise([a, a, a], [b, a, a])
        #expect(abs(found - peakSignalToNoise(a, same)) < 1e-9)
    }
}
