internal import Vips

/// Rows of an area of a node's input, pulled some at a time: what comes before may look around, and would
/// for every row again, but it holds all that it makes for one pull.
struct PulledRows {
    let area: Rectangle
    private let request: NodeRequest
    private var view: PixelView?

    private static let rowsAtOnce = 128

    init(_ area: Rectangle, _ request: NodeRequest) {
        self.area = area
        self.request = request
    }

    /// Pixels of the area that row `y` is among; valid until the next call.
    ///
    /// Rows are best asked for from top to bottom.
    mutating func view(of y: Int) throws(VipsError) -> PixelView {
        if let view, view.area.rows.contains(y) { return view }
        let rows = y..<min(y + Self.rowsAtOnce, area.bottom)
        let pulled = try request.pull(0, Rectangle(rows: rows, columns: area.columns))
        view = pulled
        return pulled
    }
}
