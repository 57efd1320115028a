/// The type of a tensor's elements.
package enum ElementType: String, Sendable, CaseIterable {
    case float32, float64
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case bool

    /// The Swift type that stands for it.
    package var swiftType: any TensorElement.Type {
        switch self {
        case .float32: Float.self
        case .float64: Double.self
        case .int8: Int8.self
        case .int16: Int16.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .uint8: UInt8.self
        case .uint16: UInt16.self
        case .uint32: UInt32.self
        case .uint64: UInt64.self
        case .bool: Bool.self
        }
    }

    /// The Swift type to calculate with, or `nil` for `bool`.
    package var numberType: (any TensorNumber.Type)? { swiftType as? any TensorNumber.Type }

    package var isFloatingPoint: Bool { self == .float32 || self == .float64 }
    package var isInteger: Bool { !isFloatingPoint && self != .bool }

    /// Bytes of one element.
    package var stride: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        }
    }
}

/// A Swift type that can be an element of a tensor.
package protocol TensorElement: BitwiseCopyable, Sendable, Equatable {
    static var elementType: ElementType { get }
    static var zero: Self { get }
    /// The nearest value: integers round toward zero and saturate at the ends of their range.
    init(converting value: Double)
    /// The low bits of an integer.
    init(truncating value: Int64)
    var asDouble: Double { get }
    var asInt64: Int64 { get }
}

/// An element type with arithmetic.
///
/// Integers wrap around where they overflow.
package protocol TensorNumber: TensorElement, Comparable, Numeric {
    func adding(_ other: Self) -> Self
    func subtracting(_ other: Self) -> Self
    func multiplied(by other: Self) -> Self
    /// The quotient; of integers toward zero, and 0 where the divisor is 0.
    func divided(by other: Self) -> Self
}

extension TensorNumber where Self: BinaryFloatingPoint {
    package init(converting value: Double) { self.init(value) }
    package init(truncating value: Int64) { self.init(value) }
    package var asDouble: Double { Double(self) }
    package var asInt64: Int64 { Int64(converting: Double(self)) }
    @inlinable package func adding(_ other: Self) -> Self { self + other }
    @inlinable package func subtracting(_ other: Self) -> Self { self - other }
    @inlinable package func multiplied(by other: Self) -> Self { self * other }
    @inlinable package func divided(by other: Self) -> Self { self / other }
}

extension TensorNumber where Self: FixedWidthInteger {
    package init(converting value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= Double(Self.max) {
            self = .max
        } else if value <= Double(Self.min) {
            self = .min
        } else {
            self = Self(value)
        }
    }
    package init(truncating value: Int64) { self.init(truncatingIfNeeded: value) }
    package var asDouble: Double { Double(self) }
    package var asInt64: Int64 { Int64(truncatingIfNeeded: self) }
    @inlinable package func adding(_ other: Self) -> Self { self &+ other }
    @inlinable package func subtracting(_ other: Self) -> Self { self &- other }
    @inlinable package func multiplied(by other: Self) -> Self { self &* other }
    @inlinable package func divided(by other: Self) -> Self {
        other == 0 ? 0 : dividingFullWidthSafely(by: other)
    }
    @inlinable func dividingFullWidthSafely(by other: Self) -> Self {
        dividedReportingOverflow(by: other).partialValue
    }
}

extension Float: TensorNumber { package static let elementType = ElementType.float32 }
extension Double: TensorNumber { package static let elementType = ElementType.float64 }
extension Int8: TensorNumber { package static let elementType = ElementType.int8 }
extension Int16: TensorNumber { package static let elementType = ElementType.int16 }
extension Int32: TensorNumber { package static let elementType = ElementType.int32 }
extension Int64: TensorNumber { package static let elementType = ElementType.int64 }
extension UInt8: TensorNumber { package static let elementType = ElementType.uint8 }
extension UInt16: TensorNumber { package static let elementType = ElementType.uint16 }
extension UInt32: TensorNumber { package static let elementType = ElementType.uint32 }
extension UInt64: TensorNumber { package static let elementType = ElementType.uint64 }
extension Bool: TensorElement {
    package static let elementType = ElementType.bool
    package static var zero: Bool { false }
    package init(converting value: Double) { self = value != 0 }
    package init(truncating value: Int64) { self = value != 0 }
    package var asDouble: Double { self ? 1 : 0 }
    package var asInt64: Int64 { self ? 1 : 0 }
}
