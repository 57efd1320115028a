/// Pictures in folders whose names are their labels.
package struct LabelledPictures: Sendable {
    /// The names of the folders, sorted; a label is a place in this list.
    package let names: [String]
    private let groups: PictureGroups
    private let labels: [Int]

    package init(
        _ folder: String,
        smallest: Int = 1,
        reader: PictureReader = PictureReader()
    ) throws(DataError) {
        names = TrainingData.names(in: folder).filter { isFolder(folder + "/" + $0) }
        guard !names.isEmpty else {
            throw DataError.noSubfolders(folder: folder, wanted: "a folder for each label")
        }
        var (files, labels): ([[PictureFile]], [Int]) = ([], [])
        for (label, name) in names.enumerated() {
            let paths = try picturePaths(in: folder + "/" + name)
            guard !paths.isEmpty else { throw DataError.noPictures(folder: folder + "/" + name) }
            files += paths.map { [PictureFile(path: folder + "/" + name + "/" + $0)] }
            labels += paths.map { _ in label }
        }
        let checked = try PictureGroups.checked(
            files,
            folder: folder,
            smallest: smallest,
            reader: reader
        )
        groups = checked.groups
        self.labels = checked.places.map { labels[$0] }
    }

    package var count: Int { groups.count }

    package func picture(_ index: Int) throws(DataError) -> (picture: Picture, label: Int) {
        let found = try groups.pictures(index)
        return (found.pictures[0], labels[found.index])
    }
}
