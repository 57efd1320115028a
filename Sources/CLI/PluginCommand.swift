import ArgumentParser
import Engine
import Foundation
import PluginHost

struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "Looks at plugins.",
        subcommands: [PluginList.self, PluginScan.self]
    )
}

struct PluginList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the plugins in all plugin folders, and those left out with the reason."
    )

    func run() {
        for entry in EngineOptions.plugins().entries {
            switch entry.description {
            case .success(let plugin):
                let names = plugin.operations.map(\.name).joined(separator: ", ")
                print(
                    "\(plugin.id) \(plugin.version) (\(plugin.licence)): \(names)\n  \(entry.path)"
                )
            case .failure(let error):
                print("left out: \(error)\n  \(entry.path)")
            }
        }
    }
}

/// What the host starts in a child process to look at a library that it does not know.
struct PluginScan: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Opens a library and prints what it says of itself as JSON."
    )

    @Argument(help: "A shared library.")
    var library: String

    func run() throws {
        do throws(PluginError) {
            let description = try PluginLibrary(path: library).description
            try? printJSON(description)
        } catch {
            // The host takes the message from here, without a prefix.
            Terminal.say(error.description)
            throw ExitCode(FailureKind.plugin.rawValue)
        }
    }
}
