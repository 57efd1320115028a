package import Parameters

/// The settings of a training by key: what the user said, and defaults for the rest.
package struct Settings: Sendable, Equatable {
    package let declared: [Parameter]
    private let values: [String: ParameterValue]
    /// As they would be written with `--set`, in the order of their declaration.
    package let words: [(key: String, text: String)]

    /// Those that every recipe has.
    package static func common(
        batch: Int,
        steps: Int,
        learningRate: Double
    ) -> [Parameter] {
        [
            Parameter("seed", .seed, help: "What all random numbers depend on.", defaultText: "1"),
            Parameter(
                "batch",
                .int,
                help: "Samples in a step.",
                defaultText: "\(batch)",
                range: 1...4096
            ),
            Parameter(
                "steps",
                .int,
                help: "Steps in all; schedules are laid over them.",
                defaultText: "\(steps)",
                range: 1...100_000_000
            ),
            Parameter(
                "learning-rate",
                .float,
                help: "How far the generator moves in a step, at first.",
                defaultText: "\(learningRate)",
                range: 0...10
            ),
            Parameter(
                "start",
                .string,
                help:
                    "A checkpoint or an ONNX file to begin with instead of fresh weights; those of other "
                    + "names or shapes are left out."
            ),
            Parameter(
                "checkpoint-every",
                .int,
                help: "Steps between checkpoints.",
                defaultText: "500",
                range: 1...1_000_000
            ),
            Parameter(
                "sample-every",
                .int,
                help: "Steps between sample sheets.",
                defaultText: "500",
                range: 1...1_000_000
            ),
        ]
    }

    /// How slowly the mean of a generator follows it.
    static func average(_ defaultText: String) -> Parameter {
        Parameter(
            "average",
            .float,
            help:
                "Share of the mean generator, the one that is used, that a step leaves; 0 uses the last "
                + "weights.",
            defaultText: defaultText,
            range: 0...1
        )
    }

    /// - Parameter given: keys and values as the user wrote them.
    package init(
        _ declared: [Parameter],
        given: [(key: String, text: String)] = [],
        recipe: String
    ) throws(RecipeError) {
        self.declared = declared
        var texts: [String: String] = [:]
        for (key, text) in given {
            guard declared.contains(where: { $0.key == key }) else {
                throw .unknownSetting(
                    key,
                    recipe: recipe,
                    suggestion: nearest(key, among: declared.map(\.key))
                )
            }
            texts[key] = text
        }
        var values: [String: ParameterValue] = [:]
        var words: [(key: String, text: String)] = []
        for parameter in declared {
            guard let text = texts[parameter.key] ?? parameter.defaultText else { continue }
            do throws(ParameterError) {
                values[parameter.key] = try parameter.value(of: text)
            } catch {
                throw .badSetting(parameter.key, expected: error.expected, found: error.found)
            }
            words.append((parameter.key, text))
        }
        self.values = values
        self.words = words
    }

    package func int(_ key: String) -> Int {
        guard case .int(let value) = values[key] else {
            preconditionFailure("\(key) is a whole number")
        }
        return value
    }

    package func float(_ key: String) -> Double {
        switch values[key] {
        case .float(let value): return value
        case .int(let value): return Double(value)
        default: preconditionFailure("\(key) is a number")
        }
    }

    package func bool(_ key: String) -> Bool {
        guard case .bool(let value) = values[key] else {
            preconditionFailure("\(key) is yes or no")
        }
        return value
    }

    /// A text or a choice; `nil` where there is no default and nothing was said.
    package func string(_ key: String) -> String? {
        switch values[key] {
        case .string(let value), .image(let value): value
        default: nil
        }
    }

    /// The words of a text that commas separate; `nil` where nothing was said.
    package func list(_ key: String) -> [String]? {
        string(key).map { text in text.split(separator: ",").map { String($0) } }
    }

    package var seed: UInt64 { UInt64(int("seed")) }
    package var batch: Int { int("batch") }
    package var steps: Int { int("steps") }
    package var learningRate: Double { float("learning-rate") }

    package static func == (a: Settings, b: Settings) -> Bool { a.values == b.values }
}
