import CPluginABI

extension LazyImage {
    /// Each sample the brightest in a square that reaches so many pixels to every side: a dilation.
    public func brightest(within reach: Int) throws -> LazyImage {
        try extremes(within: reach, areBright: true)
    }

    /// Each sample the darkest in a square that reaches so many pixels to every side: an erosion.
    public func darkest(within reach: Int) throws -> LazyImage {
        try extremes(within: reach, areBright: false)
    }

    private func extremes(within reach: Int, areBright: Bool) throws -> LazyImage {
        guard reach > 0 else { return self }
        let info = try info
        let bands = Int(info.bands)
        let layout = PixelLayout(
            width: Int(info.width),
            height: Int(info.height),
            bands: bands,
            format: info.format,
            space: ColorSpace(abiValue: info.space)
        )
        return try host.image(layout, from: [self], halo: reach) { inputs, result in
            let input = inputs[0]
            let stride = input.columns.count * bands
            var windows = RunningExtremes(areBright: areBright, input)
            windows.widen(to: 2 * reach + 1, step: bands)
            windows.widen(to: 2 * reach + 1, step: stride)
            let left = (result.columns.lowerBound - reach - input.columns.lowerBound) * bands
            for y in result.rows {
                let start = (y - reach - input.rows.lowerBound) * stride + left
                let end = start + result.columns.count * bands
                result.write(y, from: Array(windows.values[start..<end]))
            }
        }
    }
}

/// The extremes of longer and longer runs of samples, each at the place of its run's first.
///
/// Two runs that overlap make one of up to twice their length, so that long ones take few rounds.
private struct RunningExtremes {
    let areBright: Bool
    private(set) var values: [Float] = []
    private var next: [Float]

    /// All samples of a region, row by row.
    init(areBright: Bool, _ region: PixelRegion) {
        self.areBright = areBright
        var row = [Float](repeating: 0, count: region.columns.count * region.bands)
        values.reserveCapacity(row.count * region.rows.count)
        for y in region.rows {
            region.read(y, into: &row)
            values += row
        }
        next = values
    }

    /// - Parameter step: from a sample to the next one of a run. Runs over the end mean nothing.
    mutating func widen(to length: Int, step: Int) {
        var reached = 1
        while reached < length {
            let shift = min(reached, length - reached)
            join(apart: shift * step)
            reached += shift
        }
    }

    private mutating func join(apart distance: Int) {
        let count = values.count - distance
        guard count > 0 else { return }
        let areBright = areBright
        values.withUnsafeBufferPointer { values in
            next.withUnsafeMutableBufferPointer { next in
                if areBright {
                    for i in 0..<count {
                        let (a, b) = (values[i], values[i + distance])
                        next[i] = a > b ? a : b
                    }
                } else {
                    for i in 0..<count {
                        let (a, b) = (values[i], values[i + distance])
                        next[i] = a < b ? a : b
                    }
                }
            }
        }
        swap(&values, &next)
    }
}
