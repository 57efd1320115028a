import ArgumentParser
import Engine
import Inference
import PluginHost

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists operations and models."
    )

    @Flag(help: "Also the operations of libvips.")
    var all = false

    @Flag(help: "Print everything as JSON.")
    var json = false

    func run() throws {
        let plugins = EngineOptions.plugins()
        let models = ModelLibrary()
        let catalogue = OperationCatalogue(plugins: plugins)
        if json {
            try printJSON(ListReport(catalogue, models, withClassical: all))
            return
        }
        print("Operations of plugins")
        for operation in plugins.operations { print(line(operation.name, operation.summary)) }
        print("\nModels")
        for entry in models.entries {
            print(line(entry.card.name, "\(entry.card.summary) (\(entry.card.task))"))
        }
        if all {
            print("\nOperations of libvips \(catalogue.libraryVersion)")
            for operation in catalogue.all() {
                if case .vips = operation.origin { print(line(operation.name, operation.summary)) }
            }
        } else {
            print("\nOperations of libvips: atelier list --all")
        }
        for case .failure(let error) in plugins.entries.map(\.description) {
            Terminal.say("warning: left out a plugin: \(error)")
        }
        for error in models.problems { Terminal.say("warning: left out a model: \(error)") }
    }

    private func line(_ name: String, _ summary: String) -> String {
        "  " + name.padded(to: 22) + " " + summary
    }
}

private struct ListReport: Encodable {
    struct Operation: Encodable {
        let name, summary, origin: String
    }

    struct Model: Encodable {
        let name, task, summary, file: String
        let scale: Double?
    }

    struct Problem: Encodable {
        let file, reason: String
    }

    let operations: [Operation]
    let models: [Model]
    let problems: [Problem]

    init(_ catalogue: OperationCatalogue, _ models: ModelLibrary, withClassical: Bool) {
        operations = (withClassical ? catalogue.all() : catalogue.tasks()).map { operation in
            Operation(
                name: operation.name,
                summary: operation.summary,
                origin: operation.originName
            )
        }
        self.models = models.entries.map {
            Model(
                name: $0.card.name,
                task: $0.card.task,
                summary: $0.card.summary,
                file: $0.file,
                scale: $0.card.scale
            )
        }
        problems = catalogue.plugins.entries.compactMap { entry in
            guard case .failure(let error) = entry.description else { return nil }
            return Problem(file: entry.path, reason: error.description)
        }
    }
}
