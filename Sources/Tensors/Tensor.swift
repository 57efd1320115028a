internal import Glibc

/// A dense array of numbers with a shape; the last axis is contiguous.
///
/// A value type over shared storage: copies are cheap, and writing to a copy leaves the original
/// as it was.
package struct Tensor: Sendable {
    package private(set) var shape: [Int]
    package let elementType: ElementType
    private var storage: Storage

    /// A tensor of zeros.
    package init(shape: [Int], type: ElementType = .float32) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a shape has no negative sides")
        self.shape = shape
        elementType = type
        storage = Storage(byteCount: shape.elementCount * type.stride, zeroed: true)
    }

    /// A tensor whose elements are written later; until then they are arbitrary.
    package init(uninitialized shape: [Int], type: ElementType = .float32) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a shape has no negative sides")
        self.shape = shape
        elementType = type
        storage = Storage(byteCount: shape.elementCount * type.stride, zeroed: false)
    }

    package init<Element: TensorElement>(shape: [Int], values: [Element]) {
        precondition(shape.elementCount == values.count, "the values do not fill the shape")
        self.init(uninitialized: shape, type: Element.elementType)
        values.withUnsafeBytes { storage.bytes.copyMemory(from: $0) }
    }

    /// A tensor of rank 0.
    package init<Element: TensorElement>(_ scalar: Element) {
        self.init(shape: [], values: [scalar])
    }

    package init<Element: TensorElement>(shape: [Int], repeating value: Element) {
        self.init(uninitialized: shape, type: Element.elementType)
        storage.bytes.bindMemory(to: Element.self).update(repeating: value)
    }

    /// A tensor from raw bytes in the machine's byte order.
    package init(shape: [Int], type: ElementType, bytes: UnsafeRawBufferPointer) {
        self.init(uninitialized: shape, type: type)
        precondition(bytes.count == byteCount, "the bytes do not fill the shape")
        storage.bytes.copyMemory(from: bytes)
    }

    package var rank: Int { shape.count }
    package var count: Int { shape.elementCount }
    package var byteCount: Int { count * elementType.stride }

    /// The same elements in another shape of the same size.
    package func reshaped(to shape: [Int]) -> Tensor {
        precondition(shape.elementCount == count, "a new shape keeps the number of elements")
        var copy = self
        copy.shape = shape
        return copy
    }

    // MARK: Elements

    /// The elements to read; `Element` must be what the tensor holds.
    @_lifetime(borrow self)
    package func span<Element: TensorElement>(of type: Element.Type) -> Span<Element> {
        precondition(type.elementType == elementType, "the tensor holds \(elementType)")
        let span = Span(_unsafeElements: storage.bytes.bindMemory(to: Element.self))
        return _overrideLifetime(span, borrowing: self)
    }

    /// The elements to write; `Element` must be what the tensor holds.
    @_lifetime(&self)
    package mutating func mutableSpan<Element: TensorElement>(
        of type: Element.Type
    ) -> MutableSpan<Element> {
        precondition(type.elementType == elementType, "the tensor holds \(elementType)")
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
        let span = MutableSpan(_unsafeElements: storage.bytes.bindMemory(to: Element.self))
        return _overrideLifetime(span, mutating: &self)
    }

    /// The elements of a float32 tensor.
    package var floats: Span<Float> {
        @_lifetime(borrow self)
        get { span(of: Float.self) }
    }

    /// The elements of a float32 tensor, to write.
    package var mutableFloats: MutableSpan<Float> {
        @_lifetime(&self)
        mutating get { mutableSpan(of: Float.self) }
    }

    /// A copy of the elements, which must be of type `Element`.
    package func array<Element: TensorElement>(of type: Element.Type) -> [Element] {
        precondition(type.elementType == elementType, "the tensor holds \(elementType)")
        return Array(storage.bytes.bindMemory(to: Element.self))
    }

    /// The elements as integers, whatever type the tensor holds.
    package var integers: [Int] {
        func convert<Element: TensorElement>(_ type: Element.Type) -> [Int] {
            array(of: type).map { Int($0.asInt64) }
        }
        return convert(elementType.swiftType)
    }

    /// The bytes of all elements; valid inside `body`.
    package func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(storage.bytes))
    }
}

extension Tensor: Equatable {
    /// Whether shape, type and every bit of the elements agree.
    package static func == (a: Tensor, b: Tensor) -> Bool {
        guard a.shape == b.shape, a.elementType == b.elementType else { return false }
        return a.withBytes { x in
            b.withBytes { y in memcmp(x.baseAddress!, y.baseAddress!, x.count) == 0 }
        }
    }
}

extension [Int] {
    /// The number of elements of a tensor of this shape; the largest integer if there are more.
    package var elementCount: Int {
        contains(0) ? 0 : reduce(1) { $0.saturatingProduct(with: $1) }
    }

    /// How far apart two elements are that neighbour along each axis.
    package var strides: [Int] {
        var strides = [Int](repeating: 1, count: count)
        for axis in indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] &* self[axis + 1]
        }
        return strides
    }
}

/// The memory of a tensor, aligned for the widest vectors.
///
/// Written only by a unique owner.
private final class Storage: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int, zeroed: Bool) {
        // At least one byte, so that an empty tensor has an address too.
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: Swift.max(byteCount, 1),
            alignment: 64
        )
        bytes = UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
        if zeroed { memset(memory, 0, byteCount) }
    }

    convenience init(copying other: Storage) {
        self.init(byteCount: other.bytes.count, zeroed: false)
        bytes.copyMemory(from: UnsafeRawBufferPointer(other.bytes))
    }

    deinit { bytes.deallocate() }
}
