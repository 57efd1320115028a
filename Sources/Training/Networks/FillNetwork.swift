/// Fills holes: looks around at a quarter of the size by wider and wider steps.
package struct FillNetwork<Number: Real>: Module {
    package let first, second, third: Sequential<Number>
    package let around: Sequential<Number>
    package let rising, last: Sequential<Number>
    package let ending: Convolution<Number>

    package init(features f: Int, _ initial: Initialization) {
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
        ending = Convolution(2 * f, 3, kernel: 3, initial)
    }

    /// - Parameter mask: 1 in the hole; [batch, 1, height, width].
    package func callAsFunction(
        _ picture: Variable<Number>,
        mask: Variable<Number>
    ) -> Variable<Number> {
        let known = picture * (1 - mask)
        let a = first(concatenated([known, mask]))
        let b = second(a)
        let c = third(b)
        let d = rising(concatenated([around(c), c]))
        let e = last(concatenated([d, b]))
        return known + tanh(ending(concatenated([e, a]))) * mask
    }
}
