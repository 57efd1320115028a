internal import CPluginABI

/// A dense array that goes into a network or comes out of it, the last axis fastest.
public struct NetworkTensor: Sendable {
    /// The network's input or output; `nil` for an input that is taken by its place.
    public let name: String?
    public let shape: [Int]
    public var values: [Float]

    public init(_ name: String? = nil, shape: [Int], values: [Float]) {
        precondition(values.count == shape.reduce(1, *), "as many values as the shape says")
        self.name = name
        self.shape = shape
        self.values = values
    }
}

/// Tensors in C's form, with the memory they point to.
final class TensorList {
    let items: UnsafeMutableBufferPointer<atelier_tensor>
    private var names: [UnsafeMutableBufferPointer<CChar>] = []
    private var shapes: [UnsafeMutableBufferPointer<Int64>] = []
    private var values: [UnsafeMutableBufferPointer<Float>] = []

    init(_ tensors: [NetworkTensor]) {
        items = .allocate(capacity: tensors.count)
        for (index, tensor) in tensors.enumerated() {
            let shape = Self.copy(tensor.shape.map { Int64($0) })
            let floats = Self.copy(tensor.values)
            let name = tensor.name.map { Self.copy(Array($0.utf8CString)) }
            shapes.append(shape)
            values.append(floats)
            if let name { names.append(name) }
            items.initializeElement(
                at: index,
                to: atelier_tensor(
                    size: UInt32(MemoryLayout<atelier_tensor>.size),
                    rank: UInt32(shape.count),
                    shape: UnsafePointer(shape.baseAddress),
                    values: UnsafePointer(floats.baseAddress),
                    name: UnsafePointer(name?.baseAddress)
                )
            )
        }
    }

    private static func copy<Element>(_ list: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: list.count)
        _ = buffer.initialize(from: list)
        return buffer
    }

    func deallocate() {
        for name in names { name.deallocate() }
        for shape in shapes { shape.deallocate() }
        for floats in values { floats.deallocate() }
        items.deallocate()
    }
}

/// Takes the outputs of a network, whose memory lives only while they are handed over.
final class TensorReceiver {
    private(set) var tensors: [NetworkTensor] = []

    func receive(_ output: atelier_tensor) {
        let shape = (0..<Int(output.rank)).map { Int(output.shape[$0]) }
        let count = shape.reduce(1, *)
        tensors.append(
            NetworkTensor(
                output.name.map { String(cString: $0) },
                shape: shape,
                values: Array(UnsafeBufferPointer(start: output.values, count: count))
            )
        )
    }
}
