internal import CKernels

/// Functions of one number that have a kernel.
package enum RowFunction: Sendable, Equatable {
    case relu, abs, sqrt, reciprocal, exp, sigmoid, tanh, log, softplus, elu, square
    case leakyRelu(Float)
    case clip(low: Float, high: Float)
    /// `factor` · x + `offset`
    case scale(factor: Float, offset: Float)

    /// The kernel's name and its two settings.
    var call: (atelier_unary_function, Float, Float) {
        switch self {
        case .relu: (ATELIER_UNARY_RELU, 0, 0)
        case .abs: (ATELIER_UNARY_ABS, 0, 0)
        case .sqrt: (ATELIER_UNARY_SQRT, 0, 0)
        case .reciprocal: (ATELIER_UNARY_RECIPROCAL, 0, 0)
        case .exp: (ATELIER_UNARY_EXP, 0, 0)
        case .sigmoid: (ATELIER_UNARY_SIGMOID, 0, 0)
        case .tanh: (ATELIER_UNARY_TANH, 0, 0)
        case .log: (ATELIER_UNARY_LOG, 0, 0)
        case .softplus: (ATELIER_UNARY_SOFTPLUS, 0, 0)
        case .elu: (ATELIER_UNARY_ELU, 0, 0)
        case .square: (ATELIER_UNARY_SQUARE, 0, 0)
        case .leakyRelu(let slope): (ATELIER_UNARY_LEAKY_RELU, slope, 0)
        case .clip(let low, let high): (ATELIER_UNARY_CLIP, low, high)
        case .scale(let factor, let offset): (ATELIER_UNARY_SCALE, factor, offset)
        }
    }
}

/// Functions of two numbers that have a kernel.
package enum RowCombination: Sendable {
    case add, subtract, multiply, divide, minimum, maximum
    /// a < 0 ? a · b : a
    case slope

    var function: atelier_binary_function {
        switch self {
        case .add: ATELIER_BINARY_ADD
        case .subtract: ATELIER_BINARY_SUBTRACT
        case .multiply: ATELIER_BINARY_MULTIPLY
        case .divide: ATELIER_BINARY_DIVIDE
        case .minimum: ATELIER_BINARY_MINIMUM
        case .maximum: ATELIER_BINARY_MAXIMUM
        case .slope: ATELIER_BINARY_SLOPE
        }
    }
}

/// How the second operand of a combination lies beside the first.
package enum RowOperand: Sendable {
    /// A number for each number.
    case full
    /// `lanes` numbers, the same for every pixel.
    case channel
    /// One number for each pixel, `step` floats apart.
    case pixel(step: Int)
}

/// Kernels that work along a row of pixels, on memory that the caller vouches for.
package enum RowKernels {
    /// y[i] = function(x[i]); x and y may be the same.
    package static func apply(
        _ function: RowFunction,
        _ x: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        let (name, a, b) = function.call
        atelier_unary(instructions.isa, name, a, b, x, y, count)
    }

    /// y = a ∘ b over `count` pixels of `lanes` channels; y may be a or b.
    package static func combine(
        _ combination: RowCombination,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ operand: RowOperand,
        lanes: Int,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        let (kind, step): (atelier_operand, Int) =
            switch operand {
            case .full: (ATELIER_OPERAND_FULL, 0)
            case .channel: (ATELIER_OPERAND_CHANNEL, 0)
            case .pixel(let step): (ATELIER_OPERAND_PIXEL, step)
            }
        atelier_binary(
            instructions.isa,
            combination.function,
            a,
            b,
            kind,
            step,
            Int32(lanes),
            y,
            count
        )
    }

    /// Adds to a row: y += factor · x.
    package static func accumulate(
        _ factor: Float,
        _ x: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) { atelier_accumulate(instructions.isa, factor, x, y, count) }

    /// Adds the sum of x − shift and of its squares over `count` pixels, for each of `lanes` channels.
    package static func addMoments(
        _ x: UnsafePointer<Float>,
        shift: UnsafePointer<Float>,
        lanes: Int,
        count: Int,
        sums: UnsafeMutablePointer<Double>,
        squares: UnsafeMutablePointer<Double>,
        using instructions: InstructionSet = .current
    ) { atelier_moments(instructions.isa, x, shift, Int32(lanes), count, sums, squares) }

    /// The largest of some inputs, pixel by pixel: of taps[t][x · step + lane].
    package static func poolMaximum(
        _ taps: UnsafeBufferPointer<UnsafePointer<Float>?>,
        step: Int,
        lanes: Int,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        atelier_pool_max(
            instructions.isa,
            taps.baseAddress,
            Int32(taps.count),
            step,
            Int32(lanes),
            y,
            Int32(count)
        )
    }

    /// The sum of some inputs times a factor.
    package static func poolSum(
        _ taps: UnsafeBufferPointer<UnsafePointer<Float>?>,
        step: Int,
        lanes: Int,
        factor: Float,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        atelier_pool_sum(
            instructions.isa,
            taps.baseAddress,
            Int32(taps.count),
            step,
            Int32(lanes),
            factor,
            y,
            Int32(count)
        )
    }

    /// Puts pixels together from anywhere: y[x · step + lane] = sources[lane][x · sourceStep], 0
    /// where there is no source.
    package static func gather(
        _ sources: UnsafeBufferPointer<UnsafePointer<Float>?>,
        sourceStep: Int,
        into y: UnsafeMutablePointer<Float>,
        step: Int,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        atelier_gather(
            instructions.isa,
            sources.baseAddress,
            sourceStep,
            Int32(sources.count),
            y,
            step,
            Int32(count)
        )
    }

    /// Mixes pixels along a row: for each output pixel `taps` positions and weights.
    package static func resample(
        _ x: UnsafePointer<Float>,
        positions: [Int32],
        weights: [Float],
        taps: Int,
        lanes: Int,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        precondition(positions.count >= count * taps && weights.count >= count * taps)
        atelier_resample(
            instructions.isa,
            x,
            positions,
            weights,
            Int32(taps),
            Int32(lanes),
            y,
            Int32(count)
        )
    }
}

/// Kernels over numbers that lie one after the other.
extension RowKernels {
    /// dx = gradient · f'(x); `value` holds f(x) where C's header says so, else x.
    package static func applySlope(
        of function: RowFunction,
        at value: UnsafePointer<Float>,
        times gradient: UnsafePointer<Float>,
        into dx: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        let (name, a, b) = function.call
        atelier_unary_slope(instructions.isa, name, a, b, value, gradient, dx, count)
    }

    package static func sum(
        _ x: UnsafePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) -> Double { atelier_sum(instructions.isa, x, count) }

    /// The sum of products.
    package static func dot(
        _ x: UnsafePointer<Float>,
        _ y: UnsafePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) -> Double { atelier_dot(instructions.isa, x, y, count) }

    /// The sum of (x − center)².
    package static func spread(
        _ x: UnsafePointer<Float>,
        around center: Float,
        count: Int,
        using instructions: InstructionSet = .current
    ) -> Double { atelier_spread(instructions.isa, x, center, count) }

    /// y = a · x + b · z + c; y may be x or z.
    package static func blend(
        _ a: Float,
        _ x: UnsafePointer<Float>,
        _ b: Float,
        _ z: UnsafePointer<Float>,
        _ c: Float,
        into y: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) { atelier_blend(instructions.isa, a, x, b, z, c, y, count) }
}

/// The settings of one step of Adam.
package struct AdamStep: Sendable {
    /// How much of the moments stays.
    package var beta1, beta2: Double
    /// What moments are multiplied with because they began at zero, the rate included.
    package var rate, scale: Double
    package var epsilon: Double
    /// The share of the weights that joins the gradient, and the share that stays.
    package var decay, keep: Double

    package init(
        beta1: Double,
        beta2: Double,
        rate: Double,
        scale: Double,
        epsilon: Double,
        decay: Double,
        keep: Double
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.rate = rate
        self.scale = scale
        self.epsilon = epsilon
        self.decay = decay
        self.keep = keep
    }
}

extension RowKernels {
    /// Moments m and v follow the gradient and its square, the weights follow the moments.
    package static func stepAdam(
        _ step: AdamStep,
        _ gradient: UnsafePointer<Float>,
        _ m: UnsafeMutablePointer<Float>,
        _ v: UnsafeMutablePointer<Float>,
        weights: UnsafeMutablePointer<Float>,
        count: Int,
        using instructions: InstructionSet = .current
    ) {
        var settings = atelier_adam(
            beta1: Float(step.beta1),
            beta2: Float(step.beta2),
            rate: Float(step.rate),
            scale: Float(step.scale),
            epsilon: Float(step.epsilon),
            decay: Float(step.decay),
            keep: Float(step.keep)
        )
        atelier_adam_step(instructions.isa, &settings, gradient, m, v, weights, count)
    }
}
