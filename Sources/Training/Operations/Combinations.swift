internal import Tensors

/// Functions of two numbers; sides of 1 repeat, as do axes missing in front.
extension Variable {
    package static func + (a: Variable, b: Variable) -> Variable {
        combining(.add, a, b).recorded(from: [a, b]) {
            [a = a.shape, b = b.shape] gradient, wanted in
            [
                wanted[0] ? gradient.summed(to: a) : nil,
                wanted[1] ? gradient.summed(to: b) : nil,
            ]
        }
    }

    package static func - (a: Variable, b: Variable) -> Variable {
        combining(.subtract, a, b).recorded(from: [a, b]) {
            [a = a.shape, b = b.shape] gradient, wanted in
            [
                wanted[0] ? gradient.summed(to: a) : nil,
                wanted[1] ? -gradient.summed(to: b) : nil,
            ]
        }
    }

    package static func * (a: Variable, b: Variable) -> Variable {
        // Only what a gradient is made of is kept.
        let (first, second) = (b.isTracked ? a : nil, a.isTracked ? b : nil)
        return combining(.multiply, a, b).recorded(from: [a, b]) {
            [a = a.shape, b = b.shape] gradient, wanted in
            [
                wanted[0] ? second.map { (gradient * $0).summed(to: a) } : nil,
                wanted[1] ? first.map { (gradient * $0).summed(to: b) } : nil,
            ]
        }
    }

    package static func / (a: Variable, b: Variable) -> Variable {
        let dividend = b.isTracked ? a : nil
        return combining(.divide, a, b).recorded(from: [a, b]) {
            [a = a.shape] gradient, wanted in
            let quotient = gradient / b
            return [
                wanted[0] ? quotient.summed(to: a) : nil,
                wanted[1] ? dividend.map { -(quotient * ($0 / b)).summed(to: b.shape) } : nil,
            ]
        }
    }

    package static prefix func - (x: Variable) -> Variable { x * -1 }

    package static func + (x: Variable, number: Number) -> Variable {
        x.applying(.scale(factor: 1, offset: Double(number)))
    }
    package static func + (number: Number, x: Variable) -> Variable { x + number }
    package static func - (x: Variable, number: Number) -> Variable { x + -number }
    package static func - (number: Number, x: Variable) -> Variable {
        x.applying(.scale(factor: -1, offset: Double(number)))
    }
    package static func * (x: Variable, number: Number) -> Variable {
        x.applying(.scale(factor: Double(number), offset: 0))
    }
    package static func * (number: Number, x: Variable) -> Variable { x * number }
    package static func / (x: Variable, number: Number) -> Variable {
        x.applying(.scale(factor: 1 / Double(number), offset: 0))
    }
}

/// The smaller of two numbers; where they are equal the gradient goes to the first.
package func minimum<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>
) -> Variable<Number> { b + (a - b).applying(.clamp(low: -.infinity, high: 0)) }

/// The larger of two numbers; where they are equal the gradient goes to the first.
package func maximum<Number: Real>(
    _ a: Variable<Number>,
    _ b: Variable<Number>
) -> Variable<Number> { b + (a - b).applying(.clamp(low: 0, high: .infinity)) }

extension Variable {
    /// The numbers of a combination, without a record of it.
    private static func combining(
        _ combination: Combination,
        _ a: Variable,
        _ b: Variable
    ) -> Variable {
        let shape = commonShape(a.shape, b.shape)
        let nest = LoopNest(shape, [shape, a.shape, b.shape])
        let length = nest.runLength
        let result = Variable(shape) { y in
            if nest.runCount == 1 {
                inParallel(length) { range in
                    combineRun(combination, nest, run: 0, range, a, b, y)
                }
            } else {
                inParallel(nest.runCount, grain: 1 + (1 << 14) / length) { runs in
                    for run in runs { combineRun(combination, nest, run: run, 0..<length, a, b, y) }
                }
            }
        }
        return result.traced(combination.operation, [a, b])
    }

    private static func combineRun(
        _ combination: Combination,
        _ nest: LoopNest,
        run: Int,
        _ range: Range<Int>,
        _ a: Variable,
        _ b: Variable,
        _ result: UnsafeMutablePointer<Number>
    ) {
        let y = result + run * nest.runLength + range.lowerBound
        let (x, z) = (a.base + nest.start(of: run, in: 1), b.base + nest.start(of: run, in: 2))
        switch (nest.goesOn(1), nest.goesOn(2)) {
        case (true, true):
            Number.combine(
                combination,
                x + range.lowerBound,
                z + range.lowerBound,
                into: y,
                count: range.count
            )
        case (true, false):
            combine(combination, x + range.lowerBound, number: z[0], y, range.count)
        case (false, true):
            combine(combination, number: x[0], z + range.lowerBound, y, range.count)
        case (false, false):
            Number.combine(combination, x, z, into: y, count: 1)
            y.update(repeating: y[0], count: range.count)
        }
    }

    private static func combine(
        _ combination: Combination,
        _ x: UnsafePointer<Number>,
        number: Number,
        _ y: UnsafeMutablePointer<Number>,
        _ count: Int
    ) {
        let z = Double(number)
        let function: Function =
            switch combination {
            case .add: .scale(factor: 1, offset: z)
            case .subtract: .scale(factor: 1, offset: -z)
            case .multiply: .scale(factor: z, offset: 0)
            case .divide: .scale(factor: 1 / z, offset: 0)
            }
        Number.apply(function, x, into: y, count: count)
    }

    private static func combine(
        _ combination: Combination,
        number: Number,
        _ z: UnsafePointer<Number>,
        _ y: UnsafeMutablePointer<Number>,
        _ count: Int
    ) {
        switch combination {
        case .add, .multiply: combine(combination, z, number: number, y, count)
        case .subtract:
            Number.apply(.scale(factor: -1, offset: Double(number)), z, into: y, count: count)
        case .divide:
            Number.apply(.reciprocal, z, into: y, count: count)
            Number.apply(.scale(factor: Double(number), offset: 0), y, into: y, count: count)
        }
    }
}
