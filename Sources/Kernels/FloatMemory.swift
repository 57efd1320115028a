internal import Glibc

/// Memory for many floats, aligned for the widest vectors.
///
/// Large pieces are pages of their own: they go back to the system when they are freed, so that
/// pieces that come and go leave no holes, and the system may back them by large pages.
package final class FloatMemory: @unchecked Sendable {
    package let base: UnsafeMutablePointer<Float>
    package let count: Int
    private let pages: UnsafeMutableRawBufferPointer?

    /// From here on a piece is pages of its own, in bytes.
    private static let pageBound = 1 << 20
    private static let largePage = 2 << 20

    package init(count: Int) {
        self.count = count
        let byteCount = max(count, 16) * 4
        if byteCount >= Self.pageBound {
            let length = byteCount + Self.largePage
            let access = PROT_READ | PROT_WRITE
            let start = mmap(nil, length, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
            precondition(start != MAP_FAILED, "the system has memory left")
            let aligned = (Int(bitPattern: start) + Self.largePage - 1) & -Self.largePage
            let memory = UnsafeMutableRawPointer(bitPattern: aligned)!
            _ = madvise(memory, byteCount, MADV_HUGEPAGE)
            base = memory.bindMemory(to: Float.self, capacity: byteCount / 4)
            pages = UnsafeMutableRawBufferPointer(start: start, count: length)
        } else {
            base = .aligned(count)
            pages = nil
        }
    }

    deinit {
        if let pages {
            munmap(pages.baseAddress!, pages.count)
        } else {
            base.deallocate()
        }
    }
}
