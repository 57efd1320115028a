/// All pictures in a folder and the folders in it, sorted by path.
package struct PictureFolder: Sendable {
    private let groups: PictureGroups
    private let path: String

    /// - Parameter smallest: how long the shorter side of every picture must be, in pixels.
    package init(
        _ folder: String,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        path = folder
        let files = try picturePaths(in: folder).map { [PictureFile(path: folder + "/" + $0)] }
        groups = try PictureGroups.checked(
            files,
            folder: folder,
            smallest: smallest,
            reader: reader
        ).groups
    }

    private init(_ groups: PictureGroups, path: String) {
        self.groups = groups
        self.path = path
    }

    package var count: Int { groups.count }

    /// Some of the pictures, which are numbered from 0 again.
    package subscript(range: Range<Int>) -> PictureFolder {
        PictureFolder(groups[range], path: path)
    }

    /// The path of a picture in the folder.
    package func name(_ index: Int) -> String {
        String(groups.paths(index)[0].dropFirst(path.count + 1))
    }

    /// A picture by number; the next sound one if it turns out to be damaged.
    package func picture(_ index: Int) throws(DataError) -> Picture {
        try groups.pictures(index).pictures[0]
    }
}

/// Two sets of pictures that belong to no pairs.
package struct TwoDomains: Sendable {
    package let a, b: PictureFolder

    package enum Split: String, Sendable { case train, test }

    package init(a: PictureFolder, b: PictureFolder) {
        self.a = a
        self.b = b
    }

    /// The folders `trainA` and `trainB` of a data set, or `testA` and `testB`; capitals or not.
    package init(
        _ folder: String,
        split: Split = .train,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        let (a, b) = (split.rawValue + "a", split.rawValue + "b")
        let found = names(in: folder)
        guard let first = found.first(where: { $0.lowercased() == a }),
            let second = found.first(where: { $0.lowercased() == b })
        else {
            let wanted = "\(split.rawValue)A and \(split.rawValue)B"
            throw DataError.noSubfolders(folder: folder, wanted: wanted)
        }
        self.a = try PictureFolder(folder + "/" + first, smallest: smallest, reader: reader)
        self.b = try PictureFolder(folder + "/" + second, smallest: smallest, reader: reader)
    }
}
