import Measures
import Testing

@Suite struct MeasuresTests {
    @Test("halving four values follows MATLAB's formula, worked by hand")
    func halving() {
        // imresize([1 2 3 4], 0.5): for output 1, u = 1.5, taps at distances ±0.5, ±1.5, … halved.
        // h(t) = 0.5·k(t/2): k(.25)=.8672, k(.75)=.2266, k(1.25)=-.0703, k(1.75)=-.0234; mirrored ends.
        let k: [Double] = [0.8671875, 0.2265625, -0.0703125, -0.0234375]
        let first = k[0] * (1 + 2) + k[1] * (1 + 3) + k[2] * (2 + 4) + k[3] * (3 + 4)
        let second = k[0] * (3 + 4) + k[1] * (2 + 4) + k[2] * (1 + 3) + k[3] * (1 + 2)
        let sum = 2 * k.reduce(0, +)
        let result = Plane(width: 4, height: 1, values: [1, 2, 3, 4]).resized(by: 0.5)
        #expect(result.width == 2 && result.height == 1)
        #expect(abs(result[0, 0] - first / sum) < 1e-12)
        #expect(abs(result[1, 0] - second / sum) < 1e-12)
    }

    @Test("resizing keeps flat pictures flat and rounds sizes up", arguments: [0.25, 0.5, 2, 3])
    func flat(scale: Double) {
        for kernel in [ResizeKernel.linear, .cubic, .lanczos3] {
            let plane = Plane(width: 7, height: 5, values: [Double](repeating: 42, count: 35))
            let result = plane.resized(by: scale, kernel)
            #expect(result.width == Int((7 * scale).rounded(.up)))
            #expect(result.values.allSatisfy { abs($0 - 42) < 1e-9 })
        }
    }

    @Test("a size says what a scale says, and each side has its own")
    func sizes() {
        let plane = noisePlane(12, 9, seed: 6)
        #expect(plane.resized(width: 4, height: 3) == plane.resized(by: 1.0 / 3))
        let wide = plane.resized(width: 24, height: 9)
        #expect(wide.width == 24 && wide.height == 9)
        for y in 0..<9 {
            let row = plane.cropped(left: 0, top: y, width: 12, height: 1)
            let wanted = row.resized(width: 24, height: 1).values
            let found = wide.cropped(left: 0, top: y, width: 24, height: 1).values
            #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 }, "seed 6, row \(y)")
        }
    }

    @Test("an enlarged line stays where it was")
    func centred() {
        let line = Plane(width: 16, height: 1, values: (0..<16).map(Double.init))
        for kernel in [ResizeKernel.linear, .cubic, .lanczos3] {
            let result = line.resized(by: 2, kernel)
            for x in 10..<22 { #expect(abs(result[x, 0] - ((Double(x) + 0.5) / 2 - 0.5)) < 0.03) }
        }
    }

    @Test("PSNR of a known difference, borders left out")
    func noise() {
        var values = [Double](repeating: 100, count: 36)
        let a = Plane(width: 6, height: 6, values: values)
        for y in 1..<5 { for x in 1..<5 { values[y * 6 + x] = 105 } }
        values[0] = 0
        let b = Plane(width: 6, height: 6, values: values)
        // 20·log10(255/5)
        #expect(abs(peakSignalToNoise(a, b, border: 1) - 34.1514) < 1e-4)
        #expect(peakSignalToNoise(a, a) == .infinity)
    }

    @Test("luma of black, white and the primaries (BT.601, studio range)")
    func lumaValues() {
        let (r, g, b) = ([0, 255, 255, 0, 0], [0, 255, 0, 255, 0], [0, 255, 0, 0, 255])
        func plane(_ v: [Int]) -> Plane { Plane(width: 5, height: 1, values: v.map(Double.init)) }
        #expect(luma(plane(r), plane(g), plane(b)).values == [16, 235, 81, 145, 41])
    }
}
