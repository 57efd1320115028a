package import Kernels
internal import Tensors

/// An operator of which an output position depends on few input positions, and on which is known.
package protocol LocalOperator: Operator {
    /// Where the positions along an output's axis come from, for every input.
    ///
    /// `nil` for an input that has no such axis (weights, scalars) or of which every output
    /// position sees the same elements.
    func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?]
}

/// The axis of an input that an output axis comes from, and how.
package struct AxisSource: Sendable {
    package let axis: Int
    package let map: AxisMap

    package init(axis: Int, _ map: AxisMap = .identity) {
        self.axis = axis
        self.map = map
    }
}

/// Which input positions an output position depends on, along one axis.
package enum AxisMap: Sendable {
    /// Its own.
    case identity
    /// Those under a sliding window.
    case window(Window)
    /// Those whose window, sliding over the output, covers it: a transposed convolution.
    case adjoint(Window)
    /// The one `before` positions earlier; outside the input, what the padding repeats.
    case padded(before: Int, Padding)
    /// Those that an interpolation mixes.
    case resampled(Resampling)
    /// The one it was spread from: `n` outputs for each input.
    case spread(Int)
    /// The `n` that were gathered into it.
    case gathered(Int)
    /// All of them.
    case everything

    /// The interval of input positions behind an interval of output positions, cut to the input.
    package func inputs(
        for outputs: Range<Int>,
        inputLength: Int,
        outputLength: Int
    ) -> Range<Int> {
        guard !outputs.isEmpty else { return 0..<0 }
        let (first, last) = (outputs.lowerBound, outputs.upperBound - 1)
        switch self {
        case .identity:
            return outputs.clamped(to: 0..<inputLength)
        case .window(let window):
            let low = window.position(of: 0, at: first)
            let high = window.position(of: window.size - 1, at: last)
            return max(0, low)..<max(min(high + 1, inputLength), max(0, low))
        case .adjoint(let window):
            let low = (first + window.padBefore - window.extent + 1).ceiledQuotient(
                by: window.stride
            )
            let high = (last + window.padBefore).flooredQuotient(by: window.stride)
            return max(0, low)..<max(min(high + 1, inputLength), max(0, low))
        case .padded(let before, let padding):
            return padding.sources(of: (first - before)..<(last - before + 1), in: inputLength)
        case .resampled(let resampling):
            let axis = resampling.axis(inputLength: inputLength, outputLength: outputLength)
            return axis.inputs(for: outputs)
        case .spread(let n):
            return (first / n)..<(last / n + 1)
        case .gathered(let n):
            return (first * n)..<min((last + 1) * n, inputLength)
        case .everything:
            return 0..<inputLength
        }
    }
}

/// What stands in for elements outside a tensor.
package enum Padding: String, Sendable, CaseIterable {
    case constant, reflect, edge, wrap

    /// The position whose element stands at `position`, which may lie outside; `nil` for a
    /// constant.
    package func source(of position: Int, in length: Int) -> Int? {
        if position >= 0, position < length { return position }
        switch self {
        case .constant: return nil
        case .edge: return position < 0 ? 0 : length - 1
        case .wrap: return position - position.flooredQuotient(by: length) * length
        case .reflect:
            if length == 1 { return 0 }
            let period = 2 * (length - 1)
            let phase = position - position.flooredQuotient(by: period) * period
            return phase < length ? phase : period - phase
        }
    }

    /// The interval of positions that stand at `positions`.
    package func sources(of positions: Range<Int>, in length: Int) -> Range<Int> {
        let inside = positions.clamped(to: 0..<length)
        var (low, high) = (inside.lowerBound, inside.upperBound)
        if inside.isEmpty { (low, high) = (Int.max, Int.min) }
        // After one period of the padding nothing new appears.
        let (leftEnd, rightStart) = (
            min(positions.upperBound, 0), max(positions.lowerBound, length)
        )
        let left = (max(positions.lowerBound, leftEnd - 2 * length), leftEnd)
        let right = (rightStart, min(positions.upperBound, rightStart + 2 * length))
        for (from, to) in [left, right] where from < to {
            for position in from..<to {
                guard let source = source(of: position, in: length) else { break }
                (low, high) = (min(low, source), max(high, source + 1))
            }
        }
        return low < high ? low..<high : 0..<0
    }
}
