internal import Graphs
internal import ONNX
internal import Tensors
internal import Training

/// Weights that a training begins with instead of fresh ones: of another training, or of a model.
struct StartingWeights {
    /// By the names that checkpoints have for them.
    private let tensors: [String: Tensor]
    private let path: String

    /// - Parameter path: a checkpoint, or an ONNX file, whose weights are taken for a generator's and for
    ///   those of its running average.
    init(_ path: String) throws {
        self.path = path
        guard path.hasSuffix(".onnx") else {
            tensors = try TensorFile(path: path).tensors
            return
        }
        let graph = try ONNXModel(path: path).graph
        let named = graph.constants.flatMap { value, tensor in
            ["generator", "average"].map { ("\($0).\(graph.values[value].name)", tensor) }
        }
        tensors = Dictionary(named) { first, _ in first }
    }

    /// Gives networks the weights that have the name and the shape of their own; the others stay fresh.
    ///
    /// - Returns: how many tensors of the first network were taken, and how many it has.
    func give(to state: TrainingState) throws(RecipeError) -> (taken: Int, all: Int) {
        var all = state.tensors
        var counts: [(taken: Int, all: Int)] = []
        for (name, _) in state.networks {
            // Random numbers go on where this training's own do.
            let own = all.filter {
                $0.key.hasPrefix(name + ".") && !$0.key.hasSuffix(".position")
            }
            let taken = own.compactMap { key, old in tensor(key, old.shape).map { (key, $0) } }
            all.merge(taken) { $1 }
            counts.append((taken.count, own.count))
        }
        guard let first = counts.first, counts.contains(where: { $0.taken > 0 }) else {
            throw .wrongCheckpoint(
                path,
                expected: "weights with the names and shapes of this recipe's networks",
                found: "none"
            )
        }
        try state.restore(TensorFile(tensors: all), path: path)
        return first
    }

    /// A tensor of a shape, up to sides of 1: a model has the slopes of channels as maps.
    private func tensor(_ name: String, _ shape: [Int]) -> Tensor? {
        guard let tensor = tensors[name] else { return nil }
        let sides = tensor.shape.filter { $0 != 1 }
        return sides == shape.filter { $0 != 1 } ? tensor.reshaped(to: shape) : nil
    }
}
