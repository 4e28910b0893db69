/// What to use instead of a class that is not served.
enum Remedies {
    /// What the user can do about a class that is not served.
    static func remedy(for estimator: EstimatorRecord) -> String {
        switch estimator.package {
        case "xgboost":
            return "save its booster with model.save_model(\"model.ubj\"), and serve that file"
        case "lightgbm":
            return "save its booster with model.booster_.save_model(\"model.txt\"), and serve that file"
        case "catboost":
            return "save it with model.save_model(\"model.cbm\"), and serve that file"
        case "sklearn": break
        default:
            return "nothing in a model file is ever run, and this class's code is not in it: compute the step before "
                + "the request, and fit the pipeline without it"
        }
        let name = estimator.className
        if let alternative = alternatives.first(where: { name.contains($0.part) })?.instead {
            return alternative
        }
        return "retrain with the nearest class that is served: "
            + (name.hasSuffix("Classifier") || name.hasSuffix("SVC")
                ? "LogisticRegression"
                : name.hasSuffix("Regressor") || name.hasSuffix("SVR") ? "ElasticNet" : "StandardScaler")
    }

    private static let labels = "it is for labels: serve the classifier, whose answers are labels already"
    private static let linearDecomposition = "retrain with PCA or TruncatedSVD"
    private static let clusterer = "retrain with KMeans: this class cannot predict new rows in scikit-learn either"

    private static let alternatives: [(part: String, instead: String)] = [
        ("OutputCodeClassifier", "retrain with OneVsRestClassifier or OneVsOneClassifier"),
        ("RandomTreesEmbedding", "retrain with RandomForestClassifier or RandomForestRegressor"),
        ("FunctionTransformer", "compute the column before the request, and fit the pipeline without this step"),
        ("LabelEncoder", labels), ("LabelBinarizer", labels), ("MultiLabelBinarizer", labels),
        ("Imputer", "retrain with SimpleImputer"), ("GaussianProcessRegressor", "retrain with KernelRidge"),
        ("GaussianProcessClassifier", "retrain with SVC(probability=True)"),
        ("LabelPropagation", "retrain with KNeighborsClassifier"),
        ("LabelSpreading", "retrain with KNeighborsClassifier"), ("NMF", linearDecomposition),
        ("SparsePCA", linearDecomposition), ("DictionaryLearning", linearDecomposition),
        ("LatentDirichletAllocation", linearDecomposition), ("Isomap", linearDecomposition),
        ("LocallyLinearEmbedding", linearDecomposition), ("DBSCAN", clusterer), ("OPTICS", clusterer),
        ("AgglomerativeClustering", clusterer), ("SpectralClustering", clusterer),
    ]
}
