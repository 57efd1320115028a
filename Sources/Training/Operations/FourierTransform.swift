internal import Foundation

/// The Fourier transform of real pictures over both axes, scaled to keep lengths: real and imaginary
/// parts of the columns 0 … width / 2.
package func fourierTransform<Number: Real>(
    _ x: Variable<Number>
) -> (real: Variable<Number>, imaginary: Variable<Number>) {
    let (height, width) = (x.shape[2], x.shape[3])
    let columns = width / 2 + 1
    let (c, s) = waves(width, columns)
    let (real, imaginary) = (x.mapped(3, by: c), x.mapped(3, by: s) * -1)
    let (u, v) = waves(height, height)
    return (
        real.mapped(2, by: u) + imaginary.mapped(2, by: v),
        imaginary.mapped(2, by: u) - real.mapped(2, by: v)
    )
}

/// The way back, to pictures of a width.
package func inverseFourierTransform<Number: Real>(
    real: Variable<Number>,
    imaginary: Variable<Number>,
    width: Int
) -> Variable<Number> {
    let (u, v) = waves(real.shape[2], real.shape[2])
    let (a, b) = (
        real.mapped(2, by: u) - imaginary.mapped(2, by: v),
        imaginary.mapped(2, by: u) + real.mapped(2, by: v)
    )
    // Columns that are left out are the mirrored ones.
    let columns = width / 2 + 1
    let (c, s) = waves(width, columns)
    let isDoubled = (0..<columns).map { $0 > 0 && $0 * 2 < width }
    let weights = Variable<Number>([columns], isDoubled.map { $0 ? 2 : 1 })
    return (a * weights).mapped(3, by: c.transposed) - (b * weights).mapped(3, by: s.transposed)
}

/// Cosines and sines of the first `count` frequencies.
private func waves(_ side: Int, _ count: Int) -> (cosines: AxisMap, sines: AxisMap) {
    func map(_ wave: (Double) -> Double) -> AxisMap {
        AxisMap(
            inputs: side,
            (0..<count).map { frequency in
                (0..<side).map { place in
                    let turns = Double(frequency * place % side) / Double(side)
                    return (place, wave(2 * .pi * turns) / Double(side).squareRoot())
                }
            }
        )
    }
    return (map { cos($0) }, map { sin($0) })
}
