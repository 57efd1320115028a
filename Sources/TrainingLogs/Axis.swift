internal import Glibc

/// How the numbers of an axis are laid out.
package enum AxisScale: Sendable {
    case linear
    /// Powers of ten at equal distances; numbers that are not above 0 have no place.
    case logarithmic
}

/// An axis: a range of numbers with round ones marked.
struct Axis {
    let scale: AxisScale
    let range: ClosedRange<Double>
    let ticks: [Double]

    /// The axis that shows all of some numbers.
    init(_ numbers: [Double], _ scale: AxisScale, isTight: Bool = false) {
        self.scale = scale
        let shown = numbers.filter { $0.isFinite && (scale == .linear || $0 > 0) }
        let (least, most) = (shown.min() ?? (scale == .linear ? 0 : 1), shown.max() ?? 1)
        switch scale {
        case .linear:
            let span = most > least ? most - least : max(abs(most), 1)
            let step = roundStep(span / 5)
            let first = (least / step).rounded(.down)
            let last = max((most / step).rounded(.up), first + 1)
            range = isTight && most > least ? least...most : (first * step)...(last * step)
            ticks = (Int(first)...Int(last)).map { Double($0) * step }
                .filter(range.contains)
        case .logarithmic:
            let first = Int(log10(least).rounded(.down))
            let last = max(Int(log10(most).rounded(.up)), first + 1)
            range = pow(10, Double(first))...pow(10, Double(last))
            let stride = max(1, (last - first + 7) / 8)
            ticks = Swift.stride(from: first, through: last, by: stride).map { pow(10, Double($0)) }
        }
    }

    /// Where a number lies, 0 at the start of the axis and 1 at its end; `nil` if it has no place.
    func place(_ number: Double) -> Double? {
        guard number.isFinite else { return nil }
        switch scale {
        case .linear:
            return (number - range.lowerBound) / (range.upperBound - range.lowerBound)
        case .logarithmic:
            guard number > 0 else { return nil }
            return log10(number / range.lowerBound) / log10(range.upperBound / range.lowerBound)
        }
    }

    /// A marked number as text: 0.02, 40k, 1e-6, 2e12.
    func label(_ number: Double) -> String {
        let size = abs(number)
        if size == 0 { return "0" }
        if (1e6..<1e9).contains(size) { return trimmed(number / 1e6) + "M" }
        if (1e4..<1e6).contains(size) { return trimmed(number / 1e3) + "k" }
        if (1e-3..<1e4).contains(size) { return trimmed(number) }
        let exponent = Int(log10(size).rounded(.down))
        return trimmed(number / pow(10, Double(exponent))) + "e\(exponent)"
    }
}

/// The next of 1, 2, 5, 10, 20, … times a power of ten.
private func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    return ([1, 2, 5].first { $0 * power >= step * (1 - 1e-9) } ?? 10) * power
}

/// A number with at most four decimals, none of them a 0 at the end.
private func trimmed(_ number: Double) -> String {
    let rounded = (number * 1e4).rounded() / 1e4
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
}
