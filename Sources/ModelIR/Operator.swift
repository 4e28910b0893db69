/// One operation of a graph. Names are those of ONNX and ONNX-ML where they have one.
///
/// Values are matrices of one row a record: numbers (`float64` or `float32`), strings, or one class index.
package indirect enum Operator: Sendable {
    /// Columns of the input record: numeric ones as a float64 matrix, string ones as a string matrix; never mixed.
    case selectColumns([Int])
    /// Columns of a matrix, by position.
    case gatherColumns([Int])
    case imputer(Imputer)
    case stringImputer(StringImputer)
    case scaler(Scaler)
    case oneHotEncoder(OneHotEncoder)
    /// The inputs side by side.
    case concat
    /// X · Wᵀ + b.
    case gemm(Gemm)
    case treeEnsemble(TreeEnsemble)
    case activation(Activation)
    /// A column of class-1 probabilities p as [1 - p, p].
    case binaryProbabilities
    /// The index of the first maximum of a row.
    case argMax
    /// 1 where the single column is greater than the threshold, else 0.
    case greater(threshold: Double)

    // Boosted trees.

    /// The leaf that each tree of an ensemble ends in.
    case treeLeaves(TreeLeaves)
    case categoryMapper(CategoryMapper)
    /// Numbers equal to this one, as float32, become NaN (XGBoost's `missing`).
    case missingValue(Double)
    case sparseLinear(SparseLinear)
    /// The low 32 bits of each text's CityHash64, with their sign: how CatBoost knows a category.
    case categoryHash
    case categoryCTR(CategoryCTR)

    /// The name for messages.
    package var name: String {
        switch self {
        case .selectColumns: "SelectColumns"
        case .gatherColumns: "GatherColumns"
        case .imputer: "Imputer"
        case .stringImputer: "StringImputer"
        case .scaler: "Scaler"
        case .oneHotEncoder: "OneHotEncoder"
        case .concat: "Concat"
        case .gemm: "Gemm"
        case .treeEnsemble: "TreeEnsemble"
        case .activation(let activation): activation.rawValue
        case .binaryProbabilities: "BinaryProbabilities"
        case .argMax: "ArgMax"
        case .greater: "Greater"
        case .treeLeaves: "TreeLeaves"
        case .categoryMapper: "CategoryMapper"
        case .missingValue: "MissingValue"
        case .sparseLinear: "SparseLinear"
        case .categoryHash: "CategoryHash"
        case .categoryCTR: "CategoryCTR"
        }
    }
}

/// Functions of a row of scores, computed in the element type of their input.
package enum Activation: String, Sendable, Hashable {
    /// 1 / (1 + e^-x), elementwise, in the stable two-branch form for float64 and as XGBoost writes it for float32
    /// (the exponent's argument capped at 88.7).
    case logistic = "Logistic"
    case exp = "Exp"
    /// e^(x - max) over the row's sum.
    case softmax = "Softmax"
    /// Each element over the row's sum.
    case normalizeSum = "NormalizeSum"
    /// 1 where x > 0, else 0.
    case step = "Step"
    /// The row's first maximum as a number.
    case argMaxValue = "ArgMaxValue"
    /// 1 / (1 + e^-x) in this one form, elementwise (LightGBM, CatBoost): for negative x other last bits than `logistic`.
    case logisticInOneForm = "LogisticInOneForm"
    /// ln(1 + e^x), elementwise, as `log1p(exp(x))`.
    case softplus = "Softplus"
    /// x squared with x's sign, elementwise.
    case signedSquare = "SignedSquare"
}
