internal import FoundationEssentials

/// The folder of a training: what it is, its checkpoints, logs and samples.
package struct RunFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package var checkpoint: String { path + "/checkpoints/last.safetensors" }
    package var bestCheckpoint: String { path + "/checkpoints/best.safetensors" }
    package var log: String { path + "/log.jsonl" }
    package var plot: String { path + "/losses.svg" }
    package func samples(_ step: Int) -> String {
        let number = String(step)
        return path + "/samples/" + String(repeating: "0", count: max(0, 7 - number.count)) + number
            + ".png"
    }

    package var hasCheckpoint: Bool { FileManager.default.fileExists(atPath: checkpoint) }

    /// What is trained, as it was written when the training began.
    package struct Description: Codable, Sendable, Equatable {
        package var recipe: String
        package var settings: [String: String]
        package var data: String

        package init(recipe: String, settings: [String: String], data: String) {
            self.recipe = recipe
            self.settings = settings
            self.data = data
        }
    }

    private var descriptionFile: String { path + "/run.json" }

    /// Makes the folder for a new training.
    package func begin(_ description: Description) throws(RecipeError) {
        guard !hasCheckpoint else { throw .runExists(path) }
        do {
            for folder in ["checkpoints", "samples"] {
                try FileManager.default.createDirectory(
                    atPath: path + "/" + folder,
                    withIntermediateDirectories: true
                )
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let data = try encoder.encode(description)
            try data.write(to: URL(filePath: descriptionFile), options: .atomic)
        } catch {
            throw .cannotWrite(path, reason: "\(error)")
        }
    }

    /// What is trained there, of a training that can go on.
    package func description() throws(RecipeError) -> Description {
        guard let data = try? Data(contentsOf: URL(filePath: descriptionFile)),
            let description = try? JSONDecoder().decode(Description.self, from: data)
        else { throw .noRun(path) }
        return description
    }
}
