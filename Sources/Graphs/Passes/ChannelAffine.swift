internal import Tensors

/// A factor and an offset for each channel: y = scale · x + shift.
struct ChannelAffine {
    /// One for each channel; finite.
    let scale, shift: [Double]

    private init?(scale: [Double], shift: [Double]) {
        guard (scale + shift).allSatisfy(\.isFinite) else { return nil }
        (self.scale, self.shift) = (scale, shift)
    }

    /// Both, one after the other.
    func then(_ next: ChannelAffine) -> ChannelAffine? {
        ChannelAffine(
            scale: zip(scale, next.scale).map { $0 * $1 },
            shift: shift.indices.map { shift[$0] * next.scale[$0] + next.shift[$0] }
        )
    }

    var changesNothing: Bool { scale.allSatisfy { $0 == 1 } && !shifts }
    var shifts: Bool { shift.contains { $0 != 0 } }

    // MARK: Reading nodes

    /// What a node does to a picture that it reads, if that is all it does.
    ///
    /// Arithmetic with constants that are the same over all space, a batch normalization, or a
    /// change of sign.
    static func of(
        _ node: Graph.Node,
        in graph: Rewriting
    ) -> (source: Graph.ValueID, affine: ChannelAffine)? {
        let data = node.operation is Binary && graph.constant(node.input(0)) != nil ? 1 : 0
        guard let source = node.inputs[data], graph.constant(source) == nil,
            let type = graph.types[source], type.elementType == .float32,
            let shape = type.shape, (3...5).contains(shape.count),
            let channels = shape[1].constant, channels > 0
        else { return nil }
        let ones = [Double](repeating: 1, count: channels)
        let zeros = [Double](repeating: 0, count: channels)
        var affine: ChannelAffine?
        switch node.operation {
        case let operation as BatchNormalization:
            let parameters = node.inputs.dropFirst().map { input in
                graph.constant(input).flatMap { $0.count == channels ? $0.doubles : nil }
            }
            guard parameters.count == 4, let scale = parameters[0], let bias = parameters[1],
                let mean = parameters[2], let variance = parameters[3]
            else { return nil }
            let factors = zip(scale, variance).map {
                $0 / ($1 + Double(operation.epsilon)).squareRoot()
            }
            let shifts = factors.indices.map { bias[$0] - mean[$0] * factors[$0] }
            affine = ChannelAffine(scale: factors, shift: shifts)
        case let operation as Binary:
            guard let tensor = graph.constant(node.inputs[1 - data]),
                let values = perChannel(tensor, channels: channels, rank: shape.count)
            else { return nil }
            switch operation.function {
            case .add: affine = ChannelAffine(scale: ones, shift: values)
            case .subtract where data == 0:
                affine = ChannelAffine(scale: ones, shift: values.map { -$0 })
            case .subtract: affine = ChannelAffine(scale: ones.map { -$0 }, shift: values)
            case .multiply: affine = ChannelAffine(scale: values, shift: zeros)
            case .divide where data == 0:
                affine = ChannelAffine(scale: values.map { 1 / $0 }, shift: zeros)
            default: return nil
            }
        case let operation as Unary where operation.function == .neg:
            affine = ChannelAffine(scale: ones.map { -$0 }, shift: zeros)
        default: return nil
        }
        return affine.map { (source, $0) }
    }

    /// The values of a constant for each channel, if it is the same over everything else.
    static func perChannel(_ tensor: Tensor, channels: Int, rank: Int) -> [Double]? {
        guard tensor.elementType == .float32, tensor.rank <= rank else { return nil }
        let shape = [Int](repeating: 1, count: rank - tensor.rank) + tensor.shape
        for (axis, side) in shape.enumerated() where side != 1 {
            guard axis == 1, side == channels else { return nil }
        }
        let values = tensor.doubles
        return values.count == channels
            ? values : [Double](repeating: values[0], count: channels)
    }
}

extension Tensor {
    /// The elements of a tensor of numbers in double precision.
    var doubles: [Double] { converted(to: .float64).array(of: Double.self) }

    /// A float32 vector.
    init(vector values: [Double]) {
        self.init(shape: [values.count], values: values.map { Float($0) })
    }
}
