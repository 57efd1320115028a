import Foundation
import Tensors
import Testing

@Suite struct RandomNumbersTests {
    @Test("the same seed and name give the same numbers, others give others")
    func names() {
        func numbers(_ seed: UInt64, _ name: String) -> [UInt64] {
            var stream = RandomNumbers(seed: seed, name: name)
            return (0..<100).map { _ in stream.next() }
        }
        #expect(numbers(7, "noise") == numbers(7, "noise"))
        let streams = [
            numbers(7, "noise"), numbers(8, "noise"), numbers(7, "masks"), numbers(7, ""),
            numbers(7, "noise/0"), numbers(0, "noise"),
        ]
        #expect(Set(streams.flatMap(\.self)).count == 600)
    }

    @Test("a stream goes on from its counter")
    func counter() {
        var stream = RandomNumbers(seed: 3, name: "dropout")
        for _ in 0..<11 { _ = stream.next() }
        _ = stream.normal()
        #expect(stream.counter == 13)
        var later = RandomNumbers(seed: 3, name: "dropout", counter: stream.counter)
        #expect(later == stream)
        #expect(later.normal() == stream.normal())
    }

    @Test("a part of a stream does not move it")
    func parts() {
        let stream = RandomNumbers(seed: 3, name: "items")
        var (first, second) = (stream.part(1), stream.part(2))
        #expect(first.next() != second.next())
        #expect(stream.counter == 0)
    }

    @Test("mean and deviation are those of the distribution")
    func moments() {
        let count = 100_000
        func moments(_ draw: (inout RandomNumbers) -> Double) -> (Double, Double) {
            var stream = RandomNumbers(seed: 1, name: "moments")
            let numbers = (0..<count).map { _ in draw(&stream) }
            let mean = numbers.reduce(0, +) / Double(count)
            let square = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
            return (mean, square.squareRoot())
        }
        // Tolerances are five standard errors.
        func check(_ found: (Double, Double), _ mean: Double, _ deviation: Double) {
            #expect(abs(found.0 - mean) < 5 * deviation / Double(count).squareRoot(), "seed 1")
            #expect(abs(found.1 / deviation - 1) < 0.02, "seed 1")
        }
        check(moments { $0.uniform() }, 0.5, (1.0 / 12).squareRoot())
        check(moments { $0.normal() }, 0, 1)
        check(moments { Double($0.integer(-3...6)) }, 1.5, (99.0 / 12).squareRoot())
        check(moments { $0.happens(0.2) ? 1 : 0 }, 0.2, 0.4)
        check(moments { Double($0.poisson(3)) }, 3, 3.0.squareRoot())
        check(moments { Double($0.poisson(100)) }, 100, 10)
    }

    @Test("integers and orders are drawn evenly")
    func evenness() {
        var stream = RandomNumbers(seed: 5, name: "orders")
        var counts: [[Int]: Int] = [:]
        for _ in 0..<60_000 { counts[stream.permutation(3), default: 0] += 1 }
        #expect(counts.count == 6)
        // Five deviations of a binomial of 60 000 and 1/6.
        #expect(counts.values.allSatisfy { abs($0 - 10_000) < 460 }, "seed 5: \(counts)")
        #expect(stream.permutation(0) == [] && stream.permutation(1) == [0])
        #expect(stream.permutation(1000).sorted() == Array(0..<1000))
        #expect((0..<100).allSatisfy { _ in stream.integer(below: 1) == 0 })
    }

    @Test("tensors are filled from the stream, in order")
    func tensors() {
        var (stream, copy) = (
            RandomNumbers(seed: 9, name: "x"), RandomNumbers(seed: 9, name: "x")
        )
        let noise = stream.normal([2, 3], mean: 1, deviation: 2)
        #expect(noise.shape == [2, 3])
        let wanted = (0..<6).map { _ in 1 + 2 * Float(copy.normal()) }
        #expect(noise.array(of: Float.self) == wanted)
        let even = stream.uniform([1000], in: -1...1).array(of: Float.self)
        #expect(even.allSatisfy { (-1...1).contains($0) })
    }
}
