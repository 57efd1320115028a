import Engine
import Foundation
import Inference

/// Takes the colours of photos away, has others given to them, and compares.
struct ColorizationMeasure: PhotoMeasure {
    private let name: String
    private let engine: Engine

    init(_ model: Model, named name: String, in library: ModelLibrary, features: String?) throws {
        guard features == nil else {
            throw Failure(
                .usage,
                "expected --features for a super-resolution model, found it for \(model.name), one "
                    + "for colorization"
            )
        }
        self.name = name
        engine = Engine(models: library, plugins: EngineOptions.plugins())
    }

    func score(ofPhoto path: String) throws -> ColorizationScore {
        try ColorizationScore(name, photo: path, with: engine)
    }
}

extension ColorizationScore: PhotoScore {
    var figures: String {
        String(
            format: "CIEDE2000 %.2f, grey %.2f, %.1f %% %@; colourfulness ratio %.2f",
            model,
            grey,
            100 * abs(gain),
            gain < 0 ? "above" : "below",
            relativeColourfulness
        )
    }

    func conclusion(about name: String) -> String {
        String(
            format: "%@ is %.1f %% %@ the originals than grey, and %.2f times as colourful as they "
                + "are",
            name,
            100 * abs(gain),
            gain < 0 ? "farther from" : "nearer to",
            relativeColourfulness
        )
    }
}
