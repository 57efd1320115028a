import Inference

/// A way to measure the models for one task on photos.
protocol PhotoMeasure: SendableMetatype {
    associatedtype Score: PhotoScore

    /// - Parameters:
    ///   - name: of the model, as the user gave it.
    ///   - features: an ONNX file whose features tell how different pictures look.
    init(_ model: Model, named name: String, in library: ModelLibrary, features: String?) throws

    func score(ofPhoto path: String) throws -> Score
}

/// What a model came to on one photo, or on several in the mean.
protocol PhotoScore: Encodable {
    /// The figures on a line.
    var figures: String { get }

    init(meanOf scores: [Self])

    /// What they say about the model, in a sentence.
    func conclusion(about model: String) -> String
}
