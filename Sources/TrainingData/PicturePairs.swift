/// Pictures in pairs of one size: what goes into a network, and what should come out.
package struct PicturePairs: Sendable {
    private enum Layout: Sendable {
        case halves(inputIsLeft: Bool)
        case files
    }

    private let groups: PictureGroups
    private let layout: Layout

    /// Pairs that lie side by side in one file each.
    package init(
        sideBySide folder: String,
        inputIsLeft: Bool = true,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        layout = .halves(inputIsLeft: inputIsLeft)
        let files = try picturePaths(in: folder).map { [PictureFile(path: folder + "/" + $0)] }
        groups = try PictureGroups.checked(
            files,
            folder: folder,
            smallest: smallest,
            reader: reader
        ) { (files, sizes) throws(DataError) in
            let (path, size) = (files[0].path, sizes[0])
            guard size.width.isMultiple(of: 2) else {
                throw DataError.notSideBySide(path, width: size.width)
            }
            guard size.width / 2 >= smallest else {
                throw DataError.tooSmall(
                    path,
                    width: size.width / 2,
                    height: size.height,
                    smallest: smallest
                )
            }
        }.groups
    }

    /// Pairs of files with the same name, endings apart, in two folders.
    package init(
        inputs: String,
        targets: String,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        layout = .files
        groups = try partners(inputs, targets, smallest: smallest, reader: reader)
    }

    /// Pairs of a data set: files of the same name in its folders `a` and `b`, capitals or not; where
    /// it has none of these, pairs that lie side by side, a on the left.
    package init(
        dataSet folder: String,
        inputIsA: Bool = true,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        let folders = names(in: folder).filter { isFolder(folder + "/" + $0) }
        let a = folders.first { $0.lowercased() == "a" }
        let b = folders.first { $0.lowercased() == "b" }
        if let a, let b {
            let (first, second) = (folder + "/" + a, folder + "/" + b)
            try self.init(
                inputs: inputIsA ? first : second,
                targets: inputIsA ? second : first,
                smallest: smallest,
                reader: reader
            )
        } else if a == nil && b == nil {
            try self.init(
                sideBySide: folder,
                inputIsLeft: inputIsA,
                smallest: smallest,
                reader: reader
            )
        } else {
            throw DataError.noSubfolders(folder: folder, wanted: "the folders a and b")
        }
    }

    package var count: Int { groups.count }

    package func pair(_ index: Int) throws(DataError) -> (input: Picture, target: Picture) {
        let pictures = try groups.pictures(index).pictures
        switch layout {
        case .halves(let inputIsLeft):
            return (
                pictures[0].half(isLeft: inputIsLeft), pictures[0].half(isLeft: !inputIsLeft)
            )
        case .files: return (pictures[0], pictures[1])
        }
    }
}

/// Pictures with a mask each, of the same size and name in another folder; white is the hole.
package struct MaskedPictures: Sendable {
    private let groups: PictureGroups

    package init(
        _ folder: String,
        masks: String,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        groups = try partners(
            folder,
            masks,
            areMasks: true,
            smallest: smallest,
            reader: reader
        )
    }

    package var count: Int { groups.count }

    package func picture(_ index: Int) throws(DataError) -> (picture: Picture, mask: Picture) {
        let pictures = try groups.pictures(index).pictures
        return (pictures[0], pictures[1])
    }
}

/// Every picture of one folder with the one of the same name in another.
private func partners(
    _ first: String,
    _ second: String,
    areMasks: Bool = false,
    smallest: Int,
    reader: PictureReader
) throws(DataError) -> PictureGroups {
    let others = try picturePaths(in: second)
    let byName = Dictionary(others.map { (stem($0), $0) }, uniquingKeysWith: { first, _ in first })
    var groups: [[PictureFile]] = []
    let paths = try picturePaths(in: first)
    for path in paths {
        guard let other = byName[stem(path)] else {
            throw DataError.missingPartner(of: first + "/" + path, folder: second)
        }
        groups.append([
            PictureFile(path: first + "/" + path),
            PictureFile(path: second + "/" + other, isMask: areMasks),
        ])
    }
    let stems = Set(paths.map(stem))
    if let single = others.first(where: { !stems.contains(stem($0)) }) {
        throw DataError.missingPartner(of: second + "/" + single, folder: first)
    }
    return try PictureGroups.checked(
        groups,
        folder: first,
        smallest: smallest,
        reader: reader
    ) { (files, sizes) throws(DataError) in
        guard sizes[0] == sizes[1] else {
            throw DataError.sizesDiffer(files[0].path, files[1].path, sizes[0], sizes[1])
        }
    }.groups
}
