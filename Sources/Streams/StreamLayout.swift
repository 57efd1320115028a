package import Graphs
internal import Tensors

/// How a network is laid over a picture of one size, so that it fits into memory.
package struct StreamLayout: Sendable {
    /// The order in which the output is computed.
    package enum Way: Sendable, Equatable {
        /// Rows over the full width, each feature row once. `rows` of the input at a time.
        case rows(Int)
        /// Rectangles of the output, which compute again what they share with their neighbours.
        case tiles(rows: Int, columns: Int)
        /// Squares of the output with sides of so many pixels, of which only those that somebody asks for
        /// are computed.
        case patches(side: Int)
    }

    package let way: Way
    /// Bytes of feature maps, weights and buffers at a time.
    package let bytes: Int
    /// Multiply-adds of the whole picture at once.
    package let multiplyAdds: Double
    /// Multiply-adds that will be done ÷ those.
    package let workRatio: Double
    /// Whether the network looks at the whole picture at once.
    package let seesEverything: Bool

    /// - Throws: `StreamError` for a network that must see all of a picture too large for that.
    package init(
        _ fitted: PictureNetwork.Fitted,
        bytesPerPixel: (input: Int, output: Int),
        _ budget: StreamBudget
    ) throws {
        let sized = fitted.sized
        seesEverything = sized.isGlobal
        multiplyAdds = sized.multiplyAdds(of: fitted.output)
        let rows = 0..<fitted.outputHeight
        let columns = 0..<fitted.outputWidth
        let limit = sized.isGlobal ? budget.wholePictureBytes : budget.bytes
        let plan = try StreamPlan(
            sized,
            output: fitted.output,
            rows: rows,
            columns: columns,
            budget: limit
        )
        if plan.bytes <= limit {
            let strip = Double(plan.stripRows) * fitted.scale.value
            let rows = min(fitted.outputHeight, RowStream.rowsKept + Int(strip))
            let pixels = rows * fitted.outputWidth * bytesPerPixel.output
            (way, bytes, workRatio) = (.rows(plan.stripRows), plan.bytes + pixels, 1)
            return
        }
        guard !sized.isGlobal else {
            throw StreamError(
                "this network looks at the whole picture at once, which takes \(plan.bytes >> 20) MiB "
                    + "for \(fitted.width) × \(fitted.height) pixels; expected at most "
                    + "\(limit >> 20) MiB: resize the picture first"
            )
        }
        // Half of the budget is for the rows of pixels that tiles are cut from and put into.
        let buffered =
            fitted.outputWidth * bytesPerPixel.output
            + fitted.width * bytesPerPixel.input / max(1, Int(fitted.scale.value.rounded(.up)))
        let band = min(fitted.outputHeight, max(64, limit / 2 / max(1, buffered)), 2048)
        var best: (columns: Int, bytes: Int)?
        for pieces in 2...256 {
            let width = (fitted.outputWidth + pieces - 1) / pieces
            guard width >= 16 else { break }
            let middle = (fitted.outputWidth - width) / 2
            let top = (fitted.outputHeight - band) / 2
            let tile = try StreamPlan(
                sized,
                output: fitted.output,
                rows: top..<(top + band),
                columns: middle..<(middle + width),
                budget: limit / 2
            )
            let fits = tile.bytes <= limit / 2
            if fits || best == nil || best!.bytes > limit / 2 { best = (width, tile.bytes) }
            // Few rows at a time are slow: narrower tiles have room for more.
            if fits, tile.stripRows >= min(24, tile.inputRows.count) { break }
        }
        let tile = best ?? (columns: fitted.outputWidth, bytes: plan.bytes)
        way = .tiles(rows: band, columns: tile.columns)
        bytes = tile.bytes + band * buffered
        workRatio = Self.work(fitted, rows: band, columns: tile.columns) / max(1, multiplyAdds)
    }

    /// A layout for networks of which few parts are wanted; the work is that of all patches.
    init(
        patches side: Int,
        _ fitted: PictureNetwork.Fitted,
        bytesPerPixel: Int,
        _ budget: StreamBudget
    ) throws {
        let sized = fitted.sized
        guard !sized.isGlobal else {
            throw StreamError(
                "expected a network that looks at the surroundings of a pixel, found one that looks "
                    + "at the whole picture at once"
            )
        }
        let rows = Self.middle(fitted.outputHeight, side)
        let columns = Self.middle(fitted.outputWidth, side)
        let plan = try StreamPlan(
            sized,
            output: fitted.output,
            rows: rows,
            columns: columns,
            budget: budget.bytes / 2
        )
        way = .patches(side: side)
        let kept = PatchStore.capacity(
            width: fitted.outputWidth,
            side: side,
            bytesPerPixel: bytesPerPixel
        )
        bytes = plan.bytes + kept
        seesEverything = false
        multiplyAdds = sized.multiplyAdds(of: fitted.output)
        workRatio = Self.work(fitted, rows: side, columns: side) / max(1, multiplyAdds)
    }

    private static func middle(_ length: Int, _ side: Int) -> Range<Int> {
        let start = max(0, (length - side) / 2)
        return start..<min(length, start + side)
    }

    /// Multiply-adds of all tiles.
    private static func work(
        _ fitted: PictureNetwork.Fitted,
        rows: Int,
        columns: Int
    ) -> Double {
        var work = 0.0
        for top in stride(from: 0, to: fitted.outputHeight, by: rows) {
            for left in stride(from: 0, to: fitted.outputWidth, by: columns) {
                work += fitted.sized.multiplyAdds(
                    of: fitted.output,
                    rows: top..<min(top + rows, fitted.outputHeight),
                    columns: left..<min(left + columns, fitted.outputWidth)
                )
            }
        }
        return work
    }
}
