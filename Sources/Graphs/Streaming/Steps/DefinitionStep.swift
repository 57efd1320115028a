internal import Kernels
internal import Tensors

/// Any operator, as it is defined: on tensors of the rows at hand.
///
/// Right for operators that treat every row and column alike, and for all others once everything is
/// at hand.
final class DefinitionStep: StreamStep {
    /// What a node reads.
    enum Input {
        case constant(Tensor)
        /// A value that depends on the picture: the rows of it behind rows of the result, and columns.
        case feature(Feature, rows: @Sendable (Range<Int>) -> Range<Int>, columns: Range<Int>)
        case none
    }

    enum Output {
        case map(RowMap)
        case plain(PlainMap)
        case none
    }

    private let operation: any Operator
    private let inputs: [Input]
    private let outputs: [Output]
    /// Inputs are at hand from their first to their last position, and so are results.
    private let isWhole: Bool

    init(_ operation: any Operator, isWhole: Bool, inputs: [Input], outputs: [Output]) {
        self.operation = operation
        self.isWhole = isWhole
        self.inputs = inputs
        self.outputs = outputs
    }

    func compute(_ rows: Range<Int>, _ pool: WorkerPool) throws(OperatorError) {
        var tensors: [Tensor?] = []
        for input in inputs {
            switch input {
            case .constant(let tensor): tensors.append(tensor)
            case .feature(let feature, let behind, let columns):
                tensors.append(try feature.tensor(behind(rows), columns))
            case .none: tensors.append(nil)
            }
        }
        let results = try operation.evaluate(tensors)
        for (output, tensor) in zip(outputs, results) {
            switch output {
            case .map(let map):
                let piece = cut(tensor, rows, axis: 2, map.layout.columns, axis: 3)
                try check(piece, fills: map, rows)
                map.store(piece, first: rows.lowerBound)
            case .plain(let map):
                let piece = cut(tensor, rows, axis: map.rowAxis, map.columns, axis: map.columnAxis)
                map.store(piece, first: rows.lowerBound)
            case .none: break
            }
        }
    }

    /// The rows and columns that are stored, out of a result from its first position on.
    private func cut(
        _ tensor: Tensor,
        _ rows: Range<Int>,
        axis rowAxis: Int?,
        _ columns: Range<Int>,
        axis columnAxis: Int?
    ) -> Tensor {
        guard isWhole else { return tensor }
        var (shape, offset) = (tensor.shape, 0)
        for (axis, range) in [(rowAxis, rows), (columnAxis, columns)] {
            guard let axis, axis < shape.count, range.upperBound <= shape[axis] else { continue }
            offset += range.lowerBound * tensor.shape.strides[axis]
            shape[axis] = range.count
        }
        guard shape != tensor.shape else { return tensor }
        return tensor.viewed(shape: shape, strides: tensor.shape.strides, offset: offset)
    }

    /// Checks that a result is the piece that is stored, before anything is written: an operator
    /// that was misjudged may not write beyond it.
    private func check(
        _ tensor: Tensor,
        fills map: RowMap,
        _ rows: Range<Int>
    ) throws(OperatorError) {
        let (shape, columns) = (tensor.shape, map.layout.columns.count)
        guard tensor.elementType == .float32, shape.count == 4, shape[0] == 1,
            shape[2] == rows.count, shape[3] == columns,
            map.layout.places.allSatisfy({ $0 < shape[1] })
        else {
            throw OperatorError(
                expected: "\(rows.count) rows of \(columns) columns",
                found: ValueType(of: tensor).description
            )
        }
    }
}
