extension Chain {
    /// Reads a chain from words of the command line: one word for each operation and setting, `+`
    /// between steps.
    package init(words: [String]) throws(ChainError) {
        let line = words.joined(separator: " ")
        source = ChainSource(file: nil, lines: [line])
        var (placed, column): ([Word], Int) = ([], 1)
        for word in words {
            placed.append(Word(word, .text(line: 1, column: column)))
            column += word.count + 1
        }
        guard !placed.isEmpty else {
            throw ChainError(
                "expected a chain of operations after --, found nothing",
                at: nil,
                in: source
            )
        }
        steps = try Self.steps(placed, source)
    }

    /// Reads a chain from a text: a step on each line (or several with `+` between them), comments
    /// from `#` to the end of a line, `${name}` for a value of `variables`, and quotes around words
    /// with spaces.
    package init(
        text: String,
        file: String,
        variables: [String: String] = [:]
    ) throws(ChainError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0.hasSuffix("\r") ? $0.dropLast() : $0)
        }
        source = ChainSource(file: file, lines: lines)
        steps = []
        for (index, line) in lines.enumerated() {
            var scanner = LineScanner(line, number: index + 1, source, variables)
            var words = try scanner.words()
            // A plus at the end or the beginning of a line joins lines, which they are anyway.
            if words.first?.text == "+", !steps.isEmpty { words.removeFirst() }
            if words.count > 1, words.last?.text == "+" { words.removeLast() }
            if !words.isEmpty { steps += try Self.steps(words, source) }
        }
        guard !steps.isEmpty else {
            throw ChainError(
                "\(file): expected a chain of operations, found none",
                at: nil,
                in: source
            )
        }
    }

    /// Cuts words into steps at each `+`.
    private static func steps(_ words: [Word], _ source: ChainSource) throws(ChainError) -> [Step] {
        var steps: [Step] = []
        for part in words.parts(between: "+") {
            guard let operation = part.words.first else {
                throw ChainError(
                    "expected an operation on each side of +, found none",
                    at: part.separator,
                    in: source
                )
            }
            steps.append(try step(operation, part.words.dropFirst(), source))
        }
        return steps
    }

    private static func step(
        _ operation: Word,
        _ words: ArraySlice<Word>,
        _ source: ChainSource
    ) throws(ChainError) -> Step {
        guard !operation.text.contains("=") else {
            throw ChainError(
                "expected an operation, found \"\(operation.text)\"",
                hint: "a step begins with the name of its operation",
                at: operation.place,
                in: source
            )
        }
        var step = Step(operation)
        for word in words {
            guard let setting = Setting(word) else {
                throw ChainError(
                    "expected a setting key=value, found \"\(word.text)\"",
                    hint: "steps are joined by +",
                    at: word.place,
                    in: source
                )
            }
            try step.add(setting, source)
        }
        return step
    }
}

extension Chain.Step {
    /// Adds a setting, or takes it as the step's name or origin.
    mutating func add(_ setting: Chain.Setting, _ source: ChainSource) throws(ChainError) {
        let key = setting.key.text
        let isTaken =
            key == "as" ? name != nil : key == "from" ? origin != nil : self.setting(key) != nil
        guard !isTaken else {
            throw ChainError(
                "\(operation.text) has \"\(key)\" twice",
                at: setting.key.place,
                in: source
            )
        }
        guard !setting.value.text.isEmpty else {
            throw ChainError(
                "expected a value for \"\(key)\", found none",
                at: setting.value.place,
                in: source
            )
        }
        switch key {
        case "as":
            let isName = setting.value.text.allSatisfy {
                $0.isLetter || $0.isNumber || "-_".contains($0)
            }
            guard isName, setting.value.text != "in" else {
                throw ChainError(
                    "expected a name of letters, digits, - and _ other than \"in\", found "
                        + "\"\(setting.value.text)\"",
                    at: setting.value.place,
                    in: source
                )
            }
            name = setting.value
        case "from": origin = setting.value
        default: settings.append(setting)
        }
    }
}

extension Chain.Setting {
    /// Cuts a word at its first `=`.
    init?(_ word: Chain.Word) {
        guard let equals = word.text.firstIndex(of: "="), equals > word.text.startIndex else {
            return nil
        }
        let key = String(word.text[..<equals])
        let value = String(word.text[word.text.index(after: equals)...])
        var place = word.place
        if case .text(let line, let column) = place {
            place = .text(line: line, column: column + key.count + 1)
        }
        self.init(key: Chain.Word(key, word.place), value: Chain.Word(value, place))
    }
}

extension [Chain.Word] {
    /// The words between separators, each part with the place of a separator next to it.
    fileprivate func parts(
        between separator: String
    ) -> [(words: ArraySlice<Chain.Word>, separator: Chain.Place?)] {
        var parts: [(words: ArraySlice<Chain.Word>, separator: Chain.Place?)] = []
        var (start, last): (Int, Chain.Place?) = (startIndex, nil)
        for index in indices where self[index].text == separator {
            parts.append((self[start..<index], self[index].place))
            (start, last) = (index + 1, self[index].place)
        }
        parts.append((self[start...], last))
        return parts
    }
}

/// Cuts a line of a chain file into words.
private struct LineScanner {
    private var rest: Substring
    private let line: String
    private let number: Int
    private let source: ChainSource
    private let variables: [String: String]

    init(_ line: String, number: Int, _ source: ChainSource, _ variables: [String: String]) {
        self.line = line
        rest = line[...]
        self.number = number
        self.source = source
        self.variables = variables
    }

    private var place: Chain.Place {
        .text(line: number, column: line.distance(from: line.startIndex, to: rest.startIndex) + 1)
    }

    mutating func words() throws(ChainError) -> [Chain.Word] {
        var words: [Chain.Word] = []
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard let first = rest.first, first != "#" else { return words }
            let place = place
            words.append(Chain.Word(try word(), place))
        }
    }

    private mutating func word() throws(ChainError) -> String {
        var text = ""
        var quote: (mark: Character, place: Chain.Place)?
        while let character = rest.first {
            if quote == nil, character == " " || character == "\t" { break }
            let place = place
            if rest.hasPrefix("${"), quote?.mark != "'" {
                text += try variable()
                continue
            }
            rest = rest.dropFirst()
            if character == quote?.mark {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = (character, place)
            } else {
                text.append(character)
            }
        }
        if let quote {
            throw ChainError(
                "expected a closing \(quote.mark), found the end of the line",
                at: quote.place,
                in: source
            )
        }
        return text
    }

    /// The value of the `${name}` that comes next.
    private mutating func variable() throws(ChainError) -> String {
        let place = place
        guard let end = rest.firstIndex(of: "}") else {
            throw ChainError(
                "expected a } after ${, found the end of the line",
                at: place,
                in: source
            )
        }
        let name = String(rest[..<end].dropFirst(2))
        guard let value = variables[name] else {
            throw ChainError(
                "expected a value for ${\(name)}, found none",
                hint: "give one with --set \(name)=…",
                at: place,
                in: source
            )
        }
        rest = rest[rest.index(after: end)...]
        return value
    }
}
