import ArgumentParser
import Engine
import Foundation

/// The command: one verb for each thing that can be done.
@main
struct Atelier: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "atelier",
        abstract: "Edits photos of any size with chains of operations and neural networks.",
        usage: "atelier <verb> …\natelier run PHOTO -o RESULT -- OPERATION key=value + OPERATION …",
        discussion: """
            Steps of a chain are joined by +. A step is an operation of a plugin (atelier list) or of \
            libvips (atelier list --all); atelier info NAME explains its settings. as=NAME names a \
            result, key=@NAME uses it, from=@NAME or from=FILE starts from another picture.

            EXIT CODES
            \(exitCodes)
            """,
        version: "0.1.0",
        subcommands: [
            Run.self, Plan.self, List.self, Info.self, ModelCommand.self, PluginCommand.self,
            Compare.self, Train.self, Bench.self, Doctor.self,
        ]
    )

    private static let exitCodes =
        (["  0    done"]
        + FailureKind.allCases.map { "  \($0.rawValue)".padded(to: 7) + $0.summary })
        .joined(separator: "\n")

    static func main() {
        Interruption.install()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            leave(failure)
        } catch
            where ["HelpRequested", "CommandError", "ValidationError", "CleanExit", "ExitCode"]
            .contains(String(describing: Swift.type(of: error)))
        {
            exit(withError: error)
        } catch {
            leave(Failure(error))
        }
    }

    private static func leave(_ failure: Failure) -> Never {
        Terminal.say("error: \(failure)")
        Foundation.exit(failure.kind.rawValue)
    }
}
