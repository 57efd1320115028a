internal import Kernels
internal import Tensors

/// Rows of one image, put together to pixels with zeros around them.
struct PixelRows {
    /// Numbers of a pixel: the channels, filled up to whole blocks, or 4 if there are no more.
    let depth: Int
    /// Positions that a row holds; those outside the image are zeros.
    let columns: Range<Int>
    let height, width, channels: Int
    let base: UnsafeMutablePointer<Float>

    static func depth(_ channels: Int) -> Int { channels <= 4 ? 4 : (channels + 15) / 16 * 16 }

    var rowLength: Int { columns.count * depth }

    /// The pixel at a position of the row that is held at `index`.
    func pixel(_ index: Int, _ column: Int) -> UnsafeMutablePointer<Float> {
        base + index * rowLength + (column - columns.lowerBound) * depth
    }

    /// Fills the row at `index` with a row of the image; with zeros if it lies outside.
    func load(_ row: Int, of image: UnsafePointer<Float>, at index: Int) {
        let inside = max(0, columns.lowerBound)..<min(width, columns.upperBound)
        guard (0..<height).contains(row), !inside.isEmpty else {
            (base + index * rowLength).update(repeating: 0, count: rowLength)
            return
        }
        let before = (inside.lowerBound - columns.lowerBound) * depth
        (base + index * rowLength).update(repeating: 0, count: before)
        PixelSums.pixels(
            fromPlanes: image + row * width + inside.lowerBound,
            stride: height * width,
            channels: channels,
            depth: depth,
            into: pixel(index, inside.lowerBound),
            count: inside.count
        )
        let after = (columns.upperBound - inside.upperBound) * depth
        pixel(index, inside.upperBound).update(repeating: 0, count: after)
    }
}

/// Where the output of a convolution, or the input of one that is run backwards, reads from.
///
/// Along an axis, position o reads under weight t from (o · step + offset(t)) / divisor if that is
/// whole.
struct ReadingRule {
    let step, divisor: Int
    let offsets: [Int]

    /// From outputs to inputs.
    init(forward window: Window) {
        (step, divisor) = (window.stride, 1)
        offsets = (0..<window.size).map { window.position(of: $0, at: 0) }
    }

    /// From inputs to outputs.
    init(backward window: Window) {
        (step, divisor) = (1, window.stride)
        offsets = (0..<window.size).map { -window.position(of: $0, at: 0) }
    }

    func position(of tap: Int, at place: Int) -> Int? {
        let scaled = place * step + offsets[tap]
        let position = scaled.flooredQuotient(by: divisor)
        return position * divisor == scaled ? position : nil
    }

    /// All positions that `places` read.
    func positions(_ places: Range<Int>) -> Range<Int> {
        let first = places.lowerBound * step + offsets.min()!
        let last = (places.upperBound - 1) * step + offsets.max()!
        return first.flooredQuotient(by: divisor)..<(last.ceiledQuotient(by: divisor) + 1)
    }
}
