internal import Kernels
internal import Tensors

/// What happens to the results of a node: on their way out of its kernel, and after that.
struct SumEnding {
    let activation: SumActivation
    let residual: SumResidual
    /// What the kernel adds.
    let added: BlockList?
    let late: LateEnding?

    init(
        _ node: any FusedOperator,
        channels: Int,
        slopes: Tensor?,
        residual: BlockList?
    ) {
        var function: Unary.Function?
        switch node.activation {
        case .none: activation = .none
        case .function(.relu): activation = .relu
        case .function(.leakyRelu(let slope)):
            activation = .slopes([Float](repeating: slope, count: channels))
        case .prelu: activation = .slopes(slopes!.array(of: Float.self))
        case .clip(let low, let high): activation = .clip(low: low, high: high)
        case .function(let other): (activation, function) = (.none, other)
        }
        // A residual that comes after what the kernel cannot do cannot be the kernel's either.
        let isLate = node.residual == .afterActivation && function != nil
        self.residual =
            switch node.residual {
            case .beforeActivation: .beforeActivation
            case .afterActivation where !isLate: .afterActivation
            default: .none
            }
        added = isLate ? nil : residual
        late = function.map { LateEnding(function: $0, residual: isLate ? residual : nil) }
    }
}

extension SumActivation {
    /// The same for some sets of the channels, one after the other.
    fileprivate func repeated(_ count: Int) -> SumActivation {
        guard case .slopes(let slopes) = self else { return self }
        return .slopes((0..<count).flatMap { _ in slopes })
    }
}

/// What a kernel cannot do on the way out: a function, then a residual.
struct LateEnding: Sendable {
    let function: Unary.Function
    let residual: BlockList?

    /// Finishes a part of a row.
    func finish(_ output: RowMap, _ y: Int, _ columns: Range<Int>) {
        let lanes = output.layout.lanes
        for block in 0..<output.layout.blocks {
            let place = output.origin(y, block: block) + columns.lowerBound * lanes
            let count = columns.count * lanes
            apply(function, place, into: place, count: count)
            guard let residual else { continue }
            let other = residual.origin(y, block: block) + columns.lowerBound * lanes
            RowKernels.accumulate(1, other, into: place, count: count)
        }
    }
}

extension StepBuilder {
    func ending(
        of fused: any FusedOperator,
        _ node: Graph.Node,
        channels: Int
    ) -> SumEnding {
        SumEnding(
            fused,
            channels: channels,
            slopes: node.input(3).flatMap { flow.graph.constants[$0] },
            residual: fused.residual == .none ? nil : blocks(node.input(4))
        )
    }

    /// The fastest step for a convolution: by Winograd's method, for few pixels, for few
    /// channels, or row by row.
    func convolution(
        _ convolution: FusedConvolution,
        _ node: Graph.Node,
        _ input: BlockList,
        _ output: RowMap,
        isFast: Bool
    ) throws(GraphError) -> any StreamStep {
        let source = node.input(0)!
        let (rows, columns) = try geometry(convolution, node)
        let stored = neededColumns[source]!
        let reading = ConvolutionStep.reading(output.layout.columns, columns)
        input.requireMargins(
            left: max(0, stored.lowerBound - reading.lowerBound),
            right: max(0, reading.upperBound - stored.upperBound)
        )
        func constant(_ index: Int) -> Tensor? {
            node.input(index).flatMap { flow.graph.constants[$0] }
        }
        let (weights, isDepthwise) = kernel(convolution, constant(1)!)
        let ending = ending(of: convolution, node, channels: weights.shape[0])
        let bias =
            constant(2)?.array(of: Float.self) ?? [Float](repeating: 0, count: weights.shape[0])
        func key(_ form: WeightCache.Form) -> WeightCache.Key {
            WeightCache.Key(
                weights: node.input(1),
                bias: node.input(2),
                slopes: node.input(3),
                form: form,
                places: input.places,
                lanes: input.lanes,
                activation: "\(convolution.activation)",
                residual: ending.residual
            )
        }
        let isThin = output.layout.lanes == 4
        let form: PackedConvolution.Form =
            isDepthwise && input.lanes == output.layout.lanes
            ? .depthwise : isThin && input.lanes == 16 ? .thin : .dense
        let isOfWideMaps = form == .dense && !isThin && input.lanes == 16
        let inputRows = flow.length(source, .rows)
        let height = flow.length(node.outputs[0]!, .rows)
        let method =
            isOfWideMaps
            ? WinogradStep.method(rows, columns, input, output, height: height) : nil
        let plain = WinogradStep.plainCost(rows, columns, input, output, height: height)
        if isFast,
            let form = PackedBfloat.Form(
                form,
                input,
                output,
                multiplications: plain,
                cost: method?.cost
            )
        {
            let packed = network.weights.weights(key(.bfloat(form))) {
                PackedBfloat(
                    form,
                    weights: weights,
                    bias: bias,
                    activation: ending.activation,
                    residual: ending.residual,
                    inputs: input.places,
                    lanes: input.lanes
                )
            }
            return BfloatStep(
                input: input,
                output: output,
                rows: rows,
                columns: columns,
                inputRows: inputRows,
                inputColumns: stored,
                height: height,
                weights: packed,
                ending: ending
            )
        }
        if let method {
            WinogradStep.requireMargins(method, of: input, output, stored: stored)
            let parts = method.parts.map { part in
                let packed = network.weights.weights(
                    key(.winograd(method.tiling, taps: part.taps))
                ) {
                    PackedWinograd(
                        method.tiling,
                        weights: part.kernel(weights, width: columns.window.size),
                        bias: bias,
                        activation: ending.activation,
                        residual: ending.residual,
                        inputs: part.places(input)
                    )
                }
                return (part, packed)
            }
            return WinogradStep(
                input: input,
                output: output,
                inputRows: inputRows,
                parts: parts,
                ending: ending
            )
        }
        if form == .thin, ending.added == nil, ending.late?.residual == nil,
            let columns = InterleavedStep.Columns(columns),
            columns.phases > 1, columns.phases * weights.shape[0] <= 4
        {
            let reading = columns.reading(output.layout.columns)
            input.requireMargins(
                left: max(0, stored.lowerBound - reading.lowerBound),
                right: max(0, reading.upperBound - stored.upperBound)
            )
            let packed = network.weights.weights(key(.interleaved(columns.taps))) {
                PackedConvolution(
                    form,
                    weights: columns.kernel(weights, rows: rows.window.size),
                    bias: (0..<columns.phases).flatMap { _ in bias },
                    activation: ending.activation.repeated(columns.phases),
                    residual: .none,
                    inputs: input.places,
                    lanes: input.lanes
                )
            }
            return InterleavedStep(
                input: input,
                output: output,
                rows: rows,
                columns: columns,
                inputRows: inputRows,
                channels: weights.shape[0],
                weights: packed,
                late: ending.late
            )
        }
        let packed = network.weights.weights(key(.plain(form))) {
            PackedConvolution(
                form,
                weights: weights,
                bias: bias,
                activation: ending.activation,
                residual: ending.residual,
                inputs: input.places,
                lanes: input.lanes
            )
        }
        if isOfWideMaps, ending.added == nil, ending.late?.residual == nil,
            FewPixelsStep.suits(input, output, height: height, packed)
        {
            return FewPixelsStep(
                input: input,
                output: output,
                rows: rows,
                columns: columns,
                inputRows: inputRows,
                inputColumns: stored,
                height: height,
                weights: packed,
                late: ending.late
            )
        }
        return ConvolutionStep(
            input: input,
            output: output,
            rows: rows,
            columns: columns,
            inputRows: inputRows,
            weights: packed,
            ending: ending,
            isNarrowed: isThin && form == .dense
        )
    }

    private func geometry(
        _ convolution: FusedConvolution,
        _ node: Graph.Node
    ) throws(GraphError) -> (rows: ConvolutionStep.Geometry, columns: ConvolutionStep.Geometry) {
        let shape = flow.shape(node.input(0)!)
        do throws(OperatorError) {
            switch convolution.base {
            case .convolution(let base):
                let windows = try base.rule.windows(Array(shape[2...]))
                return (.forward(windows[0]), .forward(windows[1]))
            case .transposed(let base):
                let windows = [
                    try base.geometry(0, side: Dimension(shape[2])).window,
                    try base.geometry(1, side: Dimension(shape[3])).window,
                ]
                return (.transposed(windows[0]), .transposed(windows[1]))
            }
        } catch {
            throw GraphError(node, error)
        }
    }

    /// Weights as [outputs, inputs, taps], with zeros between groups, or as [channels, 1, taps].
    private func kernel(
        _ convolution: FusedConvolution,
        _ weights: Tensor
    ) -> (weights: Tensor, isDepthwise: Bool) {
        let taps = weights.shape[2] * weights.shape[3]
        let groups = convolution.groups
        var isTransposed = false
        if case .transposed = convolution.base { isTransposed = true }
        let inputs = isTransposed ? weights.shape[0] : weights.shape[1] * groups
        let outputs = isTransposed ? weights.shape[1] * groups : weights.shape[0]
        if groups == inputs, groups == outputs, groups > 1 {
            return (weights.reshaped(to: [groups, 1, taps]), true)
        }
        if groups == 1, !isTransposed {
            return (weights.reshaped(to: [outputs, inputs, taps]), false)
        }
        let (groupIn, groupOut) = (inputs / groups, outputs / groups)
        var dense = Tensor(shape: [outputs, inputs, taps])
        let source = weights.floats
        var target = dense.mutableFloats
        for output in 0..<outputs {
            let group = output / groupOut
            for i in 0..<groupIn {
                let input = group * groupIn + i
                let first =
                    isTransposed
                    ? (input * groupOut + output % groupOut) * taps
                    : (output * groupIn + i) * taps
                for tap in 0..<taps {
                    target[(output * inputs + input) * taps + tap] = source[first + tap]
                }
            }
        }
        return (dense, false)
    }
}
