import Support
import Testing
import Training

/// Convolutions of float32 numbers, which choose among several ways, against their definition.
@Suite struct ConvolutionTests {
    struct Case: CustomTestStringConvertible {
        let batch, inputs, outputs: Int
        let sides: [Int]
        let kernel: [Int]
        let sliding: Sliding

        init(
            _ batch: Int,
            _ inputs: Int,
            _ outputs: Int,
            _ sides: [Int],
            _ kernel: [Int],
            stride: Int = 1,
            padding: Int = 0,
            dilation: Int = 1,
            groups: Int = 1
        ) {
            (self.batch, self.inputs, self.outputs) = (batch, inputs, outputs)
            (self.sides, self.kernel) = (sides, kernel)
            sliding = Sliding(
                stride: stride,
                padding: padding,
                dilation: dilation,
                groups: groups
            )
        }

        var testDescription: String {
            "\(batch)×\(inputs)×\(sides) to \(outputs), kernel \(kernel), \(sliding)"
        }
    }

    static let cases = [
        // Winograd's method, with tiles and blocks that are not filled.
        Case(1, 17, 18, [23, 37], [3, 3], padding: 1),
        Case(2, 16, 32, [16, 20], [3, 3], padding: 0),
        Case(3, 33, 8, [18, 17], [3, 3], padding: 2),
        Case(1, 5, 70, [40, 19], [3, 3], padding: 1),
        // Row by row, with steps, gaps, and sides of all kinds.
        Case(1, 3, 20, [25, 31], [3, 3], padding: 1),
        Case(1, 20, 3, [25, 31], [3, 3], padding: 1),
        Case(2, 12, 1, [17, 33], [4, 4], padding: 1),
        Case(1, 4, 17, [24, 26], [7, 7]),
        Case(1, 33, 4, [24, 26], [7, 7], padding: 3),
        Case(2, 9, 21, [37, 41], [3, 3], stride: 2, padding: 1),
        Case(2, 18, 35, [38, 42], [4, 4], stride: 2, padding: 1),
        Case(1, 35, 18, [70, 35], [4, 4], stride: 2, padding: 1),
        Case(1, 10, 11, [80, 79], [3, 3], stride: 3, padding: 1),
        Case(1, 9, 10, [30, 29], [3, 3], padding: 2, dilation: 2),
        Case(1, 9, 10, [60, 57], [3, 3], stride: 2, padding: 3, dilation: 2),
        Case(2, 17, 33, [19, 17], [1, 1]),
        Case(1, 64, 64, [21, 30], [1, 1]),
        Case(1, 8, 9, [30, 34], [5, 2], padding: 1),
        // Whole maps transformed: steps of two, larger kernels, many channels.
        Case(2, 16, 70, [16, 12], [4, 4], stride: 2, padding: 1),
        Case(3, 33, 18, [15, 22], [4, 4], stride: 2, padding: 1),
        Case(2, 16, 16, [14, 13], [4, 4], stride: 2),
        Case(1, 17, 16, [12, 10], [4, 4], stride: 2, padding: 2),
        Case(2, 20, 40, [9, 14], [3, 3], stride: 2, padding: 1),
        Case(1, 16, 33, [15, 16], [4, 4], padding: 1),
        Case(2, 130, 20, [12, 7], [3, 3], padding: 1),
        // A few outputs for each channel.
        Case(1, 20, 30, [4, 4], [4, 4], stride: 2, padding: 1),
        Case(4, 5, 7, [4, 4], [4, 4]),
        Case(1, 2, 3, [2, 3], [2, 2]),
        Case(2, 9, 4, [6, 3], [3, 3], stride: 2, padding: 1, dilation: 2),
        // Unfolded: few pixels, groups.
        Case(2, 65, 67, [5, 4], [4, 4], stride: 2, padding: 1),
        Case(1, 8, 12, [25, 31], [3, 3], padding: 1, groups: 4),
        Case(1, 3, 2, [25, 31], [3, 3], padding: 1),
    ]

    @Test("fast convolutions and their gradients equal plain ones", arguments: cases)
    func convolutions(_ c: Case) {
        let x = OperationTests.numbers([c.batch, c.inputs] + c.sides, seed: 1)
        let groups = c.sliding.groups
        let weights = OperationTests.numbers([c.outputs, c.inputs / groups] + c.kernel, seed: 2)
        let bias = OperationTests.numbers([c.outputs], seed: 3)
        func results<N: Real>(_ inputs: [Variable<N>]) -> [Variable<N>] {
            let leaves = inputs.map(\.tracked)
            let y = convolution(leaves[0], weights: leaves[1], bias: leaves[2], c.sliding)
            let seed = OperationTests.numbers(y.shape, seed: 4)
            let gradients = y.gradients(
                for: leaves,
                seed: Variable(y.shape, seed.values.map { N($0) })
            )
            let back = transposedConvolution(
                y.detached,
                weights: leaves[1],
                bias: Variable([c.inputs], repeating: 0.5),
                c.sliding
            )
            return [y.detached, back.detached] + gradients
        }
        let inputs = [x, weights, bias]
        let single = results(inputs.map { Variable<Float>($0.shape, $0.values.map { Float($0) }) })
        for (part, (a, b)) in zip(single, results(inputs)).enumerated() {
            // Errors are measured beside the largest number: sums of many cancel.
            let size = b.values.reduce(1) { max($0, abs($1)) }
            let found = OperationTests.difference(
                a * Float(1 / size),
                b * (1 / size),
                tolerance: 1e-5
            )
            #expect(found == nil, "\(c.testDescription), part \(part): \(found ?? "")")
        }
    }
}
