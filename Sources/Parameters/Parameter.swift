/// One setting of an operation: what it is called, what it may be, and what it means.
package struct Parameter: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// yes or no
        case bool
        case int, float
        /// One of `choices`.
        case choice
        case string
        /// `#rrggbb` or `#rrggbbaa`
        case color
        /// A file, or the result of an earlier step by `@name`, or one of `choices`.
        case image
        /// A model by name, or the path of an ONNX file.
        case model
        /// What random numbers are drawn from.
        case seed
        /// Numbers separated by commas.
        case numbers
    }

    package var key: String
    package var kind: Kind
    /// One sentence.
    package var help: String
    /// "pixels", "degrees" and the like.
    package var unit: String?
    /// As the user would write it.
    package var defaultText: String?
    package var isRequired: Bool
    package var minimum, maximum: Double?
    package var choices: [String]

    package init(
        _ key: String,
        _ kind: Kind,
        help: String = "",
        unit: String? = nil,
        defaultText: String? = nil,
        isRequired: Bool = false,
        range: ClosedRange<Double>? = nil,
        choices: [String] = []
    ) {
        self.key = key
        self.kind = kind
        self.help = help
        self.unit = unit
        self.defaultText = defaultText
        self.isRequired = isRequired
        minimum = range?.lowerBound
        maximum = range?.upperBound
        self.choices = choices
    }

    /// What may stand for the value, in words: "a number from 1 to 16".
    package var expectation: String {
        switch kind {
        case .bool: "yes or no"
        case .int: "a whole number" + rangeText
        case .float: "a number" + rangeText
        case .choice: Self.list(choices)
        case .string: "a text"
        case .color: "a colour such as #ff8000"
        case .image: Self.list(["a picture file", "@name"] + choices)
        case .model: "a model's name or an ONNX file"
        case .seed: "a whole number that is not negative"
        case .numbers: "numbers separated by commas"
        }
    }

    private var rangeText: String {
        guard let minimum, let maximum else { return "" }
        // Limits that only say "any" are not worth printing.
        let (low, high) = (
            minimum > -1e6 ? text(minimum) : nil, maximum < 1e6 ? text(maximum) : nil
        )
        switch (low, high) {
        case (let low?, let high?): return " from \(low) to \(high)"
        case (let low?, nil): return " of at least \(low)"
        case (nil, let high?): return " of at most \(high)"
        case (nil, nil): return ""
        }
    }

    private func text(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : "\(number)"
    }

    private static func list(_ words: [String]) -> String {
        guard words.count > 1 else { return words.first ?? "nothing" }
        return words.dropLast().joined(separator: ", ") + " or " + words.last!
    }
}

/// The value of a parameter, checked against its declaration.
package enum ParameterValue: Sendable, Equatable {
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    /// Red, green, blue and alpha, each 0 to 1.
    case color([Double])
    /// A path, or the name of a step's result behind an `@`.
    case image(String)
    case numbers([Double])
}

/// Why a text is no value for a parameter.
package struct ParameterError: Error, Sendable, Equatable {
    package let expected: String
    package let found: String
    /// A word that may have been meant.
    package let suggestion: String?

    package init(expected: String, found: String, suggestion: String?) {
        self.expected = expected
        self.found = found
        self.suggestion = suggestion
    }
}

extension Parameter {
    /// The value that a text stands for.
    package func value(of text: String) throws(ParameterError) -> ParameterValue {
        func wrong(_ suggestion: String? = nil) -> ParameterError {
            ParameterError(expected: expectation, found: "\"\(text)\"", suggestion: suggestion)
        }
        switch kind {
        case .bool:
            switch text {
            case "yes", "true", "on", "1": return .bool(true)
            case "no", "false", "off", "0": return .bool(false)
            default: throw wrong()
            }
        case .int:
            guard let number = Int(text), isInRange(Double(number)) else { throw wrong() }
            return .int(number)
        case .float:
            guard let number = Double(text), number.isFinite, isInRange(number) else {
                throw wrong()
            }
            return .float(number)
        case .choice:
            guard choices.contains(text) else { throw wrong(nearest(text, among: choices)) }
            return .string(text)
        case .string, .model: return .string(text)
        case .seed:
            guard let number = Int(text), number >= 0 else { throw wrong() }
            return .int(number)
        case .color:
            guard let color = Self.color(text) else { throw wrong() }
            return .color(color)
        case .image:
            if choices.contains(text) { return .string(text) }
            guard !text.isEmpty, text != "@" else { throw wrong() }
            return .image(text)
        case .numbers:
            let numbers = text.split(separator: ",").map { Double($0) }
            guard !numbers.isEmpty, numbers.allSatisfy({ $0?.isFinite ?? false }) else {
                throw wrong()
            }
            return .numbers(numbers.map { $0! })
        }
    }

    private func isInRange(_ number: Double) -> Bool {
        number >= minimum ?? -.infinity && number <= maximum ?? .infinity
    }

    private static func color(_ text: String) -> [Double]? {
        guard text.hasPrefix("#"), [7, 9].contains(text.count),
            text.dropFirst().allSatisfy(\.isHexDigit)
        else { return nil }
        let digits = Array(text.dropFirst())
        let parts = stride(from: 0, to: digits.count, by: 2).map {
            Double(Int(String(digits[$0...($0 + 1)]), radix: 16)!) / 255
        }
        return parts.count == 3 ? parts + [1] : parts
    }
}
