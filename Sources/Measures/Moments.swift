/// Mean and variance of numbers that come one by one (Welford's method).
package struct Moments: Sendable {
    package private(set) var count = 0
    package private(set) var mean = 0.0
    private var squares = 0.0

    package init() {}

    package init(_ numbers: some Sequence<Double>) {
        for number in numbers { add(number) }
    }

    package mutating func add(_ number: Double) {
        count += 1
        let step = number - mean
        mean += step / Double(count)
        squares += step * (number - mean)
    }

    /// The mean square distance from the mean.
    package var variance: Double { count == 0 ? 0 : squares / Double(count) }
    package var deviation: Double { variance.squareRoot() }
}

extension Plane {
    /// The plane moved and stretched to the mean and deviation of another: the colour match that
    /// needs no learning.
    package func matched(to other: Plane) -> Plane {
        let (own, wanted) = (Moments(values), Moments(other.values))
        let factor = own.deviation > 0 ? wanted.deviation / own.deviation : 0
        return Plane(
            width: width,
            height: height,
            values: values.map { (($0 - own.mean) * factor) + wanted.mean }
        )
    }
}
