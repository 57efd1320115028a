internal import Tensors

/// A value that no block layout fits: its rows as tensors, or all of it in one.
///
/// Written by one step at a time and read by later ones.
final class PlainMap: @unchecked Sendable {
    /// The axes that rows and columns lie along; `nil` for a value that has none.
    let rowAxis, columnAxis: Int?
    let channelAxis: Int?
    /// The columns that are stored.
    let columns: Range<Int>
    private var rows: [Int: Tensor] = [:]

    init(_ axes: PictureAxes, channelAxis: Int?, columns: Range<Int>) {
        (rowAxis, columnAxis) = (axes.rows, axes.columns)
        self.channelAxis = channelAxis
        self.columns = columns
    }

    /// Takes in rows of a tensor that begins at row `first`.
    func store(_ tensor: Tensor, first: Int) {
        guard let rowAxis else {
            rows[0] = tensor
            return
        }
        var shape = tensor.shape
        let count = shape[rowAxis]
        shape[rowAxis] = 1
        let strides = tensor.shape.strides
        for row in 0..<count {
            rows[first + row] = tensor.viewed(
                shape: shape,
                strides: strides,
                offset: row * strides[rowAxis]
            )
        }
    }

    func row(_ y: Int) -> Tensor { rows[rowAxis == nil ? 0 : y]! }

    /// Rows and columns in one tensor.
    func tensor(_ range: Range<Int>, _ part: Range<Int>) throws(OperatorError) -> Tensor {
        guard let rowAxis else { return rows[0]! }
        let tensor = try Concat(axis: rowAxis).evaluate(range.map { rows[$0]! })[0]
        guard let columnAxis, part != columns else { return tensor }
        var shape = tensor.shape
        shape[columnAxis] = part.count
        let strides = tensor.shape.strides
        return tensor.viewed(
            shape: shape,
            strides: strides,
            offset: (part.lowerBound - columns.lowerBound) * strides[columnAxis]
        )
    }

    /// Forgets rows that nobody needs any more.
    func drop(before row: Int) {
        guard rowAxis != nil else { return }
        rows = rows.filter { $0.key >= row }
    }
}

/// A value as a streaming picture's steps see it.
enum Feature {
    case map(BlockList)
    case plain(PlainMap)

    var blocks: BlockList? {
        if case .map(let list) = self { return list }
        return nil
    }

    /// A part of it as a tensor in the shape that the graph gives it.
    func tensor(_ range: Range<Int>, _ columns: Range<Int>) throws(OperatorError) -> Tensor {
        switch self {
        case .plain(let map): return try map.tensor(range, columns)
        case .map(let list):
            let places = (0..<list.channels).map { list.place(of: $0) }
            var tensor = Tensor(uninitialized: [1, places.count, range.count, columns.count])
            var values = tensor.mutableFloats
            var i = 0
            for place in places {
                for y in range {
                    let row = list.origin(y, block: place.block) + place.lane
                    for x in columns {
                        values[i] = row[x * list.lanes]
                        i += 1
                    }
                }
            }
            return tensor
        }
    }
}

extension RowMap {
    /// Takes in rows of a [1, C, rows, columns] tensor that begins at row `first`.
    func store(_ tensor: Tensor, first: Int) {
        let values = tensor.floats
        let (height, width) = (tensor.shape[2], tensor.shape[3])
        for (place, channel) in layout.places.enumerated() {
            for y in 0..<height {
                let row = origin(first + y, block: place / layout.lanes) + place % layout.lanes
                let start = (Int(channel) * height + y) * width
                for (i, x) in layout.columns.enumerated() {
                    row[x * layout.lanes] = channel < 0 ? 0 : values[start + i]
                }
            }
        }
    }
}
