internal import Kernels
internal import Tensors

extension StepBuilder {
    /// The fastest step for a convolution: with bfloat16 products where that is asked for, by
    /// Winograd's method, for few channels, for few pixels, or row by row.
    func convolution(
        _ convolution: FusedConvolution,
        _ node: Graph.Node,
        _ input: BlockList,
        _ output: RowMap,
        isFast: Bool
    ) throws(GraphError) -> any StreamStep {
        let choice = try ConvolutionChoice(self, convolution, node, input, output)
        if isFast, let step = choice.bfloat { return step }
        if let step = choice.winograd { return step }
        if let step = choice.interleaved { return step }
        if let step = choice.fewPixels { return step }
        return choice.plain
    }

    fileprivate func geometry(
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
}

/// A convolution between two maps, and the steps that could compute it; `nil` for those that do not
/// suit it.
private struct ConvolutionChoice {
    private let network: SizedNetwork
    private let node: Graph.Node
    private let activation: FusedConvolution.Activation
    private let input: BlockList
    private let output: RowMap
    private let rows, columns: ConvolutionStep.Geometry
    /// Columns of the input that are there.
    private let stored: Range<Int>
    /// Rows of the whole input and of the whole result.
    private let inputRows, height: Int
    private let kernel: ConvolutionKernel
    private let bias: [Float]
    private let ending: SumEnding
    private let form: PackedConvolution.Form
    private let method: WinogradStep.Method?

    init(
        _ builder: StepBuilder,
        _ convolution: FusedConvolution,
        _ node: Graph.Node,
        _ input: BlockList,
        _ output: RowMap
    ) throws(GraphError) {
        let flow = builder.flow
        let constants = flow.graph.constants
        network = builder.network
        self.node = node
        activation = convolution.activation
        self.input = input
        self.output = output
        (rows, columns) = try builder.geometry(convolution, node)
        stored = builder.neededColumns[node.input(0)!]!
        inputRows = flow.length(node.input(0)!, .rows)
        height = flow.length(node.outputs[0]!, .rows)
        kernel = ConvolutionKernel(convolution, constants[node.input(1)!]!)
        bias =
            node.input(2).flatMap { constants[$0] }?.array(of: Float.self)
            ?? [Float](repeating: 0, count: kernel.outputs)
        ending = builder.ending(of: convolution, node, channels: kernel.outputs)
        let isThin = output.layout.lanes == 4
        form =
            kernel.isDepthwise && input.lanes == output.layout.lanes
            ? .depthwise : isThin && input.lanes == 16 ? .thin : .dense
        method =
            form == .dense && !isThin && input.lanes == 16
            ? WinogradStep.method(rows, columns, input, output, height: height) : nil
        requireMargins(ConvolutionStep.reading(output.layout.columns, columns))
    }

    /// Whether both maps have blocks of 16 that all channels meet.
    private var isOfWideMaps: Bool {
        form == .dense && output.layout.lanes == 16 && input.lanes == 16
    }

    /// Whether the kernel has to add another map, or something has to be added after it.
    private var hasResidual: Bool { ending.added != nil || ending.late?.residual != nil }

    /// Asks for zeros around the input where some columns are read that are not there.
    private func requireMargins(_ reading: Range<Int>) {
        input.requireMargins(
            left: max(0, stored.lowerBound - reading.lowerBound),
            right: max(0, reading.upperBound - stored.upperBound)
        )
    }

    private func packed<Packed: Sendable>(
        _ form: WeightCache.Form,
        _ make: () -> Packed
    ) -> Packed {
        let key = WeightCache.Key(
            weights: node.input(1),
            bias: node.input(2),
            slopes: node.input(3),
            form: form,
            places: input.places,
            lanes: input.lanes,
            activation: "\(activation)",
            residual: ending.residual
        )
        return network.weights.weights(key, make)
    }

    /// The weights as they are, for the usual kernels.
    private var plainWeights: PackedConvolution {
        packed(.plain(form)) {
            PackedConvolution(
                form,
                weights: kernel.weights,
                bias: bias,
                activation: ending.activation,
                residual: ending.residual,
                inputs: input.places,
                lanes: input.lanes
            )
        }
    }

    // MARK: Steps

    var bfloat: BfloatStep? {
        let plain = WinogradStep.plainCost(rows, columns, input, output, height: height)
        guard
            let form = PackedBfloat.Form(
                form,
                input,
                output,
                multiplications: plain,
                cost: method?.cost
            )
        else { return nil }
        let weights = packed(.bfloat(form)) {
            PackedBfloat(
                form,
                weights: kernel.weights,
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
            weights: weights,
            ending: ending
        )
    }

    var winograd: WinogradStep? {
        guard let method else { return nil }
        WinogradStep.requireMargins(method, of: input, output, stored: stored)
        let parts = method.parts.map { part in
            let weights = packed(.winograd(method.tiling, taps: part.taps)) {
                PackedWinograd(
                    method.tiling,
                    weights: part.kernel(kernel.weights, width: columns.window.size),
                    bias: bias,
                    activation: ending.activation,
                    residual: ending.residual,
                    inputs: part.places(input)
                )
            }
            return (part, weights)
        }
        return WinogradStep(
            input: input,
            output: output,
            inputRows: inputRows,
            parts: parts,
            ending: ending
        )
    }

    var interleaved: InterleavedStep? {
        guard form == .thin, !hasResidual, let columns = InterleavedStep.Columns(columns),
            columns.phases > 1, columns.phases * kernel.outputs <= 4
        else { return nil }
        requireMargins(columns.reading(output.layout.columns))
        let weights = packed(.interleaved(columns.taps)) {
            PackedConvolution(
                form,
                weights: columns.kernel(kernel.weights, rows: rows.window.size),
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
            channels: kernel.outputs,
            weights: weights,
            late: ending.late
        )
    }

    var fewPixels: FewPixelsStep? {
        guard isOfWideMaps, !hasResidual else { return nil }
        let weights = plainWeights
        guard FewPixelsStep.suits(input, output, height: height, weights) else { return nil }
        return FewPixelsStep(
            input: input,
            output: output,
            rows: rows,
            columns: columns,
            inputRows: inputRows,
            inputColumns: stored,
            height: height,
            weights: weights,
            late: ending.late
        )
    }

    var plain: ConvolutionStep {
        ConvolutionStep(
            input: input,
            output: output,
            rows: rows,
            columns: columns,
            inputRows: inputRows,
            weights: plainWeights,
            ending: ending,
            isNarrowed: form == .dense && output.layout.lanes == 4
        )
    }
}

/// The kernel of a convolution, brought to one form whatever the operator.
private struct ConvolutionKernel {
    private let tensor: Tensor
    private let groups, inputs: Int
    let outputs: Int
    private let isTransposed: Bool

    init(_ convolution: FusedConvolution, _ tensor: Tensor) {
        self.tensor = tensor
        groups = convolution.groups
        if case .transposed = convolution.base { isTransposed = true } else { isTransposed = false }
        inputs = isTransposed ? tensor.shape[0] : tensor.shape[1] * groups
        outputs = isTransposed ? tensor.shape[1] * groups : tensor.shape[0]
    }

    /// Whether each channel is convolved by itself.
    var isDepthwise: Bool { groups == inputs && groups == outputs && groups > 1 }

    /// Weights as [outputs, inputs, taps], with zeros between groups, or as [channels, 1, taps].
    var weights: Tensor {
        let taps = tensor.shape[2] * tensor.shape[3]
        if isDepthwise { return tensor.reshaped(to: [groups, 1, taps]) }
        if groups == 1, !isTransposed { return tensor.reshaped(to: [outputs, inputs, taps]) }
        let (groupIn, groupOut) = (inputs / groups, outputs / groups)
        var dense = Tensor(shape: [outputs, inputs, taps])
        let source = tensor.floats
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
        return dense
    }
}
