/// Fills narrow holes: corrects smooth fills by residual blocks at full size, which see 18 pixels far.
package struct NarrowFillNetwork<Number: Real>: FillingNetwork {
    package let head: Convolution<Number>
    package let body: Sequential<Number>
    package let ending: Convolution<Number>
    /// How often the picture is halved for the smooth fill.
    private let halvings: Int

    package init(features f: Int, blocks: Int = 8, halvings: Int, _ initial: Initialization) {
        self.halvings = halvings
        head = Convolution(4, f, kernel: 3, initial)
        body = Sequential(residualBlocks(blocks, features: f, initial))
        // Beginning with nearly nothing.
        ending = Convolution(f, 3, kernel: 3, initial.scaled(by: 0.1))
    }

    package var alignment: Int { 1 << halvings }

    package func drawn(_ picture: Variable<Number>, mask: Variable<Number>) -> Variable<Number> {
        let known = -hole(mask) + 1
        let seen = filledFromHalvings(picture, known: known, halvings)
        return seen + ending(body(head(concatenated([seen, mask]))))
    }
}
