internal import FoundationEssentials

/// Small pictures with labels from a pair of IDX files, as MNIST is given.
///
/// An IDX file of bytes is 0, 0, 8, the rank, each side as four bytes from high to low, then the
/// bytes; pictures have rank 3 (grey) or 4 (colour, bands last), labels rank 1.
package struct DigitFile: Sendable {
    package let size: Size
    package let bands: Int
    package let labels: [Int]
    private let samples: [UInt8]

    package init(pictures: String, labels: String) throws(DataError) {
        let (sides, samples) = try read(pictures, ranks: 3...4)
        let (_, numbers) = try read(labels, ranks: 1...1)
        guard numbers.count == sides[0] else {
            throw DataError.wrongCount(labels, expected: sides[0], found: numbers.count)
        }
        size = Size(width: sides[2], height: sides[1])
        bands = sides.count == 4 ? sides[3] : 1
        self.samples = samples
        self.labels = numbers.map { Int($0) }
    }

    package var count: Int { labels.count }

    package func picture(_ index: Int) -> (picture: Picture, label: Int) {
        let length = size.width * size.height * bands
        let part = Array(samples[(index * length)..<((index + 1) * length)])
        return (Picture(size: size, bands: bands, samples: part), labels[index])
    }
}

private func read(_ path: String, ranks: ClosedRange<Int>) throws(DataError) -> ([Int], [UInt8]) {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else {
        throw DataError.notAnIDXFile(path, found: "a file that cannot be read")
    }
    let bytes = [UInt8](data)
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0, bytes[2] == 8 else {
        let isCompressed = bytes.starts(with: [0x1F, 0x8B])
        throw DataError.notAnIDXFile(
            path,
            found: isCompressed ? "a gzip file, to be unpacked first" : "another beginning"
        )
    }
    let rank = Int(bytes[3])
    guard ranks.contains(rank), bytes.count >= 4 + 4 * rank else {
        throw DataError.notAnIDXFile(path, found: "\(rank) dimensions")
    }
    let sides = (0..<rank).map { axis in
        bytes[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
    }
    guard !sides.contains(0) else {
        throw DataError.notAnIDXFile(path, found: "nothing in it")
    }
    let length = sides.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard bytes.count == 4 + 4 * rank + length else {
        let sizes = sides.map(String.init).joined(separator: " × ")
        throw DataError.notAnIDXFile(
            path,
            found: "\(bytes.count - 4 - 4 * rank) bytes for \(sizes)"
        )
    }
    return (sides, Array(bytes[(4 + 4 * rank)...]))
}
