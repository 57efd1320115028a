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

    init(_ operation: any Operator, inputs: [Input], outputs: [Output]) {
        self.operation = operation
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
            case .map(let map): map.store(tensor, first: rows.lowerBound)
            case .plain(let map): map.store(tensor, first: rows.lowerBound)
            case .none: break
            }
        }
    }
}
