import Foundation
import Kernels
import Support
import Tensors
import Testing

/// Compares the kernels for runs of numbers, for every instruction set, with plain loops.
@Suite struct RunKernelTests {
    static let counts = [0, 1, 15, 16, 17, 63, 64, 65, 131, 1100, 2500]

    private static func numbers(_ count: Int, seed: Int) -> [Float] {
        var random = SeededRandom(seed)
        return random.tensor([count]).array(of: Float.self)
    }

    @Test("sums equal those in double precision", arguments: InstructionSet.available)
    func sums(instructions: InstructionSet) {
        for count in Self.counts {
            let (x, y) = (Self.numbers(count, seed: 1), Self.numbers(count, seed: 2))
            var found = [0.0, 0, 0]
            x.withUnsafeBufferPointer { x in
                y.withUnsafeBufferPointer { y in
                    guard let x = x.baseAddress, let y = y.baseAddress else { return }
                    found = [
                        RowKernels.sum(x, count: count, using: instructions),
                        RowKernels.dot(x, y, count: count, using: instructions),
                        RowKernels.spread(x, around: 0.25, count: count, using: instructions),
                    ]
                }
            }
            var expected = [0.0, 0, 0]
            for (a, b) in zip(x, y).map({ (Double($0), Double($1)) }) {
                expected[0] += a
                expected[1] += a * b
                expected[2] += (a - 0.25) * (a - 0.25)
            }
            for (kind, (a, b)) in zip(found, expected).enumerated() {
                #expect(
                    abs(a - b) < 2e-7 * Double(count + 1),
                    "sum \(kind) of \(count): \(a), not \(b)"
                )
            }
        }
    }

    @Test("slopes equal differences of the function", arguments: InstructionSet.available)
    func slopes(instructions: InstructionSet) {
        let functions: [(RowFunction, (Double) -> Double, ofResult: Bool)] = [
            (.relu, { max($0, 0) }, true), (.leakyRelu(0.25), { $0 < 0 ? $0 / 4 : $0 }, true),
            (.clip(low: -0.5, high: 0.5), { min(max($0, -0.5), 0.5) }, false),
            (.abs, { abs($0) }, false), (.square, { $0 * $0 }, false),
            (.exp, { exp($0) }, true), (.sigmoid, { 1 / (1 + exp(-$0)) }, true),
            (.tanh, { tanh($0) }, true), (.softplus, { log(1 + exp($0)) }, false),
            (.elu, { $0 < 0 ? exp($0) - 1 : $0 }, true),
            (.log, { log(abs($0)) }, false), (.reciprocal, { 1 / $0 }, true),
        ]
        let count = 37
        let x = Self.numbers(count, seed: 3).map { $0 < 0 ? $0 - 0.1 : $0 + 0.1 }
        let gradient = Self.numbers(count, seed: 4)
        for (function, definition, ofResult) in functions {
            let value = ofResult ? x.map { Float(definition(Double($0))) } : x
            var dx = [Float](repeating: .nan, count: count + 1)
            RowKernels.applySlope(
                of: function,
                at: value,
                times: gradient,
                into: &dx,
                count: count,
                using: instructions
            )
            for i in 0..<count {
                let place = Double(x[i])
                let slope = (definition(place + 1e-6) - definition(place - 1e-6)) / 2e-6
                let expected = slope * Double(gradient[i])
                #expect(
                    abs(Double(dx[i]) - expected) < 2e-5 * max(1, abs(expected)),
                    "\(function) at \(place): \(dx[i]), not \(expected)"
                )
            }
            #expect(dx[count].isNaN, "\(function) writes beyond")
        }
    }

    @Test("blends and steps of Adam equal their definitions", arguments: InstructionSet.available)
    func blendsAndSteps(instructions: InstructionSet) {
        for count in Self.counts {
            let (x, z) = (Self.numbers(count, seed: 5), Self.numbers(count, seed: 6))
            var y = [Float](repeating: .nan, count: count + 1)
            RowKernels.blend(2, x, -3, z, 0.5, into: &y, count: count, using: instructions)
            for i in 0..<count {
                #expect(abs(y[i] - (2 * x[i] - 3 * z[i] + 0.5)) < 1e-5, "\(i) of \(count)")
            }
            #expect(y[count].isNaN, "writes beyond \(count)")
            let step = AdamStep(
                beta1: 0.5,
                beta2: 0.75,
                rate: 0.1,
                scale: 2,
                epsilon: 0.25,
                decay: 0.5,
                keep: 0.875
            )
            var (m, v, w) = (x, x.map { abs($0) }, z)
            RowKernels.stepAdam(step, z, &m, &v, weights: &w, count: count, using: instructions)
            for i in 0..<count {
                let g = z[i] + 0.5 * z[i]
                let moment = 0.5 * x[i] + 0.5 * g
                let square = 0.75 * abs(x[i]) + 0.25 * g * g
                let weight = 0.875 * z[i] - 0.1 * moment / (square.squareRoot() * 2 + 0.25)
                #expect(abs(m[i] - moment) < 1e-5 && abs(v[i] - square) < 1e-5, "\(i) of \(count)")
                #expect(abs(w[i] - weight) < 1e-5, "weight \(i) of \(count)")
            }
        }
    }

    @Test(
        "planes become pixels and planes again, for every number of channels",
        arguments: InstructionSet.available
    )
    func planes(instructions: InstructionSet) {
        for (channels, depth) in [(1, 4), (3, 4), (4, 4), (5, 16), (16, 16), (17, 32), (40, 48)] {
            for count in [1, 15, 16, 17, 50] {
                let stride = count + 3
                let planes = Self.numbers(channels * stride, seed: 7)
                var pixels = [Float](repeating: .nan, count: count * depth)
                PixelSums.pixels(
                    fromPlanes: planes,
                    stride: stride,
                    channels: channels,
                    depth: depth,
                    into: &pixels,
                    count: count,
                    using: instructions
                )
                for place in pixels.indices {
                    let (x, channel) = (place / depth, place % depth)
                    let expected = channel < channels ? planes[channel * stride + x] : 0
                    #expect(
                        pixels[place] == expected,
                        "\(channels) of \(depth), \(place) of \(count)"
                    )
                }
                var back = [Float](repeating: .nan, count: channels * stride)
                PixelSums.planes(
                    fromPixels: pixels,
                    depth: depth,
                    channels: channels,
                    into: &back,
                    stride: stride,
                    count: count,
                    using: instructions
                )
                for place in back.indices {
                    let isInside = place % stride < count
                    #expect(isInside ? back[place] == planes[place] : back[place].isNaN)
                }
            }
        }
    }

    @Test("sums of outer products equal plain ones", arguments: InstructionSet.available)
    func outerProducts(instructions: InstructionSet) {
        for (rows, depth) in [(1, 16), (3, 32), (7, 48), (13, 64), (20, 112)] {
            let (lines, count, step) = (3, 5, 2 * rows)
            let a = Self.numbers(lines * count * step, seed: 8)
            let b = Self.numbers(lines * count * depth, seed: 9)
            var sums = [Float](repeating: 0.5, count: rows * depth)
            PixelSums.addProducts(
                .init(a, step: step, line: count * step),
                rows: rows,
                .init(b, step: depth, line: count * depth),
                depth: depth,
                lines: lines,
                count: count,
                into: &sums,
                using: instructions
            )
            for r in 0..<rows {
                for d in 0..<depth {
                    var expected: Float = 0.5
                    for p in 0..<(lines * count) { expected += a[p * step + r] * b[p * depth + d] }
                    let found = sums[r * depth + d]
                    #expect(abs(found - expected) < 1e-5, "\(rows) × \(depth), row \(r), \(d)")
                }
            }
        }
    }

    @Test(
        "gradients of 3 × 3 weights by Winograd's method equal plain ones",
        arguments: InstructionSet.available
    )
    func winogradGradient(instructions: InstructionSet) {
        // Two rows of three tiles, pixels of 16 channels.
        let (down, across, depth) = (2, 3, 16)
        let (height, width) = (down * 4, across * 4)
        let x = Self.numbers((height + 2) * (width + 2) * depth, seed: 10)
        let g = Self.numbers(height * width * depth, seed: 11)
        let tiles = down * across
        let stride = WinogradGradient.placeStride(tiles: tiles, depth: depth)
        func spread(_ side: WinogradGradient.Side, _ pixels: [Float], _ rows: Int, _ length: Int)
            -> [Float]
        {
            var places = [Float](repeating: .nan, count: 36 * stride)
            pixels.withUnsafeBufferPointer { pixels in
                WinogradGradient.spread(
                    side,
                    rows: (0..<rows).map { pixels.baseAddress! + $0 * length * depth },
                    depth: depth,
                    columns: across,
                    tiles: tiles,
                    into: &places,
                    using: instructions
                )
            }
            return places
        }
        let inputs = spread(.inputs, x, height + 2, width + 2)
        let gradients = spread(.gradients, g, height, width)
        for (input, output) in [(0, 0), (3, 15), (15, 2)] {
            let sums = (0..<36).map { place in
                (0..<tiles).reduce(Float(0)) { sum, tile in
                    let start = place * stride + tile * depth
                    return sum + inputs[start + input] * gradients[start + output]
                }
            }
            var found = [Float](repeating: 0, count: 9)
            WinogradGradient.weights(sums, placeStride: 1, into: &found)
            for tap in 0..<9 {
                var expected = 0.0
                for row in 0..<height {
                    for column in 0..<width {
                        let from = (row + tap / 3) * (width + 2) + column + tap % 3
                        let to = row * width + column
                        expected += Double(x[from * depth + input]) * Double(g[to * depth + output])
                    }
                }
                #expect(
                    abs(Double(found[tap]) - expected) < 1e-4,
                    "channels \(input) and \(output), tap \(tap): \(found[tap]), not \(expected)"
                )
            }
        }
    }

    @Test("products of rows equal those of a plain loop", arguments: InstructionSet.available)
    func rowProducts(instructions: InstructionSet) {
        for (rows, columns, length) in [(1, 1, 1), (5, 6, 16), (4, 4, 37), (9, 3, 131)] {
            let a = Self.numbers(rows * length, seed: 5)
            let b = Self.numbers(columns * length, seed: 6)
            var found = [Float](repeating: .nan, count: rows * columns)
            PixelSums.multiplyRows(
                a,
                rows: rows,
                step: length,
                b,
                columns: columns,
                step: length,
                length: length,
                into: &found,
                sumsStep: columns,
                using: instructions
            )
            for (place, value) in found.enumerated() {
                let (row, column) = place.quotientAndRemainder(dividingBy: columns)
                let sum = (0..<length).reduce(0.0) {
                    $0 + Double(a[row * length + $1]) * Double(b[column * length + $1])
                }
                #expect(abs(Double(value) - sum) < 1e-5, "\(rows) × \(columns), \(length)")
            }
        }
    }
}
