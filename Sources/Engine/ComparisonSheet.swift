package import Vips

/// Two pictures side by side, before and after: both whole, and parts of them at full size where they
/// differ most.
///
/// A picture that was made larger or smaller is brought to the size of the second one.
package struct ComparisonSheet {
    /// Width of each half, in pixels.
    private static let side = 640
    private static let partHeight = 360
    private static let partCount = 3

    package let image: Image

    package init(before: Picture, after: Picture) throws {
        let after = try after.openForShowing()
        let before = try before.openForShowing().fitted(to: after)
        var cells = [try before.reduced(to: Self.side), try after.reduced(to: Self.side)]
        let size = (
            width: min(Self.side, after.width), height: min(Self.partHeight, after.height)
        )
        for place in try Self.places(before, after, size) {
            cells += [try before.part(place), try after.part(place)]
        }
        image = try Self.sheet(cells)
    }

    /// Rows of two cells on white.
    private static func sheet(_ cells: [Image]) throws -> Image {
        let gap = 8
        let rows = try stride(from: 0, to: cells.count, by: 2).map { i in
            try Image.image(
                "arrayjoin",
                [
                    "in": .images([cells[i], cells[i + 1]]), "across": .int(2), "shim": .int(gap),
                    "background": .doubles([255, 255, 255]),
                ]
            )
        }
        return try rows.dropFirst().reduce(rows[0]) { above, below in
            try Image.image(
                "join",
                [
                    "in1": .image(above), "in2": .image(below), "direction": .string("vertical"),
                    "expand": .bool(true), "shim": .int(gap),
                    "background": .doubles([255, 255, 255]),
                ]
            )
        }
    }

    /// Where the pictures differ most, each place apart from the others.
    private static func places(
        _ before: Image,
        _ after: Image,
        _ size: (width: Int, height: Int)
    ) throws -> [Rectangle] {
        // The means over a grid whose fields are half as large as a part.
        let columns = max(1, after.width * 2 / size.width - 1)
        let rows = max(1, after.height * 2 / size.height - 1)
        let difference = try Image.image(
            "subtract",
            ["left": .image(before), "right": .image(after)]
        ).operation("abs").operation("bandmean").cast(to: .f32)
        let fields = try difference.reduced(width: columns, height: rows).floats()
        var places: [(column: Int, row: Int)] = []
        for i in fields.indices.sorted(by: { fields[$0] > fields[$1] }) {
            let (column, row) = (i % columns, i / columns)
            let isApart = places.allSatisfy {
                abs($0.column - column) > 1 || abs($0.row - row) > 1
            }
            if isApart { places.append((column, row)) }
            if places.count == partCount { break }
        }
        return places.map { place in
            Rectangle(
                left: min(place.column * size.width / 2, after.width - size.width),
                top: min(place.row * size.height / 2, after.height - size.height),
                width: size.width,
                height: size.height
            )
        }
    }
}

extension Picture {
    /// The picture upright, in three bands of 8-bit sRGB, without alpha.
    fileprivate func openForShowing() throws -> Image {
        let image = try open(sequentially: false).image.withoutAlpha().convertedToSRGB()
        let colors = image.bands >= 3 ? image : try Image.joined([image, image, image])
        return try colors.interpreted(as: "srgb").rounded(to: .u8)
    }
}

extension Image {
    /// The whole picture, as wide as said, or smaller.
    fileprivate func reduced(to side: Int) throws -> Image {
        let longest = min(side, width)
        return try operation(
            "thumbnail_image",
            ["width": .int(longest), "height": .int(4 * longest), "size": .string("down")]
        )
    }

    /// The picture in the size of another.
    fileprivate func fitted(to other: Image) throws -> Image {
        try reduced(width: min(width, other.width), height: min(height, other.height))
            .enlarged(width: other.width, height: other.height)
    }
}
