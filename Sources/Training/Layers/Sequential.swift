/// Layers one after the other.
package struct Sequential<Number: Real>: Layer {
    package let layers: [any Layer<Number>]

    package init(_ layers: [any Layer<Number>]) { self.layers = layers }

    package init(@LayerBuilder<Number> _ layers: () -> [any Layer<Number>]) {
        self.layers = layers()
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        layers.reduce(x) { $1($0) }
    }
}

/// Collects the layers written one below the other; some may depend on a condition or be repeated.
@resultBuilder
package enum LayerBuilder<Number: Real> {
    package static func buildExpression<L: Layer>(_ layer: L) -> [any Layer<Number>]
    where L.Number == Number { [layer] }
    package static func buildExpression(_ layers: [any Layer<Number>]) -> [any Layer<Number>] {
        layers
    }
    package static func buildBlock(_ parts: [any Layer<Number>]...) -> [any Layer<Number>] {
        parts.flatMap(\.self)
    }
    package static func buildOptional(_ part: [any Layer<Number>]?) -> [any Layer<Number>] {
        part ?? []
    }
    package static func buildEither(first: [any Layer<Number>]) -> [any Layer<Number>] { first }
    package static func buildEither(second: [any Layer<Number>]) -> [any Layer<Number>] { second }
    package static func buildArray(_ parts: [[any Layer<Number>]]) -> [any Layer<Number>] {
        parts.flatMap(\.self)
    }
}

/// A function as a layer without parameters.
package struct Apply<Number: Real>: Layer {
    let function: (Variable<Number>) -> Variable<Number>

    package init(_ function: @escaping (Variable<Number>) -> Variable<Number>) {
        self.function = function
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { function(x) }
}

/// Negative numbers times a slope.
package struct LeakyRelu<Number: Real>: Layer {
    let slope: Double

    package init(_ slope: Double = 0.2) { self.slope = slope }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> {
        leakyRelu(x, slope: slope)
    }
}

/// Its layers' result, added to what they are given.
package struct Residual<Number: Real>: Layer {
    package let layers: Sequential<Number>

    package init(@LayerBuilder<Number> _ layers: () -> [any Layer<Number>]) {
        self.layers = Sequential(layers())
    }

    package func callAsFunction(_ x: Variable<Number>) -> Variable<Number> { x + layers(x) }
}
