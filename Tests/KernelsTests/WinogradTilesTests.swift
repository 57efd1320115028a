import Kernels
import Support
import Tensors
import Testing

/// Compares Winograd's method in parts, for every instruction set, with plain loops.
@Suite struct WinogradTilesTests {
    static let windows = [(2, 4), (2, 3), (1, 3), (1, 4)]

    /// A convolution without borders, whose outputs are one row of two tiles.
    private struct Example {
        let tiles: WinogradTiles
        let inputs = 16
        let outputs = 21
        let height, width: Int
        /// [row, column, input]: pixels lie as tiles read them.
        let x: [Float]
        /// [output, input, weight].
        let weights: [Float]
        /// [row, column, lane]: outputs filled up with zeros to whole blocks.
        let y: [Float]

        static let lanes = 32

        var outputWidth: Int { 2 * tiles.tile }

        init(_ tiles: WinogradTiles) {
            self.tiles = tiles
            height = tiles.stride * tiles.side
            width = tiles.stride * (2 * tiles.tile + tiles.taps - 1)
            var random = SeededRandom(tiles.stride * 10 + tiles.size)
            x = random.tensor([height * width * inputs]).array(of: Float.self)
            weights = random.tensor([outputs * inputs * tiles.size * tiles.size])
                .array(of: Float.self)
            let outputs = outputs
            y = random.tensor([tiles.tile * 2 * tiles.tile * Self.lanes]).array(of: Float.self)
                .enumerated().map { $0.offset % Self.lanes < outputs ? $0.element : 0 }
        }

        /// Every product of an input and a weight that is part of an output, by their places.
        func forEachProduct(_ body: (_ x: Int, _ weight: Int, _ y: Int) -> Void) {
            for row in 0..<tiles.tile {
                for column in 0..<outputWidth {
                    for i in 0..<tiles.size {
                        for j in 0..<tiles.size {
                            let from =
                                (row * tiles.stride + i) * width + column * tiles.stride + j
                            for input in 0..<inputs {
                                for output in 0..<outputs {
                                    let kernel = (output * inputs + input) * tiles.size + i
                                    body(
                                        from * inputs + input,
                                        kernel * tiles.size + j,
                                        (row * outputWidth + column) * Self.lanes + output
                                    )
                                }
                            }
                        }
                    }
                }
            }
        }

        /// Inputs of both tiles, transformed: a channel is a phase and an input.
        var spread: [Float] {
            let depth = tiles.phases * inputs
            var places = [Float](repeating: 0, count: tiles.places * 2 * depth)
            x.withUnsafeBufferPointer { x in
                let rows = (0..<tiles.phases).flatMap { phase in
                    (0..<tiles.side).map { line -> UnsafePointer<Float>? in
                        let row = line * tiles.stride + phase / tiles.stride
                        return x.baseAddress! + (row * width + phase % tiles.stride) * inputs
                    }
                }
                tiles.spread(
                    .inputs,
                    rows: rows,
                    blocks: tiles.phases,
                    step: tiles.stride * inputs,
                    columns: 2,
                    count: 2,
                    into: &places,
                    tileStep: depth,
                    placeStride: 2 * depth
                )
            }
            return places
        }

        func kernels(_ base: UnsafeMutablePointer<Float>) -> WinogradTiles.Kernels {
            let taps = tiles.size * tiles.size
            return WinogradTiles.Kernels(
                base,
                rows: inputs,
                lanes: outputs,
                rowStep: taps,
                laneStep: inputs * taps
            )
        }
    }

    private func expect(_ found: [Float], _ expected: [Double], _ what: String) {
        #expect(found.count == expected.count)
        let size = expected.reduce(1) { max($0, abs($1)) }
        let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(worst < 1e-5 * size, "\(what): \(worst) of \(size)")
    }

    @Test("outputs equal those of a plain loop", arguments: windows, InstructionSet.available)
    func outputs(window: (Int, Int), instructions: InstructionSet) throws {
        let tiles = try #require(
            WinogradTiles(stride: window.0, size: window.1, using: instructions)
        )
        let example = Example(tiles)
        let (depth, lanes) = (tiles.phases * 16, Example.lanes)
        var weights = example.weights
        var right = [Float](repeating: 0, count: tiles.places * depth * lanes)
        weights.withUnsafeMutableBufferPointer { weights in
            tiles.widen(
                example.kernels(weights.baseAddress!),
                flipped: false,
                into: &right,
                phaseStride: 16 * lanes,
                placeStride: depth * lanes
            )
        }
        var found = [Float](repeating: 0, count: example.y.count)
        let bias = (0..<lanes).map { Float($0) }
        // As many lanes at a time as an instruction set takes; the channels in two parts.
        let left = example.spread
        for first in stride(from: 0, to: lanes, by: tiles.group) {
            let own = min(tiles.group, lanes - first)
            let part = (0..<(tiles.places * depth)).flatMap { row in
                right[(row * lanes + first)..<(row * lanes + first + own)]
            }
            var sums = [Float](repeating: .nan, count: tiles.places * 2 * own)
            left.withUnsafeBufferPointer { left in
                part.withUnsafeBufferPointer { part in
                    for (start, count) in [(0, 9), (9, depth - 9)] {
                        tiles.multiply(
                            .init(left.baseAddress! + start, step: depth, placeStride: 2 * depth),
                            tiles: 2,
                            depth: count,
                            part.baseAddress! + start * own,
                            placeStride: depth * own,
                            lanes: own,
                            adding: start > 0,
                            into: &sums,
                            sumsStride: 2 * own
                        )
                    }
                }
            }
            found.withUnsafeMutableBufferPointer { found in
                let rows = (0..<tiles.tile).map { row -> UnsafeMutablePointer<Float>? in
                    found.baseAddress! + row * example.outputWidth * lanes + first
                }
                tiles.gather(
                    sums,
                    placeStride: 2 * own,
                    lanes: own,
                    bias: Array(bias[first..<(first + own)]),
                    columns: 2,
                    count: 2,
                    into: rows,
                    outputColumns: example.outputWidth,
                    step: lanes
                )
            }
        }
        var expected = (0..<found.count).map { Double($0 % lanes) }
        example.forEachProduct { x, weight, y in
            expected[y] += Double(example.x[x]) * Double(example.weights[weight])
        }
        expect(found, expected, "outputs")
    }

    @Test("gradients of weights equal a plain loop's", arguments: windows, InstructionSet.available)
    func weightGradients(window: (Int, Int), instructions: InstructionSet) throws {
        let tiles = try #require(
            WinogradTiles(stride: window.0, size: window.1, using: instructions)
        )
        let example = Example(tiles)
        let (depth, lanes) = (tiles.phases * 16, Example.lanes)
        var gradients = [Float](repeating: 0, count: tiles.places * 2 * lanes)
        example.y.withUnsafeBufferPointer { y in
            let rows = [0, 16].flatMap { block in
                (0..<tiles.tile).map { row -> UnsafePointer<Float>? in
                    y.baseAddress! + row * example.outputWidth * lanes + block
                }
            }
            tiles.spread(
                .gradients,
                rows: rows,
                blocks: 2,
                step: lanes,
                columns: 2,
                count: 2,
                into: &gradients,
                tileStep: lanes,
                placeStride: 2 * lanes
            )
        }
        let left = example.spread
        var sums = [Float](repeating: 0, count: tiles.places * depth * lanes)
        for place in 0..<tiles.places {
            for tile in 0..<2 {
                for row in 0..<depth {
                    let value = left[(place * 2 + tile) * depth + row]
                    for lane in 0..<lanes {
                        sums[(place * depth + row) * lanes + lane] +=
                            value * gradients[(place * 2 + tile) * lanes + lane]
                    }
                }
            }
        }
        var found = [Float](repeating: 1, count: example.weights.count)
        found.withUnsafeMutableBufferPointer { found in
            tiles.narrow(
                &sums,
                phaseStride: 16 * lanes,
                placeStride: depth * lanes,
                adding: true,
                into: example.kernels(found.baseAddress!)
            )
        }
        var expected = [Double](repeating: 1, count: found.count)
        example.forEachProduct { x, weight, y in
            expected[weight] += Double(example.x[x]) * Double(example.y[y])
        }
        expect(found, expected, "gradients")
    }
}
