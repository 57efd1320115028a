import Recipes
import Testing
import Training

@Suite struct ColorizationTests {
    private let scene = RecipeCase.all.first { $0.words.contains { $0 == ("network", "scene") } }!
    private let folder: RecipeFolder

    init() throws { folder = try RecipeFolder(.photos) }

    private func trainer(_ words: [String: String]) throws -> any Trainer {
        try scene.trainer(words.map { (key: $0.key, text: $0.value) }, in: folder)
    }

    @Test("jitter changes what is learned from")
    func jitter() throws {
        let losses = try ["0", "0.5"].map { try trainer(["jitter": $0]).step(0)["distance"]! }
        #expect(losses[0] != losses[1])
    }

    @Test(
        "an encoder that learns from hints alone stands still where they weigh nothing",
        arguments: [true, false]
    )
    func hints(areHeard: Bool) throws {
        let trainer = try trainer(["hints": areHeard ? "10" : "0", "weight-decay": "0"])
        func weights(ofEncoder isEncoder: Bool) -> [Float] {
            let generator = trainer.state.networks.first { $0.name == "generator" }!.network
            return generator.namedParameters.filter { $0.name.contains("stages") == isEncoder }
                .flatMap { $0.parameter.variable.values }
        }
        let (encoder, decoder) = (weights(ofEncoder: true), weights(ofEncoder: false))
        _ = try trainer.step(0)
        #expect((weights(ofEncoder: true) != encoder) == areHeard)
        #expect(weights(ofEncoder: false) != decoder)
    }
}
