package import Vips

/// Where a mask is not black, to be covered with rectangles.
package struct MaskCover {
    private let area: Rectangle
    /// Row by row.
    private let isWanted: [Bool]

    /// - Parameter pixels: whose last band is the mask.
    init(lastBandOf pixels: PulledRows) throws {
        var pixels = pixels
        let area = pixels.area
        isWanted = try [Bool](unsafeUninitializedCapacity: area.width * area.height) {
            wanted,
            count in
            for y in area.rows {
                let view = try pixels.view(of: y)
                let sample = view.format.bytes
                let pixel = view.bands * sample
                let row = UnsafeRawBufferPointer(
                    start: view.start(of: y),
                    count: area.width * pixel
                )
                for x in 0..<area.width {
                    let end = (x + 1) * pixel
                    wanted[count] = row[(end - sample)..<end].contains { $0 != 0 }
                    count += 1
                }
            }
        }
        self.area = area
    }

    /// - Parameter isWanted: row by row.
    package init(_ area: Rectangle, isWanted: [Bool]) {
        (self.area, self.isWanted) = (area, isWanted)
    }

    /// Rectangles around everything that is wanted: apart where that is less work for a network that
    /// looks `halo` pixels further on each side.
    package func rectangles(halo: Int) -> [Rectangle] { rectangles(within: area, halo) }

    private func rectangles(within part: Rectangle, _ halo: Int) -> [Rectangle] {
        guard let whole = bounds(within: part) else { return [] }
        let halves = whole.halves.flatMap { rectangles(within: $0, halo) }
        func work(_ rectangles: [Rectangle]) -> Int {
            rectangles.reduce(0) { $0 + ($1.width + 2 * halo) * ($1.height + 2 * halo) }
        }
        return halves.isEmpty || work([whole]) <= work(halves) ? [whole] : halves
    }

    /// The smallest rectangle around all that is wanted within a part.
    private func bounds(within part: Rectangle) -> Rectangle? {
        var (left, right, top, bottom) = (Int.max, Int.min, Int.max, Int.min)
        for y in part.top..<part.bottom {
            let row = (y - area.top) * area.width - area.left
            guard let first = (part.left..<part.right).first(where: { isWanted[row + $0] }),
                let last = (part.left..<part.right).last(where: { isWanted[row + $0] })
            else { continue }
            (left, right) = (min(left, first), max(right, last))
            (top, bottom) = (min(top, y), y)
        }
        guard left <= right else { return nil }
        return Rectangle(left: left, top: top, width: right - left + 1, height: bottom - top + 1)
    }
}

extension Rectangle {
    /// Two halves along the longer side; none of what is small enough to be one.
    fileprivate var halves: [Rectangle] {
        guard max(width, height) >= 32 else { return [] }
        var (first, second) = (self, self)
        if width >= height {
            first.width = width / 2
            second.left += first.width
            second.width -= first.width
        } else {
            first.height = height / 2
            second.top += first.height
            second.height -= first.height
        }
        return [first, second]
    }
}
