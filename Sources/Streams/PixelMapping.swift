internal import Graphs
internal import Kernels
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
    /// How many of a picture's last bands are masks, which are 0 … 1 in any range.
    package var masks = 0

    package init(range: Range = .unit, channels: Channels = .rgb) {
        self.range = range
        self.channels = channels
    }

    /// Which band of a pixel a channel of the network is.
    func band(ofChannel channel: Int, of count: Int) -> Int {
        channels == .bgr && count - masks == 3 && channel < 3 ? 2 - channel : channel
    }

    /// The numbers that a channel has.
    func range(ofChannel channel: Int, of count: Int) -> Range {
        channel < count - masks ? range : .unit
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
struct PixelRows: Sendable {
    let mapping: PixelMapping
    let format: SampleFormat

    /// Where the numbers of a channel go: the first, how far apart they are, and how many.
    typealias Target = (first: UnsafeMutablePointer<Float>, step: Int, count: Int)

    /// Spreads one row of pixels, from the first column of the input on, to its channels.
    func read(_ row: UnsafeRawPointer, _ bands: Int, _ y: Int, into input: InputRows) {
        read(row, bands) { (input.channel($0, row: y), input.step, input.columns.count) }
    }

    /// Spreads one row of pixels to channels.
    func read(_ row: UnsafeRawPointer, _ bands: Int, into target: (Int) -> Target) {
        switch format {
        case .u8: spread(row.assumingMemoryBound(to: UInt8.self), bands, target)
        case .u16: spread(row.assumingMemoryBound(to: UInt16.self), bands, target)
        default: spread(row.assumingMemoryBound(to: Float.self), bands, target)
        }
    }

    private func spread<Sample: PixelSample>(
        _ row: UnsafePointer<Sample>,
        _ bands: Int,
        _ target: (Int) -> Target
    ) {
        for channel in 0..<bands {
            let (first, step, count) = target(channel)
            let range = mapping.range(ofChannel: channel, of: bands)
            Sample.kernels.read(
                row + mapping.band(ofChannel: channel, of: bands),
                step: bands,
                factor: (range.white - range.black) / peak(of: format),
                offset: range.black,
                into: first,
                numberStep: step,
                count: count
            )
        }
    }

    /// Gathers the channels of a row into pixels.
    ///
    /// Numbers beyond black and white become black and white; integers are rounded to the nearest.
    func write(
        _ output: ChannelRows,
        _ y: Int,
        channels: Int,
        into row: UnsafeMutableRawPointer
    ) {
        switch format {
        case .u8: gather(output, y, channels, into: row.assumingMemoryBound(to: UInt8.self))
        case .u16: gather(output, y, channels, into: row.assumingMemoryBound(to: UInt16.self))
        default: gather(output, y, channels, into: row.assumingMemoryBound(to: Float.self))
        }
    }

    private func gather<Sample: PixelSample>(
        _ output: ChannelRows,
        _ y: Int,
        _ channels: Int,
        into row: UnsafeMutablePointer<Sample>
    ) {
        let factor = peak(of: format) / (mapping.range.white - mapping.range.black)
        for channel in 0..<channels {
            output.withChannel(channel, row: y) { numbers, step in
                Sample.kernels.write(
                    numbers,
                    numberStep: step,
                    factor: factor,
                    offset: -mapping.range.black * factor,
                    peak: peak(of: format),
                    into: row + mapping.band(ofChannel: channel, of: channels),
                    step: channels,
                    count: output.columns.count
                )
            }
        }
    }
}
