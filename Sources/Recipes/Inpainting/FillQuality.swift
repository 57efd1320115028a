internal import Measures
internal import Tensors
internal import TrainingData

/// How well holes were filled, pooled over many pictures of numbers from 0 to 1.
struct FillQuality {
    private(set) var errors = SquareErrors()
    private var texture = (result: 0.0, truth: 0.0)

    /// - Parameter mask: 1 in the hole; 1 × H × W.
    mutating func add(_ result: Tensor, _ truth: Tensor, mask: Tensor) {
        let hole = Hole(mask: planes(of: mask)[0])
        errors.add(planes(of: result), planes(of: truth), inside: hole)
        texture.result += planes(of: result.luma)[0].meanGradient(inside: hole)
        texture.truth += planes(of: truth.luma)[0].meanGradient(inside: hole)
    }

    /// In the holes, in dB.
    var peakSignalToNoise: Double { errors.peakSignalToNoise(peak: 1) }

    /// How much texture there is in the holes, as a part of what was there.
    var gradientRatio: Double { texture.result / texture.truth }
}

/// Ways to fill holes without a network.
enum PlainFill: String, CaseIterable {
    case zero, mean, harmonic
    case pushPull = "push–pull"

    func callAsFunction(_ picture: Tensor, mask: Tensor) -> Tensor {
        let hole = Hole(mask: planes(of: mask)[0])
        return Tensor(
            planes(of: picture).map { plane in
                switch self {
                case .zero:
                    Plane(
                        width: plane.width,
                        height: plane.height,
                        values: zip(plane.values, hole.isInside).map { $1 ? 0 : $0 }
                    )
                case .mean: plane.filledWithMean(hole)
                case .harmonic: plane.filledSmoothly(hole, tolerance: 1e-4)
                case .pushPull: plane.filledFromPyramid(hole)
                }
            }
        )
    }
}
