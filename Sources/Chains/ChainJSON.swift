package import FoundationEssentials

/// The canonical form of a chain, as JSON:
///
///     {"steps": [{"operation": "sharpen", "settings": {"sigma": 1}, "as": "crisp"}]}
extension Chain {
    package init(json data: Data, file: String) throws(ChainError) {
        source = ChainSource(file: file, lines: [])
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: data)
        } catch let DecodingError.keyNotFound(key, context) {
            let place = path(context.codingPath)
            throw ChainError(
                "expected \"\(key.stringValue)\", found none",
                at: .json(place),
                in: source
            )
        } catch let DecodingError.typeMismatch(_, context) {
            let place = path(context.codingPath)
            throw ChainError("expected another kind of value", at: .json(place), in: source)
        } catch {
            throw ChainError(
                "\(file): expected a chain in JSON, found something else",
                at: nil,
                in: source
            )
        }
        steps = []
        for (index, written) in document.steps.enumerated() {
            let place = "steps[\(index)]"
            var step = Step(Word(written.operation, .json("\(place).operation")))
            if let name = written.as {
                try step.add(setting("as", name, "\(place).as"), source)
            }
            if let origin = written.from {
                try step.add(setting("from", origin, "\(place).from"), source)
            }
            for (key, value) in (written.settings ?? [:]).sorted(by: { $0.key < $1.key }) {
                try step.add(setting(key, value.text, "\(place).settings.\(key)"), source)
            }
            steps.append(step)
        }
        guard !steps.isEmpty else {
            throw ChainError(
                "\(file): expected a chain of operations, found none",
                at: nil,
                in: source
            )
        }
    }
}

extension Chain: Encodable {
    /// Writes the canonical form.
    package func encode(to encoder: any Encoder) throws {
        let document = Document(
            steps: steps.map { step in
                let settings = step.settings.map { ($0.key.text, Document.Value($0.value.text)) }
                return Document.Step(
                    operation: step.operation.text,
                    settings: settings.isEmpty ? nil : Dictionary(uniqueKeysWithValues: settings),
                    as: step.name?.text,
                    from: step.origin?.text
                )
            }
        )
        try document.encode(to: encoder)
    }
}

private func setting(_ key: String, _ value: String, _ place: String) -> Chain.Setting {
    Chain.Setting(key: Chain.Word(key, .json(place)), value: Chain.Word(value, .json(place)))
}

private func path(_ keys: [any CodingKey]) -> String {
    keys.reduce("") { path, key in
        if let index = key.intValue { return "\(path)[\(index)]" }
        return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
    }
}

private struct Document: Codable {
    var steps: [Step]

    struct Step: Codable {
        var operation: String
        var settings: [String: Value]?
        var `as`: String?
        var from: String?
    }

    /// A setting's value: text, or a number or truth value as people write them in a chain.
    struct Value: Codable {
        var text: String

        init(_ text: String) { self.text = text }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                text = flag ? "yes" : "no"
            } else if let number = try? container.decode(Int.self) {
                text = String(number)
            } else if let number = try? container.decode(Double.self) {
                text = "\(number)"
            } else {
                text = try container.decode(String.self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if let number = Int(text), String(number) == text {
                try container.encode(number)
            } else if let number = Double(text), "\(number)" == text {
                try container.encode(number)
            } else {
                try container.encode(text)
            }
        }
    }
}
