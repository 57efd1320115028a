import Foundation
import Graphs
import Kernels
import ONNX
import Support
import Tensors

/// What is done with a damaged network: what a program does with one that it was given.
enum Trial {
    /// How far a case came.
    enum Outcome: String, CaseIterable {
        case notRead = "not read"
        case notPrepared = "not prepared"
        case noPicture = "no picture network"
        case notFitted = "not fitted"
        case tooMuchWork = "too much work"
        case notComputed = "not computed"
        /// Row by row it was not what it was as a whole.
        case differs
        case computed
    }

    /// The most multiply-adds, and bytes, of a network that is computed.
    private static let mostWork = 1 << 28
    private static let mostBytes = 1 << 28

    static func run(_ data: Data, _ random: inout SeededRandom) -> Outcome {
        guard let model = try? ONNXModel(data: data, name: "damaged.onnx") else { return .notRead }
        guard let graph = try? model.graph.applying() else { return .notPrepared }
        guard let network = try? PictureNetwork(graph) else {
            return plain(graph, &random) ?? .noPicture
        }
        let (height, width) = (random.int(1...40), random.int(1...40))
        let sides = network.fixedSize ?? (height, width)
        guard let fitted = try? network.fitted(height: sides.height, width: sides.width) else {
            return .notFitted
        }
        guard work(fitted.reach.graph, fitted.reach.shapes) < mostWork,
            fitted.reach.peakBytes < mostBytes
        else { return .tooMuchWork }
        let picture = random.tensor([1, network.inputChannels, sides.height, sides.width])
        guard let expected = try? fitted.evaluate(picture),
            let found = try? stream(
                picture,
                through: fitted,
                stripRows: random.int(1...sides.height)
            )
        else { return .notComputed }
        return isFar(found, from: expected) ? .differs : .computed
    }

    /// The same row by row.
    private static func stream(
        _ picture: Tensor,
        through fitted: PictureNetwork.Fitted,
        stripRows: Int
    ) throws -> Tensor {
        let plan = try StreamPlan(
            fitted.sized,
            output: fitted.output,
            rows: 0..<fitted.outputHeight,
            columns: 0..<fitted.outputWidth,
            stripRows: stripRows
        )
        return try StreamRun(plan).evaluate(fitted.border.added(to: picture), .shared)
    }

    /// Whether two results differ by more than rounding explains; damaged weights may be of any size.
    private static func isFar(_ found: Tensor, from expected: Tensor) -> Bool {
        guard found.shape == expected.shape else { return true }
        let (a, b) = (found.array(of: Float.self), expected.array(of: Float.self))
        let largest = b.map { abs($0) }.max() ?? 0
        guard largest < 1e6 else { return false }
        return zip(a, b).contains { abs($0 - $1) > 1e-2 * max(1, largest) }
    }

    /// A graph that is no picture network, but says how large its inputs are.
    private static func plain(_ graph: Graph, _ random: inout SeededRandom) -> Outcome? {
        guard let types = try? graph.inferTypes() else { return .notPrepared }
        let shapes = types.compactMapValues(\.constantShape)
        guard work(graph, shapes) < mostWork,
            shapes.values.reduce(0, { $0.saturatingSum(with: $1.elementCount) }) < mostBytes / 4
        else { return .tooMuchWork }
        var inputs: [Tensor] = []
        for input in graph.inputs {
            guard let type = graph.values[input].type, let shape = shapes[input] else { return nil }
            inputs.append(random.tensor(shape).converted(to: type.elementType))
        }
        return (try? graph.evaluate(inputs)) == nil ? .notComputed : .computed
    }

    /// About how many multiply-adds or comparisons a graph takes; the largest integer where a
    /// shape is not known.
    private static func work(_ graph: Graph, _ shapes: [Graph.ValueID: [Int]]) -> Int {
        var sum = 0
        for node in graph.nodes {
            guard let output = node.outputs.first ?? nil, let result = shapes[output] else {
                return .max
            }
            var sides = result
            // The definition of a window's maximum takes as long as many multiply-adds.
            if let pooling = node.operation as? Pooling { sides += pooling.rule.kernel + [32] }
            for case let input? in node.inputs.prefix(2).map({ $0.flatMap { shapes[$0] } }) {
                switch node.operation {
                case is MatMul, is Gemm: sides += input.suffix(2)
                case is Convolution, is TransposedConvolution: sides += input.dropFirst()
                default: break
                }
            }
            sum = sum.saturatingSum(with: sides.elementCount)
        }
        return sum
    }
}

extension Reach {
    /// The most bytes that evaluating the whole graph at this size holds at once, weights left out.
    fileprivate var peakBytes: Int {
        var uses = graph.useCounts
        func bytes(_ value: Graph.ValueID) -> Int {
            graph.constants[value] == nil ? (shapes[value]?.elementCount ?? 0) * 4 : 0
        }
        var live = graph.inputs.reduce(0) { $0 + bytes($1) }
        var peak = live
        for node in graph.nodes {
            live += node.outputs.compactMap(\.self).reduce(0) { $0 + bytes($1) }
            peak = max(peak, live)
            for case let input? in node.inputs {
                uses[input]! -= 1
                if uses[input] == 0 { live -= bytes(input) }
            }
        }
        return peak
    }
}
