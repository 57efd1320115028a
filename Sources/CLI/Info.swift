import ArgumentParser
import Engine
import Inference
import Parameters

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explains an operation and its settings, or a model."
    )

    @Argument(help: "The name of an operation or a model.")
    var name: String

    @Flag(help: "Print it as JSON.")
    var json = false

    func run() throws {
        let catalogue = OperationCatalogue(plugins: EngineOptions.plugins())
        if let operation = catalogue.operation(name) {
            try explain(operation)
            return
        }
        let models = ModelLibrary()
        if models.entries.contains(where: { $0.card.name == name }) {
            try ModelInfo.explain(try models.model(name), json: json)
            return
        }
        let names = catalogue.all().map(\.name) + models.entries.map(\.card.name)
        let hint = nearest(name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw Failure(.usage, "expected an operation or a model, found \"\(name)\"\(hint)")
    }

    private func explain(_ operation: CatalogueOperation) throws {
        if json {
            try printJSON(OperationReport(operation))
            return
        }
        print("\(operation.name): \(operation.summary)")
        print("from \(operation.originName)")
        if !operation.parameters.isEmpty { print("") }
        for parameter in operation.parameters {
            print("  \(parameter.key)=".padded(to: 22) + " " + describe(parameter))
            if !parameter.help.isEmpty { print(String(repeating: " ", count: 23) + parameter.help) }
        }
    }

    private func describe(_ parameter: Parameter) -> String {
        var text = parameter.expectation
        if let unit = parameter.unit { text += " (\(unit))" }
        if parameter.isRequired { return text + ", required" }
        return text + (parameter.defaultText.map { ", default \($0)" } ?? "")
    }
}

private struct OperationReport: Encodable {
    let name, summary, origin: String
    let parameters: [Parameter]

    init(_ operation: CatalogueOperation) {
        name = operation.name
        summary = operation.summary
        origin = operation.originName
        parameters = operation.parameters
    }
}
