/// sRGB pictures of numbers 0 … 1 in CIE L*a*b* (D65): L 0 … 100.
package func labFromSRGB<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    let isDark = x.applying(.isWithin(low: -.infinity, high: 0.04045))
    let bright = pow((maximum(x, Variable(0.04045)) + 0.055) / 1.055, 2.4)
    let linear = choose(isDark, x / 12.92, bright)
    let xyz = mixChannels(linear, xyzFromLinear)
    let isSmall = xyz.applying(.isWithin(low: -.infinity, high: labBound))
    let root = pow(maximum(xyz, Variable(Number(labBound))), 1 / 3.0)
    let f = choose(isSmall, xyz * Number(labSlope) + Number(labOffset), root)
    return mixChannels(f, labFromRoots) + Variable([3, 1, 1], [-16, 0, 0])
}

/// CIE L*a*b* pictures as sRGB; colours that a screen cannot show lie outside 0 … 1.
package func sRGBFromLab<Number: Real>(_ lab: Variable<Number>) -> Variable<Number> {
    let f = mixChannels(lab + Variable([3, 1, 1], [16, 0, 0]), rootsFromLab)
    let bound = labBound * labSlope + labOffset
    let isSmall = f.applying(.isWithin(low: -.infinity, high: bound))
    let cube = pow(maximum(f, Variable(Number(bound))), 3)
    let xyz = choose(isSmall, (f - Number(labOffset)) / Number(labSlope), cube)
    let linear = mixChannels(xyz, linearFromXYZ)
    let isDark = linear.applying(.isWithin(low: -.infinity, high: 0.0031308))
    let bright = pow(maximum(linear, Variable(0.0031308)), 1 / 2.4) * 1.055 - 0.055
    return choose(isDark, linear * 12.92, bright)
}

/// `yes` where the mask is 1, `no` where it is 0.
private func choose<Number: Real>(
    _ mask: Variable<Number>,
    _ yes: Variable<Number>,
    _ no: Variable<Number>
) -> Variable<Number> { mask.detached * yes + (1 - mask.detached) * no }

private func mixChannels<Number: Real>(
    _ x: Variable<Number>,
    _ rows: [[Double]]
) -> Variable<Number> {
    convolution(x, weights: Variable([3, 3, 1, 1], rows.flatMap { $0.map { Number($0) } }))
}

private let labBound = 216.0 / 24389
private let labSlope = 24389.0 / 27 / 116
private let labOffset = 16.0 / 116

/// Linear light to XYZ, divided by the white of D65.
private let xyzFromLinear = zip(
    [
        [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    [0.95047, 1, 1.08883]
).map { row, white in row.map { $0 / white } }

private let linearFromXYZ = inverse(xyzFromLinear)
private let labFromRoots: [[Double]] = [[0, 116, 0], [500, -500, 0], [0, 200, -200]]
private let rootsFromLab = inverse(labFromRoots)

/// The inverse of a 3 × 3 matrix, by cofactors.
private func inverse(_ m: [[Double]]) -> [[Double]] {
    func cofactor(_ i: Int, _ j: Int) -> Double {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3)
        return m[a][c] * m[b][d] - m[a][d] * m[b][c]
    }
    let determinant = (0..<3).reduce(0) { $0 + m[0][$1] * cofactor(0, $1) }
    return (0..<3).map { i in (0..<3).map { j in cofactor(j, i) / determinant } }
}
