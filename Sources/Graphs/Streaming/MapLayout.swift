/// How the rows of a feature map lie in memory.
///
/// A row holds blocks of channels one after the other; a block holds, pixel by pixel, the samples of
/// `lanes` channels: 16, or 4 in a thin map of few channels. Beside the stored columns lie margins
/// of zeros, so that kernels may read a zero padding as if it were there.
package struct MapLayout: Hashable, Sendable {
    /// Which channel stands in each place of the blocks, −1 for none.
    let places: [Int32]
    let lanes: Int
    /// The columns of the map that are stored.
    var columns: Range<Int>
    /// Pixels of zeros before the first and behind the last column.
    var leftMargin = 0
    var rightMargin = 0

    init(places: [Int32], lanes: Int, columns: Range<Int>) {
        self.places = places
        self.lanes = lanes
        self.columns = columns
    }

    /// The usual order: channels one after the other, thin where there are at most 4 of them.
    init(channels: Int, isWide: Bool = false, columns: Range<Int>) {
        let lanes = channels <= 4 && !isWide ? 4 : 16
        let blocks = (channels + lanes - 1) / lanes
        let places = (0..<(blocks * lanes)).map { $0 < channels ? Int32($0) : -1 }
        self.init(places: places, lanes: lanes, columns: columns)
    }

    var blocks: Int { places.count / lanes }
    var channels: Int { places.count { $0 >= 0 } }
    /// Floats from a pixel of one block to the same pixel of the next.
    var blockStride: Int { (leftMargin + columns.count + rightMargin) * lanes }
    /// Floats of a row.
    var rowStride: Int { blocks * blockStride }
}
