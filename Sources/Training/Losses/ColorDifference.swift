internal import Foundation

/// How different the colours of two pictures look, pixel by pixel: CIEDE2000 with all weights 1, N × 1 × H × W.
///
/// Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", 2005, with three changes that let
/// it be differentiated everywhere: roots are smooth at zero; hues are unit vectors and not angles;
/// and the turn of blues falls off with the chord between hues, which is their angle as far as it
/// matters. Results are within 0.05 of the formula's, but for opposite hues.
///
/// - Parameters:
///   - first, second: N × 3 × H × W in CIE L*a*b*.
package func colorDifference<Number: Real>(
    _ first: Variable<Number>,
    _ second: Variable<Number>
) -> Variable<Number> {
    let (x, y) = (LabPlanes(first), LabPlanes(second))
    let stretch = 1 + 0.5 * (1 - saturation((x.chroma + y.chroma) / 2))
    let (p, q) = (x.stretched(stretch), y.stretched(stretch))
    let chroma = (p.chroma + q.chroma) / 2
    let hue = HueVector(p.a / p.chroma + q.a / q.chroma, p.b / p.chroma + q.b / q.chroma)

    let offset = square((p.lightness + q.lightness) / 2 - 50)
    let lightnessWeight = 1 + 0.015 * offset * rsqrt(offset + 20)
    let hueWeight = 1 + 0.015 * chroma * hue.weight
    let lightnessStep = (q.lightness - p.lightness) / lightnessWeight
    let chromaStep = (q.chroma - p.chroma) / (1 + 0.045 * chroma)
    // 2 √(C₁C₂) sin(Δh / 2), its square without its sign and itself.
    let (product, dot) = (p.chroma * q.chroma, p.a * q.a + p.b * q.b)
    let hueStepSquare = 2 * (product - dot) / square(hueWeight)
    let hueStep = (p.a * q.b - p.b * q.a) / root((product + dot) / 2) / hueWeight

    let rotation = -2 * saturation(chroma) * hue.turn
    let squares = square(lightnessStep) + square(chromaStep) + hueStepSquare
    return root(squares + rotation * chromaStep * hueStep)
}

/// The planes of a picture in CIE L*a*b*, each N × 1 × H × W.
private struct LabPlanes<Number: Real> {
    let lightness, a, b, chroma: Variable<Number>

    init(_ lab: Variable<Number>) {
        self.init(lab.slice(1, 0..<1), lab.slice(1, 1..<2), lab.slice(1, 2..<3))
    }

    private init(_ lightness: Variable<Number>, _ a: Variable<Number>, _ b: Variable<Number>) {
        (self.lightness, self.a, self.b) = (lightness, a, b)
        chroma = root(square(a) + square(b))
    }

    /// With a's stretch for colours near grey.
    func stretched(_ factor: Variable<Number>) -> LabPlanes { LabPlanes(lightness, a * factor, b) }
}

/// A hue h as cos h and sin h.
private struct HueVector<Number: Real> {
    /// The cosines and sines of h, 2h, 3h and 4h.
    private let multiples: [(cos: Variable<Number>, sin: Variable<Number>)]

    /// - Parameter a, b: a vector of any length that points there.
    init(_ a: Variable<Number>, _ b: Variable<Number>) {
        let length = root(square(a) + square(b))
        let unit = (cos: a / length, sin: b / length)
        var multiples = [unit]
        for _ in 0..<3 {
            let last = multiples.last!
            multiples.append(
                (
                    last.cos * unit.cos - last.sin * unit.sin,
                    last.sin * unit.cos + last.cos * unit.sin
                )
            )
        }
        self.multiples = multiples
    }

    /// The cosine of a multiple of the hue, less an angle in degrees.
    private func cosine(_ multiple: Int, less degrees: Double) -> Variable<Number> {
        let angle = degrees * .pi / 180
        let (cosine, sine) = multiples[multiple - 1]
        return cosine * Number(cos(angle)) + sine * Number(sin(angle))
    }

    /// T, by which differences of hue weigh less or more.
    var weight: Variable<Number> {
        let low = cosine(1, less: 30) * -0.17 + cosine(2, less: 0) * 0.24
        let high = cosine(3, less: -6) * 0.32 + cosine(4, less: 63) * -0.20
        return low + high + 1
    }

    /// sin(2Δθ), with Δθ = 30° · exp(−((h − 275°) / 25°)²).
    var turn: Variable<Number> {
        let width = 25 * Double.pi / 180
        let chordSquare = 2 - 2 * cosine(1, less: 275)
        let angle = exp(chordSquare * Number(-1 / (width * width))) * Number(Double.pi / 3)
        // Taylor's row, to 4e-6 for up to 60°.
        let square = square(angle)
        let third = 1 - square / 42
        let second = 1 - square / 20 * third
        return angle * (1 - square / 6 * second)
    }
}

/// √(C⁷ / (C⁷ + 25⁷)): 0 for grey, 1 for vivid colours.
private func saturation<Number: Real>(_ chroma: Variable<Number>) -> Variable<Number> {
    let power = pow(chroma / 25, 7)
    return root(power / (power + 1))
}

/// √x, smooth at zero, and for what is below zero by rounding.
private func root<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    sqrt(relu(x) + 1e-6)
}
