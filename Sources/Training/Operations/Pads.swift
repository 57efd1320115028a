internal import Graphs
internal import Tensors

/// What lies beyond the border of a picture.
package enum PadMode: Sendable {
    case zero
    /// The picture mirrored, without its outermost pixels.
    case reflect
    /// The outermost pixels.
    case replicate
}

extension Variable {
    /// Adds pixels around pictures.
    package func padded(
        _ mode: PadMode,
        top: Int,
        left: Int,
        bottom: Int,
        right: Int
    ) -> Variable {
        mapped(2, by: .pad(shape[2], before: top, after: bottom, mode))
            .mapped(3, by: .pad(shape[3], before: left, after: right, mode))
            .traced(
                mode.operation,
                [self],
                [
                    Tensor(
                        shape: [8],
                        values: [0, 0, top, left, 0, 0, bottom, right].map { Int64($0) }
                    )
                ]
            )
    }

    package func padded(_ mode: PadMode, _ margin: Int) -> Variable {
        margin == 0
            ? self
            : padded(mode, top: margin, left: margin, bottom: margin, right: margin)
    }
}

extension AxisMap {
    package static func pad(
        _ side: Int,
        before: Int,
        after: Int,
        _ mode: PadMode
    ) -> AxisMap {
        AxisMap(
            inputs: side,
            picking: (-before..<(side + after)).map { position in
                switch mode {
                case .zero: return (0..<side).contains(position) ? position : nil
                case .replicate: return min(max(position, 0), side - 1)
                case .reflect:
                    precondition(before < side && after < side, "a margin smaller than the side")
                    let positive = abs(position)
                    return positive < side ? positive : 2 * (side - 1) - positive
                }
            }
        )
    }
}
