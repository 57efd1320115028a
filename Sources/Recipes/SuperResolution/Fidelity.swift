internal import Measures
internal import Tensors
internal import TrainingData

/// How near an enlarged picture comes to its original, on luma of 8 bits without a border: the
/// convention of the papers on super-resolution.
struct Fidelity {
    /// In dB.
    let peakSignalToNoise: Double
    /// The ratio of mean gradients: how much of the texture is there.
    let texture: Double

    /// - Parameters:
    ///   - result: 3 × height × width from 0 to 1.
    ///   - border: pixels at every edge that do not count.
    init(_ result: Tensor, to original: Tensor, border: Int) {
        let (a, b) = (Self.luma(result), Self.luma(original))
        peakSignalToNoise = Measures.peakSignalToNoise(a, b, border: border)
        texture = gradientRatio(a, b)
    }

    private static func luma(_ picture: Tensor) -> Plane {
        let bytes = bytePlanes(of: picture)
        return Measures.luma(bytes[0], bytes[1], bytes[2])
    }
}
