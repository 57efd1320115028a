internal import Kernels
package import Tensors

/// How much padding a windowed operator adds: given, or worked out from the sides.
package enum PadRule: Sendable, Equatable {
    /// Positions before and after, for each spatial axis.
    case explicit(before: [Int], after: [Int])
    /// As much as makes the output side ⌈input / stride⌉; an odd one goes to the end, or to the
    /// beginning.
    case sameUpper, sameLower
    case valid
}

/// The sliding windows of a convolution or pooling, before the input's sides are known.
package struct WindowRule: Sendable, Equatable {
    package var kernel: [Int]
    package var strides: [Int]
    package var dilations: [Int]
    package var pads: PadRule

    package init(
        kernel: [Int],
        strides: [Int]? = nil,
        dilations: [Int]? = nil,
        pads: PadRule = .valid
    ) {
        self.kernel = kernel
        self.strides = strides ?? kernel.map { _ in 1 }
        self.dilations = dilations ?? kernel.map { _ in 1 }
        self.pads = pads
    }

    /// The window along one spatial axis.
    ///
    /// With padding that depends on the side, the side must be known, unless the stride is 1.
    func window(_ axis: Int, side: Dimension) throws(OperatorError) -> Window {
        var window = Window(
            size: kernel[axis],
            stride: strides[axis],
            dilation: dilations[axis]
        )
        switch pads {
        case .explicit(let before, let after):
            (window.padBefore, window.padAfter) = (before[axis], after[axis])
        case .valid: break
        case .sameUpper, .sameLower:
            let total: Int
            if window.stride == 1 {
                total = window.extent - 1
            } else if let side = side.constant {
                let output = side.ceiledQuotient(by: window.stride)
                total = max(0, (output - 1) * window.stride + window.extent - side)
            } else if let multiple = side.evenMultiple(of: window.stride), multiple {
                total = max(0, window.extent - window.stride)
            } else {
                throw OperatorError(
                    expected: "sides that are known, for padding of kind SAME with strides",
                    found: "\(side)"
                )
            }
            window.padBefore = pads == .sameUpper ? total / 2 : total - total / 2
            window.padAfter = total - window.padBefore
        }
        return window
    }

    func windows(_ sides: [Int]) throws(OperatorError) -> [Window] {
        guard sides.count == kernel.count else {
            throw OperatorError(
                expected: "\(kernel.count) spatial axes, as many as the kernel has",
                found: "\(sides.count)"
            )
        }
        var windows: [Window] = []
        for axis in sides.indices {
            windows.append(try window(axis, side: Dimension(sides[axis])))
        }
        return windows
    }

    /// The output sides for input sides.
    func outputs(
        _ sides: some Collection<Dimension>,
        roundingUp: Bool = false
    ) throws(OperatorError) -> [Dimension] {
        guard sides.count == kernel.count else {
            throw OperatorError(
                expected: "\(kernel.count) spatial axes, as many as the kernel has",
                found: "\(sides.count)"
            )
        }
        var result: [Dimension] = []
        for (axis, side) in sides.enumerated() {
            if pads == .sameUpper || pads == .sameLower {
                result.append(side.ceiled(by: strides[axis]))
                continue
            }
            let window = try window(axis, side: side)
            if let side = side.constant {
                let count = window.count(over: side, roundingUp: roundingUp)
                guard count > 0 else {
                    throw OperatorError(
                        expected:
                            "a side of at least \(window.extent - window.padBefore - window.padAfter)",
                        found: "\(side)"
                    )
                }
                result.append(Dimension(count))
            } else {
                let room = side + Dimension(window.padBefore + window.padAfter - window.extent)
                let steps =
                    roundingUp ? room.ceiled(by: window.stride) : room.floored(by: window.stride)
                result.append(steps + 1)
            }
        }
        return result
    }

    /// Where positions along an output axis come from, for a layout of batch, channels, space.
    func source(
        ofOutputAxis axis: Int,
        _ input: ValueType?,
        channels: AxisMap
    ) -> AxisSource {
        if axis == 0 { return AxisSource(axis: 0) }
        if axis == 1 { return AxisSource(axis: 1, channels) }
        guard let side = input?.shape?[axis], let window = try? window(axis - 2, side: side) else {
            return AxisSource(axis: axis, .everything)
        }
        return AxisSource(axis: axis, .window(window))
    }
}

extension Dimension {
    /// Whether it is a multiple of `divisor` whatever the sizes are.
    func evenMultiple(of divisor: Int) -> Bool? {
        floored(by: divisor) * Dimension(divisor) == self
    }
}

/// Convolution: ONNX Conv, versions 1 to 22.
///
/// Inputs: x [N, C, space…], weights [M, C/groups, window…], bias [M] or none.
package struct Convolution: LocalOperator, Equatable {
    package let name = "Conv"
    package var groups: Int
    /// `kernel` is empty when the weights' shape says it.
    package var rule: WindowRule

    package init(groups: Int = 1, rule: WindowRule) {
        self.groups = groups
        self.rule = rule
    }

    package static func == (a: Convolution, b: Convolution) -> Bool {
        a.groups == b.groups && a.rule == b.rule
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        try expectFloats(inputs, count: 2)
        let (x, weights) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = try shape(of: x, ranks: 3...5), let kernel = weights.constantShape else {
            return [ValueType(x.elementType, nil)]
        }
        try check(channels: shape[1].constant, kernel, rank: shape.count)
        if let bias = optional(inputs, 2)?.constantShape, bias != [kernel[0]] {
            throw OperatorError(expected: "a bias of \(kernel[0])", found: text(bias))
        }
        let sides = try rule.outputs(shape.dropFirst(2))
        return [ValueType(x.elementType, [shape[0], Dimension(kernel[0])] + sides)]
    }

    private func check(channels: Int?, _ kernel: [Int], rank: Int) throws(OperatorError) {
        guard kernel.count == rank, Array(kernel.dropFirst(2)) == rule.kernel else {
            throw OperatorError(
                expected: "weights for \(rank - 2) spatial axes with windows of \(rule.kernel)",
                found: text(kernel)
            )
        }
        guard groups > 0, kernel[0] % groups == 0 else {
            throw OperatorError(
                expected: "output channels in \(groups) equal groups",
                found: "\(kernel[0])"
            )
        }
        guard let channels, channels != kernel[1] * groups else { return }
        throw OperatorError(
            expected: "an input of \(kernel[1] * groups) channels",
            found: "\(channels)"
        )
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, weights) = (try float(inputs, 0), try float(inputs, 1))
        let bias = try optionalFloat(inputs, 2)
        let output = try outputShape(inputs)
        let sides = Array(x.shape.dropFirst(2))
        let shape = ConvolutionShape(
            batch: x.shape[0],
            inputChannels: x.shape[1],
            outputChannels: weights.shape[0],
            groups: groups,
            input: sides,
            windows: try rule.windows(sides)
        )
        var y = Tensor(uninitialized: output)
        var out = y.mutableFloats
        convolution(shape, x.floats, weights: weights.floats, bias: bias?.floats, into: &out)
        return [y]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        [rule.source(ofOutputAxis: axis, inputs[0], channels: .everything), nil, nil]
    }
}

/// Transposed convolution: ONNX ConvTranspose, versions 1 to 22.
///
/// Inputs: x [N, C, space…], weights [C, M/groups, window…], bias [M] or none.
package struct TransposedConvolution: LocalOperator, Equatable {
    package let name = "ConvTranspose"
    package var groups: Int
    package var rule: WindowRule
    /// Positions added at the end of each axis; they see fewer inputs.
    package var outputPadding: [Int]
    /// The output sides, which the padding is then worked out from.
    package var outputSides: [Int]?

    package init(
        groups: Int = 1,
        rule: WindowRule,
        outputPadding: [Int]? = nil,
        outputSides: [Int]? = nil
    ) {
        self.groups = groups
        self.rule = rule
        self.outputPadding = outputPadding ?? rule.kernel.map { _ in 0 }
        self.outputSides = outputSides
    }

    package static func == (a: TransposedConvolution, b: TransposedConvolution) -> Bool {
        a.groups == b.groups && a.rule == b.rule && a.outputPadding == b.outputPadding
            && a.outputSides == b.outputSides
    }

    /// The window along an axis (of the convolution that this is the adjoint of) and the output
    /// side.
    func geometry(
        _ axis: Int,
        side: Dimension
    ) throws(OperatorError) -> (window: Window, side: Dimension) {
        var window = Window(
            size: rule.kernel[axis],
            stride: rule.strides[axis],
            dilation: rule.dilations[axis]
        )
        let full =
            (side - 1) * Dimension(window.stride)
            + Dimension(window.extent + outputPadding[axis])
        var total: Int
        switch (rule.pads, outputSides) {
        case (.explicit(let before, let after), nil):
            (window.padBefore, window.padAfter) = (before[axis], after[axis])
            return (window, full - Dimension(window.padBefore + window.padAfter))
        case (.valid, nil): return (window, full)
        case (_, let sides?):
            guard let side = (full - Dimension(sides[axis])).constant else {
                throw OperatorError(
                    expected: "an input whose sides are known, for a fixed output shape",
                    found: "\(side)"
                )
            }
            total = side
        case (.sameUpper, nil), (.sameLower, nil):
            total = window.extent + outputPadding[axis] - window.stride
        }
        // A negative total adds positions at the end, as an output padding does.
        let trimmed = max(total, 0)
        window.padBefore = rule.pads == .sameUpper ? trimmed / 2 : trimmed - trimmed / 2
        if case .explicit = rule.pads { window.padBefore = trimmed - trimmed / 2 }
        window.padAfter = total - window.padBefore
        return (window, full - Dimension(total))
    }

    package func infer(_ inputs: [ValueType?]) throws(OperatorError) -> [ValueType] {
        try expectFloats(inputs, count: 2)
        let (x, weights) = (try required(inputs, 0), try required(inputs, 1))
        guard let shape = try shape(of: x, ranks: 3...5), let kernel = weights.constantShape else {
            return [ValueType(x.elementType, nil)]
        }
        guard kernel.count == shape.count, Array(kernel.dropFirst(2)) == rule.kernel else {
            throw OperatorError(
                expected:
                    "weights for \(shape.count - 2) spatial axes with windows of \(rule.kernel)",
                found: text(kernel)
            )
        }
        if let bias = optional(inputs, 2)?.constantShape, bias != [kernel[1] * groups] {
            throw OperatorError(expected: "a bias of \(kernel[1] * groups)", found: text(bias))
        }
        guard kernel[0] % groups == 0 else {
            throw OperatorError(
                expected: "input channels in \(groups) equal groups",
                found: "\(kernel[0])"
            )
        }
        if let channels = shape[1].constant, channels != kernel[0] || channels % groups != 0 {
            throw OperatorError(
                expected: "an input of \(kernel[0]) channels in \(groups) equal groups",
                found: "\(channels)"
            )
        }
        var sides: [Dimension] = []
        for axis in rule.kernel.indices {
            let side = try geometry(axis, side: shape[axis + 2]).side
            if let constant = side.constant, constant <= 0 {
                throw OperatorError(expected: "an output side of at least 1", found: "\(constant)")
            }
            sides.append(side)
        }
        return [ValueType(x.elementType, [shape[0], Dimension(kernel[1] * groups)] + sides)]
    }

    package func evaluate(_ inputs: [Tensor?]) throws(OperatorError) -> [Tensor] {
        let (x, weights) = (try float(inputs, 0), try float(inputs, 1))
        let bias = try optionalFloat(inputs, 2)
        let output = try outputShape(inputs)
        var windows: [Window] = []
        for axis in rule.kernel.indices {
            var window = try geometry(axis, side: Dimension(x.shape[axis + 2])).window
            // The forward convolution must have exactly as many windows as there are inputs.
            let room = output[axis + 2] + window.padBefore - window.extent
            window.padAfter = (x.shape[axis + 2] - 1) * window.stride - room
            windows.append(window)
        }
        let forward = ConvolutionShape(
            batch: x.shape[0],
            inputChannels: output[1],
            outputChannels: x.shape[1],
            groups: groups,
            input: Array(output.dropFirst(2)),
            windows: windows
        )
        var y = Tensor(uninitialized: output)
        var out = y.mutableFloats
        transposedConvolution(
            forward: forward,
            x.floats,
            weights: weights.floats,
            bias: bias?.floats,
            into: &out
        )
        return [y]
    }

    package func sources(
        ofOutputAxis axis: Int,
        _ inputs: [ValueType?]
    ) -> [AxisSource?] {
        guard axis >= 2 else {
            return [AxisSource(axis: axis, axis == 0 ? .identity : .everything), nil, nil]
        }
        guard let side = inputs[0]?.shape?[axis],
            let window = try? geometry(axis - 2, side: side).window
        else { return [AxisSource(axis: axis, .everything), nil, nil] }
        return [AxisSource(axis: axis, .adjoint(window)), nil, nil]
    }
}
