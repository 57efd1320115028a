import Foundation
internal import Parameters
import PluginHost
import Support
import Testing

@Suite struct PluginTests {
    @Test(
        "the header compiles alone as C99 and as C++17, and so does each of its parts",
        arguments: ["c", "c++"]
    )
    func header(language: String) throws {
        let folder = try TemporaryFolder()
        let names = ["plugin.h", "ext/image.h", "ext/network.h", "ext/log.h", "ext/progress.h"]
        for name in names {
            let source = try folder.write(
                "#include <atelier/\(name)>\nint main(void) { return 0; }\n",
                to: "x.\(language == "c" ? "c" : "cc")"
            )
            let command = try Command.run(
                CompiledPlugin.compiler,
                [
                    "-x", language, "-std=\(language == "c" ? "c99" : "c++17")", "-pedantic",
                    "-Wall", "-Wextra",
                    "-Werror", "-fsyntax-only", "-I", CompiledPlugin.header, source,
                ]
            )
            #expect(command.status == 0, "\(name): \(command.errors)")
        }
    }

    @Test("a plugin describes its operations and their parameters")
    func description() throws {
        let folder = try TemporaryFolder()
        try CompiledPlugin.build(CompiledPlugin.vignette, named: "vignette.so", in: folder)
        let library = try PluginLibrary(path: folder.path("vignette.so"))
        #expect(library.description.id == "org.example.vignette")
        #expect(library.description.operations.map(\.name) == ["vignette", "mix"])
        let amount = library.description.operations[0].parameters[0]
        #expect(amount.key == "amount" && amount.minimum == 0 && amount.maximum == 1)
        #expect(library.description.operations[1].parameters[0].isRequired)
    }

    /// A plugin with one operation, of which a part can be replaced.
    private func plugin(_ parts: [String: String] = [:]) -> String {
        let operation =
            parts["operation"] ?? """
                {sizeof(atelier_operation), \(parts["name"] ?? "\"op\""), "Does it.", parameters, 1, \(parts["build"] ?? "build"), 0}
                """
        return """
            #include <atelier/plugin.h>
            static int32_t build(const atelier_host *h, const atelier_operation *o, const atelier_values *v,
                                 atelier_image *i, atelier_image **r, atelier_error *e) {
                (void)h, (void)o, (void)v, (void)i, (void)r, (void)e; return 1;
            }
            static const atelier_parameter parameters[] = {
                {\(parts["parameterSize"] ?? "sizeof(atelier_parameter)"), \(parts["type"] ?? "ATELIER_FLOAT"), \(parts["key"] ?? "\"amount\""),
                 "How much.", 0, \(parts["default"] ?? "\"1\""), 0, 1, 0, 10, 0, 0}};
            static const atelier_operation operations[] = {\(operation)};
            static const atelier_plugin p = {sizeof p, 0, \(parts["id"] ?? "\"org.example.x\""), "1", "MIT", operations, \(parts["count"] ?? "1")};
            const atelier_plugin *\(parts["entry"] ?? "atelier_plugin_v1")(const atelier_host *h);
            const atelier_plugin *\(parts["entry"] ?? "atelier_plugin_v1")(const atelier_host *h) { (void)h, (void)build, (void)operations, (void)p; \(parts["body"] ?? "return &p;") }
            """
    }

    @Test(
        "a plugin that describes itself wrongly is refused with what is wrong",
        arguments: [
            (
                ["entry": "atelier_plugin_v2"],
                "expected a plugin for interface version 1, found one for version 2"
            ),
            (
                ["entry": "something_else"],
                "expected a plugin for interface version 1, found a library without the function atelier_plugin_v1"
            ),
            (["body": "return 0;"], "expected a description, found none: it needs a newer host"),
            (["id": "0"], "expected an id, found none"),
            (["count": "0"], "expected at least one operation, found 0"),
            (
                ["name": "\"My Op\""],
                "expected an operation's name of lower-case letters, digits and -, found \"My Op\""
            ),
            (["build": "0"], "expected operation \"op\" to have a build function, found none"),
            (
                ["type": "77"],
                "expected parameter \"amount\" of operation \"op\" to have a known type, found 77"
            ),
            (
                ["type": "ATELIER_CHOICE"],
                "expected choices for parameter \"amount\" of operation \"op\", found none"
            ),
            (
                ["default": "\"11\""],
                "expected the default of parameter \"amount\" of operation \"op\" to be a number from 0 to 10, found \"11\""
            ),
            (
                ["key": "\"from\""],
                "expected parameters of different names, found \"from\" of operation \"op\" taken"
            ),
            (
                ["parameterSize": "8"],
                "expected atelier_parameter to have a size of at least 80, found 8"
            ),
        ]
    )
    func refusals(parts: [String: String], reason: String) throws {
        let folder = try TemporaryFolder()
        try CompiledPlugin.build(
            try folder.write(plugin(parts), to: "p.c"),
            named: "p.so",
            in: folder
        )
        let error = #expect(throws: PluginError.self) {
            try PluginLibrary(path: folder.path("p.so"))
        }
        #expect(error?.description == "\(folder.path("p.so")): \(reason)")
    }

    private func catalogue(_ folder: TemporaryFolder) -> PluginCatalogue {
        PluginCatalogue(
            folders: [folder.url.path],
            scanner: Command.buildFolder.appending(path: "atelier").path,
            cache: folder.path("cache/plugins.json")
        )
    }

    @Test(
        "a plugin that crashes or hangs while it is scanned is left out with its reason, and harms no other"
    )
    func quarantine() throws {
        let folder = try TemporaryFolder()
        let crash = plugin(["body": "*(volatile int *)0 = 1; return &p;"])
        try CompiledPlugin.build(try folder.write(crash, to: "a.c"), named: "a.so", in: folder)
        try CompiledPlugin.build(try folder.write(plugin(), to: "b.c"), named: "b.so", in: folder)
        _ = try folder.write("not a library", to: "c.so")
        let entries = catalogue(folder).entries
        #expect(
            entries.map { URL(filePath: $0.path).lastPathComponent } == ["a.so", "b.so", "c.so"]
        )
        let reasons = entries.map { entry -> String? in
            guard case .failure(let error) = entry.description else { return nil }
            return error.description
        }
        #expect(reasons[0]?.contains("it crashed while describing itself") == true)
        #expect(reasons[1] == nil)
        #expect(reasons[2]?.contains("expected a shared library") == true)
    }

    @Test("a scan is remembered until the library changes")
    func memory() throws {
        let folder = try TemporaryFolder()
        try CompiledPlugin.build(try folder.write(plugin(), to: "p.c"), named: "p.so", in: folder)
        #expect(catalogue(folder).operation("op") != nil)
        // A scanner that cannot run shows that nothing is scanned again.
        func remembered() -> PluginCatalogue {
            PluginCatalogue(
                folders: [folder.url.path],
                scanner: "/no/such/program",
                cache: folder.path("cache/plugins.json")
            )
        }
        #expect(remembered().operation("op") != nil)
        try CompiledPlugin.build(
            try folder.write(plugin(["name": "\"other\""]), to: "p.c"),
            named: "p.so",
            in: folder
        )
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: 60)],
            ofItemAtPath: folder.path("p.so")
        )
        #expect(remembered().operation("op") == nil)
        #expect(catalogue(folder).operation("other") != nil)
    }
}
