import PluginKit

/// The luma of a gamma-encoded pixel, as JPEG has it (BT.601).
@inline(__always)
func luma(_ red: Float, _ green: Float, _ blue: Float) -> Float {
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// The luma of a small picture, 0 … 1.
struct LumaPlane: Sendable {
    let width, height: Int
    let values: [Float]
}

extension LumaPlane {
    init(_ pixels: Pixels, peak: Float) {
        (width, height) = (pixels.width, pixels.height)
        let samples = pixels.samples
        values =
            pixels.bands == 1
            ? samples.map { $0 / peak }
            : stride(from: 0, to: samples.count, by: 3).map {
                luma(samples[$0], samples[$0 + 1], samples[$0 + 2]) / peak
            }
    }

    var mirrored: LumaPlane {
        LumaPlane(width: width, height: height, values: mirroredRows(values, width: width))
    }
}

/// Numbers of a picture, row by row, with left and right exchanged.
func mirroredRows(_ values: [Float], width: Int) -> [Float] {
    stride(from: 0, to: values.count, by: width).flatMap { values[$0..<($0 + width)].reversed() }
}

/// The colour of every pixel of a small picture as blue- and red-difference, each −½ … ½.
struct ChromaPlanes: Sendable {
    var blue, red: [Float]
}

/// What a pixel of some luma and chroma looks like in red, green and blue.
///
/// Colours that the screen cannot show at this luma are made paler until it can, so that the luma
/// stays what it is.
@inline(__always)
func color(luma: Float, blue: Float, red: Float) -> (red: Float, green: Float, blue: Float) {
    let offsets = (1.402 * red, -0.344136 * blue - 0.714136 * red, 1.772 * blue)
    let share = min(
        room(offsets.0, at: luma),
        room(offsets.1, at: luma),
        room(offsets.2, at: luma),
        1
    )
    return (luma + share * offsets.0, luma + share * offsets.1, luma + share * offsets.2)
}

/// How often an offset fits between a luma and the end of the scale it points to.
@inline(__always)
private func room(_ offset: Float, at luma: Float) -> Float {
    let distance = offset > 0 ? 1 - luma : luma
    return distance / max(abs(offset), 1e-9)
}
