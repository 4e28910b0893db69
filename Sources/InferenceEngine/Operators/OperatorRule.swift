internal import ModelIR
internal import TensorCore

/// Half of an operator: which inputs it takes and what comes out.
protocol OperatorTyping: Sendable {
    /// Checks the operator's parameters against its inputs, and follows missing values and categories through it.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType
}

/// The other half: what it computes, in plain loops and in the order of operations of the training library.
/// It is the oracle of the fast predictors, and what runs where none of them fits.
protocol ReferenceEvaluation: Sendable {
    /// Computes one row's output from its inputs. The types were checked by `outputType(of:in:)`. Takes no memory.
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault)
}

/// Everything the engine knows of an operator. One folder here holds both halves.
typealias OperatorRule = OperatorTyping & ReferenceEvaluation

extension Operator {
    /// The list of all operators: one line each.
    var rule: any OperatorRule {
        switch self {
        case .selectColumns(let columns): SelectColumns(columns: columns)
        case .gatherColumns(let columns): GatherColumns(columns: columns)
        case .imputer(let imputer): imputer
        case .stringImputer(let imputer): imputer
        case .scaler(let scaler): scaler
        case .oneHotEncoder(let encoder): encoder
        case .concat: Concat()
        case .gemm(let gemm): gemm
        case .treeEnsemble(let ensemble): ensemble
        case .activation(let activation): activation
        case .binaryProbabilities: BinaryProbabilities()
        case .argMax: ArgMax()
        case .greater(let threshold): Greater(threshold: threshold)
        // Boosted trees.
        case .treeLeaves(let leaves): leaves
        case .categoryMapper(let mapper): mapper
        case .missingValue(let value): MissingValue(value: value)
        case .sparseLinear(let linear): linear
        case .categoryHash: CategoryHash()
        case .categoryCTR(let statistics): statistics
        }
    }
}

extension Operator {
    /// About how many numbers one row makes the reference touch; for predicted costs.
    var referenceWork: Int {
        switch self {
        case .gemm(let gemm): gemm.weights.count
        // A path is about as long as a tree is deep; two per tree node on the path.
        case .treeEnsemble(let ensemble): ensemble.treeCount * 16
        case .treeLeaves(let leaves): leaves.origins.count * 16
        case .sparseLinear(let linear): linear.weights.count
        case .oneHotEncoder(let encoder): encoder.features.reduce(0) { $0 + $1.categories.count + $1.width }
        case .selectColumns(let columns), .gatherColumns(let columns): columns.count
        default: 4
        }
    }
}
