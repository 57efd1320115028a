internal import Tensors

/// How a window slides over one spatial axis: the geometry of convolutions and poolings.
package struct Window: Hashable, Sendable {
    package var size: Int
    package var stride: Int
    package var dilation: Int
    /// Positions added before the first and after the last element.
    package var padBefore, padAfter: Int

    package init(
        size: Int,
        stride: Int = 1,
        dilation: Int = 1,
        padBefore: Int = 0,
        padAfter: Int = 0
    ) {
        self.size = size
        self.stride = stride
        self.dilation = dilation
        self.padBefore = padBefore
        self.padAfter = padAfter
    }

    /// The distance from the first to one past the last element that a window covers.
    package var extent: Int { (size - 1) * dilation + 1 }

    /// How many windows fit over `length` elements, 0 if none does.
    package func count(over length: Int, roundingUp: Bool = false) -> Int {
        let room = length + padBefore + padAfter - extent
        guard room >= 0 else { return 0 }
        guard roundingUp else { return room / stride + 1 }
        let windows = (room + stride - 1) / stride + 1
        // A window that would start in the padding behind the end is left out.
        return (windows - 1) * stride >= length + padBefore ? windows - 1 : windows
    }

    /// The input position under tap `tap` of the window at `output`; it may lie outside the input.
    @inlinable
    package func position(of tap: Int, at output: Int) -> Int {
        output * stride - padBefore + tap * dilation
    }

    /// The windows at which tap `tap` lies inside an input of `length` elements.
    package func validWindows(tap: Int, over length: Int, count: Int) -> Range<Int> {
        let offset = padBefore - tap * dilation
        let first = max(0, (offset + stride - 1).flooredQuotient(by: stride))
        let last = min(count - 1, (length - 1 + offset).flooredQuotient(by: stride))
        return first <= last ? first..<(last + 1) : 0..<0
    }
}
