internal import Foundation
internal import Graphs

/// How numbers between pixels are made.
package enum Interpolation: Sendable {
    /// The pixel at ⌊position · scale⌋.
    case nearest
    /// Between the centres of two pixels.
    case bilinear
    /// Cubic convolution with a = −½; smaller sides are averaged over correspondingly more pixels.
    case bicubic
}

extension Variable {
    /// Pictures with other sides.
    package func resized(height: Int, width: Int, _ interpolation: Interpolation) -> Variable {
        mapped(2, by: .resize(shape[2], to: height, interpolation))
            .mapped(3, by: .resize(shape[3], to: width, interpolation))
    }

    /// Pictures whose sides are `factor` times as long.
    package func enlarged(_ factor: Int, _ interpolation: Interpolation = .nearest) -> Variable {
        resized(height: shape[2] * factor, width: shape[3] * factor, interpolation)
            .traced(interpolation.resize(factor), [self, nil, nil, nil])
    }

    /// Means of squares of pixels; padding does not count.
    package func averagePooled(_ size: Int, stride: Int? = nil, padding: Int = 0) -> Variable {
        mapped(2, by: .average(shape[2], size, stride: stride ?? size, padding: padding))
            .mapped(3, by: .average(shape[3], size, stride: stride ?? size, padding: padding))
            .traced(
                Pooling(
                    .average(countsPadding: false),
                    rule: Sliding(stride: stride ?? size, padding: padding).rule([size, size])
                ),
                [self]
            )
    }

    /// The mean of every feature map: [batch, channels, 1, 1].
    package func globalAveragePooled() -> Variable {
        mean([2, 3]).traced(GlobalPooling(.average), [self])
    }
}

extension AxisMap {
    package static func resize(
        _ side: Int,
        to goal: Int,
        _ interpolation: Interpolation
    ) -> AxisMap {
        let scale = Double(side) / Double(goal)
        func clamped(_ position: Int) -> Int { min(max(position, 0), side - 1) }
        return AxisMap(
            inputs: side,
            (0..<goal).map { place in
                let center = (Double(place) + 0.5) * scale - 0.5
                switch interpolation {
                case .nearest: return [(clamped(place * side / goal), 1)]
                case .bilinear:
                    // Before the first centre and behind the last one their pixels go on.
                    let position = max(center, 0)
                    let part = position - position.rounded(.down)
                    let first = Int(position)
                    return [(clamped(first), 1 - part), (clamped(first + 1), part)]
                case .bicubic:
                    let reach = max(scale, 1)
                    let first = Int((center - 2 * reach).rounded(.up))
                    let last = Int((center + 2 * reach).rounded(.down))
                    let weights = (first...last).map { cubic((Double($0) - center) / reach) }
                    let sum = weights.reduce(0, +)
                    return zip(first...last, weights).map { (clamped($0), $1 / sum) }
                }
            }
        )
    }

    package static func average(_ side: Int, _ size: Int, stride: Int, padding: Int) -> AxisMap {
        AxisMap(
            inputs: side,
            (0...((side + 2 * padding - size) / stride)).map { place in
                let start = place * stride - padding
                let inside = max(start, 0)..<min(start + size, side)
                return inside.map { ($0, 1 / Double(inside.count)) }
            }
        )
    }

    /// Keys's cubic convolution kernel.
    private static func cubic(_ distance: Double) -> Double {
        let (a, x) = (-0.5, abs(distance))
        return x <= 1
            ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
