import ArgumentParser
import Chains
import Engine
import Foundation
import Inference
import Kernels
import PluginHost
import Streams
import Vips

/// Options of every verb that builds a chain or runs a network.
struct EngineOptions: ParsableArguments {
    @Option(help: "Threads to compute with; one for each core if not given.")
    var threads: Int?

    @Option(help: "Memory for the feature maps of a network, such as 256M or 2G.")
    var memory: MemorySize?

    @OptionGroup var precisionOption: PrecisionOption

    @Flag(name: [.short, .long], help: "Say more on standard error.")
    var verbose = false

    /// Also sets how many threads the libraries use.
    func engine() throws -> Engine {
        if let threads {
            guard threads >= 1, threads <= 1024 else {
                throw ValidationError("expected 1 to 1024 threads, found \(threads)")
            }
        }
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        Vips.setThreads(count)
        WorkerPool.setThreads(count)
        // Threads share rows, not products.
        setMatrixProductThreads(1)
        var settings = Engine.Settings()
        if let memory {
            settings.budget.bytes = memory.bytes
            settings.budget.wholePictureBytes = memory.bytes
        }
        let level = verbose ? LogLevel.debug : .warning
        settings.log = { messageLevel, message in
            guard messageLevel >= level else { return }
            Terminal.say(messageLevel == .warning ? "warning: \(message)" : message)
        }
        return Engine(
            models: ModelLibrary(precision: precisionOption.precision),
            plugins: Self.plugins(),
            settings: settings
        )
    }

    static func plugins() -> PluginCatalogue {
        let executable = executablePath()
        return PluginCatalogue(
            folders: PluginCatalogue.standardFolders(executable: executable),
            scanner: executable,
            cache: PluginCatalogue.standardCache()
        )
    }
}

/// A number of bytes with an optional unit: "512M".
struct MemorySize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let last = argument.last.map { Character($0.uppercased()) }
        let unit = last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? argument : String(argument.dropLast())), number > 0,
            number * Double(unit ?? 1) < 1e15
        else { return nil }
        bytes = Int(number * Double(unit ?? 1))
    }
}

/// The chain, from the command line or a file.
struct ChainOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: "Read the chain from a file: steps on lines, or JSON if it ends in .json."
    )
    var file: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Give ${NAME} in the chain file a value.", valueName: "name=value")
    )
    var variables: [String] = []

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The chain: OPERATION key=value … + OPERATION …", valueName: "chain")
    )
    var words: [String] = []

    func chain() throws -> Chain {
        guard let file else {
            guard variables.isEmpty else {
                throw ValidationError("--set gives values to a chain file: name one with -f")
            }
            return try Chain(words: words)
        }
        guard words.isEmpty else {
            throw ValidationError("expected the chain after -- or in a file, found both")
        }
        let data: Data
        do {
            data =
                file == "-"
                ? FileHandle.standardInput.readDataToEndOfFile()
                : try Data(contentsOf: URL(filePath: file))
        } catch {
            throw Failure(.noInput, "\(file): expected a chain file, found none that can be read")
        }
        if file.hasSuffix(".json") { return try Chain(json: data, file: file) }
        var values: [String: String] = [:]
        for variable in variables {
            guard let equals = variable.firstIndex(of: "=") else {
                throw ValidationError("expected --set name=value, found \"\(variable)\"")
            }
            values[String(variable[..<equals])] = String(variable[variable.index(after: equals)...])
        }
        return try Chain(text: String(decoding: data, as: UTF8.self), file: file, variables: values)
    }
}
