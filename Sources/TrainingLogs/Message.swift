/// A protocol buffer that is being written, field by field.
struct Message {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ field: Int, _ number: Int) {
        addKey(field, wire: 0)
        addVariable(UInt64(bitPattern: Int64(number)))
    }

    mutating func add(_ field: Int, _ number: Double) {
        addKey(field, wire: 1)
        bytes += littleEndian(number.bitPattern)
    }

    mutating func add(_ field: Int, _ number: Float) {
        addKey(field, wire: 5)
        bytes += littleEndian(number.bitPattern)
    }

    mutating func add(_ field: Int, _ content: [UInt8]) {
        addKey(field, wire: 2)
        addVariable(UInt64(content.count))
        bytes += content
    }

    mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

    mutating func add(_ field: Int, _ message: Message) { add(field, message.bytes) }

    private mutating func addKey(_ field: Int, wire: Int) {
        addVariable(UInt64(field << 3 | wire))
    }

    /// Seven bits to a byte, the low ones first.
    private mutating func addVariable(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// The bytes of an integer, the low ones first.
func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
