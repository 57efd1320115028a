internal import Synchronization
internal import Vips

/// A file that holds a picture, or a mask.
struct PictureFile: Sendable, Hashable {
    var path: String
    var isMask = false
}

/// Decodes pictures, keeps as many as its budget allows, and remembers those that are damaged.
///
/// Pictures that came first stay: when all pictures are seen equally often, no other choice finds
/// more of them in memory. One reader serves all the data of a run, on any thread.
package final class PictureReader: Sendable {
    private struct State {
        var kept: [PictureFile: Picture] = [:]
        var room: Int
        var damaged: [String: DataError] = [:]
        /// What was said of damaged pictures, in the order in which they were met.
        var warnings: [String] = []
    }

    private let state: Mutex<State>
    private let warn: @Sendable (String) -> Void

    /// - Parameter warn: is told of each damaged picture once, in one sentence.
    package init(
        budgetInBytes: Int = 1 << 30,
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        state = Mutex(State(room: budgetInBytes))
        self.warn = warn
    }

    /// How many damaged pictures have been met.
    package var skippedCount: Int { state.withLock { $0.damaged.count } }

    /// What is wrong with each damaged picture met so far, in one sentence each.
    package var warnings: [String] { state.withLock { $0.warnings } }

    /// How many pictures are held in memory.
    package var keptCount: Int { state.withLock { $0.kept.count } }

    func picture(_ file: PictureFile) throws(DataError) -> Picture {
        let (kept, damage) = state.withLock { ($0.kept[file], $0.damaged[file.path]) }
        if let kept { return kept }
        if let damage { throw damage }
        let picture: Picture
        do throws(DataError) {
            picture = try Picture(decoding: file)
        } catch {
            remember(error, of: file.path)
            throw error
        }
        state.withLock { state in
            guard state.kept[file] == nil, state.room >= picture.samples.count else { return }
            state.room -= picture.samples.count
            state.kept[file] = picture
        }
        return picture
    }

    /// The size of a picture as it will be seen, from the head of the file; `nil` if it is damaged.
    func size(_ file: PictureFile) -> Size? {
        do {
            let image = try Image.open(file.path, sequentially: true)
            let isTurned = (image.integer("orientation") ?? 1) >= 5
            return isTurned
                ? Size(width: image.height, height: image.width)
                : Size(width: image.width, height: image.height)
        } catch {
            remember(.unreadable(file.path, reason: error.detail), of: file.path)
            return nil
        }
    }

    private func remember(_ error: DataError, of path: String) {
        let warning = "\(error); it is left out"
        let isNew = state.withLock { state in
            let isNew = state.damaged.updateValue(error, forKey: path) == nil
            if isNew { state.warnings.append(warning) }
            return isNew
        }
        if isNew { warn(warning) }
    }
}

extension Picture {
    /// Decodes a picture file: turned upright, in sRGB, on white where it is transparent.
    package init(path: String) throws(DataError) {
        try self.init(decoding: PictureFile(path: path))
    }

    /// Decodes a file: turned upright, in sRGB by its own profile, on white where it is transparent.
    ///
    /// A mask is decoded as one band of grey.
    init(decoding file: PictureFile) throws(DataError) {
        do {
            let image = try Image.open(file.path, sequentially: false).operation("autorot")
            let color = try image.colorsAsSRGB()
            let plain = try color.hasAlpha ? color.onWhite() : color
            let wanted =
                try file.isMask ? plain.operation("colourspace", ["space": .string("b-w")]) : plain
            let result = try wanted.rounded(to: .u8).computedOnOneThread()
            self.init(
                size: Size(width: result.width, height: result.height),
                bands: result.bands,
                samples: try result.bytes()
            )
        } catch {
            let reason = (error as? VipsError)?.detail ?? "\(error)"
            throw DataError.unreadable(file.path, reason: reason)
        }
    }
}

extension Image {
    /// The same pixels, computed by one thread: more only get into the way of those that train.
    func computedOnOneThread() throws(VipsError) -> Image {
        try settingFields(["concurrency": 1])
    }

    /// The picture in sRGB; a profile that does not fit its pixels is ignored.
    fileprivate func colorsAsSRGB() throws(VipsError) -> Image {
        do throws(VipsError) {
            return try convertedToSRGB()
        } catch {
            return try operation("colourspace", ["space": .string("srgb")])
        }
    }

    fileprivate func onWhite() throws(VipsError) -> Image {
        let white = [Double](repeating: 255, count: bands - 1)
        return try operation("flatten", ["background": .doubles(white)])
    }
}
