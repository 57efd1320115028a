import Graphs
import Support
import Testing

@Suite struct DimensionTests {
    let h = Dimension.named("height")
    let w = Dimension.named("width")

    @Test("equal formulas are equal however they were put together")
    func normalForm() {
        #expect((h + 1) * (h - 1) == h * h - 1)
        #expect((h * 4 + 8).floored(by: 4) == h + 2)
        #expect(h * w == w * h)
        #expect((h.floored(by: 2) + 3).floored(by: 2) == (h + 6).floored(by: 4))
        #expect(h - h == 0)
    }

    @Test("a formula has the value that its parts have", arguments: 0..<200)
    func values(seed: Int) {
        var random = SeededRandom(seed)
        let sizes = ["height": random.int(1...50), "width": random.int(1...50)]
        var (formula, value) = (h, sizes["height"]!)
        for _ in 0..<8 {
            let n = random.int(1...7)
            switch random.int(0...5) {
            case 0: (formula, value) = (formula + Dimension(n), value + n)
            case 1: (formula, value) = (formula - Dimension(n), value - n)
            case 2: (formula, value) = (formula * Dimension(n), value * n)
            case 3: (formula, value) = (formula + w, value + sizes["width"]!)
            case 4:
                (formula, value) = (
                    formula.floored(by: n), Int((Double(value) / Double(n)).rounded(.down))
                )
            default:
                (formula, value) = (
                    formula.ceiled(by: n), Int((Double(value) / Double(n)).rounded(.up))
                )
            }
        }
        #expect(formula.value(sizes) == value, "seed \(seed): \(formula)")
    }

    @Test("a ratio is found only where it holds for every size")
    func ratio() throws {
        let double = try #require((h * 2).ratio(to: h))
        #expect(double == (2, 1))
        let threeHalves = try #require((h * 3 + 6).ratio(to: h * 2 + 4))
        #expect(threeHalves == (3, 2))
        #expect((h * 2 + 1).ratio(to: h) == nil)
    }

    @Test("formulas read like formulas")
    func text() {
        #expect("\(h * 2 + 3)" == "2·height + 3")
        #expect("\(((h + 1).floored(by: 2) - 4))" == "⌊(height + 1)/2⌋ - 4")
        #expect("\(Dimension(7))" == "7")
    }
}
