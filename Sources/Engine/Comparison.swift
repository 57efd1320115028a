internal import Measures
internal import Vips

/// How a picture differs from another of the same size, by measures of the field.
///
/// Samples are brought to 0 … 255 in sRGB; alpha is not looked at.
package struct Comparison: Codable, Sendable {
    /// PSNR in dB, of luma (BT.601 in the studio range, rounded, as papers on super-resolution take
    /// it) and of all bands; `nil` where nothing differs.
    package let lumaSignalToNoise, signalToNoise: Double?
    /// Structural similarity of luma, 1 for equal pictures; `nil` for pictures below 11 × 11.
    package let structuralSimilarity: Double?
    /// Mean CIEDE2000.
    package let colorDifference: Double
    /// Of two samples.
    package let largestDifference: Double
    /// The straight line, between two columns or two rows, across which the difference of the
    /// pictures jumps most.
    package let seam: Seam

    package struct Seam: Codable, Sendable {
        package enum Direction: String, Codable, Sendable { case column, row }
        package let direction: Direction
        /// The first column or row behind the line.
        package let position: Int
        /// The mean jump across the line, in multiples of that across the middle one of all lines:
        /// about 1 where there are no seams.
        package let strength: Double
    }

    /// Rows that are looked at at once.
    private static let strip = 256
    /// Rows that two strips share, so that every window of the similarity is in one of them.
    private static let overlap = 10

    package init(_ first: Picture, _ second: Picture) throws {
        let (a, b) = (try first.openForComparison(), try second.openForComparison())
        guard a.width == b.width, a.height == b.height else {
            throw Failure(
                .badInput,
                "\(second.path): expected a picture of \(a.width) × \(a.height), the size of "
                    + "\(first.path), found one of \(b.width) × \(b.height)"
            )
        }
        var lumaErrors = SquareErrors()
        var errors = SquareErrors()
        var similarity = (sum: 0.0, rows: 0.0)
        var colors = 0.0
        var largest = 0.0
        var jumps = Jumps(width: a.width, height: a.height)
        for top in stride(from: 0, to: a.height, by: Self.strip) {
            let end = min(top + Self.strip + Self.overlap, a.height)
            let (x, y) = (try a.strip(top..<end), try b.strip(top..<end))
            let (lumaX, lumaY) = (luma(x[0], x[1], x[2]), luma(y[0], y[1], y[2]))
            if end - top > Self.overlap,
                let mean = Measures.structuralSimilarity(lumaX, lumaY)
            {
                let rows = Double(end - top - Self.overlap)
                similarity.sum += mean * rows
                similarity.rows += rows
            }
            let rows = min(Self.strip, a.height - top)
            func own(_ plane: Plane) -> Plane { plane.cropped(width: a.width, height: rows) }
            let (ownX, ownY) = (x.map(own), y.map(own))
            colors += meanColorDifference(ownX, ownY) * Double(rows * a.width)
            var difference = [Double](repeating: 0, count: rows * a.width)
            for (weight, (p, q)) in zip([0.299, 0.587, 0.114], zip(ownX, ownY)) {
                for i in difference.indices {
                    let step = q.values[i] - p.values[i]
                    errors.add(step)
                    largest = max(largest, abs(step))
                    difference[i] += weight * step
                }
            }
            for (v, w) in zip(own(lumaX).values, own(lumaY).values) { lumaErrors.add(v - w) }
            jumps.add(difference, top: top)
        }
        func decibels(_ errors: SquareErrors) -> Double? {
            errors.sum > 0 ? errors.peakSignalToNoise(peak: 255) : nil
        }
        lumaSignalToNoise = decibels(lumaErrors)
        signalToNoise = decibels(errors)
        structuralSimilarity = similarity.rows > 0 ? similarity.sum / similarity.rows : nil
        colorDifference = colors / Double(a.width * a.height)
        largestDifference = largest
        seam = jumps.largest
    }
}

/// Sums of the jumps of a difference across every line between two columns and two rows.
private struct Jumps {
    private let width, height: Int
    private var columns, rows: [Double]
    /// The last row that was added.
    private var above: ArraySlice<Double>?

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        columns = Array(repeating: 0, count: width)
        rows = Array(repeating: 0, count: height)
    }

    /// Adds rows below those that were added.
    mutating func add(_ difference: [Double], top: Int) {
        for y in 0..<(difference.count / width) {
            let row = difference[y * width..<(y + 1) * width]
            for x in 1..<max(1, width) {
                columns[x] += abs(row[row.startIndex + x] - row[row.startIndex + x - 1])
            }
            if let above {
                rows[top + y] = zip(above, row).reduce(0) { $0 + abs($1.1 - $1.0) }
            }
            above = row
        }
    }

    var largest: Comparison.Seam {
        let candidates = [
            seam(.column, columns.map { $0 / Double(height) }),
            seam(.row, rows.map { $0 / Double(width) }),
        ]
        return candidates.max { $0.strength < $1.strength }!
    }

    private func seam(_ direction: Comparison.Seam.Direction, _ means: [Double])
        -> Comparison.Seam
    {
        // No line lies before the first one.
        let lines = means.dropFirst()
        guard let most = lines.max(), most > 0 else {
            return Comparison.Seam(direction: direction, position: 0, strength: 1)
        }
        // A step of a tenth of a grey level is no seam, however even the rest is.
        let usual = max(lines.sorted()[lines.count / 2], 0.1)
        return Comparison.Seam(
            direction: direction,
            position: lines.firstIndex(of: most)!,
            strength: most / usual
        )
    }
}

extension Picture {
    /// The picture upright, in sRGB from 0 to 255, without alpha.
    func openForComparison() throws -> Image {
        try open(sequentially: false).image.forComparison()
    }
}

extension Image {
    /// The same picture in sRGB from 0 to 255, without alpha.
    func forComparison() throws -> Image {
        let image = try withoutAlpha()
        switch image.interpretation {
        case "srgb", "rgb", "b-w": return image
        case "rgb16", "grey16": return try image.cast(to: .f32).multiplied(by: 1 / 257)
        default: return try image.convertedToSRGB()
        }
    }

    /// The same picture without its alpha band, if it has one.
    func withoutAlpha() throws -> Image {
        guard hasAlpha else { return self }
        return try operation("extract_band", ["band": .int(0), "n": .int(bands - 1)])
    }

    /// Three planes of some rows; grey is taken three times.
    func strip(_ rows: Range<Int>) throws -> [Plane] {
        let samples = try part(rows: rows).floats()
        return (0..<3).map { band in
            let first = bands >= 3 ? band : 0
            let values = stride(from: first, to: samples.count, by: bands).map {
                Double(samples[$0])
            }
            return Plane(width: width, height: rows.count, values: values)
        }
    }
}
