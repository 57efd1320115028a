internal import Glibc

/// Weights of a neighbourhood of odd side, row by row; their sum is 1.
package struct SquareKernel: Sendable, Equatable {
    package let radius: Int
    package let weights: [Float]

    private init(radius: Int, weight: (Double, Double) -> Double) {
        self.radius = radius
        let places = -radius...radius
        let raw = places.flatMap { y in places.map { x in weight(Double(x), Double(y)) } }
        let sum = raw.reduce(0, +)
        weights = raw.map { Float($0 / sum) }
    }

    /// A Gaussian with two deviations in pixels, the first along a direction in radians.
    package static func gaussian(
        _ along: Double,
        _ across: Double,
        angle: Double,
        radius: Int
    ) -> SquareKernel {
        SquareKernel(radius: radius) { (x, y) in
            let u = (x * cos(angle) + y * sin(angle)) / along
            let v = (y * cos(angle) - x * sin(angle)) / across
            return exp(-(u * u + v * v) / 2)
        }
    }

    /// What lets waves of up to `cutoff` radians for each pixel pass in every direction, and leaves
    /// rings beside edges.
    package static func ringing(cutoff: Double, radius: Int) -> SquareKernel {
        SquareKernel(radius: radius) { (x, y) in
            let distance = hypot(x, y)
            return distance == 0 ? cutoff / 2 : j1(cutoff * distance) / distance
        }
    }
}
