import Foundation
import Testing
import Training

/// Compares with what PyTorch computed; `Torch/make_torch_cases.py` wrote it down.
@Suite struct TorchTests {
    struct Numbers: Decodable {
        let shape: [Int]
        let values: [Double]

        func variable<N: Real>(_ type: N.Type) -> Variable<N> {
            Variable(shape, values.map { N($0) })
        }
    }

    struct OperationCase: Decodable {
        let name: String
        let inputs, gradients: [Numbers]
        let output, weights: Numbers
    }

    struct Penalties: Decodable {
        let parameters, interpolatedGradients, realGradients: [Numbers]
        let real, fake, shares: Numbers
        let interpolatedLoss, realLoss: Double
    }

    struct Optimizers: Decodable {
        let start, target: [Double]
        let paths: [String: [[Double]]]
    }

    struct Cases: Decodable {
        let operations: [OperationCase]
        let penalties: Penalties
        let optimizers: Optimizers
    }

    static let cases: Cases = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Torch/cases.json")
        do {
            return try JSONDecoder().decode(Cases.self, from: Data(contentsOf: file))
        } catch {
            fatalError("expected cases in \(file.path()), found \(error)")
        }
    }()

    @Test("operations and their gradients equal PyTorch's", arguments: cases.operations.map(\.name))
    func operations(name: String) throws {
        func check<N: Real>(_ type: N.Type) throws {
            let expected = try #require(Self.cases.operations.first { $0.name == name })
            let operation = try #require(Operation(rawValue: name))
            let inputs = expected.inputs.map { $0.variable(type).tracked }
            let y = operation(inputs)
            let found = [y] + (y * expected.weights.variable(type)).sum().gradients(for: inputs)
            let truth = [expected.output] + expected.gradients
            for (part, (a, b)) in zip(found, truth).enumerated() {
                let difference = OperationTests.difference(
                    a,
                    b.variable(Double.self),
                    tolerance: 1e-5
                )
                #expect(difference == nil, "\(name) of \(type), part \(part): \(difference ?? "")")
            }
        }
        try check(Double.self)
        try check(Float.self)
    }

    private func critic<N: Real>(_ x: Variable<N>, _ p: [Variable<N>]) -> Variable<N> {
        let halving = Sliding(stride: 2, padding: 1)
        var h = leakyRelu(convolution(x, weights: p[0], bias: p[1], halving))
        h = leakyRelu(normalized(convolution(h, weights: p[2], bias: p[3], halving), .instance))
        return convolution(h, weights: p[4], bias: p[5], Sliding(padding: 1))
    }

    @Test("parameter gradients of gradient penalties equal PyTorch's double backward")
    func penalties() {
        func check<N: Real>(_ type: N.Type, tolerance: Double) {
            let expected = Self.cases.penalties
            let parameters = expected.parameters.map { $0.variable(type).tracked }
            let (real, fake) = (expected.real.variable(type), expected.fake.variable(type))
            let losses = [
                interpolatedPenalty(
                    real: real,
                    fake: fake,
                    mixing: expected.shares.variable(type)
                ) { critic($0, parameters) },
                realGradientPenalty(real: real) { critic($0, parameters) },
            ]
            let truths = [expected.interpolatedGradients, expected.realGradients]
            let values = [expected.interpolatedLoss, expected.realLoss]
            for (index, loss) in losses.enumerated() {
                #expect(abs(Double(loss.value) - values[index]) < tolerance, "penalty \(index)")
                for (a, b) in zip(loss.gradients(for: parameters), truths[index]) {
                    let difference = OperationTests.difference(
                        a,
                        b.variable(Double.self),
                        tolerance: tolerance
                    )
                    #expect(difference == nil, "penalty \(index) of \(type): \(difference ?? "")")
                }
            }
        }
        check(Double.self, tolerance: 1e-6)
        check(Float.self, tolerance: 1e-5)
    }

    @Test("optimizers walk PyTorch's paths")
    func optimizers() throws {
        func check<N: Real>(_ type: N.Type, tolerance: Double) throws {
            let expected = Self.cases.optimizers
            let makers: [(String, ([Parameter<N>]) -> any Optimizer<N>)] = [
                ("adam", { Adam($0, rate: 0.1, beta1: 0.5) }),
                ("adamDecay", { Adam($0, rate: 0.1, beta2: 0.99, weightDecay: 0.1) }),
                (
                    "adamW",
                    { Adam($0, rate: 0.1, beta2: 0.99, weightDecay: 0.1, decoupled: true) }
                ),
                ("rmsProp", { RMSProp($0, rate: 0.05, smoothing: 0.9) }),
                (
                    "momentum",
                    { GradientDescent($0, rate: 0.002, momentum: 0.9, weightDecay: 0.01) }
                ),
            ]
            let target = Variable<N>([3], expected.target.map { N($0) })
            for (name, make) in makers {
                let parameter = Parameter(Variable<N>([3], expected.start.map { N($0) }))
                let optimizer = make([parameter])
                for (step, place) in try #require(expected.paths[name]).enumerated() {
                    optimizer.minimize(square(square(parameter.variable - target)).sum())
                    let difference = OperationTests.difference(
                        parameter.variable,
                        Variable<Double>([3], place),
                        tolerance: tolerance
                    )
                    #expect(difference == nil, "\(name), step \(step): \(difference ?? "")")
                }
            }
        }
        try check(Double.self, tolerance: 1e-6)
        try check(Float.self, tolerance: 1e-5)
    }
}
