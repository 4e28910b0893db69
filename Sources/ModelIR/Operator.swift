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

    // Dense models.

    /// One number for each row of a reference matrix: kernels and distances.
    case pairwise(Pairwise)
    /// The product of two values, element by element.
    case product
    /// The sum of squares of each `width` columns in a row.
    case sumOfSquares(groupWidth: Int)
    /// For each column the row of a table that the column's number chooses; their sum.
    case tableSum(TableSum)
    /// Kernel values of support vectors to one decision a pair of classes.
    case pairDecisions(PairDecisions)
    /// Decisions of pairs of classes to the class with the most votes.
    case pairVote(classCount: Int)
    /// Decisions of pairs of classes to one score a class.
    case pairScores(classCount: Int)
    case pairCoupling(PairCoupling)
    case nearestNeighbors(NearestNeighbors)
    case neighborMean(NeighborMean)
    case radiusNeighbors(RadiusNeighbors)
    case localOutlierFactor(LocalOutlierFactor)
    case bisection(Bisection)

    // Ensembles and estimators around others.
    /// The same numbers for every record.
    case constant([Double])
    case combination(Combination)
    case classIndicator(ClassIndicator)
    /// The number of a class.
    case classValue([Double])
    /// The index of the last maximum of a row.
    case argMaxLast
    /// The input; a row with NaN or an infinity has no prediction.
    case requireFinite
    case interpolation(Interpolation)
    case weightedMedian(WeightedMedian)

    // Preprocessing.
    case ordinalEncoder(OrdinalEncoder)
    /// A function of each element for itself.
    case elementwise(ElementwiseFunction)
    case rowNormalizer(RowNormalizer)
    case binning(Binning)
    case columnProducts(ColumnProducts)
    case splineBasis(SplineBasis)
    case powerTransform(PowerTransform)
    case quantileTransform(QuantileTransform)
    case knnImputer(KNNImputer)
    case textVectorizer(TextVectorizer)
    /// The first input's elements, and where they are missing the second's; with three inputs the second, and in a row
    /// where all of the first is missing the third.
    case coalesce
    /// The first input; in the columns of the others, or of the only one, nothing may be missing.
    case refuseMissing

    // Boosted trees.

    /// The leaf that each tree of an ensemble ends in.
    case treeLeaves(TreeLeaves)
    /// Numbers equal to this one, as float32, become NaN (XGBoost's `missing`).
    case missingValue(Double)
    case sparseLinear(SparseLinear)
    /// The low 32 bits of each text's CityHash64, with their sign: how CatBoost knows a category.
    case categoryHash
    case categoryCTR(CategoryCTR)

    // Boosted trees within other estimators.
    /// Numbers of float32 as float64.
    case widen

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
        case .pairwise: "Pairwise"
        case .product: "Mul"
        case .sumOfSquares: "SumOfSquares"
        case .tableSum: "TableSum"
        case .pairDecisions: "PairDecisions"
        case .pairVote: "PairVote"
        case .pairScores: "PairScores"
        case .pairCoupling: "PairCoupling"
        case .nearestNeighbors: "NearestNeighbors"
        case .neighborMean: "NeighborMean"
        case .radiusNeighbors: "RadiusNeighbors"
        case .localOutlierFactor: "LocalOutlierFactor"
        case .bisection: "Bisection"
        case .constant: "Constant"
        case .combination: "Combination"
        case .classIndicator: "ClassIndicator"
        case .classValue: "ClassValue"
        case .argMaxLast: "ArgMaxLast"
        case .requireFinite: "RequireFinite"
        case .interpolation: "Interpolation"
        case .weightedMedian: "WeightedMedian"
        case .ordinalEncoder: "OrdinalEncoder"
        case .elementwise: "Elementwise"
        case .rowNormalizer: "Normalizer"
        case .binning: "Binning"
        case .columnProducts: "ColumnProducts"
        case .splineBasis: "SplineBasis"
        case .powerTransform: "PowerTransform"
        case .quantileTransform: "QuantileTransform"
        case .knnImputer: "KNNImputer"
        case .textVectorizer: "TextVectorizer"
        case .coalesce: "Coalesce"
        case .refuseMissing: "RefuseMissing"
        case .treeLeaves: "TreeLeaves"
        case .missingValue: "MissingValue"
        case .sparseLinear: "SparseLinear"
        case .categoryHash: "CategoryHash"
        case .categoryCTR: "CategoryCTR"
        case .widen: "Cast"
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
    /// Each element over their sum, unless that is 0.
    case normalizePositiveSum = "NormalizePositiveSum"
    /// Each element over their sum; where that is 0, all alike.
    case normalizeSumOrUniform = "NormalizeSumOrUniform"
    /// Each element less the row's mean.
    case subtractMean = "SubtractMean"
    /// 1 where x > 0, else 0.
    case step = "Step"
    /// The row's first maximum as a number.
    case argMaxValue = "ArgMaxValue"
    /// 1 / (1 + e^-x) in this one form, elementwise (LightGBM, CatBoost): for negative x other last bits than
    /// `logistic`.
    case logisticInOneForm = "LogisticInOneForm"
    /// ln(1 + e^x), elementwise, as `log1p(exp(x))`.
    case softplus = "Softplus"
    /// x squared with x's sign, elementwise.
    case signedSquare = "SignedSquare"

    // Dense models.

    /// The greater of x and 0.
    case relu = "Relu"
    case tanh = "Tanh"
    case cosine = "Cos"
    /// ln of the sum of e^x over the row: one number.
    case logSumExp = "LogSumExp"
    /// x - ln of the sum of e^x over the row.
    case logSoftmax = "LogSoftmax"
}
