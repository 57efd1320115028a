import Graphs
import Kernels
import Support
import Tensors
import Testing

@Suite struct StreamTests {
    private static let pool = WorkerPool(threads: 2)
    private static let alone = WorkerPool(threads: 1)

    /// A rectangle of the whole result.
    private func part(_ y: Tensor, _ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
        let (height, width) = (y.shape[2], y.shape[3])
        let values = y.array(of: Float.self)
        var result: [Float] = []
        for channel in 0..<y.shape[1] {
            for row in rows {
                let start = (channel * height + row) * width
                result += values[(start + columns.lowerBound)..<(start + columns.upperBound)]
            }
        }
        return Tensor(shape: [1, y.shape[1], rows.count, columns.count], values: result)
    }

    @Test(
        "a streamed picture equals the whole one, for any strips, windows and threads",
        arguments: TestNetwork.allCases,
        0..<6
    )
    func exactness(network: TestNetwork, seed: Int) throws {
        var random = SeededRandom(seed)
        let graph = network.graph(seed: seed)
        let step = try PictureNetwork(graph).alignment
        let least = network == .dilated || network == .valid ? 6 : 1
        let height = (random.int(least...70) + step - 1) / step * step
        let width = (random.int(least...70) + step - 1) / step * step
        let x = random.tensor([1, 3, height, width])
        let expected = try graph.evaluate([x])[0]
        let optimized = try graph.applying()
        let sized = try SizedNetwork(
            optimized,
            input: [1, 3, height, width],
            weights: WeightCache()
        )
        let (rows, columns) = (expected.shape[2], expected.shape[3])
        for strip in [1, 7, 16, 64, height] {
            for isWhole in [true, false] {
                let top = isWhole ? 0 : random.int(0...(rows - 1))
                let left = isWhole ? 0 : random.int(0...(columns - 1))
                let bottom = isWhole ? rows : random.int((top + 1)...rows)
                let right = isWhole ? columns : random.int((left + 1)...columns)
                let plan = try StreamPlan(
                    sized,
                    output: sized.flow.graph.outputs[0],
                    rows: top..<bottom,
                    columns: left..<right,
                    stripRows: strip
                )
                let y = try StreamRun(plan).evaluate(x, isWhole ? Self.pool : Self.alone)
                let wanted = part(expected, top..<bottom, left..<right)
                // Winograd's method rounds otherwise than the definition.
                let range = wanted.array(of: Float.self).reduce(1) { max($0, abs($1)) }
                let place = "\(network) seed \(seed): \(width)×\(height), strips of \(strip), "
                    + "rows \(top)..<\(bottom), columns \(left)..<\(right)"
                #expect(difference(y, wanted, tolerance: 1e-4 * range) == nil, "\(place)")
            }
        }
    }
}
