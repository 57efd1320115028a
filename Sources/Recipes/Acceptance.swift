/// A measured figure of an experiment whose right answer is known, and what it must reach.
package struct AcceptanceFigure: Codable, Sendable, Equatable {
    /// What was measured, with its unit: "hole PSNR, one square, dB".
    package let name: String
    package let value: Double
    package let least, most: Double?

    /// - Parameters:
    ///   - least: the bar from below, if there is one.
    ///   - most: the bar from above, if there is one. Without any bar the figure is for comparison.
    package init(_ name: String, _ value: Double, least: Double? = nil, most: Double? = nil) {
        self.name = name
        self.value = value
        self.least = least
        self.most = most
    }

    /// Whether the figure reaches its bars.
    package var isReached: Bool {
        value.isFinite && least.map { value >= $0 } ?? true && most.map { value <= $0 } ?? true
    }
}

/// The proof that a recipe works: a small training on data whose right answers are known, judged by
/// measures that baselines fail, which are measured in the same run.
package protocol AcceptanceExperiment {
    /// Trains, and measures what came of it.
    ///
    /// - Parameters:
    ///   - data: the folder of photos, for experiments that need some.
    ///   - report: hears what is going on, one line at a time.
    func figures(data: String?, report: (String) -> Void) throws -> [AcceptanceFigure]
}

extension AcceptanceExperiment {
    /// The figures of a run, or, where one of them misses its bar, of a second run with another seed:
    /// trainings differ, and now and then one goes wrong.
    ///
    /// - Parameter run: is given one of two fixed seeds.
    func firstThatReaches(
        _ report: (String) -> Void,
        _ run: (_ seed: UInt64) throws -> [AcceptanceFigure]
    ) throws -> [AcceptanceFigure] {
        let figures = try run(1)
        let missed = figures.filter { !$0.isReached }
        if missed.isEmpty { return figures }
        for figure in missed { report("missed with seed 1: \(figure.name), \(figure.value)") }
        report("once more with seed 2")
        return try run(2)
    }
}

extension Recipe {
    /// The recipe as `--set` sets it.
    init(set words: KeyValuePairs<String, String>) throws {
        let given = words.map { (key: $0.key, text: $0.value) }
        try self.init(try Settings(Self.settings, given: given, recipe: Self.name))
    }
}

extension Trainer {
    /// Takes steps, and says now and then what the losses are.
    func take(_ steps: Range<Int>, every count: Int, _ report: (String) -> Void) throws {
        for step in steps {
            let losses = try self.step(step)
            guard (step + 1) % count == 0 else { continue }
            let texts = losses.sorted { $0.key < $1.key }.map { "\($0.key) \(Float($0.value))" }
            report(
                "step \(step + 1) of \(steps.upperBound): " + texts.joined(separator: ", ")
            )
        }
    }
}
