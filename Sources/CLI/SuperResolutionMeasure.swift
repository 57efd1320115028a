import Foundation
import Inference

/// Reduces photos, enlarges them again, and compares.
struct SuperResolutionMeasure: PhotoMeasure {
    private let model: Model
    private let judge: FeatureNetwork?

    init(_ model: Model, named name: String, in library: ModelLibrary, features: String?) throws {
        self.model = model
        judge = try features.map { FeatureNetwork(try library.model($0)) }
    }

    func score(ofPhoto path: String) throws -> SuperResolutionScore {
        try SuperResolutionScore(model, photo: path, judge: judge)
    }
}

extension SuperResolutionScore: PhotoScore {
    var figures: String {
        let decibels = String(
            format: "%.2f dB, bicubic %.2f, Lanczos %.2f",
            model,
            bicubic,
            lanczos
        )
        guard let features else { return decibels }
        return decibels
            + String(
                format: "; features %.4f away, bicubic %.4f",
                features.model,
                features.bicubic
            )
    }

    func conclusion(about name: String) -> String {
        let decibels = String(
            format: "%@ is %.2f dB above bicubic and %.2f dB above Lanczos",
            name,
            model - bicubic,
            model - lanczos
        )
        guard let features else { return decibels }
        return decibels
            + String(
                format: "; its features are at %.2f times the distance of bicubic's",
                features.model / features.bicubic
            )
    }
}
