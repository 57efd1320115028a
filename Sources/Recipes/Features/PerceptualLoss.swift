internal import Tensors
internal import Training

/// How different pictures look: the mean of |φ(a) − φ(b)| over feature maps, each of which is divided
/// by the mean size of its own numbers, as these differ tenfold.
struct PerceptualLoss {
    private let features: PerceptualFeatures
    private let weights: [Double]

    /// - Parameters:
    ///   - source: an ONNX file, or "random".
    ///   - pictures: N × 3 × height × width from 0 to 1, by which the maps are scaled.
    init(_ source: String, layers: [String]?, pictures: Tensor) throws {
        let side = min(pictures.shape[2], pictures.shape[3])
        features = try PerceptualFeatures(source, layers: layers, side: side)
        let maps = withoutRecording { [features] in features(Variable(pictures)) }
        weights = maps.map { map in
            1
                / (max(Double(withoutRecording { abs(map).mean() }.value), 1e-12)
                    * Double(maps.count))
        }
    }

    func callAsFunction(_ a: Variable<Float>, _ b: Variable<Float>) -> Variable<Float> {
        featureError(features(a), withoutRecording { features(b) }, weights: weights)
    }
}
