internal import Tensors
internal import TrainingData

/// Digits of one colour each with squares cut out of them.
struct GlyphFills {
    let seed: UInt64

    private static let side = 32
    /// Holes stay so many pixels away from the border.
    private static let margin = 4

    /// The sets of squares that are measured: how many, and their sides.
    private static let holes = [
        (name: "one square", count: 1, sides: 8...12), ("three squares", 3, 5...7),
    ]

    func figures(_ report: (String) -> Void) throws -> [AcceptanceFigure] {
        let learned = ColoredGlyphs(count: 8000, seed: 1)
        let judge = try DigitJudge.trained(on: learned.items, seed: seed)
        let training = try FillTraining(
            Self.items(learned),
            steps: 1700,
            batch: 16,
            side: Self.side,
            seed: seed
        )
        try training.run { report("digits, \($0)") }

        let test = ColoredGlyphs(count: 1000, seed: 2)
        let truth = (0..<test.count).map { test.picture($0).picture }
        let digits = (0..<test.count).map { test.picture($0).digit }
        let clean = judge.accuracy(truth, digits)
        var figures = [AcceptanceFigure("digits: read in whole pictures", clean, least: 0.99)]
        for (name, count, sides) in Self.holes {
            let samples = truth.enumerated().map { index, picture in
                var random = RandomNumbers(seed: 3, name: name).part(index)
                let mask = Self.mask(count, sides, &random)
                return HoledPicture(picture: picture, mask: mask)
            }
            func figure(
                _ what: String,
                _ value: Double,
                least: Double? = nil,
                most: Double? = nil
            ) {
                figures.append(
                    AcceptanceFigure("digits, \(name): \(what)", value, least: least, most: most)
                )
            }
            var harmonic = 0.0
            for fill in PlainFill.allCases {
                let results = samples.filled(by: fill)
                let quality = samples.quality(of: results)
                if fill == .harmonic { harmonic = quality.peakSignalToNoise }
                figure("\(fill.rawValue) fill, hole PSNR, dB", quality.peakSignalToNoise)
                figure("\(fill.rawValue) fill, digits read", judge.accuracy(results, digits))
            }
            let results = training.trainer.networks.filled(samples)
            let quality = samples.quality(of: results)
            figure("hole PSNR, dB", quality.peakSignalToNoise, least: harmonic + 1.5)
            figure("digits read", judge.accuracy(results, digits), least: 0.93)
            figure("gradient ratio in the hole", quality.gradientRatio, least: 0.7, most: 1.4)
        }
        return figures
    }

    /// Digits with either set of squares.
    private static func items(_ glyphs: ColoredGlyphs) -> Items {
        Items(count: glyphs.count) { (index, random) throws(DataError) in
            let (_, count, sides) = holes[random.integer(below: holes.count)]
            let mask = mask(count, sides, &random)
            return InpaintingData.item(glyphs.picture(index).picture, mask, &random)
        }
    }

    private static func mask(
        _ count: Int,
        _ sides: ClosedRange<Int>,
        _ random: inout RandomNumbers
    ) -> Tensor {
        Tensor(squareHoles: count, sides, side: side, margin: margin, &random)
    }
}

/// Drawn digits on black, each in a hue of its own.
struct ColoredGlyphs {
    private let glyphs: Glyphs
    private let hues: RandomNumbers

    init(count: Int, seed: UInt64) {
        glyphs = Glyphs(count: count, seed: seed)
        hues = RandomNumbers(seed: seed, name: "hues")
    }

    var count: Int { glyphs.count }

    func picture(_ index: Int) -> (picture: Tensor, digit: Int) {
        var random = hues.part(index)
        let (glyph, digit) = glyphs.glyph(index)
        return (glyph.glyph(hue: Float(random.uniform())), digit)
    }

    /// For a judge of digits.
    var items: Items {
        Items(count: count) { (index, _) throws(DataError) in
            let (picture, digit) = picture(index)
            return ["picture": .picture(picture), "digit": .plain(Tensor(Int64(digit)))]
        }
    }
}
