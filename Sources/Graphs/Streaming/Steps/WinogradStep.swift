internal import Kernels

/// A 3 × 3 convolution of stride 1 between maps of 16 lanes, tile by tile.
///
/// Tiles begin at the first of the rows that are computed and at the map's first column; those at the
/// end reach beyond, where their inputs are zeros and their outputs are left out.
final class WinogradStep: StreamStep {
    private let input: BlockList
    private let residual: BlockList?
    private let output: RowMap
    private let rows, columns: Window
    private let inputRows: Int
    private let weights: PackedWinograd
    /// What the kernel cannot do on the way out.
    private let function: Unary.Function?
    /// Whether the residual is added after `function`.
    private let addsResidualLast: Bool

    init(
        input: BlockList,
        residual: BlockList?,
        output: RowMap,
        rows: Window,
        columns: Window,
        inputRows: Int,
        weights: PackedWinograd,
        function: Unary.Function?,
        addsResidualLast: Bool
    ) {
        self.input = input
        self.residual = residual
        self.output = output
        self.rows = rows
        self.columns = columns
        self.inputRows = inputRows
        self.weights = weights
        self.function = function
        self.addsResidualLast = addsResidualLast
    }

    var byteCount: Int { weights.byteCount }

    /// The tile with which a convolution takes the least time; `nil` if that is without the method.
    static func tile(
        _ rows: ConvolutionStep.Geometry,
        _ columns: ConvolutionStep.Geometry,
        _ input: BlockList,
        _ output: RowMap,
        height: Int
    ) -> Int? {
        for case .forward(let window) in [rows, columns]
        where window.size != 3 || window.stride != 1 || window.dilation != 1 { return nil }
        guard case .forward = rows, case .forward = columns else { return nil }
        let width = output.layout.columns.count
        let (channels, inputs, outputs) = (input.channels, input.count, output.layout.blocks)
        /// In multiplications of a vector, what transforms and the way to memory cost counted in.
        func cost(tile: Int) -> Int {
            let places = (tile + 2) * (tile + 2)
            let tiles = ((height + tile - 1) / tile) * ((width + tile - 1) / tile)
            return tiles * places * (channels * outputs + 7 * (inputs + outputs))
                + 8 * places * channels * outputs
        }
        let plain = height * width * 9 * channels * outputs
        let best = cost(tile: 6) < cost(tile: 4) ? 6 : 4
        guard cost(tile: best) < plain else { return nil }
        // Weights that no cache holds cost more than the larger tile gains.
        return channels * outputs * 16 >= 1 << 16 ? 4 : best
    }

    /// Asks for the zeros that tiles at the end of a row read.
    static func requireMargins(
        of input: BlockList,
        _ output: RowMap,
        _ columns: ConvolutionStep.Geometry,
        stored: Range<Int>,
        tile: Int
    ) {
        let own = output.layout.columns
        let end = own.lowerBound + (own.count + tile - 1) / tile * tile
        let reading = ConvolutionStep.reading(own.lowerBound..<end, columns)
        input.requireMargins(left: 0, right: max(0, reading.upperBound - stored.upperBound))
    }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        let tile = weights.tile
        let width = (output.layout.columns.count + tile - 1) / tile
        let count = (range.count + tile - 1) / tile * width
        // No larger than what keeps all threads at work.
        let share = (count + 4 * pool.threads - 1) / (4 * pool.threads)
        let size = min(weights.tilesPerCall, max(6, (share + 5) / 6 * 6))
        pool.run((count + size - 1) / size) { task in
            let first = task * size
            self.compute(first..<min(first + size, count), of: width, range)
        }
        guard let function else { return }
        pool.forEach(rows: range, columns: output.layout.columns) { [self] y, columns in
            finish(function, output, addsResidualLast ? residual : nil, y, columns)
        }
    }

    /// Computes some of the tiles of `range`, of which there are `width` in a row.
    private func compute(_ tiles: Range<Int>, of width: Int, _ range: Range<Int>) {
        let tile = weights.tile
        let row = tiles.lowerBound / width
        let tileRows = (tiles.upperBound - 1) / width + 1 - row
        let top = range.lowerBound + row * tile
        let outputRows = top..<min(top + tileRows * tile, range.upperBound)
        let inputTop = rows.position(of: 0, at: top)
        // Rows that only outputs beyond the end depend on are not at hand.
        let wanted = (inputTop..<(rows.position(of: 2, at: outputRows.upperBound - 1) + 1))
            .clamped(to: 0..<inputRows)
        let height = tileRows * tile + 2
        let left = output.layout.columns.lowerBound
        let usesResidual = residual != nil && !addsResidualLast
        let inputLeft = columns.position(of: 0, at: left) * 16
        withBlockPointers(input.count * height) { inputs in
            for block in 0..<input.count {
                for y in wanted {
                    inputs[block * height + y - inputTop] =
                        input.origin(y, block: block) + inputLeft
                }
            }
            withBlockPointers(usesResidual ? weights.outputBlocks * outputRows.count : 0) {
                others in
                if usesResidual, let residual {
                    for block in 0..<weights.outputBlocks {
                        for (index, y) in outputRows.enumerated() {
                            others[block * outputRows.count + index] =
                                residual.origin(y, block: block) + left * 16
                        }
                    }
                }
                withUnsafeTemporaryAllocation(
                    of: UnsafeMutablePointer<Float>?.self,
                    capacity: outputRows.count
                ) { outputs in
                    for (index, y) in outputRows.enumerated() {
                        outputs.initializeElement(
                            at: index,
                            to: output.origin(y, block: 0) + left * 16
                        )
                    }
                    weights.run(
                        tiles: (tiles.lowerBound - row * width)..<(tiles.upperBound - row * width),
                        columns: width,
                        input: UnsafeBufferPointer(inputs),
                        output: UnsafeBufferPointer(outputs),
                        outputColumns: output.layout.columns.count,
                        outputBlockStride: output.layout.blockStride,
                        residual: usesResidual ? UnsafePointer(others.baseAddress!) : nil
                    )
                }
            }
        }
    }
}
