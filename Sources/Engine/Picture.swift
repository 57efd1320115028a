internal import FoundationEssentials
internal import Vips

/// A picture to edit: a file, or standard input.
package struct Picture: Sendable {
    /// The path, or "-" for standard input.
    package let path: String

    package init(path: String) { self.path = path }

    package var isStandardInput: Bool { path == "-" }

    /// Opens the picture upright: the orientation that a camera noted is applied once.
    ///
    /// `isTurned` says that this reads the file in another order than it is stored.
    func open(sequentially: Bool) throws -> (image: Image, isTurned: Bool) {
        var image: Image
        do throws(VipsError) {
            image =
                isStandardInput
                ? try .openStandardInput(sequentially: sequentially)
                : try .open(path, sequentially: sequentially)
        } catch {
            throw failure(error)
        }
        if !isStandardInput { image = try image.takingNotes(ofTIFF: path) }
        if (image.integer("orientation") ?? 1) == 1 { return (image, false) }
        return (try image.operation("autorot"), true)
    }

    private func failure(_ error: VipsError) -> Failure {
        guard !isStandardInput else { return Failure(.badInput, error.description) }
        var isFolder = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if !exists { return Failure(.noInput, "\(path): expected a picture, found no such file") }
        if isFolder { return Failure(.badInput, "\(path): expected a picture, found a folder") }
        if error.detail.contains("not a known file format") {
            return Failure(
                .badInput,
                "\(path): expected a picture, found a file of no known picture format"
            )
        }
        return Failure(.badInput, error.description)
    }
}
