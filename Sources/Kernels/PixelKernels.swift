internal import CKernels

/// A type of samples that pixels are made of.
package protocol PixelSample: BitwiseCopyable {
    static var kernels: PixelKernels<Self> { get }
}

/// How samples of one channel become numbers and back.
package struct PixelKernels<Sample: BitwiseCopyable>: Sendable {
    private typealias Samples = UnsafeMutablePointer<Sample>
    private typealias Numbers = UnsafeMutablePointer<Float>

    private let readRun:
        @Sendable (UnsafePointer<Sample>, Int, Float, Float, Numbers, Int, Int) -> Void
    private let writeRun:
        @Sendable (UnsafePointer<Float>, Int, Float, Float, Float, Samples, Int, Int) -> Void

    fileprivate init(
        read:
            @escaping @Sendable (
                UnsafePointer<Sample>, Int, Float, Float, UnsafeMutablePointer<Float>, Int, Int
            ) -> Void,
        write:
            @escaping @Sendable (
                UnsafePointer<Float>, Int, Float, Float, Float, UnsafeMutablePointer<Sample>, Int,
                Int
            ) -> Void
    ) {
        (readRun, writeRun) = (read, write)
    }

    /// Numbers from samples: sample · factor + offset.
    package func read(
        _ samples: UnsafePointer<Sample>,
        step: Int,
        factor: Float,
        offset: Float,
        into numbers: UnsafeMutablePointer<Float>,
        numberStep: Int,
        count: Int
    ) { readRun(samples, step, factor, offset, numbers, numberStep, count) }

    /// Samples from numbers: number · factor + offset, limited to 0 … peak, integers rounded.
    package func write(
        _ numbers: UnsafePointer<Float>,
        numberStep: Int,
        factor: Float,
        offset: Float,
        peak: Float,
        into samples: UnsafeMutablePointer<Sample>,
        step: Int,
        count: Int
    ) { writeRun(numbers, numberStep, factor, offset, peak, samples, step, count) }
}

extension UInt8: PixelSample {
    package static let kernels = PixelKernels<UInt8>(
        read: { atelier_read_u8($0, $1, $2, $3, $4, $5, $6) },
        write: { atelier_write_u8($0, $1, $2, $3, $4, $5, $6, $7) }
    )
}

extension UInt16: PixelSample {
    package static let kernels = PixelKernels<UInt16>(
        read: { atelier_read_u16($0, $1, $2, $3, $4, $5, $6) },
        write: { atelier_write_u16($0, $1, $2, $3, $4, $5, $6, $7) }
    )
}

extension Float: PixelSample {
    package static let kernels = PixelKernels<Float>(
        read: { atelier_read_f32($0, $1, $2, $3, $4, $5, $6) },
        write: { atelier_write_f32($0, $1, $2, $3, $4, $5, $6, $7) }
    )
}
