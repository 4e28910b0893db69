internal import ModelIR

/// A class of scikit-learn that is served, and how its methods are read. Each family lists its own, one line a class;
/// `docs/formats.md` is made from these lists.
struct EstimatorClass: Sendable {
    typealias Transform = @Sendable (inout GraphBuilder, EstimatorRecord, Frame) throws(ImportError) -> Frame
    typealias Methods = @Sendable (inout GraphBuilder, EstimatorRecord, Frame) throws(ImportError) -> EstimatorMethods
    typealias Parts = @Sendable (borrowing GraphBuilder, EstimatorRecord) throws(ImportError) -> [EstimatorRecord]

    typealias ColumnNames = @Sendable (borrowing GraphBuilder, EstimatorRecord) throws(ImportError) -> [String?]

    let names: [String]
    /// scikit-learn's names of the methods that are read, such as `predict_proba`.
    let methodNames: [String]
    /// What `transform` makes of a frame; nil for a class without it.
    var transform: Transform?
    /// `predict` and the methods beside it; nil for a class without them.
    var methods: Methods?
    /// The estimators within, all of which have to be served too.
    var parts: Parts = { (_, _) throws(ImportError) in [] }
    /// The first part of the module that the classes come from.
    var package = "sklearn"
    /// The columns that a boosted model was trained on, nil for one without a name; nil for scikit-learn's own classes,
    /// which keep them in attributes.
    var columnNames: ColumnNames?

    /// Transformers that share a rule.
    static func transformers(_ names: String..., transform: @escaping Transform) -> EstimatorClass {
        EstimatorClass(names: names, methodNames: ["transform"], transform: transform)
    }

    /// Predictors that share a rule.
    static func predictors(_ names: String..., has methodNames: String..., methods: @escaping Methods)
        -> EstimatorClass
    {
        EstimatorClass(names: names, methodNames: methodNames, methods: methods)
    }

    /// Everything that is served, by family.
    static let families: [(title: String, classes: [EstimatorClass])] = [
        ("Composition", composition),
        ("Preprocessing", preprocessing),
        ("Feature selection", featureSelection),
        ("Text", texts),
        ("Linear models", linear),
        ("Trees and boosting", trees),
        ("Ensembles and estimators around others", ensembles),
        ("Support vectors and kernels", supportVectors),
        ("Neighbours", neighbors),
        ("Naive Bayes", naiveBayes),
        ("Neural networks", neuralNetworks),
        ("Clusters, mixtures and outliers", clusters),
        ("Decompositions", decompositions),
        ("LightGBM", lightgbm),
        ("XGBoost", xgboost),
        ("CatBoost", catboost),
    ]

    static let all: [EstimatorClass] = families.flatMap(\.classes)

    private static let byName: [String: EstimatorClass] = {
        var table: [String: EstimatorClass] = [:]
        for entry in all {
            for name in entry.names { table["\(entry.package).\(name)"] = entry }
        }
        return table
    }()

    /// How an estimator of the file is read; nil if its class is not served.
    static func of(_ estimator: EstimatorRecord) -> EstimatorClass? {
        byName["\(estimator.package).\(estimator.className)"]
    }
}
