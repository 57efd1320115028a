import Kernels
import Support
import Tensors
import Testing

/// Compares the convolution kernels of every instruction set with plain loops in double precision.
@Suite struct ConvolutionKernelTests {
    static let activations: [SumActivation] = [
        .none, .relu, .slopes((0..<64).map { Float($0) / 64 - 0.3 }), .clip(low: -0.2, high: 0.4),
    ]
    static let residuals: [SumResidual] = [.none, .beforeActivation, .afterActivation]

    private static func ended(
        _ sum: Double,
        _ activation: SumActivation,
        _ residual: SumResidual,
        channel: Int,
        other: Float
    ) -> Double {
        var sum = sum
        if residual == .beforeActivation { sum += Double(other) }
        switch activation {
        case .none: break
        case .relu: sum = max(sum, 0)
        case .slopes(let slopes): if sum < 0 { sum *= Double(slopes[channel]) }
        case .clip(let low, let high): sum = min(max(sum, Double(low)), Double(high))
        }
        return residual == .afterActivation ? sum + Double(other) : sum
    }

    /// A map as kernels read it, with a border of zeros, and numbers that must not count in places
    /// without a channel.
    private struct Blocks {
        let channels, rows, columns, lanes, border: Int
        var values: [Float]
        var blocks: Int { (channels + lanes - 1) / lanes }
        var places: [Int32] {
            (0..<Int32(blocks * lanes)).map { $0 < channels ? $0 : -1 }
        }

        init(
            channels: Int,
            rows: Int,
            columns: Int,
            lanes: Int,
            border: Int,
            filledWith random: inout SeededRandom
        ) {
            (self.channels, self.rows, self.columns) = (channels, rows, columns)
            (self.lanes, self.border) = (lanes, border)
            values = []
            values = [Float](
                repeating: 0,
                count: blocks * (rows + 2 * border) * (columns + 2 * border) * lanes
            )
            for channel in 0..<(blocks * lanes) {
                for y in 0..<rows {
                    for x in 0..<columns {
                        values[index(channel, y, x)] =
                            channel < channels ? Float.random(in: -1...1, using: &random) : .nan
                    }
                }
            }
        }

        func index(_ channel: Int, _ y: Int, _ x: Int) -> Int {
            let row = channel / lanes * (rows + 2 * border) + y + border
            return (row * (columns + 2 * border) + x + border) * lanes + channel % lanes
        }
    }

    @Test("direct kernels equal plain loops", arguments: InstructionSet.available, 0..<24)
    func direct(instructions: InstructionSet, seed: Int) {
        var random = SeededRandom(seed)
        let form: PackedConvolution.Form = [.dense, .thin, .depthwise][seed % 3]
        let lanes = form == .thin || random.int(0...1) == 0 ? 16 : 4
        let inputs = lanes == 4 ? random.int(1...4) : [1, 12, 16, 17, 40][random.int(0...4)]
        let outputs =
            form == .thin
            ? random.int(1...4)
            : form == .depthwise ? inputs : [1, 16, 30, 48, 64, 70][random.int(0...5)]
        let width = [1, 2, 5, 6, 7, 13, 29][random.int(0...6)]
        let step = random.int(1...2)
        let activation = Self.activations[random.int(0...3)]
        let residual = Self.residuals[random.int(0...2)]
        let x = Blocks(
            channels: inputs,
            rows: 3,
            columns: width * step + 2,
            lanes: lanes,
            border: 0,
            filledWith: &random
        )
        let inner = form == .depthwise ? 1 : inputs
        let weights = random.tensor([outputs, inner, 9])
        let bias = (0..<outputs).map { _ in Float.random(in: -1...1, using: &random) }
        let packed = PackedConvolution(
            form,
            weights: weights,
            bias: bias,
            activation: Self.cut(activation, outputs),
            residual: residual,
            inputs: x.places,
            lanes: lanes,
            instructions: instructions
        )
        let outputLanes = form == .thin ? 4 : form == .depthwise ? lanes : 16
        let blocks = (outputs + outputLanes - 1) / outputLanes
        let other = random.tensor([blocks * width * outputLanes]).array(of: Float.self)
        var y = [Float](repeating: .nan, count: blocks * width * outputLanes)
        x.values.withUnsafeBufferPointer { x0 in
            other.withUnsafeBufferPointer { other in
                let rows = (0..<3).map { row in
                    (0..<x.blocks).map { block -> UnsafePointer<Float>? in
                        x0.baseAddress! + x.index(block * lanes, row, 0)
                    }
                }
                let residuals = (0..<blocks).map { block -> UnsafePointer<Float>? in
                    other.baseAddress! + block * width * outputLanes
                }
                withPointers(rows) { rows in
                    let taps = (0..<9).map { tap in
                        KernelTap(blocks: rows[tap / 3], offset: tap % 3 * lanes, number: tap)
                    }
                    y.withUnsafeMutableBufferPointer { y in
                        taps.withUnsafeBufferPointer { taps in
                            residuals.withUnsafeBufferPointer { residuals in
                                packed.run(
                                    taps: taps,
                                    inputStep: step * lanes,
                                    output: y.baseAddress!,
                                    outputBlockStride: width * outputLanes,
                                    outputStep: outputLanes,
                                    residual: residual == .none ? nil : residuals.baseAddress,
                                    count: width
                                )
                            }
                        }
                    }
                }
            }
        }
        for channel in 0..<outputs {
            for column in 0..<width {
                var sum = Double(bias[channel])
                for i in 0..<inner {
                    for tap in 0..<9 {
                        let from = form == .depthwise ? channel : i
                        sum +=
                            Double(weights.floats[(channel * inner + i) * 9 + tap])
                            * Double(x.values[x.index(from, tap / 3, column * step + tap % 3)])
                    }
                }
                let at =
                    (channel / outputLanes * width + column) * outputLanes + channel % outputLanes
                let wanted = Self.ended(
                    sum,
                    activation,
                    residual,
                    channel: channel,
                    other: other[at]
                )
                #expect(
                    abs(Double(y[at]) - wanted) < 2e-4,
                    "\(form) seed \(seed), channel \(channel), column \(column): \(y[at]), \(wanted)"
                )
            }
        }
    }

    private static func cut(_ activation: SumActivation, _ count: Int) -> SumActivation {
        guard case .slopes(let slopes) = activation else { return activation }
        return .slopes((0..<count).map { slopes[$0 % slopes.count] })
    }

    @Test(
        "a few pixels of many channels equal plain loops",
        arguments: InstructionSet.available,
        0..<16
    )
    func few(instructions: InstructionSet, seed: Int) {
        var random = SeededRandom(seed)
        let inputs = 16 * [1, 2, 3, 6, 7, 13][random.int(0...5)]
        let outputs = [1, 16, 30, 48, 64, 70, 130][random.int(0...6)]
        let count = [1, 2, 5, 6, 7, 8, 13, 29][random.int(0...7)]
        let taps: [Int32] = [[0], [4, 1], [0, 2, 3, 7, 8]][random.int(0...2)]
        let activation = Self.cut(Self.activations[random.int(0...3)], outputs)
        let x = random.tensor([taps.count, count, inputs])
        let weights = random.tensor([outputs, inputs, 9])
        let bias = (0..<outputs).map { _ in Float.random(in: -1...1, using: &random) }
        let packed = PackedConvolution(
            .dense,
            weights: weights,
            bias: bias,
            activation: activation,
            residual: .none,
            inputs: (0..<Int32(inputs)).map { $0 },
            lanes: 16,
            instructions: instructions
        )
        let size = count * 16
        var y = [Float](repeating: .nan, count: (outputs + 15) / 16 * size)
        let input = x.array(of: Float.self)
        var placed = [Float](repeating: .nan, count: input.count)
        for (index, value) in input.enumerated() {
            let (tap, pixel) = (index / inputs / count, index / inputs % count)
            let (block, lane) = (index % inputs / 16, index % 16)
            let place = packed.place(pixel: pixel, of: count, block: block) + lane
            placed[tap * count * inputs + place] = value
        }
        y.withUnsafeMutableBufferPointer { y in
            let pixels = (0..<count).map { pixel -> UnsafeMutablePointer<Float>? in
                y.baseAddress! + pixel * 16
            }
            for group in 0..<packed.groups {
                placed.withUnsafeBufferPointer { input in
                    pixels.withUnsafeBufferPointer { pixels in
                        packed.run(
                            group: group,
                            input: input.baseAddress!,
                            taps: taps,
                            output: pixels,
                            outputBlockStride: size
                        )
                    }
                }
            }
        }
        for channel in 0..<outputs {
            for pixel in 0..<count {
                var sum = Double(bias[channel])
                for (index, tap) in taps.enumerated() {
                    for i in 0..<inputs {
                        sum +=
                            Double(weights.floats[(channel * inputs + i) * 9 + Int(tap)])
                            * Double(input[(index * count + pixel) * inputs + i])
                    }
                }
                let wanted = Self.ended(sum, activation, .none, channel: channel, other: 0)
                let found = y[channel / 16 * size + pixel * 16 + channel % 16]
                #expect(
                    abs(Double(found) - wanted) < 2e-4,
                    "seed \(seed), channel \(channel), pixel \(pixel): \(found), \(wanted)"
                )
            }
        }
    }

    @Test("Winograd's method equals plain loops", arguments: InstructionSet.available, 0..<40)
    func winograd(instructions: InstructionSet, seed: Int) {
        var random = SeededRandom(seed)
        let tilings = (2...7).flatMap { PackedWinograd.Tiling.all(taps: $0) }
        let tiling = tilings[seed % tilings.count]
        let (tile, taps) = (tiling.outputs, tiling.taps)
        let inputs = [1, 12, 16, 17, 40][random.int(0...4)]
        let outputs = [5, 16, 30, 48, 64][random.int(0...4)]
        let (height, width) = (random.int(1...15), [1, 2, 5, 6, 7, 13, 29][random.int(0...6)])
        let activation = Self.activations[random.int(0...3)]
        let residual = Self.residuals[random.int(0...2)]
        let outputStep = random.int(1...2) * 16
        let columns = (width + tile - 1) / tile
        let tileRows = (height + tile - 1) / tile
        // The border holds the padding and what tiles read beyond the end.
        let x = Blocks(
            channels: inputs,
            rows: height,
            columns: width,
            lanes: 16,
            border: tile + 1,
            filledWith: &random
        )
        let weights = random.tensor([outputs, inputs, taps * taps])
        let bias = (0..<outputs).map { _ in Float.random(in: -1...1, using: &random) }
        let packed = PackedWinograd(
            tiling,
            weights: weights,
            bias: bias,
            activation: activation,
            residual: residual,
            inputs: x.places,
            instructions: instructions
        )
        let blocks = packed.outputBlocks
        let rowStride = width * outputStep
        let other = random.tensor([blocks * height * rowStride]).array(of: Float.self)
        let untouched: Float = 1234.5
        var y = [Float](repeating: untouched, count: blocks * height * rowStride)
        let inputRows = tileRows * tile + taps - 1
        x.values.withUnsafeBufferPointer { x0 in
            other.withUnsafeBufferPointer { other in
                y.withUnsafeMutableBufferPointer { y in
                    // Rows outside are rows of zeros, even where memory holds some.
                    let input = (0..<x.blocks).flatMap { block in
                        (0..<inputRows).map { row -> UnsafePointer<Float>? in
                            (1...height).contains(row)
                                ? x0.baseAddress! + x.index(block * 16, row - 1, -1) : nil
                        }
                    }
                    let output = (0..<height).map { row -> UnsafeMutablePointer<Float>? in
                        y.baseAddress! + row * rowStride
                    }
                    let residuals = (0..<blocks).flatMap { block in
                        (0..<height).map { row -> UnsafePointer<Float>? in
                            other.baseAddress! + (block * height + row) * rowStride
                        }
                    }
                    input.withUnsafeBufferPointer { input in
                        output.withUnsafeBufferPointer { output in
                            residuals.withUnsafeBufferPointer { residuals in
                                packed.run(
                                    tiles: 0..<(tileRows * columns),
                                    columns: columns,
                                    input: input,
                                    inputStep: 16,
                                    output: output,
                                    outputColumns: width,
                                    outputBlockStride: height * rowStride,
                                    outputStep: outputStep,
                                    residual: residual == .none ? nil : residuals.baseAddress
                                )
                            }
                        }
                    }
                }
            }
        }
        let place = "\(tiling) seed \(seed): \(inputs) to \(outputs), \(width)×\(height)"
        let tolerance = 2e-5 * Double(inputs * taps * taps).squareRoot()
        for channel in 0..<outputs {
            for row in 0..<height {
                for column in 0..<width {
                    var sum = Double(bias[channel])
                    for i in 0..<inputs {
                        for tap in 0..<(taps * taps) {
                            let (dy, dx) = (row + tap / taps - 1, column + tap % taps - 1)
                            guard (0..<height).contains(dy), (0..<width).contains(dx) else {
                                continue
                            }
                            sum +=
                                Double(
                                    weights.floats[(channel * inputs + i) * taps * taps + tap]
                                ) * Double(x.values[x.index(i, dy, dx)])
                        }
                    }
                    let at =
                        (channel / 16 * height + row) * rowStride + column * outputStep
                        + channel % 16
                    let wanted = Self.ended(
                        sum,
                        activation,
                        residual,
                        channel: channel,
                        other: other[at]
                    )
                    #expect(
                        abs(Double(y[at]) - wanted) < tolerance,
                        "\(place), channel \(channel) at \(column), \(row): \(y[at]), \(wanted)"
                    )
                }
            }
        }
        if outputStep == 32 {
            #expect(
                y.indices.allSatisfy { $0 / 16 % 2 == 0 || y[$0] == untouched },
                "\(place): pixels between the outputs are touched"
            )
        }
    }
}

/// Lists of pointers as memory that a kernel can read.
func withPointers<Result>(
    _ lists: [[UnsafePointer<Float>?]],
    _ body: ([UnsafePointer<UnsafePointer<Float>?>]) -> Result
) -> Result {
    let memory = lists.map { list in
        let copy = UnsafeMutablePointer<UnsafePointer<Float>?>.allocate(capacity: list.count)
        copy.initialize(from: list, count: list.count)
        return copy
    }
    defer { for list in memory { list.deallocate() } }
    return body(memory.map { UnsafePointer($0) })
}
