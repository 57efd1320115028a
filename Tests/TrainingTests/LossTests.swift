import Foundation
import Measures
import Testing
import Training

/// Losses by their formulas, worked out by hand.
@Suite struct LossTests {
    private let real = Variable<Double>([2, 1], [2, -1])
    private let fake = Variable<Double>([2, 1], [0.5, 3])

    private func mean(_ x: [Double], _ term: (Double) -> Double) -> Double {
        x.reduce(0) { $0 + term($1) } / Double(x.count)
    }

    @Test("adversarial losses equal their formulas", arguments: AdversarialLoss.allCases)
    func adversarial(loss: AdversarialLoss) {
        func sigma(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        let (r, f) = (real.values, fake.values)
        let (d, g): (Double, Double) =
            switch loss {
            case .minimax:
                (
                    -mean(r) { log(sigma($0)) } - mean(f) { log(1 - sigma($0)) },
                    mean(f) { log(1 - sigma($0)) }
                )
            case .nonSaturating:
                (
                    -mean(r) { log(sigma($0)) } - mean(f) { log(1 - sigma($0)) },
                    -mean(f) { log(sigma($0)) }
                )
            case .leastSquares:
                (
                    mean(r) { ($0 - 1) * ($0 - 1) } + mean(f) { $0 * $0 },
                    mean(f) { ($0 - 1) * ($0 - 1) }
                )
            case .leastSquaresSigmoid:
                (
                    mean(r) { pow(sigma($0) - 1, 2) } + mean(f) { pow(sigma($0), 2) },
                    mean(f) { pow(sigma($0) - 1, 2) }
                )
            case .hinge:
                (mean(r) { max(0, 1 - $0) } + mean(f) { max(0, 1 + $0) }, -mean(f) { $0 })
            case .wasserstein: (mean(f) { $0 } - mean(r) { $0 }, -mean(f) { $0 })
            }
        #expect(abs(loss.discriminator(real: real, fake: fake).value - d) < 1e-12)
        #expect(abs(loss.generator(fake: fake).value - g) < 1e-12)
    }

    @Test("a picture is like itself, and less so the noisier it gets")
    func structuralSimilarity() {
        let x = OperationTests.numbers([1, 1, 16, 16], seed: 1) * 0.5 + 0.5
        let noise = OperationTests.numbers([1, 1, 16, 16], seed: 2)
        func similarity(_ amount: Double) -> Double {
            Training.structuralSimilarity(x, x + noise * amount).value
        }
        #expect(abs(similarity(0) - 1) < 1e-12)
        #expect(similarity(0.05) > similarity(0.1) && similarity(0.1) > similarity(0.3))
    }

    @Test("the divergence of a normal distribution is zero at the standard one")
    func divergence() {
        let zero = Variable<Double>([2, 3], repeating: 0)
        #expect(normalDivergence(mean: zero, logVariance: zero).value == 0)
        let mean = Variable<Double>([1, 1], [2])
        let logVariance = Variable<Double>([1, 1], [log(3)])
        let expected = 0.5 * (4 + 3 - log(3) - 1)
        #expect(
            abs(normalDivergence(mean: mean, logVariance: logVariance).value - expected) < 1e-12
        )
    }

    @Test("colours go to Lab and back; white, grey and red are where they should be")
    func colors() {
        let x = Variable<Double>([3, 3, 1, 1], [1, 1, 1, 0.5, 0.5, 0.5, 1, 0, 0])
        let lab = labFromSRGB(x)
        let expected = [100, 0, 0, 53.389, 0, 0, 53.241, 80.092, 67.203]
        for (a, b) in zip(lab.values, expected) { #expect(abs(a - b) < 0.02) }
        #expect(OperationTests.difference(sRGBFromLab(lab), x, tolerance: 1e-6) == nil)
    }

    @Test("colours differ as by CIEDE2000: greys, blues, all hues")
    func colorDifference() {
        let x = Variable<Double>([3, 1, 1], [30, 40, 40])
        let middle = Variable<Double>([3, 1, 1], [60, 0, 0])
        func colors(_ seed: Int) -> Variable<Double> {
            OperationTests.numbers([1, 3, 20, 20], seed: seed) * x + middle
        }
        let grey = Variable<Double>([3, 1, 1], [1, 0, 0])
        let nearby = colors(1) * 0.8 + colors(2) * 0.2
        for (first, second) in [
            (colors(1), nearby), (colors(1) * grey, colors(2)), (colors(2), colors(2)),
        ] {
            let result = Training.colorDifference(first, second)
            #expect(result.shape == [1, 1, 20, 20])
            for i in 0..<400 {
                func color(_ picture: Variable<Double>) -> Lab {
                    let values = picture.values
                    return Lab(values[i], values[400 + i], values[800 + i])
                }
                let expected = Measures.colorDifference(color(first), color(second))
                #expect(abs(result.values[i] - expected) < 0.05)
            }
        }
    }

    @Test("pyramids are put together to what they were made of")
    func pyramid() {
        let x = OperationTests.numbers([1, 2, 13, 18], seed: 3)
        let again = pictures(fromPyramid: laplacianPyramid(x, levels: 2))
        #expect(OperationTests.difference(again, x, tolerance: 1e-12) == nil)
    }

    @Test("Fourier's transform is undone by its inverse, and keeps the sum of squares")
    func fourier() {
        for width in [6, 7] {
            let x = OperationTests.numbers([1, 1, 5, width], seed: 4)
            let (real, imaginary) = fourierTransform(x)
            let again = inverseFourierTransform(real: real, imaginary: imaginary, width: width)
            #expect(OperationTests.difference(again, x, tolerance: 1e-12) == nil, "width \(width)")
        }
    }
}
