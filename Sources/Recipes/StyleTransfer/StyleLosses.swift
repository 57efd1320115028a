internal import Tensors
internal import Training

/// How far results are from photos in what they show, and from paintings in how they are painted.
///
/// Feature maps of different networks and depths have numbers of different sizes, so every map's loss
/// is a share of what it is for photos that know nothing of each other, or of the painting. Weights
/// mean the same whatever the features and the painting are.
struct StyleLosses {
    /// How some paintings are painted, for each of the maps.
    struct Style {
        /// Correlations, N × C × C.
        fileprivate let correlations: [Variable<Float>]
        /// How far those of untouched photos are from them, N × 1 × 1.
        fileprivate let distances: [Variable<Float>]
    }

    /// What results are judged by, each a number.
    struct Terms {
        let content, style: Variable<Float>
        /// Differences between neighbouring pixels.
        let variation: Variable<Float>

        /// Their sum with the weights of `Settings.repainting`.
        func weighted(by settings: Settings) -> Variable<Float> {
            func weight(_ key: String) -> Float { Float(settings.float(key)) }
            return content * weight("content-weight") + style * weight("style-weight")
                + variation * weight("tv-weight")
        }

        /// For the log of a training.
        var figures: [String: Double] {
            [
                "content": Double(content.value), "style": Double(style.value),
                "variation": Double(variation.value),
            ]
        }
    }

    /// Maps that results are judged by: those for style, then those for content.
    private let features: PerceptualFeatures
    private let styleCount: Int
    /// Maps of photos.
    private let contentFeatures: PerceptualFeatures
    /// The mean correlations of photos for each map of style, and how far single photos are from it.
    private let untouched: [(mean: Variable<Float>, spread: Float)]
    private let contentScales: [Float]

    /// - Parameters:
    ///   - style: names of feature maps; all that the source offers if none.
    ///   - content: names of feature maps; the middle one if none.
    ///   - photos: N × 3 × side × side from 0 to 1, by which the losses are scaled.
    ///   - side: of the smallest pictures that will be looked at.
    init(
        _ source: String,
        style: [String]?,
        content: [String]?,
        photos: Tensor,
        side: Int
    ) throws {
        let styleNames = try style ?? PerceptualFeatures(source, side: side).names
        let contentNames = content ?? [styleNames[styleNames.count / 2]]
        styleCount = styleNames.count
        features = try PerceptualFeatures(source, layers: styleNames + contentNames, side: side)
        contentFeatures = try PerceptualFeatures(source, layers: contentNames, side: side)
        let (all, count) = (features, styleCount)
        let seen = withoutRecording { all(Variable(photos)) }
        untouched = withoutRecording {
            seen.prefix(count).map { map in
                let own = gramMatrix(map)
                let mean = own.mean([0])
                return (mean, meanSquaredError(own, mean).value)
            }
        }
        // Two unrelated numbers of one variance are twice that apart, squared.
        contentScales = withoutRecording {
            seen.dropFirst(count).map { 2 * $0.variance([0, 2, 3]).mean().value }
        }
    }

    /// How paintings are painted.
    ///
    /// - Parameter paintings: N × 3 × height × width from 0 to 1.
    func style(of paintings: Tensor) -> Style {
        withoutRecording {
            let own = features(Variable(paintings)).prefix(styleCount).map { gramMatrix($0) }
            return Style(
                correlations: own,
                // The mean over photos of a squared distance, by its two parts.
                distances: zip(own, untouched).map { own, untouched in
                    square(own - untouched.mean).mean([1, 2]) + max(untouched.spread, 1e-12)
                }
            )
        }
    }

    /// What is wrong with results, pictures from 0 to 1 made of these photos.
    ///
    /// - Parameter style: of a painting for each of the results, or of one for all of them.
    func callAsFunction(
        _ results: Variable<Float>,
        of photos: Variable<Float>,
        in style: Style
    ) -> Terms {
        let shown = withoutRecording { contentFeatures(photos) }
        let maps = features(results)
        let content = mean(zip(maps.dropFirst(styleCount), zip(shown, contentScales))) {
            meanSquaredError($0, $1.0) / max($1.1, 1e-12)
        }
        let painted = mean(zip(maps.prefix(styleCount), zip(style.correlations, style.distances))) {
            (square(gramMatrix($0) - $1.0) / $1.1).mean()
        }
        return Terms(content: content, style: painted, variation: totalVariation(results))
    }

    /// The mean distance of maps from what they should be.
    private func mean<Goals>(
        _ pairs: Zip2Sequence<ArraySlice<Variable<Float>>, Goals>,
        _ distance: (Variable<Float>, Goals.Element) -> Variable<Float>
    ) -> Variable<Float> {
        let distances = pairs.map(distance)
        return distances.reduce(Variable(0)) { $0 + $1 / Float(distances.count) }
    }
}
