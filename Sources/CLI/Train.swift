import ArgumentParser
import Engine
import Foundation
import Kernels
import Parameters
import Recipes

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains networks by a recipe.",
        discussion: """
            A training fills the folder given with --out: checkpoints, a log as JSON lines and for \
            TensorBoard, sample sheets, a plot of the losses, and at the end the model itself, under \
            models/. It can be stopped at any time and goes on with --resume.
            """
    )

    @Argument(help: "The recipe.")
    var recipe: String?

    @Option(help: ArgumentHelp("The folder with the data.", valueName: "folder"))
    var data: String?

    @Option(help: ArgumentHelp("The folder for everything that comes of it.", valueName: "folder"))
    var out: String?

    @Option(help: ArgumentHelp("A setting of the recipe.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: "Stop after so many minutes.")
    var minutes: Double?

    @Option(help: "Train so many steps.")
    var steps: Int?

    @Flag(help: "Go on with the training that is in the folder.")
    var resume = false

    @Option(help: "Threads to compute with; one for each core if not given.")
    var threads: Int?

    @Flag(help: "Print all recipes.")
    var list = false

    @Option(help: ArgumentHelp("Print what a recipe is made of.", valueName: "recipe"))
    var describe: String?

    @Option(
        help: ArgumentHelp(
            "Run the experiment that shows that a recipe works, and print its figures with their bars.",
            valueName: "recipe"
        )
    )
    var accept: String?

    @Flag(help: "Print as JSON.")
    var json = false

    func run() throws {
        if list { return try printRecipes() }
        if let describe { return try printDescription(try Recipes.recipe(named: describe)) }
        if let threads { WorkerPool.setThreads(threads) }
        if let accept { return try runExperiment(of: try Recipes.recipe(named: accept)) }
        guard let recipe else {
            throw Failure(.usage, "train: expected a recipe, found none; train --list names them")
        }
        guard let out else {
            throw Failure(.usage, "train: expected a folder as --out, found none")
        }
        let type = try Recipes.recipe(named: recipe)
        let folder = RunFolder(out)
        let (settings, data) = try resume ? resumed(type, folder) : begun(type, folder)
        let run = TrainingRun(
            try type.init(settings),
            settings: settings,
            folder: folder,
            minutes: minutes ?? .infinity,
            isStopped: { Interruption.isRequested },
            report: show
        )
        Interruption.asksFirst()
        switch try run.train(on: data) {
        case .finished(let step):
            Terminal.say("\(step) steps done; the model is in \(out)/models")
        case .stopped(let step):
            Terminal.say("stopped after \(step) steps; --resume goes on")
        }
    }

    /// The words of --set, and --steps as one of them.
    private func given() throws -> [(key: String, text: String)] {
        var given = try set.map { word -> (key: String, text: String) in
            guard let place = word.firstIndex(of: "="), place != word.startIndex else {
                throw Failure(.usage, "--set: expected key=value, found \"\(word)\"")
            }
            return (String(word[..<place]), String(word[word.index(after: place)...]))
        }
        if let steps { given.append(("steps", "\(steps)")) }
        return given
    }

    private func begun(
        _ type: any Recipe.Type,
        _ folder: RunFolder
    ) throws -> (Settings, String) {
        guard let data else {
            throw Failure(.usage, "train: expected a folder as --data, found none")
        }
        let settings = try Settings(type.settings, given: try given(), recipe: type.name)
        let words = Dictionary(uniqueKeysWithValues: settings.words.map { ($0.key, $0.text) })
        try folder.begin(
            RunFolder.Description(recipe: type.name, settings: words, data: data)
        )
        return (settings, data)
    }

    private func resumed(
        _ type: any Recipe.Type,
        _ folder: RunFolder
    ) throws -> (Settings, String) {
        let old = try folder.description()
        guard old.recipe == type.name else {
            throw RecipeError.otherRun(
                folder.path,
                expected: "the recipe \(type.name)",
                found: old.recipe
            )
        }
        let new = try given()
        let words = old.settings.filter { word in !new.contains { $0.key == word.key } }
            .map { (key: $0.key, text: $0.value) }
        let settings = try Settings(type.settings, given: words + new, recipe: type.name)
        return (settings, data ?? old.data)
    }

    private func show(_ event: TrainingRun.Event) {
        switch event {
        case .warning(let text): Terminal.say("warning: \(text)")
        case .warnings(let count):
            Terminal.say(count == 1 ? "there was 1 warning" : "there were \(count) warnings")
        case .started(let path, let taken, let all):
            Terminal.say("\(taken) of the \(all) tensors of the first network come from \(path)")
        case .progress(let progress):
            let losses = progress.losses.map { String(format: "%@ %.5g", $0.name, $0.value) }
                .joined(separator: ", ")
            let left = Int(progress.secondsLeft)
            let text = String(
                format: "step %d of %d: %@; %.1f images/s, %d:%02d:%02d left",
                progress.step,
                progress.steps,
                losses,
                progress.samplesPerSecond,
                left / 3600,
                left / 60 % 60,
                left % 60
            )
            if Terminal.isInteractive {
                Terminal.write("\r\u{1B}[K\(text)")
            } else if progress.step % 100 == 0 || progress.step == progress.steps {
                Terminal.say(text)
            }
        case .score(let step, let name, let value, let isBest):
            let best = isBest ? ", the best so far" : ""
            Terminal.say(String(format: "step %d: %@ %.4f%@", step, name, value, best))
        }
    }

    // MARK: Acceptance

    private func runExperiment(of type: any Recipe.Type) throws {
        guard let experiment = type.acceptance else { throw RecipeError.noExperiment(type.name) }
        let figures = try experiment.figures(data: data) { Terminal.say($0) }
        if json {
            try printJSON(figures)
        } else {
            for figure in figures { print(line(figure)) }
        }
        let missed = figures.filter { !$0.isReached }
        guard missed.isEmpty else {
            throw Failure(.ours, "\(type.name): \(missed.count) of \(figures.count) figures miss")
        }
    }

    private func line(_ figure: AcceptanceFigure) -> String {
        let bars = [
            figure.least.map { String(format: "at least %.4g", $0) },
            figure.most.map { String(format: "at most %.4g", $0) },
        ].compactMap(\.self).joined(separator: ", ")
        let verdict = bars.isEmpty ? "" : "bar: \(bars)\(figure.isReached ? "" : ", missed")"
        return figure.name.padded(to: 48) + String(format: "%10.4f  ", figure.value) + verdict
    }

    // MARK: Lists

    private func printRecipes() throws {
        struct Entry: Encodable {
            let name, summary: String
            let settings: [Setting]
        }
        struct Setting: Encodable {
            let key, expects, help: String
            let standard: String?
        }
        let entries = recipes.map { type in
            Entry(
                name: type.name,
                summary: type.summary,
                settings: type.settings.map {
                    Setting(
                        key: $0.key,
                        expects: $0.expectation,
                        help: $0.help,
                        standard: $0.defaultText
                    )
                }
            )
        }
        if json { return try printJSON(entries) }
        for entry in entries { print(entry.name.padded(to: 20) + " " + entry.summary) }
    }

    private func printDescription(_ type: any Recipe.Type) throws {
        let recipe = try type.init(
            try Settings(type.settings, given: try given(), recipe: type.name)
        )
        let description = recipe.description()
        if json { return try printJSON(description) }
        print("\(type.name): \(type.summary)\n")
        for network in description.networks {
            print(
                network.name.padded(to: 16)
                    + String(
                        format: "%10d parameters, %8.1f million multiply-adds for a sample",
                        network.parameters,
                        network.multiplyAdds / 1e6
                    )
            )
        }
        print("\nlosses")
        for loss in description.losses { print("  \(loss)") }
        print("\ndata\n  \(description.data)\n\nsettings")
        for setting in type.settings {
            let standard = setting.defaultText.map { " (\($0))" } ?? ""
            print("  " + (setting.key + standard).padded(to: 30) + setting.help)
        }
    }
}
