/// An edit chain as it was written: steps with settings, nothing looked up yet.
package struct Chain: Sendable, Equatable {
    package var steps: [Step]
    package let source: ChainSource

    package init(steps: [Step], source: ChainSource) {
        self.steps = steps
        self.source = source
    }

    /// One operation with its settings.
    package struct Step: Sendable, Equatable {
        package var operation: Word
        package var settings: [Setting]
        /// `as=`: what later steps call the result.
        package var name: Word?
        /// `from=`: what the step works on instead of the step before it.
        package var origin: Word?

        package init(
            _ operation: Word,
            settings: [Setting] = [],
            name: Word? = nil,
            origin: Word? = nil
        ) {
            self.operation = operation
            self.settings = settings
            self.name = name
            self.origin = origin
        }

        package func setting(_ key: String) -> Setting? { settings.first { $0.key.text == key } }
    }

    /// What stands as `key=value`.
    package struct Setting: Sendable, Equatable {
        package var key: Word
        package var value: Word

        package init(key: Word, value: Word) {
            self.key = key
            self.value = value
        }
    }

    /// A piece of text and where it stands.
    package struct Word: Sendable, Equatable {
        package var text: String
        package var place: Place

        package init(_ text: String, _ place: Place) {
            self.text = text
            self.place = place
        }
    }

    /// Where a word begins in its source.
    package enum Place: Sendable, Equatable {
        /// Both count from 1; the column counts characters.
        case text(line: Int, column: Int)
        /// A path into a JSON document, such as `steps[1].settings.scale`.
        case json(String)
    }
}

/// What a chain was read from: kept for messages.
package struct ChainSource: Sendable, Equatable {
    /// A file's name, or `nil` for the command line.
    package let file: String?
    package let lines: [String]

    package init(file: String?, lines: [String]) {
        self.file = file
        self.lines = lines
    }
}

/// What is wrong with a chain, and at which word.
package struct ChainError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package let hint: String?
    package let source: ChainSource
    package let place: Chain.Place?

    package init(
        _ message: String,
        hint: String? = nil,
        at place: Chain.Place?,
        in source: ChainSource
    ) {
        self.message = message
        self.hint = hint
        self.place = place
        self.source = source
    }

    /// The message, the place it is about, and the line with a mark under the word.
    ///
    ///     blur has no parameter "raduis"
    ///      --> portrait.chain:3:6
    ///     3 | blur raduis=4
    ///       |      ^ did you mean "radius"?
    package var description: String {
        let mark = hint.map { "^ \($0)" } ?? "^"
        switch place {
        case .text(let line, let column)?:
            let text = source.lines[line - 1]
            guard let file = source.file else {
                let indent = String(repeating: " ", count: column - 1)
                return "\(message)\n --> command line\n  | \(text)\n  | \(indent)\(mark)"
            }
            let number = String(line)
            let margin = String(repeating: " ", count: number.count)
            let indent = String(repeating: " ", count: column - 1)
            return "\(message)\n --> \(file):\(line):\(column)\n\(number) | \(text)\n"
                + "\(margin) | \(indent)\(mark)"
        case .json(let path)?:
            let place = "\n --> \(source.file ?? "JSON"): \(path)"
            return message + place + (hint.map { "\n  | \($0)" } ?? "")
        case nil:
            return message + (hint.map { "; \($0)" } ?? "")
        }
    }
}
