import Support
import Testing
import Training

/// Every operation against what calculus, double precision and their like say.
@Suite struct OperationTests {
    /// Random inputs, none of them near zero, where some functions bend.
    static func inputs(_ operation: Operation, seed: Int) -> [Variable<Double>] {
        var random = SeededRandom(seed)
        return operation.shapes.map { shape in
            Variable(
                shape,
                (0..<shape.reduce(1, *)).map { _ in
                    let size = Double.random(in: 0.1...1, using: &random)
                    return operation.isOfPositives || Bool.random(using: &random) ? size : -size
                }
            )
        }
    }

    static func numbers(_ shape: [Int], seed: Int) -> Variable<Double> {
        var random = SeededRandom(seed)
        return Variable(
            shape,
            (0..<shape.reduce(1, *)).map { _ in Double.random(in: -1...1, using: &random) }
        )
    }

    /// The first place where two variables differ, in words.
    static func difference<A: Real, B: Real>(
        _ a: Variable<A>,
        _ b: Variable<B>,
        tolerance: Double
    ) -> String? {
        guard a.shape == b.shape else { return "shapes \(a.shape) and \(b.shape)" }
        for (i, (x, y)) in zip(a.values, b.values).enumerated() {
            let (x, y) = (Double(x), Double(y))
            if !(abs(x - y) <= tolerance * max(1, abs(x), abs(y))) {
                return "element \(i) of \(a.shape): \(x) and \(y)"
            }
        }
        return nil
    }

    /// Compares the gradients of a number with central differences, at some elements of every input.
    static func checkGradients(
        _ inputs: [Variable<Double>],
        tolerance: Double,
        step: Double = 1e-5,
        _ label: String,
        gradients: [Variable<Double>],
        of function: ([Variable<Double>]) -> Double
    ) {
        var random = SeededRandom(7)
        for (which, input) in inputs.enumerated() {
            let some =
                input.count <= 30
                ? Array(0..<input.count)
                : (0..<30).map { _ in random.int(0...(input.count - 1)) }
            for element in some {
                func moved(_ distance: Double) -> Double {
                    var values = input.values
                    values[element] += distance
                    var changed = inputs
                    changed[which] = Variable(input.shape, values)
                    return function(changed)
                }
                let expected = (moved(step) - moved(-step)) / (2 * step)
                let found = gradients[which].values[element]
                #expect(
                    abs(found - expected) <= tolerance * max(1, abs(expected)),
                    "\(label), input \(which) \(input.shape), element \(element): \(found), not \(expected)"
                )
            }
        }
    }

    @Test("gradients equal central differences", arguments: Operation.allCases)
    func gradients(operation: Operation) {
        let inputs = Self.inputs(operation, seed: 1)
        func loss(_ x: [Variable<Double>]) -> Variable<Double> {
            let y = operation(x)
            return (y * Self.numbers(y.shape, seed: 2)).sum()
        }
        let leaves = inputs.map(\.tracked)
        Self.checkGradients(
            inputs,
            tolerance: 1e-6,
            "\(operation), seed 1",
            gradients: loss(leaves).gradients(for: leaves),
            of: { loss($0).value }
        )
    }

    @Test("single precision equals double precision", arguments: Operation.allCases)
    func precision(operation: Operation) {
        let inputs = Self.inputs(operation, seed: 3)
        func results<N: Real>(_ x: [Variable<N>]) -> [Variable<N>] {
            let leaves = x.map(\.tracked)
            let y = operation(leaves)
            let weights = Variable<N>(y.shape, Self.numbers(y.shape, seed: 4).values.map { N($0) })
            return [y.detached] + (y * weights).sum().gradients(for: leaves)
        }
        let single = results(inputs.map { Variable<Float>($0.shape, $0.values.map { Float($0) }) })
        for (part, (a, b)) in zip(single, results(inputs)).enumerated() {
            let found = Self.difference(a, b, tolerance: 1e-4)
            #expect(found == nil, "\(operation), seed 3, part \(part): \(found ?? "")")
        }
    }

    @Test("gradients of gradients equal central differences", arguments: Operation.allCases)
    func secondGradients(operation: Operation) {
        let inputs = Self.inputs(operation, seed: 5)
        /// A number made of the gradients.
        func mixture(_ x: [Variable<Double>], recording: Recording) -> Variable<Double> {
            let leaves = x.map { $0.isTracked ? $0 : $0.tracked }
            return Recording.$current.withValue(.twice) {
                let y = operation(leaves)
                // The square makes a second derivative of linear operations as well.
                let loss = (square(y) * Self.numbers(y.shape, seed: 6)).sum()
                let gradients = loss.gradients(for: leaves, recording: recording)
                return gradients.enumerated().reduce(Variable(0)) { sum, part in
                    sum + (part.element * Self.numbers(part.element.shape, seed: 8)).sum()
                }
            }
        }
        let leaves = inputs.map(\.tracked)
        let gradients = mixture(leaves, recording: .once).gradients(for: leaves)
        Self.checkGradients(
            inputs,
            tolerance: 2e-6,
            "\(operation), seed 5",
            gradients: gradients,
            of: { mixture($0, recording: .off).value }
        )
    }

    @Test("single precision gradients of gradients equal double precision")
    func secondPrecision() {
        for operation in Operation.allCases {
            let inputs = Self.inputs(operation, seed: 9)
            func results<N: Real>(_ x: [Variable<N>]) -> [Variable<N>] {
                let leaves = x.map(\.tracked)
                return Recording.$current.withValue(.twice) {
                    let made = operation(leaves)
                    let weights = Self.numbers(made.shape, seed: 10).values.map { N($0) }
                    let y = (square(made) * Variable(made.shape, weights)).sum()
                    let sums = y.gradients(for: leaves, recording: .once).map { square($0).sum() }
                    let total = sums.dropFirst().reduce(sums[0]) { $0 + $1 }
                    return total.gradients(for: leaves)
                }
            }
            let single = results(
                inputs.map { Variable<Float>($0.shape, $0.values.map { Float($0) }) }
            )
            for (part, (a, b)) in zip(single, results(inputs)).enumerated() {
                let size = b.values.reduce(1) { max($0, abs($1)) }
                let found = Self.difference(a * Float(1 / size), b * (1 / size), tolerance: 2e-4)
                #expect(found == nil, "\(operation), seed 9, input \(part): \(found ?? "")")
            }
        }
    }
}
