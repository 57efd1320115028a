package import Vips

/// The parts of a mask that hang together, found row by row.
package struct MaskRegions {
    package struct Region: Sendable, Equatable {
        package var left, top, right, bottom: Int
        package var pixels: Int
        /// The side of the largest square inside.
        package var thickness: Int

        mutating func unite(_ other: Region) {
            left = min(left, other.left)
            top = min(top, other.top)
            right = max(right, other.right)
            bottom = max(bottom, other.bottom)
            pixels += other.pixels
            thickness = max(thickness, other.thickness)
        }
    }

    /// White pixels side by side in one row, and the region they belong to.
    private struct Run {
        let start, end: Int
        let region: Int
    }

    private let width: Int
    private var regions: [Region] = []
    /// Regions that turned out to be part of an earlier one point to that.
    private var parents: [Int] = []
    private var runs: [Run] = []
    /// For each pixel of the last row, the side of the largest square whose corner it is.
    private var squares: [Int32]
    private var y = 0

    init(width: Int) {
        self.width = width
        squares = [Int32](repeating: 0, count: width)
    }

    /// Takes the next row; pixels of more than half of white belong to the mask.
    mutating func add(_ row: some RandomAccessCollection<UInt8>) {
        var found: [Run] = []
        var next = 0
        var x = 0
        var diagonal: Int32 = 0
        for value in row {
            let above = squares[x]
            if value >= 128 {
                let before = x > 0 ? squares[x - 1] : 0
                squares[x] = 1 + min(above, before, diagonal)
            } else {
                squares[x] = 0
            }
            diagonal = above
            x += 1
        }
        x = 0
        while x < width {
            guard squares[x] > 0 else {
                x += 1
                continue
            }
            let start = x
            var thickness: Int32 = 0
            while x < width, squares[x] > 0 {
                thickness = max(thickness, squares[x])
                x += 1
            }
            let own = Region(
                left: start,
                top: y,
                right: x,
                bottom: y + 1,
                pixels: x - start,
                thickness: Int(thickness)
            )
            found.append(Run(start: start, end: x, region: region(of: own, &next)))
        }
        runs = found
        y += 1
    }

    /// The region that a run of this row belongs to, with all that it joins.
    ///
    /// - Parameter next: the first run of the row above that may touch the next run.
    private mutating func region(of run: Region, _ next: inout Int) -> Int {
        while next < runs.count, runs[next].end < run.left { next += 1 }
        var joined: Int?
        var index = next
        // Corners touch as well.
        while index < runs.count, runs[index].start <= run.right {
            let other = root(runs[index].region)
            if let known = joined, known != other {
                let (first, second) = (min(known, other), max(known, other))
                regions[first].unite(regions[second])
                parents[second] = first
                joined = first
            } else {
                joined = other
            }
            index += 1
        }
        if let joined {
            regions[joined].unite(run)
            return joined
        }
        regions.append(run)
        parents.append(parents.count)
        return parents.count - 1
    }

    private mutating func root(_ region: Int) -> Int {
        var root = region
        while parents[root] != root { root = parents[root] }
        parents[region] = root
        return root
    }

    /// All regions so far, by their first row.
    var found: [Region] {
        regions.indices.filter { parents[$0] == $0 }.map { regions[$0] }
    }

    /// The regions of an image of one band, computed now.
    package static func regions(of mask: Image) throws -> [Region] {
        let mask = try mask.maskBytes()
        var regions = MaskRegions(width: mask.width)
        let rows = max(1, (1 << 22) / mask.width)
        for top in stride(from: 0, to: mask.height, by: rows) {
            let count = min(rows, mask.height - top)
            let bytes = try mask.part(rows: top..<(top + count)).bytes()
            for y in 0..<count { regions.add(bytes[(y * mask.width)..<((y + 1) * mask.width)]) }
        }
        return regions.found
    }
}

extension Image {
    /// A mask as one band of 8 bits.
    func maskBytes() throws -> Image {
        guard bands == 1 else {
            throw PluginError("expected a mask of one band, found \(bands)")
        }
        switch format {
        case .u8: return self
        case .u16: return try multiplied(by: 255.0 / 65535).rounded(to: .u8)
        default: return try multiplied(by: 255).rounded(to: .u8)
        }
    }
}
