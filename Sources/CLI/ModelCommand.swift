import ArgumentParser
import Engine
import Foundation
internal import Graphs
import Inference
import Kernels
import Tensors

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Looks at models, runs them on plain tensors, and measures them.",
        subcommands: [
            ModelList.self, ModelInfo.self, ModelRun.self, ModelVerify.self, ModelBench.self,
        ]
    )
}

struct ModelList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the models that can be used by name."
    )

    func run() {
        for entry in ModelLibrary().entries {
            print(entry.card.name.padded(to: 18) + " " + entry.card.summary)
        }
    }
}

struct ModelInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Says what a network is, and what it means for large pictures."
    )

    @Argument(help: "A model's name, or an ONNX file.")
    var model: String

    @Flag(help: "Print it as JSON.")
    var json = false

    func run() throws { try Self.explain(try ModelLibrary().model(model), json: json) }

    static func explain(_ model: Model, json: Bool) throws {
        let report = ModelReport(model)
        if json {
            try printJSON(report)
        } else {
            print(text(report))
        }
    }

    private static func text(_ report: ModelReport) -> String {
        var lines = ["\(report.name): \(report.summary ?? report.file)"]
        func add(_ label: String, _ value: String) {
            lines.append("  " + label.padded(to: 16) + " " + value)
        }
        add("file", report.file)
        if let licence = report.licence { add("licence", licence) }
        let origin = report.producer.isEmpty ? "" : ", made by \(report.producer)"
        add("format", "ONNX, operator set \(report.opset)\(origin)")
        for input in report.inputs { add("input", "\(input.name): \(input.shape) \(input.type)") }
        for output in report.outputs {
            add("output", "\(output.name): \(output.shape) \(output.type)")
        }
        add("parameters", grouped(report.parameters))
        if let picture = report.picture {
            add("scale", picture.scale)
            let guessed = picture.isMappingGuessed ? " (guessed; there is no card)" : ""
            add("pixels", "range \(picture.range), order \(picture.channels)\(guessed)")
            add(
                "work",
                String(
                    format: "%.0f multiply-adds for an input pixel",
                    picture.multiplyAddsPerInputPixel
                )
            )
            add("fast precision", picture.fast.meaning)
            if let bytes = picture.bytesPerColumn {
                add("memory", "\((bytes + 512) >> 10) KiB for each column of the picture")
            }
            add("alignment", "\(picture.alignment)")
            if picture.lostBorder > 0 {
                add("lost border", "\(picture.lostBorder) input pixels on each side")
            }
            if let halo = picture.halo { add("halo", "\(halo) input pixels on each side") }
            for node in picture.globalNodes { add("sees everything", node) }
        }
        let operators = report.operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        add("operators", operators.map { "\($0.key) × \($0.value)" }.joined(separator: ", "))
        lines.append(report.meaning)
        return lines.joined(separator: "\n")
    }
}

struct ModelRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a network once on plain tensors in NumPy's format."
    )

    @Argument(help: "A model's name, or an ONNX file.")
    var model: String

    @Option(
        help: ArgumentHelp("A .npy file, or name=file where there are several.", valueName: "x.npy")
    )
    var input: [String]

    @Option(
        help: ArgumentHelp("A .npy file, or name=file where there are several.", valueName: "y.npy")
    )
    var output: [String]

    @Option(help: "Threads to compute with; one for each core if not given.")
    var threads: Int?

    @OptionGroup var precisionOption: PrecisionOption

    func run() throws {
        WorkerPool.setThreads(threads ?? ProcessInfo.processInfo.activeProcessorCount)
        setMatrixProductThreads(1)
        let model = try ModelLibrary(precision: precisionOption.precision).model(model)
        var inputs: [(name: String?, tensor: Tensor)] = []
        for argument in input {
            let (name, path) = Self.split(
                argument,
                model.graph.inputs.map { model.graph.values[$0].name }
            )
            inputs.append((name, try NumPyFile.read(path)))
        }
        let results = try model.run(try model.arrange(inputs))
        let names = model.graph.outputs.map { model.graph.values[$0].name }
        for (index, argument) in output.enumerated() {
            let (name, path) = Self.split(argument, names)
            let place = name.map { names.firstIndex(of: $0)! } ?? index
            guard place < results.count else {
                throw Failure(
                    .usage,
                    "expected at most \(results.count) outputs, found \(output.count)"
                )
            }
            do {
                try NumPyFile.data(results[place]).write(to: URL(filePath: path), options: .atomic)
            } catch {
                throw Failure(.cannotCreate, "\(path): expected a file to write into, found none")
            }
        }
    }

    /// Takes a name before the first `=` for one only where the model has it: paths may have one too.
    private static func split(_ argument: String, _ names: [String]) -> (
        name: String?, path: String
    ) {
        for name in names where argument.hasPrefix(name + "=") {
            return (name, String(argument.dropFirst(name.count + 1)))
        }
        return (nil, argument)
    }
}
