internal import Kernels
internal import Tensors

/// A convolution between maps of 16 lanes by Winograd's method, tile by tile.
///
/// The method is one for small kernels of stride 1. A kernel of stride 2 is one of stride 1 over four
/// times the channels: those of the even and the odd rows and columns. A transposed convolution of
/// stride 2 is four of stride 1, one for the even and odd rows and columns of the result each.
///
/// Tiles begin at the first of the rows that are computed and at the map's first column; those at the
/// end reach beyond, where their inputs are zeros and their outputs are left out.
final class WinogradStep: StreamStep {
    /// How a kernel of stride 1 lies along an axis of the maps: position p of it reads, for place k,
    /// input p · `inputStep` + `inputOffset` + k · `inputStep`, and gives output
    /// p · `outputStep` + `outputOffset`.
    struct Line: Sendable {
        var inputStep = 1
        var inputOffset: Int
        var outputStep = 1
        var outputOffset = 0
        /// For each set of inputs (even and odd ones) and place, which tap of the kernel it is.
        var taps: [[Int?]]

        /// Places of the kernel.
        var size: Int { taps[0].count }

        /// The positions that give outputs of a range.
        func positions(_ outputs: Range<Int>) -> Range<Int> {
            func first(_ output: Int) -> Int {
                (output - outputOffset).ceiledQuotient(by: outputStep)
            }
            return first(outputs.lowerBound)..<first(outputs.upperBound)
        }

        /// The first input that a position reads.
        func input(_ position: Int) -> Int { position * inputStep + inputOffset }

        func output(_ position: Int) -> Int { position * outputStep + outputOffset }

        /// The inputs that outputs at some positions depend on.
        func needed(_ positions: Range<Int>) -> Range<Int> {
            let offsets = taps.enumerated().flatMap { set, taps in
                taps.enumerated().compactMap { $1 == nil ? nil : $0 * inputStep + set }
            }
            return
                (input(positions.lowerBound) + offsets.min()!)..<(input(positions.upperBound - 1)
                + offsets.max()! + 1)
        }

        /// The inputs that some positions read, those without a weight included.
        func reading(_ positions: Range<Int>) -> Range<Int> {
            input(positions.lowerBound)..<(input(positions.upperBound + size - 2) + inputStep)
        }

        /// What an axis of a convolution is made of; `nil` where it does not suit the method.
        static func lines(_ geometry: ConvolutionStep.Geometry) -> [Line]? {
            let window = geometry.window
            guard window.dilation == 1, window.padBefore >= 0 else { return nil }
            let size = window.size
            switch (geometry, window.stride) {
            case (.forward, 1):
                return [Line(inputOffset: -window.padBefore, taps: [Array(0..<size)])]
            case (.forward, 2):
                let taps = (0..<2).map { set in
                    (0..<size.ceiledQuotient(by: 2)).map { place -> Int? in
                        2 * place + set < size ? 2 * place + set : nil
                    }
                }
                return [Line(inputStep: 2, inputOffset: -window.padBefore, taps: taps)]
            case (.transposed, 2):
                let count = size.ceiledQuotient(by: 2)
                return (0..<2).map { phase in
                    // An output takes tap t from the input that lies (output + padding − t) / 2 in.
                    let shifted = phase + window.padBefore
                    let odd = shifted % 2
                    let taps = (0..<count).reversed().map { place -> Int? in
                        2 * place + odd < size ? 2 * place + odd : nil
                    }
                    return Line(
                        inputOffset: shifted / 2 - count + 1,
                        outputStep: 2,
                        outputOffset: phase,
                        taps: [taps]
                    )
                }
            default: return nil
            }
        }
    }

    /// A kernel of stride 1 over the maps.
    struct Part: Sendable {
        let rows, columns: Line

        /// Which taps of the kernel it is made of.
        var taps: [[[Int?]]] { [rows.taps, columns.taps] }

        /// Which sets of input rows and columns it reads: even and odd ones.
        var sets: [(row: Int, column: Int)] {
            rows.taps.indices.flatMap { row in columns.taps.indices.map { (row, $0) } }
        }

        /// Its weights as [outputs, sets · inputs, places], from [outputs, inputs, taps].
        func kernel(_ weights: Tensor, width: Int) -> Tensor {
            let (outputs, inputs, taps) = (weights.shape[0], weights.shape[1], weights.shape[2])
            let source = weights.floats
            var values: [Float] = []
            values.reserveCapacity(outputs * inputs * sets.count * rows.size * columns.size)
            for output in 0..<outputs {
                for set in sets {
                    for input in 0..<inputs {
                        let start = (output * inputs + input) * taps
                        for row in rows.taps[set.row] {
                            for column in columns.taps[set.column] {
                                guard let row, let column else {
                                    values.append(0)
                                    continue
                                }
                                values.append(source[start + row * width + column])
                            }
                        }
                    }
                }
            }
            let shape = [outputs, sets.count * inputs, rows.size * columns.size]
            return Tensor(shape: shape, values: values)
        }

        /// Which channel stands in each place of its input blocks.
        func places(_ input: BlockList) -> [Int32] {
            let channels = Int32(input.channels)
            return sets.indices.flatMap { set in
                input.places.map { $0 < 0 ? -1 : $0 + Int32(set) * channels }
            }
        }
    }

    /// How a convolution is computed.
    struct Method: Sendable {
        let parts: [Part]
        let tiling: PackedWinograd.Tiling
        /// In multiplications of a vector.
        let cost: Int
    }

    private let input: BlockList
    private let output: RowMap
    private let inputRows: Int
    private let parts: [(part: Part, weights: PackedWinograd)]
    /// What the kernel adds.
    private let residual: BlockList?
    private let late: LateEnding?

    init(
        input: BlockList,
        output: RowMap,
        inputRows: Int,
        parts: [(part: Part, weights: PackedWinograd)],
        ending: SumEnding
    ) {
        self.input = input
        self.output = output
        self.inputRows = inputRows
        self.parts = parts
        residual = ending.added
        late = ending.late
    }

    var byteCount: Int { parts.reduce(0) { $0 + $1.weights.byteCount } }

    /// The method with the tile that takes the least time; `nil` if that is none.
    ///
    /// - Parameter height: rows of the whole result.
    static func method(
        _ rows: ConvolutionStep.Geometry,
        _ columns: ConvolutionStep.Geometry,
        _ input: BlockList,
        _ output: RowMap,
        height: Int
    ) -> Method? {
        guard let vertical = Line.lines(rows), let horizontal = Line.lines(columns),
            vertical[0].size == horizontal[0].size
        else { return nil }
        let tilings = PackedWinograd.Tiling.all(taps: vertical[0].size)
        let parts = vertical.flatMap { row in horizontal.map { Part(rows: row, columns: $0) } }
        let width = output.layout.columns.count
        let (channels, inputs, outputs) = (input.channels, input.count, output.layout.blocks)
        let sets = parts[0].sets.count
        /// In multiplications of a vector, with what transforms and reading the weights cost.
        func cost(_ tiling: PackedWinograd.Tiling) -> Int {
            let tile = tiling.outputs
            let tiles = parts.reduce(0) { sum, part in
                let rows = part.rows.positions(0..<height).count
                let columns = part.columns.positions(0..<width).count
                return sum + rows.ceiledQuotient(by: tile) * columns.ceiledQuotient(by: tile)
            }
            let products = sets * channels * outputs
            return tiling.places
                * (tiles * (products + 7 * (sets * inputs + outputs))
                    + 12 * products * parts.count)
        }
        let plain = plainCost(rows, columns, input, output, height: height)
        guard let tiling = tilings.min(by: { cost($0) < cost($1) }), cost(tiling) < plain * 9 / 10
        else { return nil }
        return Method(parts: parts, tiling: tiling, cost: cost(tiling))
    }

    /// What the convolution costs without the method, in multiplications of a vector.
    static func plainCost(
        _ rows: ConvolutionStep.Geometry,
        _ columns: ConvolutionStep.Geometry,
        _ input: BlockList,
        _ output: RowMap,
        height: Int
    ) -> Int {
        let taps = rows.window.size * columns.window.size
        let pixels = height * output.layout.columns.count / (rows.phases * columns.phases)
        return input.channels * output.layout.blocks * taps * (pixels + 12)
    }

    /// Asks for the zeros that tiles at both ends of a row read.
    static func requireMargins(
        _ method: Method,
        of input: BlockList,
        _ output: RowMap,
        stored: Range<Int>
    ) {
        let tile = method.tiling.outputs
        for part in method.parts {
            let positions = part.columns.positions(output.layout.columns)
            guard !positions.isEmpty else { continue }
            let count = positions.count.ceiledQuotient(by: tile) * tile
            let reading = part.columns.reading(
                positions.lowerBound..<(positions.lowerBound + count)
            )
            input.requireMargins(
                left: max(0, stored.lowerBound - reading.lowerBound),
                right: max(0, reading.upperBound - stored.upperBound)
            )
        }
    }

    /// Some tiles of a part, counted from the first of its rows.
    private struct Task {
        let part: Int
        let tiles: Range<Int>
    }

    func compute(_ range: Range<Int>, _ pool: WorkerPool) {
        var tasks: [Task] = []
        for (index, (part, weights)) in parts.enumerated() {
            let rows = part.rows.positions(range).count.ceiledQuotient(by: weights.tile)
            let count = rows * tilesInRow(part, weights)
            // No more at a time than what keeps all threads at work.
            let share = (count * parts.count).ceiledQuotient(by: 4 * pool.threads)
            let size = min(weights.tilesPerCall, max(6, share.ceiledQuotient(by: 6) * 6))
            for first in stride(from: 0, to: count, by: size) {
                tasks.append(Task(part: index, tiles: first..<min(first + size, count)))
            }
        }
        pool.run(tasks.count) { [tasks] in self.compute(tasks[$0], range) }
        guard let late else { return }
        pool.forEach(rows: range, columns: output.layout.columns) { [self] y, columns in
            late.finish(output, y, columns)
        }
    }

    private func tilesInRow(_ part: Part, _ weights: PackedWinograd) -> Int {
        part.columns.positions(output.layout.columns).count.ceiledQuotient(by: weights.tile)
    }

    private func compute(_ task: Task, _ range: Range<Int>) {
        let (part, weights) = parts[task.part]
        let (tile, width) = (weights.tile, tilesInRow(part, weights))
        let first = task.tiles.lowerBound / width
        let tileRows = (task.tiles.upperBound - 1) / width + 1 - first
        let all = part.rows.positions(range)
        let top = all.lowerBound + first * tile
        let rows = top..<min(top + tileRows * tile, all.upperBound)
        // Other rows that tiles read may not be at hand.
        let wanted = part.rows.needed(rows).clamped(to: 0..<inputRows)
        let height = tileRows * tile + part.rows.size - 1
        let columns = part.columns.positions(output.layout.columns)
        let left = part.columns.output(columns.lowerBound) * 16
        let sets = part.sets
        withBlockPointers(sets.count * input.count * height) { inputs in
            for (index, set) in sets.enumerated() {
                let start = (part.columns.input(columns.lowerBound) + set.column) * 16
                for row in 0..<height {
                    let y = part.rows.input(top + row) + set.row
                    guard wanted.contains(y) else { continue }
                    for block in 0..<input.count {
                        inputs[(index * input.count + block) * height + row] =
                            input.origin(y, block: block) + start
                    }
                }
            }
            withBlockPointers(residual == nil ? 0 : weights.outputBlocks * rows.count) { others in
                if let residual {
                    for block in 0..<weights.outputBlocks {
                        for (index, y) in rows.enumerated() {
                            others[block * rows.count + index] =
                                residual.origin(part.rows.output(y), block: block) + left
                        }
                    }
                }
                withUnsafeTemporaryAllocation(
                    of: UnsafeMutablePointer<Float>?.self,
                    capacity: rows.count
                ) { outputs in
                    for (index, y) in rows.enumerated() {
                        outputs.initializeElement(
                            at: index,
                            to: output.origin(part.rows.output(y), block: 0) + left
                        )
                    }
                    weights.run(
                        tiles: (task.tiles.lowerBound - first * width)..<(task.tiles.upperBound
                            - first * width),
                        columns: width,
                        input: UnsafeBufferPointer(inputs),
                        inputStep: part.columns.inputStep * 16,
                        output: UnsafeBufferPointer(outputs),
                        outputColumns: columns.count,
                        outputBlockStride: output.layout.blockStride,
                        outputStep: part.columns.outputStep * 16,
                        residual: residual == nil ? nil : UnsafePointer(others.baseAddress!)
                    )
                }
            }
        }
    }
}
