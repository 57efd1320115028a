internal import Glibc
package import Kernels
package import Tensors

/// A type of numbers to train with: `Double` computes by plain definitions, `Float` by kernels.
///
/// What is computed is written once, in terms of these functions; each is a loop over numbers that
/// lie one after the other.
package protocol Real: TensorNumber, BinaryFloatingPoint {
    /// y = f(x); x and y may be the same.
    static func apply(
        _ function: Function,
        _ x: UnsafePointer<Self>,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    )

    /// dx = gradient · f'(x), where `value` is f(x) for a function that its result is enough for,
    /// and x otherwise.
    static func applySlope(
        of function: Function,
        at value: UnsafePointer<Self>,
        times gradient: UnsafePointer<Self>,
        into dx: UnsafeMutablePointer<Self>,
        count: Int
    )

    /// y = a ∘ b, number by number; y may be a or b.
    static func combine(
        _ combination: Combination,
        _ a: UnsafePointer<Self>,
        _ b: UnsafePointer<Self>,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    )

    /// y += factor · x
    static func accumulate(
        _ factor: Self,
        _ x: UnsafePointer<Self>,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    )

    /// y = a · x + b · z + c; y may be x or z.
    static func blend(
        _ a: Self,
        _ x: UnsafePointer<Self>,
        _ b: Self,
        _ z: UnsafePointer<Self>,
        _ c: Self,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    )

    static func sum(_ x: UnsafePointer<Self>, count: Int) -> Double

    /// The sum of products.
    static func dot(_ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, count: Int) -> Double

    /// The sum of (x − center)².
    static func spread(_ x: UnsafePointer<Self>, around center: Self, count: Int) -> Double

    /// c[m × n] = a[m × k] · b[k × n]; where a matrix is transposed its memory holds k × m, or n × k.
    static func multiply(
        _ a: UnsafePointer<Self>,
        isTransposed: Bool,
        _ b: UnsafePointer<Self>,
        isTransposed: Bool,
        into c: UnsafeMutablePointer<Self>,
        sides: MatrixSides
    )

    /// Convolution of `x` [batch, inputs, …] with `weights` [outputs, inputs / groups, …], whose
    /// sums begin at `bias`.
    static func convolve(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Self>,
        weights: UnsafePointer<Self>,
        bias: UnsafePointer<Self>?,
        into y: UnsafeMutablePointer<Self>
    )

    /// The gradient of a convolution with respect to its input, also known as transposed
    /// convolution; its sums begin at `bias`.
    static func convolveBack(
        _ shape: ConvolutionShape,
        _ y: UnsafePointer<Self>,
        weights: UnsafePointer<Self>,
        bias: UnsafePointer<Self>?,
        into x: UnsafeMutablePointer<Self>
    )

    /// The gradient of a convolution with respect to its weights.
    static func weightGradient(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Self>,
        _ y: UnsafePointer<Self>,
        into weights: UnsafeMutablePointer<Self>
    )

    /// A step of Adam: moments m and v follow the gradient, the weights follow them.
    static func stepAdam(
        _ step: AdamStep,
        _ gradient: UnsafePointer<Self>,
        _ m: UnsafeMutablePointer<Self>,
        _ v: UnsafeMutablePointer<Self>,
        weights: UnsafeMutablePointer<Self>,
        count: Int
    )

    /// Whether operations made of several may be computed as one.
    static var fuses: Bool { get }
}

/// Rows and columns of a matrix product, and the length of its sums.
package struct MatrixSides {
    package var rows, columns, inner: Int
}

/// Functions of one number.
package enum Function: Sendable, Hashable {
    case exp, log, sqrt, abs, sign, reciprocal, square
    case tanh, sigmoid, softplus
    /// x > 0 ? x : slope · x
    case leakyRelu(slope: Double)
    /// x > 0 ? 1 : slope
    case step(slope: Double)
    /// x < 0 ? eˣ − 1 : x
    case elu
    case clamp(low: Double, high: Double)
    /// low ≤ x ≤ high ? 1 : 0
    case isWithin(low: Double, high: Double)
    case power(Double)
    /// factor · x + offset
    case scale(factor: Double, offset: Double)
}

/// Functions of two numbers.
package enum Combination: Sendable, Hashable {
    case add, subtract, multiply, divide
}

extension Double: Real { package static var fuses: Bool { false } }
