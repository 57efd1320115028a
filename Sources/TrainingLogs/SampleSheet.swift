package import Tensors
internal import Vips

/// Pictures of a run side by side: a row for each sample, a column for each thing it shows, such as
/// input, output and target.
package struct SampleSheet: Sendable {
    /// Pixels between two pictures and around all.
    private static let gap = 4

    package let columns: [Tensor]

    /// - Parameter columns: batches N × C × H × W of one N, numbers from 0 to 1, of one channel or
    ///   three; smaller pictures are enlarged to the size of the largest without smoothing.
    package init(_ columns: [Tensor]) {
        precondition(!columns.isEmpty, "a sheet has a column")
        precondition(
            columns.allSatisfy {
                $0.rank == 4 && $0.shape[0] == columns[0].shape[0] && [1, 3].contains($0.shape[1])
            },
            "columns are batches of pictures"
        )
        self.columns = columns
    }

    /// The whole sheet as one picture 3 × H × W.
    package var picture: Tensor {
        let (rows, gap) = (columns[0].shape[0], Self.gap)
        let height = columns.map { $0.shape[2] }.max()!
        let width = columns.map { $0.shape[3] }.max()!
        let (sheetHeight, sheetWidth) = (
            rows * (height + gap) + gap, columns.count * (width + gap) + gap
        )
        var sheet = Tensor(shape: [3, sheetHeight, sheetWidth], repeating: 1 as Float)
        var out = sheet.mutableFloats
        for (place, column) in columns.enumerated() {
            let (channels, ownHeight, ownWidth) = (
                column.shape[1], column.shape[2], column.shape[3]
            )
            let values = column.floats
            for row in 0..<rows {
                for channel in 0..<3 {
                    let source = (row * channels + channel % channels) * ownHeight * ownWidth
                    for y in 0..<height {
                        let line = source + y * ownHeight / height * ownWidth
                        let top = gap + row * (height + gap) + y
                        let target =
                            (channel * sheetHeight + top) * sheetWidth + gap
                            + place * (width + gap)
                        for x in 0..<width { out[target + x] = values[line + x * ownWidth / width] }
                    }
                }
            }
        }
        return sheet
    }

    /// Writes the sheet as a PNG file.
    package func write(to path: String) throws(LogError) {
        try LogFile(path, isEmptied: true).append(try TrainingLogs.pngBytes(picture))
    }
}

/// A picture C × H × W of numbers from 0 to 1 as a PNG file.
func pngBytes(_ picture: Tensor) throws(LogError) -> [UInt8] {
    let (bands, height, width) = (picture.shape[0], picture.shape[1], picture.shape[2])
    precondition(bands == 1 || bands == 3, "a picture has one channel or three")
    let values = picture.floats
    var samples: [UInt8] = []
    samples.reserveCapacity(values.count)
    for pixel in 0..<(width * height) {
        for band in 0..<bands {
            let value = values[band * width * height + pixel] * 255
            samples.append(value.isNaN ? 0 : UInt8(min(max(value, 0), 255).rounded()))
        }
    }
    do {
        return try Image.fromMemory(
            samples,
            width: width,
            height: height,
            bands: bands,
            format: .u8,
            interpretation: bands == 1 ? "b-w" : "srgb"
        ).pngBytes()
    } catch {
        throw LogError(
            "a picture of \(width) × \(height) pixels: expected a PNG file, found \(error)"
        )
    }
}
