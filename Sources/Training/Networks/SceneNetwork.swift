/// A network that makes a picture of another and can be shown what to see on the way.
package protocol Translator<Number>: Layer {
    /// What comes out, and what the encoder saw on the way: smaller and smaller maps.
    func withEncoderMaps(
        _ x: Variable<Number>
    ) -> (output: Variable<Number>, maps: [Variable<Number>])
}

extension Translator {
    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        withEncoderMaps(x).output
    }
}

/// Sees what is in a picture at a sixteenth of its size, from all around, and draws at a quarter of it:
/// for what goes by things rather than by edges, such as colours.
///
/// The sides of a picture are multiples of 16.
package struct SceneNetwork<Number: Real>: Translator {
    /// The encoder: to a quarter, an eighth and a sixteenth of the size.
    package let stages: [Sequential<Number>]
    /// Of what the decoder is told at a sixteenth of the size.
    private let dropout: Dropout<Number>?
    package let rising, last: Sequential<Number>
    package let ending: Convolution<Number>
    /// Whether the encoder learns nothing from the output, only from what is asked of its maps.
    private let isEncoderApart: Bool

    /// - Parameter dropout: where random numbers come from, if the decoder forgets half of what it is
    ///   told at a sixteenth of the size.
    package init(
        inputs: Int = 3,
        outputs: Int = 3,
        features f: Int,
        blocks: Int = 4,
        norm: Norm = .layer,
        dropout: RandomStream? = nil,
        isEncoderApart: Bool = false,
        _ initial: Initialization
    ) {
        func layer(_ inputs: Int, _ outputs: Int, stride: Int = 1) -> [any Layer<Number>] {
            [Convolution<Number>(inputs, outputs, kernel: 3, stride: stride, initial)]
                + norm.layers(outputs, initial) + [Apply(relu)]
        }
        func block(_ width: Int) -> any Layer<Number> {
            Residual {
                layer(width, width)
                Convolution(width, width, kernel: 3, initial)
                norm.layers(width, initial)
            }
        }
        stages = [
            Sequential(layer(inputs, f, stride: 2) + layer(f, 2 * f, stride: 2)),
            Sequential(layer(2 * f, 4 * f, stride: 2) + layer(4 * f, 4 * f)),
            Sequential(layer(4 * f, 6 * f, stride: 2) + (0..<blocks).map { _ in block(6 * f) }),
        ]
        self.dropout = dropout.map { Dropout(0.5, $0) }
        rising = Sequential([Enlarge<Number>(2)] + layer(6 * f, 2 * f))
        last = Sequential([Enlarge<Number>(2)] + layer(6 * f, 2 * f))
        // Beginning with nearly nothing.
        ending = Convolution(4 * f, outputs, kernel: 1, initial.scaled(by: 0.1))
        self.isEncoderApart = isEncoderApart
    }

    package func withEncoderMaps(
        _ x: Variable<Number>
    ) -> (output: Variable<Number>, maps: [Variable<Number>]) {
        var maps: [Variable<Number>] = []
        for stage in stages { maps.append(stage(maps.last ?? x)) }
        let seen = isEncoderApart ? maps.map(\.detached) : maps
        let scene = dropout?(seen[2]) ?? seen[2]
        let b = concatenated([rising(scene), seen[1]])
        let c = concatenated([last(b), seen[0]])
        return (tanh(ending(c)).enlarged(4, .bilinear), maps)
    }
}
