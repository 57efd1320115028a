/// How the weights of new layers are drawn.
package struct Initialization {
    package enum Law: Sendable {
        case zeros
        /// Weights of this deviation, biases 0, scales of norms 1 ± 0.02.
        case normal(deviation: Double)
        /// Deviation √(2 / fan-in), biases 0.
        case kaimingNormal
        /// Weights and biases within ±1/√fan-in.
        case kaimingUniform
        /// Deviation gain · √(2 / (fan-in + fan-out)), biases 0.
        case xavierNormal(gain: Double)
        /// The weights of every output at right angles to those of the others, as far as that goes,
        /// and √2 long; biases 0.
        case orthogonal
    }

    package var law: Law
    /// What weights are multiplied with in the end.
    package var gain = 1.0
    package let stream: RandomStream

    package init(_ law: Law, _ stream: RandomStream) {
        self.law = law
        self.stream = stream
    }

    /// The same with smaller or larger weights.
    package func scaled(by factor: Double) -> Initialization {
        var copy = self
        copy.gain *= factor
        return copy
    }

    /// - Parameters:
    ///   - fanIn: numbers that one output is a sum of.
    ///   - fanOut: outputs that one input is part of.
    func weights<Number: Real>(_ shape: [Int], fanIn: Int, fanOut: Int) -> Parameter<Number> {
        switch law {
        case .zeros: Parameter(Variable(shape, repeating: 0))
        case .normal(let deviation): normal(shape, deviation)
        case .kaimingNormal: normal(shape, (2 / Double(fanIn)).squareRoot())
        case .kaimingUniform: uniform(shape, gain / Double(fanIn).squareRoot())
        case .xavierNormal(let gain):
            normal(shape, gain * (2 / Double(fanIn + fanOut)).squareRoot())
        case .orthogonal: orthogonal(shape)
        }
    }

    func bias<Number: Real>(_ count: Int, fanIn: Int) -> Parameter<Number> {
        if case .kaimingUniform = law { return uniform([count], 1 / Double(fanIn).squareRoot()) }
        return Parameter(Variable([count], repeating: 0))
    }

    func normScale<Number: Real>(_ count: Int) -> Parameter<Number> {
        if case .normal = law { return Parameter(stream.normal([count], mean: 1, deviation: 0.02)) }
        return Parameter(Variable([count], repeating: 1))
    }

    private func normal<Number: Real>(_ shape: [Int], _ deviation: Double) -> Parameter<Number> {
        Parameter(stream.normal(shape, deviation: deviation * gain))
    }

    /// Rows of normal numbers, of each of which those parts are taken away that lie along earlier ones
    /// (Gram and Schmidt); where rows are used up, they begin anew.
    private func orthogonal<Number: Real>(_ shape: [Int]) -> Parameter<Number> {
        let length = shape.dropFirst().reduce(1, *)
        let draws: Variable<Double> = stream.normal(shape)
        let numbers = draws.values
        var rows: [[Double]] = []
        for start in stride(from: 0, to: numbers.count, by: max(1, length)) {
            var row = Array(numbers[start..<(start + length)])
            for other in rows.suffix(rows.count % length) {
                let along = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                for i in row.indices { row[i] -= along * other[i] }
            }
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            rows.append(row.map { $0 / norm })
        }
        let factor = gain * 2.squareRoot()
        return Parameter(Variable(shape, rows.flatMap { $0.map { Number($0 * factor) } }))
    }

    private func uniform<Number: Real>(_ shape: [Int], _ bound: Double) -> Parameter<Number> {
        let unit: Variable<Number> = stream.uniform(shape)
        return Parameter((unit * 2 - 1) * Number(bound))
    }
}
