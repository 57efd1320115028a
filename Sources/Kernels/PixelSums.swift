internal import CKernels

/// Kernels that put planes together to pixels, and that sum products over pixels.
package enum PixelSums {
    /// Puts planes together to pixels of `depth` numbers, zeros behind the channels.
    package static func pixels(
        fromPlanes planes: UnsafePointer<Float>,
        stride: Int,
        channels: Int,
        depth: Int,
        into pixels: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        atelier_pixels_from_planes(
            instructions.isa,
            planes,
            stride,
            Int32(channels),
            Int32(depth),
            pixels,
            Int32(count)
        )
    }

    /// Takes pixels of `depth` numbers apart into planes.
    package static func planes(
        fromPixels pixels: UnsafePointer<Float>,
        depth: Int,
        channels: Int,
        into planes: UnsafeMutablePointer<Float>,
        stride: Int,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        atelier_planes_from_pixels(
            instructions.isa,
            pixels,
            Int32(depth),
            Int32(channels),
            planes,
            stride,
            Int32(count)
        )
    }

    /// Lines of pixels.
    package struct Lines {
        package var base: UnsafePointer<Float>
        /// Floats from one pixel to the next, and from one line to the next.
        package var step, line: Int

        package init(_ base: UnsafePointer<Float>, step: Int, line: Int) {
            self.base = base
            self.step = step
            self.line = line
        }
    }

    /// Adds to `sums` [rows][depth] the products of `a`'s first `rows` numbers with `b`'s `depth`
    /// numbers (a multiple of 16), summed over `lines` lines of `count` pixels.
    ///
    /// - Parameters:
    ///   - beginning: whether the sums begin at zero instead of what is there.
    ///   - sumsStep: floats from one row of sums to the next, the depth if not given.
    package static func addProducts(
        _ a: Lines,
        rows: Int,
        _ b: Lines,
        depth: Int,
        lines: Int,
        count: Int,
        beginning: Bool = false,
        into sums: UnsafeMutablePointer<Float>,
        sumsStep: Int? = nil,
        using instructions: InstructionSet = .current
    ) {
        var call = atelier_outer()
        call.begins = beginning ? 1 : 0
        call.sums_step = sumsStep ?? depth
        (call.a, call.a_step, call.a_line) = (a.base, a.step, a.line)
        (call.b, call.b_step, call.b_line) = (b.base, b.step, b.line)
        (call.lines, call.count) = (Int32(lines), Int32(count))
        (call.rows, call.depth) = (Int32(rows), Int32(depth))
        call.sums = sums
        atelier_outer_products(instructions.isa, &call)
    }

    /// Products of every row of `a` with every row of `b`, both of `length` numbers: sums[row of
    /// a][row of b].
    package static func multiplyRows(
        _ a: UnsafePointer<Float>,
        rows: Int,
        step aStep: Int,
        _ b: UnsafePointer<Float>,
        columns: Int,
        step bStep: Int,
        length: Int,
        into sums: UnsafeMutablePointer<Float>,
        sumsStep: Int,
        using instructions: InstructionSet = .current
    ) {
        var call = atelier_row_products()
        (call.a, call.a_step, call.rows) = (a, aStep, Int32(rows))
        (call.b, call.b_step, call.columns) = (b, bStep, Int32(columns))
        (call.length, call.sums, call.sums_step) = (Int32(length), sums, sumsStep)
        atelier_multiply_rows(instructions.isa, &call)
    }
}
