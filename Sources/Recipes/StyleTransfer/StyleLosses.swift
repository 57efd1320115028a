internal import Tensors
internal import Training

/// How far results are from photos in what they show, and from a painting in how they are painted.
///
/// Feature maps of different networks and depths have numbers of different sizes, so every map's loss
/// is a share of what it is for photos that know nothing of each other, or of the painting. Weights
/// mean the same whatever the features are.
struct StyleLosses {
    /// Maps that results are judged by: those for style, then those for content.
    private let features: PerceptualFeatures
    private let styleCount: Int
    /// Maps of photos.
    private let contentFeatures: PerceptualFeatures
    /// The correlations in the painting, one for each map.
    private let painting: [Variable<Float>]
    private let styleScales, contentScales: [Float]

    /// - Parameters:
    ///   - style: names of feature maps; all that the source offers if none.
    ///   - content: names of feature maps; the middle one if none.
    ///   - painting: 3 × height × width from 0 to 1.
    ///   - photos: N × 3 × side × side from 0 to 1, by which the losses are scaled.
    init(
        _ source: String,
        style: [String]?,
        content: [String]?,
        painting: Tensor,
        photos: Tensor
    ) throws {
        let side = min(photos.shape[2], painting.shape[1], painting.shape[2])
        let styleNames = try style ?? PerceptualFeatures(source, side: side).names
        let contentNames = content ?? [styleNames[styleNames.count / 2]]
        styleCount = styleNames.count
        features = try PerceptualFeatures(source, layers: styleNames + contentNames, side: side)
        contentFeatures = try PerceptualFeatures(source, layers: contentNames, side: side)
        let (all, count) = (features, styleCount)
        let (wanted, seen) = withoutRecording {
            (
                all(Variable(painting.reshaped(to: [1] + painting.shape))).prefix(count)
                    .map(gramMatrix),
                all(Variable(photos))
            )
        }
        self.painting = wanted
        styleScales = withoutRecording {
            zip(seen, wanted).map { meanSquaredError(gramMatrix($0), $1).value }
        }
        // Two unrelated numbers of one variance are twice that apart, squared.
        contentScales = withoutRecording {
            seen.dropFirst(count).map { 2 * $0.variance([0, 2, 3]).mean().value }
        }
    }

    /// Both losses of results, pictures from 0 to 1 made of these photos.
    func callAsFunction(
        _ results: Variable<Float>,
        of photos: Variable<Float>
    ) -> (content: Variable<Float>, style: Variable<Float>) {
        let shown = withoutRecording { contentFeatures(photos) }
        let maps = features(results)
        let content = mean(maps.dropFirst(styleCount), shown, contentScales) {
            meanSquaredError($0, $1)
        }
        let style = mean(maps.prefix(styleCount), painting, styleScales) {
            meanSquaredError(gramMatrix($0), $1)
        }
        return (content, style)
    }

    private func mean(
        _ maps: ArraySlice<Variable<Float>>,
        _ goals: [Variable<Float>],
        _ scales: [Float],
        _ distance: (Variable<Float>, Variable<Float>) -> Variable<Float>
    ) -> Variable<Float> {
        zip(maps, zip(goals, scales)).reduce(Variable(0)) { sum, pair in
            let (map, (goal, scale)) = pair
            return sum + distance(map, goal) / (max(scale, 1e-12) * Float(scales.count))
        }
    }
}
