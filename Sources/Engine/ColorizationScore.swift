internal import Chains
internal import FoundationEssentials
internal import Measures
internal import Vips

/// How near a colorization model brings photos that lost their colours to what they were.
package struct ColorizationScore: Codable, Sendable {
    package var photo: String
    /// Mean CIEDE2000 from the original: of the grey photo with the model's colours, and without.
    package var model, grey: Double
    /// Of the model's result and of the original.
    package var colourfulness, originalColourfulness: Double

    /// How much nearer to the original the model's result is than grey, as a part of grey's
    /// distance.
    package var gain: Double { (grey - model) / grey }
    /// The result's colourfulness ÷ the original's.
    package var relativeColourfulness: Double { colourfulness / originalColourfulness }

    /// Measures one photo with colours.
    ///
    /// - Parameter model: as the chain names it.
    package init(_ model: String, photo path: String, with engine: Engine) throws {
        photo = URL(filePath: path).lastPathComponent
        let picture = Picture(path: path)
        let original = try picture.openForComparison().planes()
        originalColourfulness = Self.colourfulness(original)
        guard originalColourfulness > 0 else {
            throw Failure(.badInput, "\(path): expected a photo with colours, found a grey one")
        }
        func colored(_ words: String...) throws -> [Plane] {
            let chain = try Chain(words: ["colorize", "desaturate=yes", "model=\(model)"] + words)
            return try engine.image(of: try engine.resolve(chain), over: picture).forComparison()
                .planes()
        }
        let result = try colored()
        self.model = meanColorDifference(result, original)
        grey = meanColorDifference(try colored("strength=0"), original)
        colourfulness = Self.colourfulness(result)
    }

    /// The means of several scores.
    package init(meanOf scores: [ColorizationScore]) {
        func mean(_ value: KeyPath<ColorizationScore, Double>) -> Double {
            scores.reduce(0) { $0 + $1[keyPath: value] } / Double(scores.count)
        }
        photo = "mean of \(scores.count)"
        model = mean(\.model)
        grey = mean(\.grey)
        colourfulness = mean(\.colourfulness)
        originalColourfulness = mean(\.originalColourfulness)
    }

    private static func colourfulness(_ picture: [Plane]) -> Double {
        Measures.colourfulness(picture[0], picture[1], picture[2])
    }
}

extension Image {
    fileprivate func planes() throws -> [Plane] { try strip(0..<height) }
}
