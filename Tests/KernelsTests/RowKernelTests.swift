import Foundation
import Kernels
import Support
import Tensors
import Testing

/// Compares the kernels that work along rows, for every instruction set, with plain loops.
@Suite struct RowKernelTests {
    static let counts = [0, 1, 15, 16, 17, 64, 65, 131]

    /// A relative difference, absolute near zero.
    private static func differs(_ a: Float, _ b: Double, tolerance: Double = 2e-6) -> Bool {
        !(abs(Double(a) - b) <= tolerance * max(1, abs(b)))
    }

    @Test("functions of one number equal their definitions", arguments: InstructionSet.available)
    func unary(instructions: InstructionSet) {
        let functions: [(RowFunction, (Double) -> Double)] = [
            (.relu, { max($0, 0) }), (.abs, { abs($0) }), (.sqrt, { $0.squareRoot() }),
            (.reciprocal, { 1 / $0 }), (.exp, { exp($0) }), (.sigmoid, { 1 / (1 + exp(-$0)) }),
            (.tanh, { tanh($0) }), (.leakyRelu(0.2), { $0 < 0 ? $0 * Double(Float(0.2)) : $0 }),
            (.clip(low: -1, high: 2), { min(max($0, -1), 2) }),
            (.scale(factor: -3, offset: 0.5), { -3 * $0 + 0.5 }), (.log, { log($0) }),
            (.softplus, { max($0, 0) + log1p(exp(-abs($0))) }), (.square, { $0 * $0 }),
            (.elu, { $0 < 0 ? expm1($0) : $0 }),
        ]
        var random = SeededRandom(1)
        for (function, definition) in functions {
            for count in Self.counts {
                let range: ClosedRange<Float> =
                    [.sqrt, .reciprocal, .log].contains(function) ? 0.1...9 : -9...9
                let x = random.tensor([count], in: range).array(of: Float.self)
                var y = [Float](repeating: .nan, count: count + 1)
                y.withUnsafeMutableBufferPointer { y in
                    x.withUnsafeBufferPointer { x in
                        guard let from = x.baseAddress else { return }
                        RowKernels.apply(
                            function,
                            from,
                            into: y.baseAddress!,
                            count: count,
                            using: instructions
                        )
                    }
                }
                for i in 0..<count {
                    #expect(
                        !Self.differs(y[i], definition(Double(x[i]))),
                        "\(function) of \(x[i]), \(i) of \(count): \(y[i])"
                    )
                }
                #expect(y[count].isNaN, "\(function) writes beyond \(count)")
            }
        }
    }

    @Test(
        "functions of two numbers equal their definitions, for every kind of operand",
        arguments: InstructionSet.available
    )
    func binary(instructions: InstructionSet) {
        let functions: [(RowCombination, (Double, Double) -> Double)] = [
            (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }),
            (.divide, { $0 / $1 }), (.minimum, { min($0, $1) }), (.maximum, { max($0, $1) }),
            (.slope, { $0 < 0 ? $0 * $1 : $0 }),
        ]
        let operands: [(RowOperand, (_ pixel: Int, _ lane: Int, _ lanes: Int) -> Int)] = [
            (.full, { $0 * $2 + $1 }), (.channel, { $1 + 0 * $0 * $2 }),
            (.pixel(step: 3), { $0 * 3 + 0 * $1 * $2 }),
        ]
        var random = SeededRandom(2)
        for (function, definition) in functions {
            for (operand, place) in operands {
                for lanes in [4, 16] {
                    for count in [1, 5, 17] {
                        let a = random.tensor([count * lanes]).array(of: Float.self)
                        let b = random.tensor([count * 16], in: 0.5...2).array(of: Float.self)
                        var y = [Float](repeating: 0, count: count * lanes)
                        y.withUnsafeMutableBufferPointer { y in
                            a.withUnsafeBufferPointer { a in
                                b.withUnsafeBufferPointer { b in
                                    RowKernels.combine(
                                        function,
                                        a.baseAddress!,
                                        b.baseAddress!,
                                        operand,
                                        lanes: lanes,
                                        into: y.baseAddress!,
                                        count: count,
                                        using: instructions
                                    )
                                }
                            }
                        }
                        for i in y.indices {
                            let other = b[place(i / lanes, i % lanes, lanes)]
                            #expect(
                                !Self.differs(y[i], definition(Double(a[i]), Double(other))),
                                "\(function), \(operand), \(lanes) lanes, element \(i): \(y[i])"
                            )
                        }
                    }
                }
            }
        }
    }

    @Test("pools, mixtures and sums equal plain loops", arguments: InstructionSet.available)
    func pixels(instructions: InstructionSet) {
        var random = SeededRandom(3)
        for lanes in [4, 16] {
            for count in [1, 7, 130] {
                let x = random.tensor([(2 * count + 4) * lanes]).array(of: Float.self)
                let own = random.tensor([2 * lanes]).array(of: Float.self)
                var y = [Float](repeating: 0, count: count * lanes)
                func run(
                    _ body: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
                ) {
                    y.withUnsafeMutableBufferPointer { y in
                        x.withUnsafeBufferPointer { body($0.baseAddress!, y.baseAddress!) }
                    }
                }
                func check(_ name: String, _ definition: (_ pixel: Int, _ lane: Int) -> Double) {
                    for i in y.indices {
                        let wanted = definition(i / lanes, i % lanes)
                        #expect(
                            !Self.differs(y[i], wanted),
                            "\(name), \(lanes) lanes, element \(i) of \(count): \(y[i]), \(wanted)"
                        )
                    }
                }
                func at(_ pixel: Int, _ lane: Int) -> Double { Double(x[pixel * lanes + lane]) }
                func pool(_ maximum: Bool) {
                    run { x, y in
                        let taps = (0..<3).map { Optional(x + $0 * lanes) }
                        taps.withUnsafeBufferPointer { taps in
                            if maximum {
                                RowKernels.poolMaximum(
                                    taps,
                                    step: 2 * lanes,
                                    lanes: lanes,
                                    into: y,
                                    count: count,
                                    using: instructions
                                )
                            } else {
                                RowKernels.poolSum(
                                    taps,
                                    step: 2 * lanes,
                                    lanes: lanes,
                                    factor: 0.25,
                                    into: y,
                                    count: count,
                                    using: instructions
                                )
                            }
                        }
                    }
                }
                pool(true)
                check("maximum") { p, l in (0..<3).map { at(2 * p + $0, l) }.max()! }
                pool(false)
                check("sum") { p, l in (0..<3).reduce(0) { $0 + at(2 * p + $1, l) } * 0.25 }
                run { x, y in
                    let sources = (0..<lanes).map { $0 % 3 == 1 ? nil : Optional(x + 2 * $0) }
                    sources.withUnsafeBufferPointer {
                        RowKernels.gather(
                            $0,
                            sourceStep: lanes,
                            into: y,
                            step: lanes,
                            count: count,
                            using: instructions
                        )
                    }
                }
                check("gather") { p, l in
                    l % 3 == 1 ? 0 : Double(x[2 * l + p * lanes])
                }
                let positions = (0..<(3 * count)).map { _ in Int32(random.int(0...count)) }
                let weights = random.tensor([3 * count]).array(of: Float.self)
                run { x, y in
                    RowKernels.resample(
                        x,
                        positions: positions,
                        weights: weights,
                        taps: 3,
                        lanes: lanes,
                        into: y,
                        count: count,
                        using: instructions
                    )
                }
                check("resample") { p, l in
                    (3 * p..<3 * p + 3).reduce(0) {
                        $0 + Double(weights[$1]) * at(Int(positions[$1]), l)
                    }
                }
                let affine = PackedAffine(
                    factors: Array(own[..<lanes]),
                    offsets: Array(own[lanes...]),
                    activation: .relu,
                    residual: .beforeActivation,
                    places: (0..<Int32(lanes)).map { $0 },
                    lanes: lanes,
                    instructions: instructions
                )
                run { x, y in affine.run(block: 0, x, adding: x, into: y, count: count) }
                check("affine") { p, l in
                    max(0, at(p, l) * Double(own[l]) + Double(own[lanes + l]) + at(p, l))
                }
                run { x, y in affine.run(block: 0, x, adding: nil, into: y, count: count) }
                check("affine without a residual") { p, l in
                    max(0, at(p, l) * Double(own[l]) + Double(own[lanes + l]))
                }
                run { x, y in
                    RowKernels.accumulate(
                        -0.5,
                        x,
                        into: y,
                        count: count * lanes,
                        using: instructions
                    )
                }
                check("accumulate") { p, l in
                    max(0, at(p, l) * Double(own[l]) + Double(own[lanes + l])) - 0.5 * at(p, l)
                }
                var sums = [Double](repeating: 1, count: lanes)
                var squares = sums
                x.withUnsafeBufferPointer { x in
                    own.withUnsafeBufferPointer { own in
                        RowKernels.addMoments(
                            x.baseAddress!,
                            shift: own.baseAddress!,
                            lanes: lanes,
                            count: count,
                            sums: &sums,
                            squares: &squares,
                            using: instructions
                        )
                    }
                }
                for lane in 0..<lanes {
                    let distances = (0..<count).map { at($0, lane) - Double(own[lane]) }
                    let sum = distances.reduce(1, +)
                    let square = distances.reduce(1) { $0 + $1 * $1 }
                    #expect(abs(sums[lane] - sum) < 1e-4, "sum of \(count), lane \(lane)")
                    #expect(abs(squares[lane] - square) < 1e-4, "squares of \(count), lane \(lane)")
                }
            }
        }
    }
}
