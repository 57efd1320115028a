internal import Foundation

/// Compiles C sources against the plugin header, as a plugin's author would.
package enum CompiledPlugin {
    package static let header = repository.appending(path: "Sources/CPluginABI/include").path

    /// Builds `source` into `folder`/`name` and returns what the compiler said.
    @discardableResult
    package static func build(_ source: String, named name: String, in folder: TemporaryFolder)
        throws -> Command
    {
        let command = try Command.run(
            compiler,
            [
                "-shared", "-fPIC", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I",
                header,
                source, "-o", folder.path(name), "-lm",
            ]
        )
        guard command.status == 0 else { throw CompilerError(text: command.errors) }
        return command
    }

    package struct CompilerError: Error { package let text: String }

    /// A C compiler: the system's, or the one that comes with Swift.
    package static let compiler: String = {
        let found = try? Command.run("sh", ["-c", "command -v cc || command -v clang"])
        return found?.output.split(separator: "\n").first.map(String.init) ?? "cc"
    }()

    /// The example of a plugin in plain C.
    package static let vignette = fixture("vignette.c")

    /// A plugin that knows only the beginning of a struct.
    package static let older = fixture("older.c")

    private static func fixture(_ name: String) -> String {
        repository.appending(path: "Tests/PluginHostTests/Fixtures/\(name)").path
    }
}
