internal import Glibc

/// A kernel that weighs pixels by their distance.
package enum ResizeKernel: Sendable {
    /// A triangle: linear interpolation.
    case linear
    /// Keys (1981), with a = −0.5.
    case cubic
    /// Three lobes of sinc, windowed by the middle lobe of a wider one.
    case lanczos3

    /// How far it reaches on each side, in pixels.
    fileprivate var radius: Double {
        switch self {
        case .linear: 1
        case .cubic: 2
        case .lanczos3: 3
        }
    }

    fileprivate func weight(_ x: Double) -> Double {
        let t = abs(x)
        if t >= radius { return 0 }
        switch self {
        case .linear:
            return 1 - t
        case .cubic:
            return t <= 1 ? (1.5 * t - 2.5) * t * t + 1 : ((-0.5 * t + 2.5) * t - 4) * t + 2
        case .lanczos3:
            return t < 1e-9 ? 1 : 3 * sin(.pi * t) * sin(.pi * t / 3) / (.pi * .pi * t * t)
        }
    }
}

/// Resizing as MATLAB's `imresize` does it: the kernel is widened when the picture shrinks, edges are
/// mirrored with the edge pixel repeated.
extension Plane {
    /// Both sides times `scale`, rounded up; rows first, then columns.
    package func resized(by scale: Double, _ kernel: ResizeKernel = .cubic) -> Plane {
        resized(
            Taps(length: width, scale: scale, kernel),
            Taps(length: height, scale: scale, kernel)
        )
    }

    /// Both sides as long as said, each with a scale of its own.
    package func resized(width: Int, height: Int, _ kernel: ResizeKernel = .cubic) -> Plane {
        let scaleX = Double(width) / Double(self.width)
        let scaleY = Double(height) / Double(self.height)
        return resized(
            Taps(length: self.width, count: width, scale: scaleX, kernel),
            Taps(length: self.height, count: height, scale: scaleY, kernel)
        )
    }

    private func resized(_ columns: Taps, _ rows: Taps) -> Plane {
        resizedColumns(rows).transposed.resizedColumns(columns).transposed
    }

    private var transposed: Plane {
        var turned = [Double](repeating: 0, count: values.count)
        for y in 0..<height {
            for x in 0..<width { turned[x * height + y] = values[y * width + x] }
        }
        return Plane(width: height, height: width, values: turned)
    }

    private func resizedColumns(_ taps: Taps) -> Plane {
        var result = [Double](repeating: 0, count: width * taps.count)
        for y in 0..<taps.count {
            for (row, weight) in zip(taps.positions[y], taps.weights[y]) where weight != 0 {
                for x in 0..<width { result[y * width + x] += weight * values[row * width + x] }
            }
        }
        return Plane(width: width, height: taps.count, values: result)
    }
}

/// Which inputs each output of an axis is made of.
private struct Taps {
    let count: Int
    var positions: [[Int]] = []
    var weights: [[Double]] = []

    init(length: Int, count: Int? = nil, scale: Double, _ kernel: ResizeKernel) {
        self.count = count ?? Int((Double(length) * scale).rounded(.up))
        let stretch = min(scale, 1)
        let support = 2 * kernel.radius / stretch
        let tapCount = Int(support.rounded(.up)) + 2
        for output in 1...self.count {
            // Counted from 1, as the formula is.
            let center = Double(output) / scale + 0.5 * (1 - 1 / scale)
            let first = Int((center - support / 2).rounded(.down))
            let raw = (0..<tapCount).map {
                stretch * kernel.weight(stretch * (center - Double(first + $0)))
            }
            let sum = raw.reduce(0, +)
            weights.append(raw.map { $0 / sum })
            positions.append((0..<tapCount).map { mirrored(first + $0 - 1, length) })
        }
    }
}

/// Mirrors positions beyond the ends, the end itself repeated: … 1 0 | 0 1 … n−1 | n−1 n−2 ….
private func mirrored(_ position: Int, _ length: Int) -> Int {
    let period = 2 * length
    let phase = ((position % period) + period) % period
    return phase < length ? phase : period - 1 - phase
}
