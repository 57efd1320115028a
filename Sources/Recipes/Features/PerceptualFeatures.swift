internal import Graphs
internal import ONNX
internal import Parameters
internal import Tensors
internal import Training

/// Feature maps by which pictures are compared: those of a trained network from a file, or those of
/// convolutions whose weights are drawn once and for all.
struct PerceptualFeatures {
    /// What the maps are called, in order.
    let names: [String]
    private let compute: (Variable<Float>) -> [Variable<Float>]

    /// - Parameters:
    ///   - source: an ONNX file, or "random".
    ///   - layers: the names of the maps that are wanted; all that the source offers if none.
    ///   - side: of the smallest pictures that will be looked at; every map must have pixels left.
    init(_ source: String, layers: [String]? = nil, side: Int) throws {
        if source == "random" {
            try self.init(random: layers)
        } else {
            try self.init(file: source, layers, side)
        }
    }

    /// The maps of pictures [batch, 3, height, width] of numbers from 0 to 1.
    func callAsFunction(_ pictures: Variable<Float>) -> [Variable<Float>] { compute(pictures) }

    // MARK: Networks in files

    private init(file: String, _ layers: [String]?, _ side: Int) throws {
        func wrong(_ expected: String, _ found: String) -> RecipeError {
            .badFeatures(file, reason: "expected \(expected), found \(found)")
        }
        let graph = try ONNXModel(path: file).graph
        guard graph.inputs.count == 1, let type = graph.values[graph.inputs[0]].type,
            type.elementType.isFloatingPoint, let shape = type.shape, shape.count == 4,
            shape[1].constant ?? 3 == 3
        else { throw wrong("a network that reads a picture N×3×height×width", "another") }
        names = layers ?? graph.outputs.map { graph.values[$0].name }
        var part = graph
        part.outputs = []
        let made = Set(graph.nodes.flatMap { $0.outputs.compactMap(\.self) })
        for name in names {
            guard let value = made.first(where: { graph.values[$0].name == name }) else {
                let near = nearest(name, among: made.map { graph.values[$0].name })
                let hint = near.map { "; did you mean \"\($0)\"?" } ?? ""
                throw wrong("the name of a feature map", "\"\(name)\"" + hint)
            }
            part.outputs.append(value)
        }
        part.removeDeadNodes()
        do {
            let picture = [1, 3, side, side].map { Dimension($0) }
            let types = try part.inferTypes([ValueType(type.elementType, picture)])
            for (name, value) in zip(names, part.outputs) {
                let sides = types[value]?.shape?.map { $0.constant ?? 0 } ?? []
                guard sides.count == 4, sides.allSatisfy({ $0 > 0 }) else {
                    let found = sides.map { "\($0)" }.joined(separator: " × ")
                    throw wrong(
                        "\"\(name)\" to be a map of pictures of \(side) × \(side) pixels",
                        found.isEmpty ? "something else" : "it to be \(found)"
                    )
                }
            }
            // Norms go into the weights before them.
            part = try part.applying([
                .foldConstants, .removeIdentities, .foldAffine, .removeDeadNodes,
            ])
            let network = try FeatureNetwork<Float>(part, features: names)
            compute = { network($0) }
        } catch let error as RecipeError {
            throw error
        } catch {
            throw RecipeError.badFeatures(file, reason: "\(error)")
        }
    }

    // MARK: Random convolutions

    /// Four levels, each of half the size of the one before: what patterns look like at every scale.
    private init(random layers: [String]?) throws {
        let initial = Initialization(.orthogonal, Randomness(seed: 1).stream("features"))
        let channels = [3, 32, 64, 64, 128]
        let convolutions = (1..<channels.count).map { level in
            Convolution<Float>(
                channels[level - 1],
                channels[level],
                kernel: level == 1 ? 5 : 3,
                initial
            )
        }
        let all = (1..<channels.count).map { "level\($0)" }
        names = layers ?? all
        let wanted = try names.map { name in
            guard let place = all.firstIndex(of: name) else {
                throw RecipeError.badFeatures(
                    "random",
                    reason: "expected \(all.joined(separator: ", ")), found \"\(name)\""
                )
            }
            return place
        }
        let weights = convolutions.map { $0.weight.variable.detached }
        compute = { pictures in
            var maps: [Variable<Float>] = []
            for level in 0...(wanted.max() ?? 0) {
                let input = maps.last.map { $0.averagePooled(2) } ?? pictures - 0.5
                let sliding = Sliding(padding: level == 0 ? 2 : 1)
                maps.append(relu(convolution(input, weights: weights[level], sliding)))
            }
            return wanted.map { maps[$0] }
        }
    }
}
