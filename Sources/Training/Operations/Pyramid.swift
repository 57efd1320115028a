/// The Laplacian pyramid of pictures: details from fine to coarse, then what is left.
package func laplacianPyramid<Number: Real>(
    _ x: Variable<Number>,
    levels: Int
) -> [Variable<Number>] {
    var (rest, pyramid) = (x, [Variable<Number>]())
    for _ in 0..<levels {
        let smaller = halved(rest)
        pyramid.append(rest - doubled(smaller, height: rest.shape[2], width: rest.shape[3]))
        rest = smaller
    }
    return pyramid + [rest]
}

/// Pictures from their Laplacian pyramid.
package func pictures<Number: Real>(fromPyramid pyramid: [Variable<Number>]) -> Variable<Number> {
    pyramid.dropLast().reversed().reduce(pyramid.last!) { rest, detail in
        doubled(rest, height: detail.shape[2], width: detail.shape[3]) + detail
    }
}

/// Every other pixel of the smoothed picture.
private func halved<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    let smooth = smoothed(x, gain: 1)
    return smooth.slice(2, 0..<x.shape[2], step: 2).slice(3, 0..<x.shape[3], step: 2)
}

/// Zeros between the pixels, smoothed.
private func doubled<Number: Real>(
    _ x: Variable<Number>,
    height: Int,
    width: Int
) -> Variable<Number> {
    func spread(_ side: Int, _ goal: Int) -> AxisMap {
        AxisMap(inputs: side, picking: (0..<goal).map { $0 % 2 == 0 ? $0 / 2 : nil })
    }
    return smoothed(
        x.mapped(2, by: spread(x.shape[2], height)).mapped(3, by: spread(x.shape[3], width)),
        gain: 2
    )
}

/// The binomial kernel 1 4 6 4 1 along both axes, over reflected borders.
private func smoothed<Number: Real>(_ x: Variable<Number>, gain: Double) -> Variable<Number> {
    func blur(_ side: Int) -> AxisMap {
        let weights = [1.0, 4, 6, 4, 1]
        return AxisMap(
            inputs: side,
            (0..<side).map { place in
                weights.indices.map { tap in
                    let position = abs(place + tap - 2)
                    let inside = position < side ? position : 2 * (side - 1) - position
                    return (inside, weights[tap] * gain / 16)
                }
            }
        )
    }
    return x.mapped(2, by: blur(x.shape[2])).mapped(3, by: blur(x.shape[3]))
}
