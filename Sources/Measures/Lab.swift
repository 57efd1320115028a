internal import Glibc

/// A colour in CIELAB, for the white of daylight (D65, 2°).
package struct Lab: Sendable, Equatable {
    package var lightness, a, b: Double

    package init(_ lightness: Double, _ a: Double, _ b: Double) {
        self.lightness = lightness
        self.a = a
        self.b = b
    }

    /// The colour of sRGB values from 0 to 1.
    package init(red: Double, green: Double, blue: Double) {
        let (r, g, b) = (linear(red), linear(green), linear(blue))
        // IEC 61966-2-1.
        let x = 0.4124564 * r + 0.3575761 * g + 0.1804375 * b
        let y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
        let z = 0.0193339 * r + 0.1191920 * g + 0.9503041 * b
        let (fx, fy, fz) = (compressed(x / 0.95047), compressed(y), compressed(z / 1.08883))
        self.init(116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))
    }
}

private func linear(_ value: Double) -> Double {
    value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
}

private func compressed(_ t: Double) -> Double {
    t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116
}

/// How different two colours look: CIEDE2000 with all weights 1, after Sharma, Wu and Dalal (2005).
///
/// 1 is about the least difference that one sees.
package func colorDifference(_ first: Lab, _ second: Lab) -> Double {
    let (chroma1, chroma2) = (hypot(first.a, first.b), hypot(second.a, second.b))
    let mean7 = pow((chroma1 + chroma2) / 2, 7)
    let g = 0.5 * (1 - (mean7 / (mean7 + pow(25, 7))).squareRoot())
    let (a1, a2) = ((1 + g) * first.a, (1 + g) * second.a)
    let (c1, c2) = (hypot(a1, first.b), hypot(a2, second.b))
    let (h1, h2) = (hue(a1, first.b), hue(a2, second.b))

    let lightnessStep = second.lightness - first.lightness
    let chromaStep = c2 - c1
    var turn = 0.0
    if c1 * c2 != 0 {
        turn = h2 - h1
        if turn > 180 { turn -= 360 }
        if turn < -180 { turn += 360 }
    }
    let hueStep = 2 * (c1 * c2).squareRoot() * sin(radians(turn / 2))

    let lightness = (first.lightness + second.lightness) / 2
    let chroma = (c1 + c2) / 2
    var hue = h1 + h2
    if c1 * c2 != 0 {
        if abs(h1 - h2) > 180 { hue += hue < 360 ? 360 : -360 }
        hue /= 2
    }
    let t =
        1 - 0.17 * cos(radians(hue - 30)) + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6)) - 0.20 * cos(radians(4 * hue - 63))
    let offset = (lightness - 50) * (lightness - 50)
    let lightnessWeight = 1 + 0.015 * offset / (20 + offset).squareRoot()
    let chromaWeight = 1 + 0.045 * chroma
    let hueWeight = 1 + 0.015 * chroma * t
    let turned = 30 * exp(-((hue - 275) / 25) * ((hue - 275) / 25))
    let chroma7 = pow(chroma, 7)
    let rotation =
        -2 * (chroma7 / (chroma7 + pow(25, 7))).squareRoot() * sin(radians(2 * turned))
    let (l, c, h) = (
        lightnessStep / lightnessWeight, chromaStep / chromaWeight, hueStep / hueWeight
    )
    return (l * l + c * c + h * h + rotation * c * h).squareRoot()
}

/// The angle of a colour in degrees, 0 to 360; 0 for grey.
private func hue(_ a: Double, _ b: Double) -> Double {
    if a == 0 && b == 0 { return 0 }
    let angle = atan2(b, a) * 180 / .pi
    return angle < 0 ? angle + 360 : angle
}

private func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }

/// The mean CIEDE2000 difference of two pictures in sRGB, each of three planes from 0 to 255.
package func meanColorDifference(_ first: [Plane], _ second: [Plane]) -> Double {
    func color(_ planes: [Plane], _ i: Int) -> Lab {
        Lab(
            red: planes[0].values[i] / 255,
            green: planes[1].values[i] / 255,
            blue: planes[2].values[i] / 255
        )
    }
    let sum = first[0].values.indices.reduce(0) {
        $0 + colorDifference(color(first, $1), color(second, $1))
    }
    return sum / Double(first[0].values.count)
}
