internal import Glibc
package import Kernels
internal import Tensors

/// What the functions of `Real` mean.
extension Real {
    package static func apply(
        _ function: Function,
        _ x: UnsafePointer<Self>,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    ) {
        for i in 0..<count { y[i] = Self(function(Double(x[i]))) }
    }

    package static func applySlope(
        of function: Function,
        at value: UnsafePointer<Self>,
        times gradient: UnsafePointer<Self>,
        into dx: UnsafeMutablePointer<Self>,
        count: Int
    ) {
        for i in 0..<count {
            dx[i] = gradient[i] * Self(function.slope(at: Double(value[i])))
        }
    }

    package static func combine(
        _ combination: Combination,
        _ a: UnsafePointer<Self>,
        _ b: UnsafePointer<Self>,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    ) {
        switch combination {
        case .add: for i in 0..<count { y[i] = a[i] + b[i] }
        case .subtract: for i in 0..<count { y[i] = a[i] - b[i] }
        case .multiply: for i in 0..<count { y[i] = a[i] * b[i] }
        case .divide: for i in 0..<count { y[i] = a[i] / b[i] }
        }
    }

    package static func accumulate(
        _ factor: Self,
        _ x: UnsafePointer<Self>,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    ) {
        for i in 0..<count { y[i] += factor * x[i] }
    }

    package static func blend(
        _ a: Self,
        _ x: UnsafePointer<Self>,
        _ b: Self,
        _ z: UnsafePointer<Self>,
        _ c: Self,
        into y: UnsafeMutablePointer<Self>,
        count: Int
    ) {
        for i in 0..<count { y[i] = a * x[i] + b * z[i] + c }
    }

    package static func sum(_ x: UnsafePointer<Self>, count: Int) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += Double(x[i]) }
        return sum
    }

    package static func dot(
        _ x: UnsafePointer<Self>,
        _ y: UnsafePointer<Self>,
        count: Int
    ) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += Double(x[i] * y[i]) }
        return sum
    }

    package static func spread(
        _ x: UnsafePointer<Self>,
        around center: Self,
        count: Int
    ) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += Double((x[i] - center) * (x[i] - center)) }
        return sum
    }

    package static func multiply(
        _ a: UnsafePointer<Self>,
        isTransposed aIsTransposed: Bool,
        _ b: UnsafePointer<Self>,
        isTransposed bIsTransposed: Bool,
        into c: UnsafeMutablePointer<Self>,
        sides: MatrixSides
    ) {
        let (m, n, k) = (sides.rows, sides.columns, sides.inner)
        for row in 0..<m {
            for column in 0..<n {
                var sum: Self = 0
                for i in 0..<k {
                    sum +=
                        a[aIsTransposed ? i * m + row : row * k + i]
                        * b[bIsTransposed ? column * k + i : i * n + column]
                }
                c[row * n + column] = sum
            }
        }
    }

    package static func convolve(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Self>,
        weights: UnsafePointer<Self>,
        bias: UnsafePointer<Self>?,
        into y: UnsafeMutablePointer<Self>
    ) {
        fill(
            y,
            with: bias,
            planes: shape.batch * shape.outputChannels,
            shape.outputChannels,
            shape.output
        )
        forEachProduct(shape) { from, weight, to in y[to] += x[from] * weights[weight] }
    }

    package static func convolveBack(
        _ shape: ConvolutionShape,
        _ y: UnsafePointer<Self>,
        weights: UnsafePointer<Self>,
        bias: UnsafePointer<Self>?,
        into x: UnsafeMutablePointer<Self>
    ) {
        fill(
            x,
            with: bias,
            planes: shape.batch * shape.inputChannels,
            shape.inputChannels,
            shape.input
        )
        forEachProduct(shape) { from, weight, to in x[from] += y[to] * weights[weight] }
    }

    package static func weightGradient(
        _ shape: ConvolutionShape,
        _ x: UnsafePointer<Self>,
        _ y: UnsafePointer<Self>,
        into weights: UnsafeMutablePointer<Self>
    ) {
        let count = shape.outputChannels * shape.inputChannels / shape.groups * shape.taps
        weights.update(repeating: 0, count: count)
        forEachProduct(shape) { from, weight, to in weights[weight] += x[from] * y[to] }
    }

    package static func stepAdam(
        _ step: AdamStep,
        _ gradient: UnsafePointer<Self>,
        _ m: UnsafeMutablePointer<Self>,
        _ v: UnsafeMutablePointer<Self>,
        weights: UnsafeMutablePointer<Self>,
        count: Int
    ) {
        for i in 0..<count {
            let w = Double(weights[i])
            let g = Double(gradient[i]) + step.decay * w
            m[i] = Self(step.beta1 * Double(m[i]) + (1 - step.beta1) * g)
            v[i] = Self(step.beta2 * Double(v[i]) + (1 - step.beta2) * g * g)
            let deviation = Double(v[i]).squareRoot() * step.scale + step.epsilon
            weights[i] = Self(step.keep * w - step.rate * Double(m[i]) / deviation)
        }
    }

    /// Fills planes with the number of their channel.
    private static func fill(
        _ y: UnsafeMutablePointer<Self>,
        with bias: UnsafePointer<Self>?,
        planes: Int,
        _ channels: Int,
        _ sides: [Int]
    ) {
        let size = sides.elementCount
        for plane in 0..<planes {
            (y + plane * size).update(repeating: bias?[plane % channels] ?? 0, count: size)
        }
    }

    /// Every product of an input and a weight that is part of an output, by their places.
    @inline(__always)
    private static func forEachProduct(
        _ shape: ConvolutionShape,
        _ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void
    ) {
        let (rows, columns) = (shape.windows[0], shape.windows[1])
        let (height, width) = (shape.input[0], shape.input[1])
        let output = shape.output
        let inputs = shape.inputChannels / shape.groups
        let outputs = shape.outputChannels / shape.groups
        for plane in 0..<(shape.batch * shape.outputChannels) {
            let (image, channel) = plane.quotientAndRemainder(dividingBy: shape.outputChannels)
            for input in 0..<inputs {
                let from = image * shape.inputChannels + channel / outputs * inputs + input
                for i in 0..<rows.size {
                    for j in 0..<columns.size {
                        let weight = ((channel * inputs + input) * rows.size + i) * columns.size + j
                        for y in rows.validWindows(tap: i, over: height, count: output[0]) {
                            let start = from * height + rows.position(of: i, at: y)
                            let end = plane * output[0] + y
                            for x in columns.validWindows(tap: j, over: width, count: output[1]) {
                                let position = columns.position(of: j, at: x)
                                body(start * width + position, weight, end * output[1] + x)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension Function {
    func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .exp: Glibc.exp(x)
        case .log: Glibc.log(x)
        case .sqrt: x.squareRoot()
        case .abs: Swift.abs(x)
        case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
        case .reciprocal: 1 / x
        case .square: x * x
        case .tanh: Glibc.tanh(x)
        case .sigmoid: 1 / (1 + Glibc.exp(-x))
        case .softplus: max(x, 0) + log1p(Glibc.exp(-Swift.abs(x)))
        case .leakyRelu(let slope): x > 0 ? x : slope * x
        case .step(let slope): x > 0 ? 1 : slope
        case .elu: x < 0 ? expm1(x) : x
        case .clamp(let low, let high): min(max(x, low), high)
        case .isWithin(let low, let high): x >= low && x <= high ? 1 : 0
        case .power(let exponent): pow(x, exponent)
        case .scale(let factor, let offset): factor * x + offset
        }
    }

    /// Whether the slope is worked out from the result instead of the argument.
    var slopeNeedsResult: Bool {
        switch self {
        case .exp, .sqrt, .reciprocal, .tanh, .sigmoid, .elu: true
        case .leakyRelu(let slope): slope >= 0
        default: false
        }
    }

    /// The slope where the argument is x, or the result y, whichever is needed.
    func slope(at value: Double) -> Double {
        let (x, y) = (value, value)
        return switch self {
        case .exp: y
        case .log: 1 / x
        case .sqrt: 0.5 / y
        case .abs: Function.sign(x)
        case .sign, .step, .isWithin: 0
        case .reciprocal: -y * y
        case .square: 2 * x
        case .tanh: 1 - y * y
        case .sigmoid: y * (1 - y)
        case .softplus: Function.sigmoid(x)
        case .leakyRelu(let slope): value > 0 ? 1 : slope
        case .elu: y < 0 ? y + 1 : 1
        case .clamp(let low, let high): Function.isWithin(low: low, high: high)(x)
        case .power(let exponent): exponent * pow(x, exponent - 1)
        case .scale(let factor, _): factor
        }
    }
}
