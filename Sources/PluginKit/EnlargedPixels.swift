/// A small picture seen at another size, its samples mixed evenly between the centres of its pixels.
public struct EnlargedPixels: Sendable {
    private let pixels: Pixels
    /// Small pixels for a large one.
    private let scale: (x: Float, y: Float)

    /// - Parameters:
    ///   - width, height: of the large picture.
    public init(_ pixels: Pixels, width: Int, height: Int) {
        self.pixels = pixels
        scale = (Float(pixels.width) / Float(width), Float(pixels.height) / Float(height))
    }

    /// Replaces the contents of the buffer by some columns of a row, bands interleaved.
    public func read(_ columns: Range<Int>, row y: Int, into buffer: inout [Float]) {
        let bands = pixels.bands
        let (top, bottom, down) = neighbours((Float(y) + 0.5) * scale.y - 0.5, pixels.height)
        let (above, below) = (top * pixels.width * bands, bottom * pixels.width * bands)
        buffer.removeAll(keepingCapacity: true)
        buffer.reserveCapacity(columns.count * bands)
        pixels.samples.withUnsafeBufferPointer { samples in
            for x in columns {
                let (left, right, along) = neighbours(
                    (Float(x) + 0.5) * scale.x - 0.5,
                    pixels.width
                )
                for band in 0..<bands {
                    let (near, far) = (left * bands + band, right * bands + band)
                    let first =
                        samples[above + near] + down
                        * (samples[below + near] - samples[above + near])
                    let second =
                        samples[above + far] + down * (samples[below + far] - samples[above + far])
                    buffer.append(first + along * (second - first))
                }
            }
        }
    }

    /// The two places around a position, and how far it is from the first to the second.
    @inline(__always)
    private func neighbours(_ position: Float, _ count: Int) -> (Int, Int, Float) {
        let inside = min(max(position, 0), Float(count - 1))
        let first = Int(inside)
        return (first, min(first + 1, count - 1), inside - Float(first))
    }
}
