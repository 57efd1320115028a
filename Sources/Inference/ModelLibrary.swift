import FoundationEssentials
internal import Glibc
package import Graphs
internal import Synchronization

/// The models that are at hand by name: every folder with a `card.json` in one of some places.
package final class ModelLibrary: Sendable {
    package struct Entry: Sendable {
        package let card: ModelCard
        /// The folder with the card and `model.onnx`.
        package let folder: String
        /// The number of the place that it was found in.
        fileprivate let place: Int
        package var file: String { folder + "/model.onnx" }
    }

    package let folders: [String]
    /// Sorted by name; where two folders have the same name, the first place counts.
    package let entries: [Entry]
    /// Cards that cannot be read, and why.
    package let problems: [ModelError]
    private let precision: Precision
    private let loaded = Mutex<[String: Model]>([:])

    /// - Parameter precision: how exactly its models compute pictures.
    package init(
        folders: [String] = ModelLibrary.standardFolders(),
        precision: Precision = .full
    ) {
        self.precision = precision
        self.folders = folders
        var entries: [String: Entry] = [:]
        var problems: [ModelError] = []
        for (number, place) in folders.enumerated() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
            for name in names.sorted() {
                let folder = place + "/" + name
                guard FileManager.default.fileExists(atPath: folder + "/card.json") else {
                    continue
                }
                do throws(ModelError) {
                    let card = try ModelCard(path: folder + "/card.json")
                    if entries[card.name] == nil {
                        entries[card.name] = Entry(card: card, folder: folder, place: number)
                    }
                } catch {
                    problems.append(error)
                }
            }
        }
        self.entries = entries.values.sorted { $0.card.name < $1.card.name }
        self.problems = problems
    }

    /// `$ATELIER_MODEL_PATH`, `Models` in a folder above the executable, the user's own, and those
    /// of the installation.
    package static func standardFolders(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> [String] {
        var folders =
            environment["ATELIER_MODEL_PATH"]?.split(separator: ":").map(String.init) ?? []
        var place = URL(filePath: executablePath()).deletingLastPathComponent()
        while place.path.count > 1 {
            let models = place.appending(path: "Models").path
            if FileManager.default.fileExists(atPath: models) {
                folders.append(models)
                break
            }
            place.deleteLastPathComponent()
        }
        if let home = environment["XDG_DATA_HOME"]
            ?? environment["HOME"].map({ $0 + "/.local/share" })
        {
            folders.append(home + "/atelier/models")
        }
        let prefix = URL(filePath: executablePath()).deletingLastPathComponent()
            .deletingLastPathComponent()
        folders.append(prefix.appending(path: "share/atelier/models").path)
        return folders
    }

    /// A model by name or by the path of an ONNX file; loaded once.
    ///
    /// - Parameter network: one of those that its card names; the model itself if not given.
    package func model(_ nameOrPath: String, network: String? = nil) throws -> Model {
        let (file, card) = try find(nameOrPath)
        guard let network else { return try load(file, card) }
        guard let part = card?.networks?[network] else {
            let names = card?.networks?.keys.sorted().joined(separator: ", ")
            throw ModelError(
                "expected "
                    + (names.map { "one of its networks \($0)" } ?? "a model with several networks")
                    + ", found \"\(nameOrPath)\" without \"\(network)\""
            )
        }
        let folder = URL(filePath: file).deletingLastPathComponent()
        return try load(folder.appending(path: part).path, card)
    }

    /// The file of a model, and its card.
    private func find(_ nameOrPath: String) throws(ModelError) -> (file: String, card: ModelCard?) {
        if let entry = entries.first(where: { $0.card.name == nameOrPath }) {
            return (entry.file, entry.card)
        }
        let looksLikePath = nameOrPath.contains("/") || nameOrPath.hasSuffix(".onnx")
        guard looksLikePath || FileManager.default.fileExists(atPath: nameOrPath) else {
            let names = entries.map(\.card.name).joined(separator: ", ")
            throw ModelError(
                "expected a model by name (\(names.isEmpty ? "there are none" : names)) or an ONNX "
                    + "file, found \"\(nameOrPath)\""
            )
        }
        return (nameOrPath, try Self.card(beside: nameOrPath))
    }

    /// The model for a task whose scale is nearest above the wanted one, or the largest; of several,
    /// the one in the first place, and there the first by name.
    ///
    /// - Parameter network: one of those that its card names; the model itself if not given.
    package func best(
        forTask task: String,
        scale: Double?,
        network: String? = nil
    ) throws -> Model {
        let fitting = entries.filter { $0.card.task == task }
            .sorted { ($0.place, $0.card.name) < ($1.place, $1.card.name) }
        let scales = fitting.compactMap(\.card.scale)
        let wanted =
            scale.map { wanted in scales.filter { $0 >= wanted }.min() ?? scales.max() } ?? nil
        guard
            let entry = fitting.first(where: { wanted == nil || $0.card.scale == wanted })
                ?? fitting.first
        else {
            throw ModelError(
                "expected a model for \(task) in \(folders.joined(separator: ", ")), found none"
            )
        }
        return try model(entry.card.name, network: network)
    }

    private func load(_ path: String, _ card: ModelCard?) throws -> Model {
        if let model = loaded.withLock({ $0[path] }) { return model }
        let model = try Model(path: path, card: card, precision: precision)
        loaded.withLock { $0[path] = model }
        return model
    }

    /// The card of a file that no library knows: `card.json` beside `model.onnx`, or `x.json` beside
    /// `x.onnx`.
    private static func card(beside path: String) throws(ModelError) -> ModelCard? {
        let file = URL(filePath: path)
        let beside =
            file.lastPathComponent == "model.onnx"
            ? file.deletingLastPathComponent().appending(path: "card.json")
            : file.deletingPathExtension().appendingPathExtension("json")
        guard FileManager.default.fileExists(atPath: beside.path) else { return nil }
        return try ModelCard(path: beside.path)
    }
}

/// The path of the running program.
package func executablePath() -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes {
        readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count > 0
        ? String(decoding: buffer.prefix(count), as: UTF8.self) : CommandLine.arguments[0]
}
