/// Training data that cannot be used; the text names the file, what was expected and what was found.
package enum DataError: Error, Equatable, CustomStringConvertible {
    case noFolder(String)
    case noPictures(folder: String)
    case noSubfolders(folder: String, wanted: String)
    case unreadable(String, reason: String)
    case notCompressed(reason: String)
    case allUnreadable(count: Int, first: String)
    case tooSmall(String, width: Int, height: Int, smallest: Int)
    case notSideBySide(String, width: Int)
    case sizesDiffer(String, String, Size, Size)
    case missingPartner(of: String, folder: String)
    case notAnIDXFile(String, found: String)
    case wrongCount(String, expected: Int, found: Int)

    package var description: String {
        switch self {
        case .noFolder(let path):
            "\(path): expected a folder, found none of that name"
        case .noPictures(let folder):
            "\(folder): expected a folder of pictures, found none in it"
        case .noSubfolders(let folder, let wanted):
            "\(folder): expected \(wanted) in it, found no such folders"
        case .unreadable(let path, let reason):
            "\(path): expected a picture, found a file that cannot be decoded (\(reason))"
        case .notCompressed(let reason):
            "a picture as JPEG: expected its bytes, found none (\(reason))"
        case .allUnreadable(let count, let first):
            "\(first): expected a picture that can be decoded, found none among \(count)"
        case .tooSmall(let path, let width, let height, let smallest):
            "\(path): expected at least \(smallest) × \(smallest) pixels, found \(width) × \(height)"
        case .notSideBySide(let path, let width):
            "\(path): expected two pictures side by side, found an odd width of \(width) pixels"
        case .sizesDiffer(let first, let second, let one, let other):
            "\(second): expected \(one) pixels as in \(first), found \(other)"
        case .missingPartner(let path, let folder):
            "\(path): expected a picture of the same name in \(folder), found none"
        case .notAnIDXFile(let path, let found):
            "\(path): expected an IDX file of bytes, found \(found)"
        case .wrongCount(let path, let expected, let found):
            "\(path): expected \(expected) labels, one for each picture, found \(found)"
        }
    }
}

/// Width and height of a picture in pixels.
package struct Size: Sendable, Equatable, CustomStringConvertible {
    package var width, height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    package var description: String { "\(width) × \(height)" }
}
