public import CPluginABI

/// Declares a setting of an operation: its help, its range, and, as the property's first value, its
/// default; `nil` where it need not be given.
///
///     @Setting("How much of the painting: 0 leaves the photo, 1 is all style.", 0...1) var strength = 1.0
///     @Setting("Width of the result.", 1...1e6, unit: "pixels") var width: Int? = nil
@propertyWrapper
public struct Setting<Value: SettingValue> {
    private let box: SettingBox<Value>

    /// - Parameters:
    ///   - help: one sentence.
    ///   - range: the values a number may have, ends included.
    ///   - unit: "pixels", "degrees", …
    ///   - isRequired: whether the user must give a value.
    public init(
        wrappedValue: Value,
        _ help: String,
        _ range: ClosedRange<Double>? = nil,
        unit: String? = nil,
        isRequired: Bool = false
    ) {
        box = SettingBox(wrappedValue, help: help, range: range, unit: unit, isRequired: isRequired)
    }

    public var wrappedValue: Value { box.value }
}

/// A type that a setting can have.
public protocol SettingValue {
    /// ATELIER_BOOL, ATELIER_INT, ….
    static var abiType: Int { get }
    static var choices: [String] { get }
    /// As the user would write it; `nil` where nothing stands for it.
    var text: String? { get }
    init(_ value: atelier_value, _ host: Host) throws
}

extension SettingValue {
    public static var choices: [String] { [] }
}

extension Bool: SettingValue {
    public static var abiType: Int { Int(ATELIER_BOOL) }
    public var text: String? { self ? "yes" : "no" }
    public init(_ value: atelier_value, _ host: Host) { self = value.integer != 0 }
}

extension Int: SettingValue {
    public static var abiType: Int { Int(ATELIER_INT) }
    public var text: String? { String(self) }
    public init(_ value: atelier_value, _ host: Host) { self = Int(value.integer) }
}

extension Double: SettingValue {
    public static var abiType: Int { Int(ATELIER_FLOAT) }
    public var text: String? { self == rounded() ? String(Int(self)) : "\(self)" }
    public init(_ value: atelier_value, _ host: Host) { self = value.number }
}

extension String: SettingValue {
    public static var abiType: Int { Int(ATELIER_STRING) }
    public var text: String? { isEmpty ? nil : self }
    public init(_ value: atelier_value, _ host: Host) {
        self = value.text.map { String(cString: $0) } ?? ""
    }
}

/// A choice among named cases: any enumeration of strings.
extension SettingValue where Self: RawRepresentable<String> & CaseIterable {
    public static var abiType: Int { Int(ATELIER_CHOICE) }
    public static var choices: [String] { allCases.map(\.rawValue) }
    public var text: String? { rawValue }
    public init(_ value: atelier_value, _ host: Host) throws {
        let text = value.text.map { String(cString: $0) } ?? ""
        guard let choice = Self(rawValue: text) else {
            throw OperationError("expected one of \(Self.choices), found \"\(text)\"")
        }
        self = choice
    }
}

/// A model by name, or the path of an ONNX file; empty for the best one there is.
public struct ModelName: SettingValue, ExpressibleByStringLiteral, Sendable {
    public let name: String

    public init(stringLiteral name: String) { self.name = name }
    public static let best: ModelName = ""

    public static var abiType: Int { Int(ATELIER_MODEL) }
    public var text: String? { name.isEmpty ? nil : name }
    public init(_ value: atelier_value, _ host: Host) {
        name = value.text.map { String(cString: $0) } ?? ""
    }
}

/// What random numbers are drawn from.
public struct Seed: SettingValue, Sendable {
    public let value: Int

    public init(_ value: Int) { self.value = value }

    public static var abiType: Int { Int(ATELIER_SEED) }
    public var text: String? { String(value) }
    public init(_ value: atelier_value, _ host: Host) { self.value = Int(value.integer) }
}

/// A further picture, such as a mask or a reference.
extension LazyImage: SettingValue {
    public static var abiType: Int { Int(ATELIER_IMAGE) }
    public var text: String? { nil }
    public convenience init(_ value: atelier_value, _ host: Host) throws {
        guard let image = value.image else { throw OperationError("expected an image, found none") }
        self.init(retaining: image, host)
    }
}

/// What need not be there: `nil`, which is the default, where the user gives none.
extension Optional: SettingValue where Wrapped: SettingValue {
    public static var abiType: Int { Wrapped.abiType }
    public static var choices: [String] { Wrapped.choices }
    public var text: String? { nil }
    public init(_ value: atelier_value, _ host: Host) throws {
        self = value.is_set == 0 ? nil : try Wrapped(value, host)
    }
}

/// A further picture, or a word that stands for something else.
public enum ImageOrWord<Word>: SettingValue
where Word: RawRepresentable<String> & CaseIterable & Sendable {
    case none
    case image(LazyImage)
    case word(Word)

    public static var abiType: Int { Int(ATELIER_IMAGE) }
    public static var choices: [String] { Word.allCases.map(\.rawValue) }
    public var text: String? {
        if case .word(let word) = self { word.rawValue } else { nil }
    }
    public init(_ value: atelier_value, _ host: Host) {
        if let image = value.image {
            self = .image(LazyImage(retaining: image, host))
        } else {
            let word = value.text.flatMap { Word(rawValue: String(cString: $0)) }
            self = word.map { .word($0) } ?? .none
        }
    }
}

// MARK: - How settings are found and filled

protocol AnySetting {
    var storage: any SettingStorage { get }
}

protocol SettingStorage: AnyObject {
    func parameter(key: String) -> atelier_parameter
    func fill(_ value: atelier_value, _ host: Host) throws
}

extension Setting: AnySetting {
    var storage: any SettingStorage { box }
}

/// Shared by the copies of one operation value, so that a setting can be filled after `init`.
private final class SettingBox<Value: SettingValue>: SettingStorage {
    var value: Value
    let help: String
    let range: ClosedRange<Double>?
    let unit: String?
    let isRequired: Bool

    init(
        _ value: Value,
        help: String,
        range: ClosedRange<Double>?,
        unit: String?,
        isRequired: Bool
    ) {
        self.value = value
        self.help = help
        self.range = range
        self.unit = unit
        self.isRequired = isRequired
    }

    func fill(_ value: atelier_value, _ host: Host) throws {
        self.value = try Value(value, host)
    }

    func parameter(key: String) -> atelier_parameter {
        let names = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(
            capacity: Value.choices.count
        )
        for (index, choice) in Value.choices.enumerated() { names[index] = forever(choice) }
        return atelier_parameter(
            size: UInt32(MemoryLayout<atelier_parameter>.size),
            type: UInt32(Value.abiType),
            key: forever(key),
            help: forever(help),
            unit: unit.map(forever),
            default_value: value.text.map(forever),
            required: isRequired ? 1 : 0,
            has_range: range == nil ? 0 : 1,
            minimum: range?.lowerBound ?? 0,
            maximum: range?.upperBound ?? 0,
            choices: names,
            choice_count: UInt32(Value.choices.count)
        )
    }
}
