import Foundation
import Graphs
import ONNX
import Support
internal import SwiftProtobuf
import Tensors
import Testing

/// The tests of single operators that the ONNX project publishes, one folder each.
///
/// A folder has a model of one node, or of the nodes that a function stands for, and sets of
/// inputs with the outputs that belong to them.
@Suite struct NodeTests {
    /// Where they lie: any folder with a `model.onnx` below counts.
    static let folder =
        ProcessInfo.processInfo.environment["ATELIER_ONNX_NODE_TESTS"].map { URL(filePath: $0) }
        ?? repository.appending(path: ".build/onnx-node-tests")

    static let cases = NodeCase.all(below: folder)

    @Test(
        "every operator that can be read does what its ONNX tests say",
        .enabled(
            if: !cases.isEmpty,
            "there are no node tests of ONNX; the test command in README.md fetches them"
        )
    )
    func conformance() {
        var passed = 0
        var failures: [String] = []
        var excluded: [Exclusion: Int] = [:]
        var unclaimed = 0
        for test in Self.cases {
            switch test.outcome() {
            case .passed: passed += 1
            case .failed(let message): failures.append("\(test.name): \(message)")
            case .excluded(let reason): excluded[reason, default: 0] += 1
            case .notClaimed: unclaimed += 1
            }
        }
        for (reason, count) in excluded.sorted(by: { $0.value > $1.value }) {
            print("ONNX node tests: \(count) excluded: \(reason.rawValue)")
        }
        print(
            "ONNX node tests: \(passed) passed, \(failures.count) failed, "
                + "\(excluded.values.reduce(0, +)) excluded, \(unclaimed) not claimed"
        )
        for failure in failures { Issue.record("\(failure)") }
    }
}

/// Why a test of operators that can be read is not run.
enum Exclusion: String, CaseIterable {
    case elementType = "text, complex numbers, or numbers of 8 bits or fewer with a point"
    case otherType = "sequences and optionals"
    case subgraph = "graphs inside nodes"
    case training = "what an operator does while training"
    case oldOpset = "operator sets before the first that is read"
}

enum Outcome {
    case passed
    case failed(String)
    case excluded(Exclusion)
    case notClaimed
}

/// One folder.
struct NodeCase {
    let url: URL
    var name: String { url.lastPathComponent }

    static func all(below folder: URL) -> [NodeCase] {
        guard let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [])
        else { return [] }
        return files.compactMap { $0 as? URL }.filter { $0.lastPathComponent == "model.onnx" }
            .map { NodeCase(url: $0.deletingLastPathComponent()) }
            .sorted { $0.url.path < $1.url.path }
    }

    func outcome() -> Outcome {
        do {
            let data = try Data(contentsOf: url.appending(path: "model.onnx"))
            let proto = try Onnx_ModelProto(serializedBytes: data)
            guard isClaimed(proto) else { return .notClaimed }
            if let reason = exclusion(proto) { return .excluded(reason) }
            let model = try ONNXModel(data: data, name: "model.onnx", folder: url.path)
            let graphs = [("as read", model.graph), ("after passes", try model.graph.applying())]
            for set in 0... {
                let folder = url.appending(path: "test_data_set_\(set)")
                guard FileManager.default.fileExists(atPath: folder.path) else { break }
                let (inputs, expected) = (tensors("input", folder), tensors("output", folder))
                for (way, graph) in graphs {
                    let results = try graph.evaluate(try inputs.get())
                    for (index, pair) in zip(results, try expected.get()).enumerated() {
                        if let message = mismatch(pair.0, pair.1) {
                            return .failed("\(way): output \(index): \(message)")
                        }
                    }
                }
            }
            return .passed
        } catch {
            return .failed("\(error)")
        }
    }

    private func tensors(_ kind: String, _ folder: URL) -> Result<[Tensor], any Error> {
        Result {
            var tensors: [Tensor] = []
            for index in 0... {
                let file = folder.appending(path: "\(kind)_\(index).pb")
                guard let data = try? Data(contentsOf: file) else { break }
                tensors.append(try Tensor(onnx: data, name: file.lastPathComponent))
            }
            return tensors
        }
    }
}

// MARK: - What is run

extension NodeCase {
    private func isClaimed(_ model: Onnx_ModelProto) -> Bool {
        model.graph.node.allSatisfy {
            ["", "ai.onnx"].contains($0.domain) && ONNXModel.operators.contains($0.opType)
        }
    }

    private func exclusion(_ model: Onnx_ModelProto) -> Exclusion? {
        let opset = model.opsetImport.filter { ["", "ai.onnx"].contains($0.domain) }
            .map { Int($0.version) }.max()
        if let opset, opset < ONNXModel.opsets.lowerBound { return .oldOpset }
        let attributes = model.graph.node.flatMap(\.attribute)
        if attributes.contains(where: { $0.type == .graph || $0.type == .graphs }) {
            return .subgraph
        }
        let values = model.graph.input + model.graph.output
        if values.contains(where: { $0.type.value == nil }) { return .otherType }
        let types =
            (values + model.graph.valueInfo).map(\.type.tensorType.elemType)
            + model.graph.initializer.map(\.dataType)
            + attributes.filter { $0.type == .tensor }.map(\.t.dataType)
            + attributes.filter { ["to", "output_dtype"].contains($0.name) }.map { Int32($0.i) }
        if types.contains(where: isForeign) { return .elementType }
        let trains = attributes.contains { $0.name == "training_mode" && $0.i == 1 }
        return trains || name.hasPrefix("test_training_") ? .training : nil
    }

    /// Whether numbers of an ONNX type are not computed with: text, complex numbers, and from the
    /// 17th on the short formats.
    private func isForeign(_ code: Int32) -> Bool {
        code == 8 || code == 14 || code == 15 || code > 16
    }

    /// Where a result differs from what is expected by more than ONNX allows, in words.
    private func mismatch(_ result: Tensor, _ expected: Tensor) -> String? {
        guard result.shape == expected.shape else {
            return "expected shape \(expected.shape), found \(result.shape)"
        }
        guard result.elementType == expected.elementType else {
            return "expected \(expected.elementType), found \(result.elementType)"
        }
        guard expected.elementType.isFloatingPoint else {
            let (a, b) = (result.integers, expected.integers)
            guard let i = a.indices.first(where: { a[$0] != b[$0] }) else { return nil }
            return "element \(i): expected \(b[i]), found \(a[i])"
        }
        let (a, b) = (
            result.converted(to: .float64).array(of: Double.self),
            expected.converted(to: .float64).array(of: Double.self)
        )
        let slack = expected.elementType == .float32 ? 1e-5 : 1e-7
        for i in a.indices where !(a[i] == b[i] || (a[i].isNaN && b[i].isNaN)) {
            if !(abs(a[i] - b[i]) <= slack + 1e-3 * abs(b[i])) {
                return "element \(i): expected \(b[i]), found \(a[i])"
            }
        }
        return nil
    }
}
