internal import FoundationEssentials
internal import Graphs
internal import ONNX

/// A trained model as it goes into a folder: `model.onnx` and `card.json`.
struct ModelFolder {
    /// What the card says; its keys are those that models are read with.
    struct Card: Codable {
        struct Input: Codable {
            var range: String
            var channels = "rgb"
            var space = "srgb"
            /// The longer side of the pictures it learned to see as a whole, where it has.
            var side: Int?
        }

        struct Training: Codable {
            var data: String
            var method: String
            /// Pictures of the data that were not trained on.
            var heldOut: [String]?
        }

        var name: String
        var task: String
        var summary: String
        var scale: Double?
        var input: Input
        /// The files of further networks, by name.
        var networks: [String: String]?
        var licence = "unknown: that of the training data allows it or not"
        var training: Training
        var weaknesses: String?
    }

    let graph: Graph
    let card: Card
    /// Further networks by name, such as the way back of a translation.
    var others: [String: Graph] = [:]

    func write(to folder: String) throws {
        let path = folder + "/" + card.name
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
            var card = card
            func write(_ graph: Graph, as name: String) throws {
                let file = path + "/" + name
                try graph.onnxFile(name: file).write(to: URL(filePath: file), options: .atomic)
            }
            try write(graph, as: "model.onnx")
            for (name, graph) in others {
                try write(graph, as: name + ".onnx")
                card.networks = (card.networks ?? [:]).merging([name: name + ".onnx"]) { $1 }
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(card).write(to: URL(filePath: path + "/card.json"), options: .atomic)
        } catch let error as ONNXError {
            throw error
        } catch {
            throw RecipeError.cannotWrite(path, reason: "\(error)")
        }
    }
}

extension Settings {
    /// How a model was trained with them, as its card says it.
    ///
    /// - Parameter heldOut: pictures of the data that were not trained on, by their paths in it.
    func training(
        by recipe: any Recipe.Type,
        on data: String,
        steps: Int,
        hours: Double,
        heldOut: [String]? = nil
    ) -> ModelFolder.Card.Training {
        let words = words.map { "\($0.key)=\($0.text)" }.joined(separator: " ")
        let minutes = Int((60 * hours).rounded())
        return ModelFolder.Card.Training(
            data: data,
            method:
                "atelier train \(recipe.name) with \(words); \(steps) steps in \(minutes) minutes",
            heldOut: heldOut
        )
    }
}
