internal import Foundation
internal import Tensors

/// A picture of nothing but brush strokes, in few colours, that follow a slowly turning direction.
struct PaintedPattern {
    private let side: Int
    private var random: RandomNumbers
    private var values: [Float]

    private static let palette: [[Float]] = [
        [0.09, 0.16, 0.42], [0.16, 0.36, 0.62], [0.93, 0.77, 0.25], [0.88, 0.91, 0.80],
        [0.78, 0.33, 0.16],
    ]

    init(side: Int, seed: UInt64) {
        self.side = side
        random = RandomNumbers(seed: seed, name: "strokes")
        values = (0..<3).flatMap { [Float](repeating: Self.palette[0][$0], count: side * side) }
        for _ in 0..<(side * side / 24) { addStroke() }
    }

    /// 3 × side × side from 0 to 1.
    var tensor: Tensor { Tensor(shape: [3, side, side], values: values) }

    /// A stroke of four to ten pixels' length and about three pixels' width.
    private mutating func addStroke() {
        let (x, y) = (random.uniform(0...Double(side)), random.uniform(0...Double(side)))
        let turn = sin(x / 19) + cos(y / 23) + random.uniform(-0.2...0.2)
        let (length, width) = (random.uniform(4...10), random.uniform(1...2))
        let color = Self.palette[random.integer(below: Self.palette.count)]
        let reach = Int(length) + 2
        for row in max(0, Int(y) - reach)..<min(side, Int(y) + reach) {
            for column in max(0, Int(x) - reach)..<min(side, Int(x) + reach) {
                let (dx, dy) = (Double(column) - x, Double(row) - y)
                let along = abs(dx * cos(turn) + dy * sin(turn)) - length
                let across = abs(dy * cos(turn) - dx * sin(turn)) - width
                let cover = Float(min(max(0.5 - max(along, across), 0), 1))
                for channel in 0..<3 {
                    let place = (channel * side + row) * side + column
                    values[place] += (color[channel] - values[place]) * cover
                }
            }
        }
    }
}
