/// Functions of one number.
extension Variable {
    package func applying(_ function: Function) -> Variable {
        // A graph has an operator for each.
        if case .scale(let factor, let offset) = function, factor != 1, offset != 0,
            Tracer.current != nil
        {
            return applying(.scale(factor: factor, offset: 0))
                .applying(.scale(factor: 1, offset: offset))
        }
        let result = Variable(shape) { y in
            inParallel(count) { range in
                Number.apply(
                    function,
                    base + range.lowerBound,
                    into: y + range.lowerBound,
                    count: range.count
                )
            }
        }
        .traced(function.operation.0, [self], function.operation.1)
        if Recording.current == .twice {
            return result.recorded(from: self) { gradient in
                function.slope(at: self).map { gradient * $0 } ?? Variable(shape, repeating: 0)
            }
        }
        let value = function.slopeNeedsResult ? result.detached : detached
        return result.recorded(from: self) { gradient in
            Variable(value.shape) { dx in
                inParallel(value.count) { range in
                    Number.applySlope(
                        of: function,
                        at: value.base + range.lowerBound,
                        times: gradient.base + range.lowerBound,
                        into: dx + range.lowerBound,
                        count: range.count
                    )
                }
            }
        }
    }
}

extension Function {
    /// The slope as something to be differentiated again; `nil` where it is zero everywhere.
    fileprivate func slope<Number: Real>(at x: Variable<Number>) -> Variable<Number>? {
        switch self {
        case .exp: x.applying(.exp)
        case .log: x.applying(.reciprocal)
        case .sqrt: x.applying(.sqrt).applying(.reciprocal) * 0.5
        case .abs: x.applying(.sign).detached
        case .sign, .step, .isWithin: nil
        case .reciprocal: -x.applying(.reciprocal).applying(.square)
        case .square: x * 2
        case .tanh: 1 - x.applying(.tanh).applying(.square)
        case .sigmoid: x.applying(.sigmoid) * (1 - x.applying(.sigmoid))
        case .softplus: x.applying(.sigmoid)
        case .leakyRelu(let slope): x.applying(.step(slope: slope)).detached
        case .elu: minimum(x, Variable(0)).applying(.exp)
        case .clamp(let low, let high): x.applying(.isWithin(low: low, high: high)).detached
        case .power(let exponent): x.applying(.power(exponent - 1)) * Number(exponent)
        case .scale(let factor, _): Variable(Number(factor))
        }
    }
}

package func relu<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    x.applying(.leakyRelu(slope: 0))
}
package func leakyRelu<Number: Real>(
    _ x: Variable<Number>,
    slope: Double = 0.2
) -> Variable<Number> { x.applying(.leakyRelu(slope: slope)) }
package func elu<Number: Real>(_ x: Variable<Number>) -> Variable<Number> { x.applying(.elu) }
package func tanh<Number: Real>(_ x: Variable<Number>) -> Variable<Number> { x.applying(.tanh) }
package func sigmoid<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    x.applying(.sigmoid)
}
/// log(1 + eˣ), without overflow.
package func softplus<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    x.applying(.softplus)
}
package func exp<Number: Real>(_ x: Variable<Number>) -> Variable<Number> { x.applying(.exp) }
package func log<Number: Real>(_ x: Variable<Number>) -> Variable<Number> { x.applying(.log) }
package func sqrt<Number: Real>(_ x: Variable<Number>) -> Variable<Number> { x.applying(.sqrt) }
package func rsqrt<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    x.applying(.sqrt).applying(.reciprocal)
}
package func abs<Number: Real>(_ x: Variable<Number>) -> Variable<Number> { x.applying(.abs) }
package func square<Number: Real>(_ x: Variable<Number>) -> Variable<Number> {
    x.applying(.square)
}
package func pow<Number: Real>(_ x: Variable<Number>, _ exponent: Double) -> Variable<Number> {
    x.applying(.power(exponent))
}

extension Variable {
    package func clamped(to range: ClosedRange<Double>) -> Variable {
        applying(.clamp(low: range.lowerBound, high: range.upperBound))
    }
}
