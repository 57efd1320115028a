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
    func repeated(_ count: Int) -> SumActivation {
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
}
