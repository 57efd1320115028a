package import Chains
package import Inference
package import PluginHost
package import Streams
package import Vips

/// Everything together: takes a chain and pictures, and writes edited pictures.
package final class Engine: Sendable {
    package let models: ModelLibrary
    package let plugins: PluginCatalogue
    package let catalogue: OperationCatalogue
    private let settings: Settings

    package struct Settings: Sendable {
        package var budget = StreamBudget()
        package var cancellation = Cancellation()
        package var log: @Sendable (LogLevel, String) -> Void = { _, _ in }

        package init() {}
    }

    package init(models: ModelLibrary, plugins: PluginCatalogue, settings: Settings = Settings()) {
        self.models = models
        self.plugins = plugins
        self.settings = settings
        catalogue = OperationCatalogue(plugins: plugins)
    }

    /// Looks up every word of a chain.
    package func resolve(_ chain: Chain) throws -> ResolvedChain {
        try ResolvedChain(chain, catalogue)
    }

    /// Lays out a chain over a picture; computes no pixels.
    package func build(_ chain: ResolvedChain, over picture: Picture) throws -> BuiltChain {
        let (models, settings) = (models, settings)
        let builder = ChainBuilder(
            chain: chain,
            catalogue: catalogue,
            makeContext: { networks in
                BuildContext(
                    networks: networks,
                    cancellation: settings.cancellation,
                    log: settings.log
                )
            },
            makeNetworks: { Networks(library: models, budget: settings.budget) }
        )
        return try builder.build(over: picture)
    }

    /// One picture as a chain edits it, prepared: its pixels can be asked for.
    func image(of chain: ResolvedChain, over picture: Picture) throws -> Image {
        let built = try build(chain, over: picture)
        for prepare in built.preparations { try prepare() }
        return built.image
    }

    /// Edits one picture into one file.
    ///
    /// - Parameter progress: called now and then with the fraction that is done.
    package func run(
        _ chain: ResolvedChain,
        on picture: Picture,
        into output: OutputFile,
        progress: ((BuiltChain, Double) -> Void)? = nil
    ) throws -> BuiltChain {
        let built = try build(chain, over: picture)
        try output.check(built.image)
        do {
            for prepare in built.preparations { try prepare() }
            try output.write(
                built.image.withoutForeignProfile(),
                progress: progress.map { progress in { progress(built, $0) } },
                cancellation: settings.cancellation
            )
        } catch let failure as Failure where failure.kind == .badInput {
            throw Failure(
                .badInput,
                "\(picture.path): expected a whole picture, found a damaged one: \(failure.description)"
            )
        }
        return built
    }
}
