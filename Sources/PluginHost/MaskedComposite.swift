internal import Glibc
internal import Vips

extension Image {
    /// This image with another one laid over it where a mask is white, and mixed with it where the mask
    /// is grey.
    ///
    /// Where the mask is black, pixels stay bit for bit, and the other image is not computed.
    func composited(with other: Image, mask: Image) throws -> Image {
        let sizes = [self, other, mask].map { [$0.width, $0.height] }
        guard sizes[1] == sizes[0], sizes[2] == sizes[0], other.bands == bands else {
            throw PluginError(
                "expected images of one size and as many bands, found \(width) × \(height) × \(bands), "
                    + "\(other.width) × \(other.height) × \(other.bands) and a mask of "
                    + "\(mask.width) × \(mask.height)"
            )
        }
        let isPlain = format == .u8 || format == .u16
        let base = isPlain ? self : try cast(to: .f32)
        let header = ImageHeader(
            width: width,
            height: height,
            bands: bands,
            format: base.format,
            interpretation: interpretation
        )
        let inputs = [base, try other.cast(to: base.format), try mask.maskBytes()]
        return try Image.node(header, inputs: inputs, demand: .tiles) { request in
            let output = request.output
            let (base, mask) = (try request.pull(0, output.area), try request.pull(2, output.area))
            for y in 0..<output.area.height {
                memcpy(
                    output.base + y * output.stride,
                    base.base + y * base.stride,
                    output.area.width * output.bands * output.format.bytes
                )
            }
            for block in output.area.blocks(of: 64) {
                guard let part = mask.bounds(inside: block) else { continue }
                let over = try request.pull(1, part)
                switch output.format {
                case .u8: mix(over, mask, into: output, UInt8.self)
                case .u16: mix(over, mask, into: output, UInt16.self)
                default: mix(over, mask, into: output, Float.self)
                }
            }
        }
    }
}

extension Rectangle {
    /// The rectangle in pieces with sides of at most so many pixels.
    fileprivate func blocks(of side: Int) -> [Rectangle] {
        stride(from: top, to: bottom, by: side).flatMap { y in
            stride(from: left, to: right, by: side).map { x in
                Rectangle(
                    left: x,
                    top: y,
                    width: min(side, right - x),
                    height: min(side, bottom - y)
                )
            }
        }
    }
}

extension PixelView {
    /// The smallest rectangle around all pixels of a block that are not black.
    fileprivate func bounds(inside block: Rectangle) -> Rectangle? {
        var (left, right, top, bottom) = (Int.max, Int.min, Int.max, Int.min)
        for y in block.top..<block.bottom {
            let row = row(y, as: UInt8.self)
            for x in block.left..<block.right where row[x - area.left] != 0 {
                (left, right) = (min(left, x), max(right, x))
                (top, bottom) = (min(top, y), y)
            }
        }
        return left > right
            ? nil
            : Rectangle(left: left, top: top, width: right - left + 1, height: bottom - top + 1)
    }
}

/// A type of sample that can be mixed.
private protocol Mixable { static func mix(_ a: Self, _ b: Self, _ share: Float) -> Self }

extension UInt8: Mixable {
    static func mix(_ a: UInt8, _ b: UInt8, _ share: Float) -> UInt8 {
        UInt8((Float(a) + (Float(b) - Float(a)) * share).rounded())
    }
}

extension UInt16: Mixable {
    static func mix(_ a: UInt16, _ b: UInt16, _ share: Float) -> UInt16 {
        UInt16((Float(a) + (Float(b) - Float(a)) * share).rounded())
    }
}

extension Float: Mixable {
    static func mix(_ a: Float, _ b: Float, _ share: Float) -> Float { a + (b - a) * share }
}

/// Mixes an area into an output that holds the other pixels already.
private func mix<Sample: Mixable>(
    _ over: PixelView,
    _ mask: PixelView,
    into output: PixelView,
    _ type: Sample.Type
) {
    for y in over.area.top..<over.area.bottom {
        let (source, target) = (over.row(y, as: Sample.self), output.row(y, as: Sample.self))
        let shares = mask.row(y, as: UInt8.self)
        for x in over.area.left..<over.area.right {
            let share = shares[x - mask.area.left]
            guard share > 0 else { continue }
            let from = (x - over.area.left) * over.bands
            let to = (x - output.area.left) * output.bands
            for band in 0..<output.bands {
                let new = source[from + band]
                target[to + band] =
                    share == 255 ? new : Sample.mix(target[to + band], new, Float(share) / 255)
            }
        }
    }
}
