internal import FoundationEssentials

extension Model {
    /// The photos in a folder to measure on: those the card holds out, where they are there, else
    /// all.
    package func photos(in folder: String, limit: Int?) throws(ModelError) -> [String] {
        let held = (card?.training?.heldOut ?? []).map { folder + "/" + $0 }
            .filter { FileManager.default.fileExists(atPath: $0) }
        let endings = ["jpg", "jpeg", "png", "tif", "tiff", "webp"]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let all = names.sorted().filter { name in
            endings.contains { name.lowercased().hasSuffix(".\($0)") }
        }
        .map { folder + "/" + $0 }
        let chosen = held.isEmpty ? all : held
        guard !chosen.isEmpty else {
            throw ModelError("\(folder): expected a folder of photos, found none in it")
        }
        return Array(chosen.prefix(limit ?? chosen.count))
    }
}
