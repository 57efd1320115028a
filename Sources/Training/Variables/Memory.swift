internal import Glibc
internal import Synchronization

/// Numbers that change only as long as nobody else holds them, in memory that is used again
/// afterwards.
final class Numbers<Number: Real>: @unchecked Sendable {
    let count: Int
    let base: UnsafeMutablePointer<Number>
    private let block: Shelf.Block

    /// Numbers that are written later; until then they are arbitrary.
    init(count: Int) {
        self.count = count
        block = Shelf.take(byteCount: count * MemoryLayout<Number>.stride)
        base = block.base.bindMemory(to: Number.self, capacity: max(count, 1))
    }

    deinit { Shelf.put(block) }
}

/// Memory between two uses: one step of training asks for the same sizes as the last one, and memory
/// that is fresh from the system costs more than most computations on it.
private enum Shelf {
    struct Block: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let byteCount: Int
    }

    struct Contents {
        var blocks: [Int: [Block]] = [:]
        var byteCount = 0
    }

    static let contents = Mutex(Contents())
    /// What is kept at most; more goes back to the system.
    static let capacity = 512 << 20

    static func take(byteCount: Int) -> Block {
        let size = roundedUp(byteCount)
        let kept = contents.withLock { shelf in
            let block = shelf.blocks[size]?.popLast()
            if block != nil { shelf.byteCount -= size }
            return block
        }
        if let kept { return kept }
        var memory: UnsafeMutableRawPointer?
        let status = posix_memalign(&memory, size >= largePage ? largePage : 64, size)
        guard status == 0, let memory else { fatalError("the system has memory left") }
        if size >= largePage { madvise(memory, size, MADV_HUGEPAGE) }
        return Block(base: memory, byteCount: size)
    }

    static func put(_ block: Block) {
        let isKept = contents.withLock { shelf in
            guard shelf.byteCount + block.byteCount <= capacity else { return false }
            shelf.blocks[block.byteCount, default: []].append(block)
            shelf.byteCount += block.byteCount
            return true
        }
        if !isKept { free(block.base) }
    }

    private static let largePage = 2 << 20

    /// Sizes in steps of at most an eighth, so that similar ones share blocks.
    private static func roundedUp(_ byteCount: Int) -> Int {
        let bits = Int.bitWidth - max(byteCount, 64).leadingZeroBitCount
        let step = max(64, 1 << max(0, bits - 4))
        return (max(byteCount, 64) + step - 1) / step * step
    }
}
