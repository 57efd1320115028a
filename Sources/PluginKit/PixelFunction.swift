internal import CPluginABI

/// A part of an image in memory, as a pixel function sees it.
///
/// Lives during one call.
public struct PixelRegion {
    private let region: atelier_region

    fileprivate init(_ region: atelier_region) { self.region = region }

    /// Where it lies in its image; an input's region may begin outside.
    public var columns: Range<Int> { Int(region.left)..<Int(region.left) + Int(region.width) }
    public var rows: Range<Int> { Int(region.top)..<Int(region.top) + Int(region.height) }
    public var bands: Int { Int(region.bands) }

    /// Copies the samples of row `y` into the buffer, bands interleaved.
    public func read(_ y: Int, into buffer: inout [Float]) {
        let count = columns.count * bands
        let start = address(y)
        switch Int(region.format) {
        case Int(ATELIER_U8): copy(start.assumingMemoryBound(to: UInt8.self), count, &buffer)
        case Int(ATELIER_U16): copy(start.assumingMemoryBound(to: UInt16.self), count, &buffer)
        default: copy(start.assumingMemoryBound(to: Float.self), count, &buffer)
        }
    }

    /// Fills row `y` from the buffer; whole numbers are rounded and kept in their range.
    public func write(_ y: Int, from buffer: [Float]) {
        let count = columns.count * bands
        let start = address(y)
        switch Int(region.format) {
        case Int(ATELIER_U8):
            let row = start.assumingMemoryBound(to: UInt8.self)
            for i in 0..<count { row[i] = UInt8(min(255, max(0, buffer[i].rounded()))) }
        case Int(ATELIER_U16):
            let row = start.assumingMemoryBound(to: UInt16.self)
            for i in 0..<count { row[i] = UInt16(min(65535, max(0, buffer[i].rounded()))) }
        default:
            let row = start.assumingMemoryBound(to: Float.self)
            for i in 0..<count { row[i] = buffer[i] }
        }
    }

    private func address(_ y: Int) -> UnsafeMutableRawPointer {
        precondition(rows.contains(y), "a row of the region")
        return region.pixels + (y - rows.lowerBound) * region.stride
    }
}

private func copy(_ row: UnsafePointer<some BinaryInteger>, _ count: Int, _ buffer: inout [Float]) {
    for i in 0..<count { buffer[i] = Float(row[i]) }
}

private func copy(_ row: UnsafePointer<Float>, _ count: Int, _ buffer: inout [Float]) {
    for i in 0..<count { buffer[i] = row[i] }
}

/// What an image computed by a pixel function is like.
public struct PixelLayout: Sendable {
    public var width, height, bands: Int
    /// ATELIER_U8, ATELIER_U16 or ATELIER_F32.
    public var format: UInt32
    public var space: ColorSpace

    public init(width: Int, height: Int, bands: Int, format: UInt32, space: ColorSpace) {
        self.width = width
        self.height = height
        self.bands = bands
        self.format = format
        self.space = space
    }
}

extension Host {
    /// An image whose pixels are computed by a function, region by region.
    ///
    /// - Parameters:
    ///   - halo: how many input pixels beyond its own place a pixel needs, in each direction.
    ///   - compute: fills a region of the result from a region of every input, which covers what is
    ///     needed; beyond an image its nearest edge pixel is repeated. Called on several threads at
    ///     once; depends on nothing but its arguments.
    public func image(
        _ layout: PixelLayout,
        from inputs: [LazyImage],
        halo: Int = 0,
        compute: @escaping @Sendable (_ inputs: [PixelRegion], _ result: PixelRegion) throws -> Void
    ) throws -> LazyImage {
        var map = atelier_map()
        map.size = UInt32(MemoryLayout<atelier_map>.size)
        (map.width, map.height) = (Int32(layout.width), Int32(layout.height))
        (map.bands, map.format) = (UInt32(layout.bands), layout.format)
        map.space = layout.space.abiValue
        map.halo = Int32(halo)
        map.state = Unmanaged.passRetained(PixelFunction(compute)).toOpaque()
        map.compute = { state, inputs, count, result, error in
            let function = Unmanaged<PixelFunction>.fromOpaque(state!).takeUnretainedValue()
            do {
                let regions = (0..<Int(count)).map { PixelRegion(inputs![$0]) }
                try function.compute(regions, PixelRegion(result!.pointee))
                return Int32(ATELIER_OK)
            } catch let failure {
                PluginKit.write("\(failure)", to: error)
                return Int32(ATELIER_FAILED)
            }
        }
        map.release = { Unmanaged<PixelFunction>.fromOpaque($0!).release() }
        var result: OpaquePointer?
        let pointers = inputs.map { Optional($0.pointer) }
        try check {
            images.pointee.map(pointer, &map, pointers, UInt32(pointers.count), &result, $0)
        }
        return LazyImage(owning: result!, self)
    }
}

/// A function behind the state of a map.
private final class PixelFunction: Sendable {
    let compute: @Sendable ([PixelRegion], PixelRegion) throws -> Void

    init(_ compute: @escaping @Sendable ([PixelRegion], PixelRegion) throws -> Void) {
        self.compute = compute
    }
}
