internal import ModelIR
internal import TensorCore

/// Half of an operator: which inputs it takes and what comes out.
protocol OperatorTyping: Sendable {
    /// Checks the operator's parameters against its inputs, and follows missing values and categories through it.
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType
}

/// The other half: what it computes, in plain loops and in the order of operations of the training library.
/// It is the oracle of the fast stages, and what runs where there is none.
protocol ReferenceEvaluation: Sendable {
    /// Computes one row's output from its inputs. The types were checked by `outputType(of:in:)`. Takes no memory.
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault)

    /// Doubles of the workspace that `evaluate` needs beside its output: `ReferenceOperands.scratch`.
    var scratchCount: Int { get }
}

extension ReferenceEvaluation {
    var scratchCount: Int { 0 }
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
        // Dense models.
        case .pairwise(let pairwise): pairwise
        case .product: Product()
        case .sumOfSquares(let groupWidth): SumOfSquares(groupWidth: groupWidth)
        case .tableSum(let tables): tables
        case .pairDecisions(let decisions): decisions
        case .pairVote(let classCount): PairVote(classCount: classCount)
        case .pairScores(let classCount): PairScores(classCount: classCount)
        case .pairCoupling(let coupling): coupling
        case .nearestNeighbors(let neighbors): neighbors
        case .neighborMean(let mean): mean
        case .radiusNeighbors(let neighbors): neighbors
        case .localOutlierFactor(let factor): factor
        case .bisection(let bisection): bisection
        case .constant(let values): Constant(values: values)
        case .elementwise(let function): function
        case .combination(let combination): combination
        case .classIndicator(let indicator): indicator
        case .classValue(let values): ClassValue(values: values)
        case .argMaxLast: ArgMaxLast()
        case .requireFinite: RequireFinite()
        case .interpolation(let interpolation): interpolation
        case .weightedMedian(let median): median
        case .ordinalEncoder(let encoder): encoder
        case .rowNormalizer(let normalizer): normalizer
        case .binning(let binning): binning
        case .columnProducts(let products): products
        case .splineBasis(let basis): basis
        case .powerTransform(let transform): transform
        case .quantileTransform(let transform): transform
        case .knnImputer(let imputer): imputer
        case .textVectorizer(let vectorizer): TextVectorization(vectorizer)
        case .coalesce: Coalesce()
        case .refuseMissing: RefuseMissing()
        case .treeLeaves(let leaves): leaves
        case .missingValue(let value): MissingValue(value: value)
        case .sparseLinear(let linear): linear
        case .categoryHash: CategoryHash()
        case .categoryCTR(let statistics): statistics
        case .widen: Widen()
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
        case .ordinalEncoder(let encoder): encoder.features.reduce(0) { $0 + $1.categories.count }
        case .columnProducts(let products): products.terms.count
        case .splineBasis(let basis): basis.features.count * basis.splineCount
        case .knnImputer(let imputer): imputer.rows.count
        // Cutting a text into terms, and finding each, takes longer than all columns of a small vocabulary.
        case .textVectorizer(let vectorizer): 1300 + vectorizer.width
        case .selectColumns(let columns), .gatherColumns(let columns): columns.count
        case .pairwise(let pairwise): pairwise.references.count
        case .nearestNeighbors(let neighbors): neighbors.points.count
        case .radiusNeighbors(let neighbors): neighbors.points.count
        case .pairDecisions(let decisions): decisions.coefficients.count
        case .weightedMedian(let median): 2 * median.weights.count * median.weights.count
        default: 4
        }
    }
}
