package import Chains
internal import FoundationEssentials
package import Parameters

/// A chain whose every word is known to mean something.
package struct ResolvedChain: Sendable {
    package let chain: Chain
    package let steps: [Step]
    /// What is odd but can be done.
    package let warnings: [String]

    package struct Step: Sendable {
        package let written: Chain.Step
        package let operation: CatalogueOperation
        /// For each parameter, in order: the value or the default, and whether the user gave it.
        package let values: [(value: ParameterValue?, isGiven: Bool)]
        package let origin: Origin
    }

    /// What a step works on.
    package enum Origin: Sendable, Equatable {
        /// The result of the step before it, or the input.
        case previous
        /// A named result, or "in".
        case named(String)
        case file(String)
    }

    /// - Throws: `ChainError` at the first word that means nothing.
    package init(_ chain: Chain, _ catalogue: OperationCatalogue) throws(ChainError) {
        self.chain = chain
        var names: [String] = ["in"]
        var (steps, warnings): ([Step], [String]) = ([], [])
        for (index, step) in chain.steps.enumerated() {
            let resolver = StepResolver(step: step, source: chain.source, names: names)
            let resolved = try resolver.resolve(catalogue)
            if resolved.origin != .previous, index > 0, chain.steps[index - 1].name == nil {
                warnings.append(
                    "nothing uses the result of step \(index) "
                        + "(\(chain.steps[index - 1].operation.text)): name it with as="
                )
            }
            steps.append(resolved)
            if let name = step.name {
                guard !names.contains(name.text) else {
                    throw ChainError(
                        "expected a new name, found \"\(name.text)\" given twice",
                        at: name.place,
                        in: chain.source
                    )
                }
                names.append(name.text)
            }
        }
        self.steps = steps
        self.warnings = warnings
    }
}

/// Looks up the words of one step.
private struct StepResolver {
    let step: Chain.Step
    let source: ChainSource
    /// Names of earlier results.
    let names: [String]

    func resolve(_ catalogue: OperationCatalogue) throws(ChainError) -> ResolvedChain.Step {
        let name = step.operation.text
        guard let operation = catalogue.operation(name) else {
            let suggestion = nearest(name, among: catalogue.all().map(\.name))
            throw ChainError(
                "there is no operation \"\(name)\"",
                hint: suggestion.map { "did you mean \"\($0)\"?" } ?? "atelier list names them all",
                at: step.operation.place,
                in: source
            )
        }
        for setting in step.settings
        where !operation.parameters.contains(where: { $0.key == setting.key.text }) {
            let keys = operation.parameters.map(\.key) + ["as", "from"]
            let suggestion = nearest(setting.key.text, among: keys)
            throw ChainError(
                "\(name) has no parameter \"\(setting.key.text)\"",
                hint: suggestion.map { "did you mean \"\($0)\"?" }
                    ?? "it has: \(keys.joined(separator: ", "))",
                at: setting.key.place,
                in: source
            )
        }
        var values: [(value: ParameterValue?, isGiven: Bool)] = []
        for parameter in operation.parameters { values.append(try value(of: parameter, name)) }
        return ResolvedChain.Step(
            written: step,
            operation: operation,
            values: values,
            origin: try origin()
        )
    }

    private func value(
        of parameter: Parameter,
        _ operation: String
    ) throws(ChainError) -> (value: ParameterValue?, isGiven: Bool) {
        guard let setting = step.setting(parameter.key) else {
            guard !parameter.isRequired else {
                throw ChainError(
                    "\(operation) needs \(parameter.key)=, \(parameter.expectation)",
                    at: step.operation.place,
                    in: source
                )
            }
            return (parameter.defaultText.flatMap { try? parameter.value(of: $0) }, false)
        }
        do throws(ParameterError) {
            let value = try parameter.value(of: setting.value.text)
            if case .image(let text) = value { try check(image: text, for: parameter) }
            return (value, true)
        } catch {
            throw ChainError(
                "expected \(error.expected) for \"\(parameter.key)\", found \(error.found)",
                hint: error.suggestion.map { "did you mean \"\($0)\"?" },
                at: setting.value.place,
                in: source
            )
        }
    }

    private func check(image text: String, for parameter: Parameter) throws(ParameterError) {
        if text.hasPrefix("@") { return try check(reference: text) }
        guard let word = nearest(text, among: parameter.choices),
            !FileManager.default.fileExists(atPath: text)
        else { return }
        throw ParameterError(
            expected: parameter.expectation,
            found: "\"\(text)\"",
            suggestion: word
        )
    }

    private func check(reference: String) throws(ParameterError) {
        if names.contains(String(reference.dropFirst())) { return }
        throw ParameterError(
            expected: "the name of an earlier step's result",
            found: "\"\(reference)\"",
            suggestion: nearest(String(reference.dropFirst()), among: names).map { "@" + $0 }
        )
    }

    private func origin() throws(ChainError) -> ResolvedChain.Origin {
        guard let word = step.origin else { return .previous }
        guard word.text.hasPrefix("@") else { return .file(word.text) }
        do throws(ParameterError) {
            try check(reference: word.text)
        } catch {
            throw ChainError(
                "expected \(error.expected), found \(error.found)",
                hint: error.suggestion.map { "did you mean \"\($0)\"?" },
                at: word.place,
                in: source
            )
        }
        return .named(String(word.text.dropFirst()))
    }
}
