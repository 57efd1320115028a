internal import Graphs

/// x where it is positive, else x times the slope of its channel.
package func prelu<Number: Real>(
    _ x: Variable<Number>,
    slopes: Variable<Number>
) -> Variable<Number> {
    guard Number.fuses && Recording.current != .twice else {
        return relu(x) - slopes.reshaped([slopes.count, 1, 1]) * relu(-x)
    }
    let (planes, size) = (x.shape[0] * x.shape[1], x.shape[2] * x.shape[3])
    func function(_ plane: Int) -> Function {
        .leakyRelu(slope: Double(slopes.base[plane % slopes.count]))
    }
    let result = Variable<Number>(x.shape) { y in
        inParallel(planes, grain: 1 + (1 << 14) / size) { range in
            for plane in range {
                let start = plane * size
                Number.apply(function(plane), x.base + start, into: y + start, count: size)
            }
        }
    }
    .traced(Binary(.prelu), [x, slopes.asConstant([slopes.count, 1, 1])])
    return result.recorded(from: [x, slopes]) { gradient, _ in
        let sums = Numbers<Number>(count: planes)
        let input = Variable<Number>(x.shape) { dx in
            inParallel(planes, grain: 1 + (1 << 14) / size) { range in
                for plane in range {
                    // The negative numbers first, for the slopes; then their place is needed.
                    let start = plane * size
                    let (x, g, dx) = (x.base + start, gradient.base + start, dx + start)
                    let negative = Function.clamp(low: -.greatestFiniteMagnitude, high: 0)
                    Number.apply(negative, x, into: dx, count: size)
                    sums.base[plane] = Number(Number.dot(g, dx, count: size))
                    Number.applySlope(of: function(plane), at: x, times: g, into: dx, count: size)
                }
            }
        }
        let perPlane = Variable(shape: [x.shape[0], x.shape[1]], numbers: sums)
        return [input, perPlane.summed(to: slopes.shape)]
    }
}

/// Feature maps divided by their root mean square.
package func filterResponseNormalized<Number: Real>(
    _ x: Variable<Number>,
    epsilon: Double = 1e-6
) -> Variable<Number> { x * rsqrt(square(x).mean([2, 3]) + Number(epsilon)) }

/// One half of the channels, as far as the other half lets it through: elu(a) · σ(b).
package func gated<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    let half = x.shape[1] / 2
    return elu(x.slice(1, 0..<half)) * sigmoid(x.slice(1, half..<(2 * half)))
}
