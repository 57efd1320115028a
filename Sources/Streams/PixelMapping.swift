package import Vips

/// How pixels become the numbers that a network reads, and back.
package struct PixelMapping: Sendable, Equatable {
    /// The numbers that stand for black and white.
    package enum Range: String, Sendable, CaseIterable, Codable {
        /// 0 … 1
        case unit
        /// 0 … 255
        case byte
        /// −1 … 1
        case signed

        package var black: Float { self == .signed ? -1 : 0 }
        package var white: Float { self == .byte ? 255 : 1 }
    }

    /// The order of the colours in a network's channels.
    package enum Channels: String, Sendable, CaseIterable, Codable {
        case rgb, bgr
    }

    package var range: Range
    package var channels: Channels

    package init(range: Range = .unit, channels: Channels = .rgb) {
        self.range = range
        self.channels = channels
    }

    /// Which band of a pixel a channel of the network is.
    func band(ofChannel channel: Int, of count: Int) -> Int {
        channels == .bgr && count == 3 ? 2 - channel : channel
    }
}

/// The value of white in a format of samples: 255, 65535, or 1.
package func peak(of format: SampleFormat) -> Float {
    switch format {
    case .u8: 255
    case .u16: 65535
    default: 1
    }
}

/// Turns rows of interleaved pixels into rows of a network's channels, and back.
struct PixelRows {
    let mapping: PixelMapping
    let format: SampleFormat

    /// Spreads one row of pixels to channels, each `width` numbers long.
    func read(_ view: PixelView, row: Int, channels: Int) -> [Float] {
        let factor = (mapping.range.white - mapping.range.black) / peak(of: format)
        switch format {
        case .u8: return spread(view.row(row, as: UInt8.self), channels, factor) { Float($0) }
        case .u16: return spread(view.row(row, as: UInt16.self), channels, factor) { Float($0) }
        default: return spread(view.row(row, as: Float.self), channels, factor) { $0 }
        }
    }

    private func spread<Sample>(
        _ pixels: UnsafeMutableBufferPointer<Sample>,
        _ channels: Int,
        _ factor: Float,
        _ number: (Sample) -> Float
    ) -> [Float] {
        let width = pixels.count / channels
        var row = [Float](repeating: 0, count: pixels.count)
        for channel in 0..<channels {
            let band = mapping.band(ofChannel: channel, of: channels)
            for x in 0..<width {
                row[channel * width + x] =
                    number(pixels[x * channels + band]) * factor + mapping.range.black
            }
        }
        return row
    }

    /// Gathers channels, `stride` numbers apart, into one row of pixels.
    ///
    /// Numbers beyond black and white become black and white; integers are rounded to the nearest.
    func write(
        _ numbers: UnsafePointer<Float>,
        stride: Int,
        step: Int,
        channels: Int,
        width: Int,
        into bytes: UnsafeMutableRawPointer
    ) {
        let factor = peak(of: format) / (mapping.range.white - mapping.range.black)
        for channel in 0..<channels {
            let band = mapping.band(ofChannel: channel, of: channels)
            for x in 0..<width {
                let number = (numbers[channel * stride + x * step] - mapping.range.black) * factor
                let limited = min(max(number, 0), peak(of: format))
                let place = x * channels + band
                switch format {
                case .u8:
                    bytes.storeBytes(
                        of: UInt8(limited.rounded()),
                        toByteOffset: place,
                        as: UInt8.self
                    )
                case .u16:
                    bytes.storeBytes(
                        of: UInt16(limited.rounded()),
                        toByteOffset: place * 2,
                        as: UInt16.self
                    )
                default: bytes.storeBytes(of: limited, toByteOffset: place * 4, as: Float.self)
                }
            }
        }
    }
}
