/// An encoder and a decoder with shortcuts between maps of the same size (pix2pix).
///
/// The sides of a picture are multiples of 2 to the number of levels.
package struct UNet<Number: Real>: Translator {
    package let outermost: UNetBlock<Number>

    /// - Parameter dropout: where the inner levels' random numbers come from, if they drop any.
    package init(
        inputs: Int = 3,
        outputs: Int = 3,
        features: Int,
        levels: Int,
        norm: Norm = .batch,
        dropout: RandomStream? = nil,
        _ initial: Initialization
    ) {
        let widths = [1, 2, 4, 8, 8, 8, 8, 8].prefix(levels).map { $0 * features }
        var block: UNetBlock<Number>?
        for level in (0..<levels).reversed() {
            let isOutermost = level == 0
            let isDeep = level >= 4 && level < levels - 1
            block = UNetBlock(
                inputs: isOutermost ? inputs : widths[level - 1],
                width: widths[level],
                outputs: isOutermost ? outputs : widths[level - 1],
                inner: block,
                isOutermost: isOutermost,
                norm: norm,
                dropout: isDeep ? dropout : nil,
                initial
            )
        }
        outermost = block!
    }

    /// The maps are of half the size, of a quarter and so on.
    package func withEncoderMaps(
        _ x: Variable<Number>
    ) -> (output: Variable<Number>, maps: [Variable<Number>]) {
        var maps: [Variable<Number>] = []
        let output = outermost.output(x) { maps.append($0) }
        return (output, maps)
    }
}

/// One level of a U-Net: down, the levels below, and up again beside what came in.
package struct UNetBlock<Number: Real>: Layer {
    package let down: Sequential<Number>
    package let inner: [UNetBlock<Number>]
    package let up: Sequential<Number>
    private let isOutermost: Bool

    init(
        inputs: Int,
        width: Int,
        outputs: Int,
        inner: UNetBlock<Number>?,
        isOutermost: Bool,
        norm: Norm,
        dropout: RandomStream?,
        _ initial: Initialization
    ) {
        self.isOutermost = isOutermost
        self.inner = inner.map { [$0] } ?? []
        let isInnermost = inner == nil
        down = Sequential {
            if !isOutermost { LeakyRelu(0.2) }
            Convolution(inputs, width, kernel: 4, stride: 2, initial)
            if !isOutermost && !isInnermost { norm.layers(width, initial) }
        }
        up = Sequential {
            Apply(relu)
            TransposedConvolution(
                isInnermost ? width : 2 * width,
                outputs,
                kernel: 4,
                stride: 2,
                padding: 1,
                initial
            )
            if isOutermost {
                Apply(tanh)
            } else {
                norm.layers(outputs, initial)
            }
            if let dropout { Dropout(0.5, dropout) }
        }
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { output(x) { _ in } }

    /// - Parameter seen: is given the smaller maps, from this level to the innermost one.
    func output(
        _ x: Variable<Number>,
        _ seen: (Variable<Number>) -> Void
    ) -> Variable<Number> {
        let smaller = down(x)
        seen(smaller)
        let y = up(inner.reduce(smaller) { $1.output($0, seen) })
        return isOutermost ? y : concatenated([x, y])
    }
}
