import Kernels
import Support
import Tensors
import Testing

/// Compares the bfloat16 kernels of every variant with plain loops in double precision over numbers
/// that the test rounds itself.
@Suite struct BfloatKernelTests {
    /// The nearest number with 8 significant bits, the even one of two.
    private static func rounded(_ value: Float) -> Float {
        let unit = value.binade.ulp * Float(1 << 16)
        return (value / unit).rounded(.toNearestOrEven) * unit
    }

    private static func float(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }

    private static func packed(
        _ form: PackedBfloat.Form,
        _ weights: Tensor,
        channels: Int,
        lanes: Int,
        _ instructions: BfloatInstructions,
        bias: [Float]? = nil,
        residual: SumResidual = .none
    ) -> PackedBfloat {
        let places = Int32((channels + lanes - 1) / lanes * lanes)
        return PackedBfloat(
            form,
            weights: weights,
            bias: bias ?? [Float](repeating: 0, count: weights.shape[0]),
            activation: .relu,
            residual: residual,
            inputs: (0..<places).map { $0 < channels ? $0 : -1 },
            lanes: lanes,
            instructions: instructions
        )
    }

    @Test(
        "numbers are rounded to the nearest, and to the even one of two",
        arguments: BfloatInstructions.available
    )
    func rounding(instructions: BfloatInstructions) {
        // A step of the format is 2⁻⁷ from 1 on.
        let step: Float = 1 / 128
        let cases: [(Float, Float)] = [
            (0, 0), (1, 1), (1 + step, 1 + step), (1 + step / 2, 1), (1 + 1.5 * step, 1 + 2 * step),
            (1 + 0.51 * step, 1 + step), (-1 - step / 2, -1), (2 - step / 4, 2),
            (-3.14159, -3.140625),
            (.infinity, .infinity), (-.infinity, -.infinity), (.greatestFiniteMagnitude, .infinity),
        ]
        let one = Self.packed(
            .dense,
            Tensor(shape: [1, 1, 1]),
            channels: 1,
            lanes: 16,
            instructions
        )
        for (value, expected) in cases {
            var x = [Float](repeating: .nan, count: 16)
            x[0] = value
            let result = Self.rounded(x, by: one, count: 1)
            #expect(Self.float(result[0]) == expected, "\(value)")
            #expect(result.dropFirst().allSatisfy { $0 == 0 }, "places without a channel are zero")
        }
        let none = Self.rounded([Float](repeating: .nan, count: 16), by: one, count: 1)
        #expect(Self.float(none[0]).isNaN)
    }

    /// Pixels of blocks that lie one after the other, rounded.
    private static func rounded(_ x: [Float], by packed: PackedBfloat, count: Int) -> [UInt16] {
        let lanes = packed.lanes == 32 ? 16 : packed.lanes
        var y = [UInt16](repeating: 0xFFFF, count: packed.inputBlocks * count * packed.lanes)
        x.withUnsafeBufferPointer { x in
            var blocks = stride(from: 0, to: x.count, by: count * lanes).map {
                UnsafePointer<Float>?(x.baseAddress! + $0)
            }
            blocks.withUnsafeMutableBufferPointer { blocks in
                y.withUnsafeMutableBufferPointer { y in
                    packed.round(
                        blocks,
                        into: y.baseAddress!,
                        blockStride: count * packed.lanes,
                        count: count
                    )
                }
            }
        }
        return y
    }

    @Test(
        "rows of pixels equal plain loops",
        arguments: BfloatInstructions.available,
        0..<24
    )
    func rows(instructions: BfloatInstructions, seed: Int) {
        var random = SeededRandom(seed)
        let form: PackedBfloat.Form = seed % 3 == 0 ? .thin : .dense
        let lanes = form == .thin || random.int(0...1) == 0 ? 16 : 4
        let inputs = lanes == 4 ? random.int(1...4) : [1, 12, 16, 17, 40, 64][random.int(0...5)]
        let outputs =
            form == .thin ? random.int(1...4) : [1, 16, 30, 48, 64, 70][random.int(0...5)]
        let count = [1, 2, 5, 6, 7, 13, 29][random.int(0...6)]
        let step = random.int(1...2)
        let residual: SumResidual = [.none, .beforeActivation, .afterActivation][random.int(0...2)]
        let width = count * step + 2
        let blocks = (inputs + lanes - 1) / lanes
        var x = [Float](repeating: .nan, count: blocks * width * lanes)
        func place(_ channel: Int, _ column: Int) -> Int {
            (channel / lanes * width + column) * lanes + channel % lanes
        }
        for channel in 0..<inputs {
            for column in 0..<width {
                x[place(channel, column)] = Float.random(in: -1...1, using: &random)
            }
        }
        let weights = random.tensor([outputs, inputs, 3])
        let bias = (0..<outputs).map { _ in Float.random(in: -1...1, using: &random) }
        let packed = Self.packed(
            form,
            weights,
            channels: inputs,
            lanes: lanes,
            instructions,
            bias: bias,
            residual: residual
        )
        let rows = Self.rounded(x, by: packed, count: width)
        let outputLanes = form == .thin ? 4 : 16
        let outputBlocks = (outputs + outputLanes - 1) / outputLanes
        let other = random.tensor([outputBlocks * count * outputLanes]).array(of: Float.self)
        var y = [Float](repeating: .nan, count: other.count)
        Self.run(packed, rows, width: width, step: step, other, outputLanes, residual, into: &y)
        for channel in 0..<outputs {
            for column in 0..<count {
                var sum = Double(bias[channel])
                for input in 0..<inputs {
                    for tap in 0..<3 {
                        let weight = weights.floats[(channel * inputs + input) * 3 + tap]
                        let value = x[place(input, column * step + tap)]
                        sum += Double(Self.rounded(weight)) * Double(Self.rounded(value))
                    }
                }
                let at =
                    (channel / outputLanes * count + column) * outputLanes + channel % outputLanes
                if residual == .beforeActivation { sum += Double(other[at]) }
                sum = max(sum, 0)
                if residual == .afterActivation { sum += Double(other[at]) }
                #expect(
                    abs(Double(y[at]) - sum) < 1e-4,
                    "\(form) seed \(seed), channel \(channel), column \(column): \(y[at]), \(sum)"
                )
            }
        }
    }

    /// Three taps side by side, all groups.
    private static func run(
        _ packed: PackedBfloat,
        _ rows: [UInt16],
        width: Int,
        step: Int,
        _ other: [Float],
        _ outputLanes: Int,
        _ residual: SumResidual,
        into y: inout [Float]
    ) {
        let count = (width - 2) / step
        let numbers: [Int32] = [0, 1, 2]
        rows.withUnsafeBufferPointer { rows in
            other.withUnsafeBufferPointer { other in
                let taps = (0..<3).map {
                    UnsafePointer<UInt16>?(rows.baseAddress! + $0 * packed.lanes)
                }
                let residuals = stride(from: 0, to: other.count, by: count * outputLanes).map {
                    UnsafePointer<Float>?(other.baseAddress! + $0)
                }
                y.withUnsafeMutableBufferPointer { y in
                    taps.withUnsafeBufferPointer { taps in
                        numbers.withUnsafeBufferPointer { numbers in
                            residuals.withUnsafeBufferPointer { residuals in
                                for group in 0..<packed.groups {
                                    packed.run(
                                        group: group,
                                        taps: taps,
                                        numbers: numbers,
                                        inputBlockStride: width * packed.lanes,
                                        inputStep: step * packed.lanes,
                                        output: y.baseAddress!,
                                        outputBlockStride: count * outputLanes,
                                        outputStep: outputLanes,
                                        residual: residual == .none
                                            ? nil : residuals.baseAddress,
                                        count: count
                                    )
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
