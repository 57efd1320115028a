internal import FoundationEssentials

/// Files that belong together, group by group, of which damaged ones are passed over.
///
/// A group is one picture, or a pair, or a picture and its mask.
struct PictureGroups: Sendable {
    let reader: PictureReader
    private let groups: [[PictureFile]]

    var count: Int { groups.count }

    func paths(_ index: Int) -> [String] { groups[index].map(\.path) }

    subscript(range: Range<Int>) -> PictureGroups {
        PictureGroups(reader: reader, groups: Array(groups[range]))
    }

    /// Leaves out groups with a file whose head cannot be read; `check` sees the sizes of the others.
    ///
    /// - Returns: also where each group stood in the list that was given.
    static func checked(
        _ groups: [[PictureFile]],
        folder: String,
        smallest: Int,
        reader: PictureReader,
        check: ([PictureFile], [Size]) throws(DataError) -> Void = { _, _ in }
    ) throws(DataError) -> (groups: PictureGroups, places: [Int]) {
        guard !groups.isEmpty else { throw DataError.noPictures(folder: folder) }
        var places: [Int] = []
        for (place, group) in groups.enumerated() {
            let sizes = group.compactMap { reader.size($0) }
            guard sizes.count == group.count else { continue }
            try check(group, sizes)
            for (file, size) in zip(group, sizes) where min(size.width, size.height) < smallest {
                throw DataError.tooSmall(
                    file.path,
                    width: size.width,
                    height: size.height,
                    smallest: smallest
                )
            }
            places.append(place)
        }
        guard !places.isEmpty else {
            throw DataError.allUnreadable(count: groups.count, first: groups[0][0].path)
        }
        return (PictureGroups(reader: reader, groups: places.map { groups[$0] }), places)
    }

    /// The pictures of a group, or of the next one whose files are sound; and which one it was.
    func pictures(_ index: Int) throws(DataError) -> (index: Int, pictures: [Picture]) {
        for step in 0..<count {
            let place = (index + step) % count
            do throws(DataError) {
                var pictures: [Picture] = []
                for file in groups[place] { pictures.append(try reader.picture(file)) }
                return (place, pictures)
            } catch {
                // The reader has said what is wrong with it.
                continue
            }
        }
        throw DataError.allUnreadable(count: count, first: groups[index][0].path)
    }
}

/// The paths of all pictures in a folder and the folders in it, sorted, relative to the folder.
func picturePaths(in folder: String) throws(DataError) -> [String] {
    guard isFolder(folder) else { throw DataError.noFolder(folder) }
    var found: [String] = []
    func walk(_ prefix: String) {
        for name in names(in: folder + "/" + prefix) {
            let path = prefix + name
            if isFolder(folder + "/" + path) {
                walk(path + "/")
            } else if isPicture(name) {
                found.append(path)
            }
        }
    }
    walk("")
    return found.sorted()
}

/// The names in a folder that are not hidden, sorted.
func names(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
}

func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
}

/// A path without the ending of the file's name.
func stem(_ path: String) -> Substring {
    guard let dot = path.lastIndex(of: ".") else { return path[...] }
    return path[..<dot]
}

private func isPicture(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return endings.contains(name[dot...].dropFirst().lowercased())
}

/// How the names of pictures end that libvips can read.
private let endings: Set = [
    "avif", "bmp", "exr", "gif", "hdr", "heic", "heif", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpg",
    "jxl", "pbm", "pfm", "pgm", "png", "pnm", "ppm", "svg", "tif", "tiff", "v", "vips", "webp",
]
