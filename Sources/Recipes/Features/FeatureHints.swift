internal import Tensors
internal import Training

/// What a trained network sees in a picture, as hints for an encoder that shall learn to see it too.
///
/// From each of the encoder's maps a 1 × 1 convolution foretells one of the network's (Romero and
/// others, "FitNets: hints for thin deep nets", 2015). The network is left behind after training.
struct FeatureHints: Module {
    typealias Number = Float

    /// One for each of the network's maps.
    let regressors: [Convolution<Float>]
    private let features: PerceptualFeatures
    /// The encoder's map that each of the network's is foretold from.
    private let levels: [Int]
    /// Bring each of the network's channels, of which some are a hundred times larger than others, to a
    /// mean square of 1.
    private let scales: [Variable<Float>]

    /// - Parameters:
    ///   - source: an ONNX file, or "random".
    ///   - pictures: N × 3 × side × side from 0 to 1, by which the network's maps are scaled.
    ///   - encoder: the encoder's maps of pictures of that size.
    init(
        _ source: String,
        layers: [String]?,
        pictures: Tensor,
        encoder: [Variable<Float>],
        _ initial: Initialization
    ) throws {
        features = try PerceptualFeatures(source, layers: layers, side: pictures.shape[2])
        let shown = Variable<Float>(pictures)
        let maps = withoutRecording { [features] in features(shown) }
        levels = try maps.map { map in
            // The smallest map that has a pixel for each of the network's.
            guard let level = encoder.lastIndex(where: { $0.shape[2] >= map.shape[2] }) else {
                throw RecipeError.badSetting(
                    "feature-layers",
                    expected: "maps of at most \(encoder[0].shape[2]) pixels a side for the crop",
                    found: "one of \(map.shape[2])"
                )
            }
            return level
        }
        regressors = zip(maps, levels).map { map, level in
            Convolution(encoder[level].shape[1], map.shape[1], kernel: 1, initial)
        }
        scales = withoutRecording {
            maps.map { map in
                let squares = square(map).mean([0, 2, 3])
                // Channels that hardly ever say anything stay quiet.
                return rsqrt(squares + 0.1 * squares.mean() + 1e-12)
            }
        }
    }

    /// The mean square error of what is foretold, as a share of the mean square of the channels.
    ///
    /// Absolute errors would lead to the median, which is nothing for most of what such maps tell.
    func error(_ encoder: [Variable<Float>], of pictures: Variable<Float>) -> Variable<Float> {
        let truth = withoutRecording { features(pictures) }
        let errors = truth.indices.map { index in
            let (height, width) = (truth[index].shape[2], truth[index].shape[3])
            let map = regressors[index](encoder[levels[index]])
                .cropped(rows: 0..<height, columns: 0..<width)
            return meanSquaredError(map, truth[index] * scales[index])
        }
        return errors.reduce(Variable(0), +) / Float(truth.count)
    }
}
