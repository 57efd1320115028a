/// Fills holes in pictures.
///
/// A mask says what is known of each pixel: 0 stands for a pixel that stays, 1 for one of which nothing
/// is known, ½ for one whose coarse content is known and whose detail is not.
package protocol FillingNetwork<Number>: Module {
    /// Sides of pictures are multiples of this.
    var alignment: Int { get }

    /// What the network draws everywhere, holes or not: around −1 to 1, without a bound.
    ///
    /// - Parameter mask: [batch, 1, height, width].
    func drawn(_ picture: Variable<Number>, mask: Variable<Number>) -> Variable<Number>
}

extension FillingNetwork {
    /// The picture with its holes filled.
    ///
    /// - Parameter mask: [batch, 1, height, width].
    package func callAsFunction(
        _ picture: Variable<Number>,
        mask: Variable<Number>
    ) -> Variable<Number> {
        let hole = hole(mask)
        return picture * (-hole + 1) + drawn(picture, mask: mask) * hole
    }

    /// Where a mask lets pixels change: 1, elsewhere 0.
    package func hole(_ mask: Variable<Number>) -> Variable<Number> {
        (mask * 2).clamped(to: 0...1)
    }
}

/// Looks around at a quarter of the size by wider and wider steps.
package struct FillNetwork<Number: Real>: FillingNetwork {
    package let first, second, third: Sequential<Number>
    package let around: Sequential<Number>
    package let rising, last: Sequential<Number>
    package let ending: Convolution<Number>
    /// How often the picture is halved for a first guess, which the network then corrects; with 0 it
    /// draws the whole content itself.
    package let halvings: Int

    package init(features f: Int, halvings: Int = 0, _ initial: Initialization) {
        func layer(
            _ inputs: Int,
            _ outputs: Int,
            kernel: Int = 3,
            stride: Int = 1,
            dilation: Int = 1
        ) -> [any Layer<Number>] {
            [
                Convolution<Number>(
                    inputs,
                    outputs,
                    kernel: kernel,
                    stride: stride,
                    dilation: dilation,
                    initial
                ),
                Apply(elu),
            ]
        }
        first = Sequential(layer(4, f, kernel: 5))
        second = Sequential(layer(f, 2 * f, stride: 2) + layer(2 * f, 2 * f))
        third = Sequential(layer(2 * f, 4 * f, stride: 2) + layer(4 * f, 4 * f))
        around = Sequential(
            [2, 4, 8, 1].flatMap { layer(4 * f, 4 * f, dilation: $0) }
        )
        rising = Sequential([Enlarge<Number>(2)] + layer(8 * f, 2 * f))
        last = Sequential([Enlarge<Number>(2)] + layer(4 * f, f))
        // Beginning with nearly nothing.
        ending = Convolution(2 * f, 3, kernel: 3, initial.scaled(by: 0.1))
        self.halvings = halvings
    }

    package var alignment: Int { max(4, 1 << halvings) }

    // Bounded by tanh, trainings on pictures that are mostly black come to rest at black: absolute
    // errors lead to the median, and there tanh has no slope to leave by.
    package func drawn(_ picture: Variable<Number>, mask: Variable<Number>) -> Variable<Number> {
        let known = (mask * -2 + 2).clamped(to: 0...1)
        let seen =
            halvings > 0
            ? filledFromHalvings(picture, known: known, halvings) : picture * known
        let a = first(concatenated([seen, mask]))
        let b = second(a)
        let c = third(b)
        let d = rising(concatenated([around(c), c]))
        let e = last(concatenated([d, b]))
        let drawn = ending(concatenated([e, a]))
        return halvings > 0 ? seen + drawn : drawn
    }
}

/// Pictures whose unknown pixels are filled smoothly from the known ones nearby: with their means in
/// the first of the pictures' halvings in which some are known, or 0 where that is in none, and then
/// from halving to halving with the means of their neighbours, some times over.
///
/// The more relaxations, the nearer to the smoothest surface there is.
///
/// - Parameter known: 0 or 1; [batch, 1, height, width], sides multiples of 2 to the `halvings`.
package func filledFromHalvings<Number: Real>(
    _ x: Variable<Number>,
    known: Variable<Number>,
    _ halvings: Int,
    relaxations: Int = 4
) -> Variable<Number> {
    let kept = x * known
    if halvings == 0 { return kept }
    let share = known.averagePooled(2)
    let means = kept.averagePooled(2) / (share + 1e-6)
    let coarse = filledFromHalvings(
        means,
        known: (share * 4).clamped(to: 0...1),
        halvings - 1,
        relaxations: relaxations
    )
    let hole = -known + 1
    return (0..<relaxations).reduce(kept + coarse.enlarged(2, .bilinear) * hole) { filled, _ in
        kept + filled.averagePooled(3, stride: 1, padding: 1) * hole
    }
}
