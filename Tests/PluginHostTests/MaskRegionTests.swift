import PluginHost
import Support
import Testing
import Vips

@Suite struct MaskRegionTests {
    /// Regions by flooding, and the largest squares by trying all: top, left, bottom, right, pixels,
    /// thickness.
    private func flooded(_ mask: [Bool], _ width: Int, _ height: Int) -> [[Int]] {
        var seen = [Bool](repeating: false, count: mask.count)
        var regions: [[Int]] = []
        for start in mask.indices where mask[start] && !seen[start] {
            var (pending, own) = ([start], Set<Int>())
            seen[start] = true
            while let place = pending.popLast() {
                own.insert(place)
                let (x, y) = (place % width, place / width)
                for v in max(0, y - 1)...min(height - 1, y + 1) {
                    for u in max(0, x - 1)...min(width - 1, x + 1) {
                        let next = v * width + u
                        guard mask[next], !seen[next] else { continue }
                        seen[next] = true
                        pending.append(next)
                    }
                }
            }
            let (columns, rows) = (own.map { $0 % width }, own.map { $0 / width })
            func isSquare(_ corner: Int, _ side: Int) -> Bool {
                corner % width + side <= width
                    && (0..<side).allSatisfy { dy in
                        (0..<side).allSatisfy { own.contains(corner + dy * width + $0) }
                    }
            }
            var thickness = 0
            while own.contains(where: { isSquare($0, thickness + 1) }) { thickness += 1 }
            regions.append([
                rows.min()!, columns.min()!, rows.max()! + 1, columns.max()! + 1, own.count,
                thickness,
            ])
        }
        return regions
    }

    @Test("regions are those that flooding finds", arguments: 0..<12)
    func equal(seed: Int) throws {
        var random = SeededRandom(seed)
        let (width, height) = (random.int(1...40), random.int(1...40))
        // From single pixels to nearly everything, and in blocks.
        let share = [0.1, 0.4, 0.6, 0.95][seed % 4]
        let block = 1 + seed / 4 * 2
        var cells: [Int: Bool] = [:]
        let mask = (0..<(width * height)).map { place in
            let cell = place / width / block * 1000 + place % width / block
            if cells[cell] == nil { cells[cell] = Double.random(in: 0...1, using: &random) < share }
            return cells[cell]!
        }
        let bytes = mask.map { $0 ? 128 : 127 as UInt8 }
        let image = try Image.fromMemory(bytes, width: width, height: height, bands: 1, format: .u8)
        let found = try MaskRegions.regions(of: image).map {
            [$0.top, $0.left, $0.bottom, $0.right, $0.pixels, $0.thickness]
        }
        func sorted(_ regions: [[Int]]) -> [[Int]] {
            regions.sorted { $0.lexicographicallyPrecedes($1) }
        }
        #expect(
            sorted(found) == sorted(flooded(mask, width, height)),
            "seed \(seed), \(width) × \(height)"
        )
    }
}
