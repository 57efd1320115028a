import Foundation
import Graphs
import Kernels
import ONNX
import Support
import Tensors
import Testing

/// Real models, from a folder that `ATELIER_TEST_MODELS` names.
private let modelFiles: [String] = {
    guard let folder = ProcessInfo.processInfo.environment["ATELIER_TEST_MODELS"] else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().map { folder + "/" + $0 }
}()

@Suite(.serialized) struct ModelFolderTests {
    @Test(
        "every model of the folder streams as its operators are defined, in any strips and windows",
        .enabled(if: !modelFiles.isEmpty, "set ATELIER_TEST_MODELS to a folder of ONNX files"),
        arguments: modelFiles
    )
    func streams(path: String) throws {
        // A new one each time; a failure prints it, and `ATELIER_TEST_SEED` repeats it.
        let given = ProcessInfo.processInfo.environment["ATELIER_TEST_SEED"]
        let seed = given.flatMap { Int($0) } ?? Int.random(in: 0..<1_000_000)
        var random = SeededRandom(seed)
        let original = try ONNXModel(path: path).graph
        var picture = try PictureNetwork(original.applying())
        let isGlobal = picture.halo == nil
        // Style networks of the first kind read numbers up to 255, and the smaller ones drown.
        let white: Float = isGlobal ? 255 : 1
        if isGlobal {
            // Of a few pixels hardly any has a variance that one could divide by.
            let size = picture.fixedSize ?? (height: 64, width: 64)
            let shape = [1, picture.inputChannels, size.height, size.width]
            picture = try picture.frozen(observing: random.tensor(shape, in: 0...white), .shared)
        }
        for round in 0..<3 {
            let (height, width) = size(of: picture, round, &random)
            let place = "\(URL(filePath: path).lastPathComponent) seed \(seed) \(width) × \(height)"
            let x = random.tensor([1, picture.inputChannels, height, width], in: 0...white)
            let fitted = try picture.fitted(height: height, width: width)
            let input = x
            let expected = try definition(original, isGlobal ? picture.graph : nil, input, fitted)
            let values = expected.array(of: Float.self)
            let range = values.max()! - values.min()!
            for strip in [1, 7, 16, 64, Int.max] where strip > 1 || height * width < 10_000 {
                for threads in [1, 2] {
                    let whole = strip == 7 || strip == .max
                    let (h, w) = (fitted.outputHeight, fitted.outputWidth)
                    let top = whole ? 0 : random.int(0...(h - 1))
                    let left = whole ? 0 : random.int(0...(w - 1))
                    let rows = top..<(whole ? h : random.int((top + 1)...h))
                    let columns = left..<(whole ? w : random.int((left + 1)...w))
                    let plan = try StreamPlan(
                        fitted.sized,
                        output: fitted.output,
                        rows: rows,
                        columns: columns,
                        stripRows: strip
                    )
                    let bordered = fitted.border.added(to: input)
                    let y = try StreamRun(plan).evaluate(bordered, WorkerPool(threads: threads))
                    let worst = distance(y, expected, rows, columns, fitted)
                    #expect(
                        worst <= 1e-4 * range,
                        "\(place): \(worst / range) of the range, strips of \(strip), \(rows) \(columns)"
                    )
                }
            }
        }
    }

    private func size(
        of picture: PictureNetwork,
        _ round: Int,
        _ random: inout SeededRandom
    ) -> (Int, Int) {
        if let fixed = picture.fixedSize { return fixed }
        if round == 0 { return (1, random.int(1...60)) }
        return (random.int(1...90), random.int(1...90))
    }

    /// What the operators give, one after the other, on whole tensors.
    private func definition(
        _ graph: Graph,
        _ frozen: Graph?,
        _ x: Tensor,
        _ fitted: PictureNetwork.Fitted
    ) throws -> Tensor {
        var free = frozen ?? graph
        if frozen == nil {
            // Only what makes the graph take this size.
            free = try graph.applying([
                .foldConstants, .removeIdentities, .recogniseShuffle, .freeSizes,
            ])
        }
        let index = max(0, fitted.reach.graph.outputs.firstIndex(of: fitted.output) ?? 0)
        return try free.evaluate([fitted.border.added(to: x)])[index]
    }

    private func distance(
        _ y: Tensor,
        _ expected: Tensor,
        _ rows: Range<Int>,
        _ columns: Range<Int>,
        _ fitted: PictureNetwork.Fitted
    ) -> Float {
        let axes = fitted.reach.axes[fitted.output]!
        let (a, b) = (y.shape.strides, expected.shape.strides)
        let channel = fitted.reach.channelAxis(of: fitted.output)!
        let (found, wanted) = (y.array(of: Float.self), expected.array(of: Float.self))
        var worst: Float = 0
        for c in 0..<y.shape[channel] {
            for row in 0..<rows.count {
                for column in 0..<columns.count {
                    let i = c * a[channel] + row * a[axes.rows!] + column * a[axes.columns!]
                    let j =
                        c * b[channel] + (rows.lowerBound + row) * b[axes.rows!]
                        + (columns.lowerBound + column) * b[axes.columns!]
                    worst = max(worst, abs(found[i] - wanted[j]))
                }
            }
        }
        return worst
    }
}
