internal import Tensors
internal import Training

/// Luma and colour differences of pictures C × H × W of numbers from 0 to 1 (BT.601, full range).
extension Tensor {
    /// Blue- and red-difference of a picture of three channels, 2 × H × W, each from −1 to 1.
    var chroma: Tensor {
        let (height, width) = (shape[1], shape[2])
        let count = height * width
        let values = floats
        var result = Tensor(uninitialized: [2, height, width])
        var out = result.mutableFloats
        for i in 0..<count {
            let (red, green, blue) = (values[i], values[count + i], values[2 * count + i])
            let luma = 0.299 * red + 0.587 * green + 0.114 * blue
            out[i] = (blue - luma) / 0.886
            out[count + i] = (red - luma) / 0.701
        }
        return result
    }
}

/// The pictures with a luma N × 1 × H × W and a chroma N × 2 × H × W, limited to 0 … 1.
func pictures(luma: Variable<Float>, chroma: Variable<Float>) -> Variable<Float> {
    let blue = 0.886 * chroma.slice(1, 0..<1)
    let red = 0.701 * chroma.slice(1, 1..<2)
    let green = -(0.299 * red + 0.114 * blue) / 0.587
    return (concatenated([red, green, blue]) + luma).clamped(to: 0...1)
}

/// How different the colours look that a luma from −1 to 1 has with one chroma and another:
/// N × 1 × H × W, CIEDE2000.
func visibleDifference(
    _ luma: Variable<Float>,
    _ chroma: Variable<Float>,
    _ target: Variable<Float>
) -> Variable<Float> {
    func lab(_ chroma: Variable<Float>) -> Variable<Float> {
        labFromSRGB(pictures(luma: (luma + 1) / 2, chroma: chroma))
    }
    return colorDifference(lab(chroma), lab(target))
}
