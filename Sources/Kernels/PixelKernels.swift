internal import CKernels

/// Numbers of one channel from samples of interleaved pixels, and back.
///
/// Samples become sample · factor + offset; numbers become number · factor + offset, limited to
/// 0 … peak and rounded where the samples are integers.
package protocol PixelSample: BitwiseCopyable {
    static func read(
        _ samples: UnsafePointer<Self>,
        step: Int,
        factor: Float,
        offset: Float,
        into numbers: UnsafeMutablePointer<Float>,
        numberStep: Int,
        count: Int
    )
    static func write(
        _ numbers: UnsafePointer<Float>,
        numberStep: Int,
        factor: Float,
        offset: Float,
        peak: Float,
        into samples: UnsafeMutablePointer<Self>,
        step: Int,
        count: Int
    )
}

extension UInt8: PixelSample {
    package static func read(
        _ samples: UnsafePointer<UInt8>,
        step: Int,
        factor: Float,
        offset: Float,
        into numbers: UnsafeMutablePointer<Float>,
        numberStep: Int,
        count: Int
    ) { atelier_read_u8(samples, step, factor, offset, numbers, numberStep, count) }

    package static func write(
        _ numbers: UnsafePointer<Float>,
        numberStep: Int,
        factor: Float,
        offset: Float,
        peak: Float,
        into samples: UnsafeMutablePointer<UInt8>,
        step: Int,
        count: Int
    ) { atelier_write_u8(numbers, numberStep, factor, offset, peak, samples, step, count) }
}

extension UInt16: PixelSample {
    package static func read(
        _ samples: UnsafePointer<UInt16>,
        step: Int,
        factor: Float,
        offset: Float,
        into numbers: UnsafeMutablePointer<Float>,
        numberStep: Int,
        count: Int
    ) { atelier_read_u16(samples, step, factor, offset, numbers, numberStep, count) }

    package static func write(
        _ numbers: UnsafePointer<Float>,
        numberStep: Int,
        factor: Float,
        offset: Float,
        peak: Float,
        into samples: UnsafeMutablePointer<UInt16>,
        step: Int,
        count: Int
    ) { atelier_write_u16(numbers, numberStep, factor, offset, peak, samples, step, count) }
}

extension Float: PixelSample {
    package static func read(
        _ samples: UnsafePointer<Float>,
        step: Int,
        factor: Float,
        offset: Float,
        into numbers: UnsafeMutablePointer<Float>,
        numberStep: Int,
        count: Int
    ) { atelier_read_f32(samples, step, factor, offset, numbers, numberStep, count) }

    package static func write(
        _ numbers: UnsafePointer<Float>,
        numberStep: Int,
        factor: Float,
        offset: Float,
        peak: Float,
        into samples: UnsafeMutablePointer<Float>,
        step: Int,
        count: Int
    ) { atelier_write_f32(numbers, numberStep, factor, offset, peak, samples, step, count) }
}
