import ArgumentParser
import Chains
import Engine
import Foundation
import Streams
internal import Vips

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what a chain would do to a picture, without computing it."
    )

    @Argument(help: "The picture.")
    var picture: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Also check that this could be written.", valueName: "file")
    )
    var output: String?

    @Flag(help: "Print the plan and the chain's canonical form as JSON.")
    var json = false

    @OptionGroup var engineOptions: EngineOptions
    @OptionGroup var chainOptions: ChainOptions

    func run() throws {
        let engine = try engineOptions.engine()
        let chain = try engine.resolve(try chainOptions.chain())
        let built = try engine.plan(chain, over: Picture(path: picture))
        if let output { try OutputFile(output).check(built.image) }
        let plan = PlanReport(chain, built)
        if json {
            try printJSON(plan)
        } else {
            print(plan.text)
        }
    }
}

/// A plan in a form for people and programs.
private struct PlanReport: Encodable {
    struct Stage: Encodable {
        let operation: String
        let width, height, bands: Int
        let format: String
    }

    struct Network: Encodable {
        let model: String
        let width, height: Int
        let multiplyAdds: Double
        /// Multiply-adds that will be done ÷ those of the whole picture at once.
        let workRatio: Double
        let strategy: String
        let memoryBytes: Int
        let seesEverything: Bool
        let statistics: String?
        let precision: String
    }

    /// A result that is computed once, though a later step looks at all of it before it uses it.
    struct ScratchFile: Encodable {
        let operation: String
        let bytes: Int
    }

    let chain: Chain
    let stages: [Stage]
    let networks: [Network]
    let scratchFiles: [ScratchFile]
    let reading: String
    let warnings: [String]

    init(_ chain: ResolvedChain, _ built: BuiltChain) {
        self.chain = chain.chain
        stages = built.stages.map {
            Stage(
                operation: $0.operation,
                width: $0.width,
                height: $0.height,
                bands: $0.bands,
                format: $0.format.rawValue
            )
        }
        networks = built.networks.map {
            Network(
                model: $0.model,
                width: $0.width,
                height: $0.height,
                multiplyAdds: $0.layout.multiplyAdds,
                workRatio: $0.layout.workRatio,
                strategy: Self.strategy($0),
                memoryBytes: $0.layout.bytes,
                seesEverything: $0.layout.seesEverything,
                statistics: $0.observation.map { Self.text($0) },
                precision: describe($0.fastProducts)
            )
        }
        scratchFiles = built.scratchFiles.map {
            ScratchFile(operation: $0.operation, bytes: $0.bytes)
        }
        reading =
            built.isSequential
            ? "the file is decoded while it is read, once from top to bottom"
            : "the file is decoded first, into memory or a scratch file"
        warnings = chain.warnings
    }

    private static func billions(_ multiplyAdds: Double) -> String {
        String(format: "%.1f", multiplyAdds / 1e9)
    }

    /// How a picture goes through a network, and what that costs.
    private static func strategy(_ use: NetworkUse) -> String {
        if use.layout.seesEverything { return "the whole picture at once" }
        switch use.layout.way {
        case .rows(let rows):
            return rows >= use.height
                ? "all rows at once" : "\(rows) rows at a time over the full width"
        case .tiles(let rows, let columns):
            let extra = String(format: "%.0f %%", (use.layout.workRatio - 1) * 100)
            return
                "tiles of \(columns) × \(rows) pixels (\(extra) computed twice; more memory avoids "
                + "that)"
        case .patches(let side):
            return "at most: only squares of \(side) × \(side) pixels with holes are computed"
        }
    }

    private static func text(_ observation: StreamedNetwork.Observation) -> String {
        switch observation {
        case .thumbnail(let width, let height):
            return "taken from the picture reduced to \(width) × \(height) pixels"
        case .exact(let passes, let work):
            return "exact, by \(passes) passes over the picture with \(billions(work)) billion "
                + "multiply-adds more"
        }
    }

    var text: String {
        var lines: [String] = []
        for stage in stages {
            let size = "\(stage.width) × \(stage.height)"
            lines.append(
                stage.operation.padded(to: 20) + " " + size.padded(to: 16)
                    + "\(stage.bands) × \(stage.format)"
            )
        }
        lines.append("reading: \(reading)")
        for network in networks {
            let work = Self.billions(network.multiplyAdds * network.workRatio)
            lines.append(
                "network \(network.model): \(work) billion multiply-adds, \(network.strategy), about "
                    + "\(max(1, network.memoryBytes >> 20)) MiB"
            )
            lines.append("  precision: \(network.precision)")
            if let statistics = network.statistics { lines.append("  statistics: \(statistics)") }
        }
        for file in scratchFiles {
            lines.append(
                "scratch file: the result of \(file.operation), \(max(1, file.bytes >> 20)) MiB, as a later "
                    + "step looks at all of it first"
            )
        }
        return (lines + warnings.map { "warning: \($0)" }).joined(separator: "\n")
    }
}
