/// Estimators with two features, as small as they can be: what the tests break.
struct DenseModelSample: Sendable, CustomStringConvertible {
    let className: String
    let attributes: [(String, PythonValue)]
    /// Attributes that may be missing or odd without the answer being another.
    var optional: Set<String> = []

    var description: String { className }

    var value: PythonValue { with([]) }

    /// The estimator with some attributes replaced.
    func with(_ changes: [(String, PythonValue)]) -> PythonValue {
        .estimator("somewhere.\(className)", [("n_features_in_", .integer(2))] + attributes + changes)
    }

    /// A matrix of ascending numbers.
    static func matrix(_ rows: Int, _ columns: Int) -> PythonValue {
        .array((0..<rows * columns).map { Double($0) + 0.5 }, shape: [rows, columns])
    }

    static let classes3 = PythonValue.objects([.text("a"), .text("b"), .text("c")])
    static let classes2 = PythonValue.objects([.integer(4), .integer(-4)])
    static let binarizer = PythonValue.estimator(
        "preprocessing._label.LabelBinarizer", [("classes_", classes3), ("y_type_", .text("multiclass"))])

    static let all: [DenseModelSample] = linear + vectors + neighbors + others + decompositions

    private static let linear: [DenseModelSample] = [
        DenseModelSample(
            className: "TweedieRegressor",
            attributes: [
                ("coef_", .vector([1, 2])), ("intercept_", .float(1)), ("power", .float(1.5)), ("link", .text("auto")),
            ]),
        DenseModelSample(
            className: "RidgeClassifier",
            attributes: [
                ("coef_", matrix(3, 2)), ("intercept_", .vector([1, 2, 3])), ("_label_binarizer", binarizer),
            ]),
        DenseModelSample(
            className: "SGDOneClassSVM", attributes: [("coef_", .vector([1, 2])), ("offset_", .vector([1]))]),
        DenseModelSample(
            className: "PLSRegression",
            attributes: [
                ("coef_", matrix(3, 2)), ("intercept_", .vector([1, 2, 3])), ("_x_mean", .vector([1, 2])),
                ("_x_std", .vector([1, 2])), ("x_rotations_", matrix(2, 2)), ("_predict_1d", .boolean(false)),
            ], optional: ["_predict_1d"]),
        DenseModelSample(
            className: "LinearDiscriminantAnalysis",
            attributes: [
                ("coef_", matrix(3, 2)), ("intercept_", .vector([1, 2, 3])), ("classes_", classes3),
                ("solver", .text("svd")), ("xbar_", .vector([1, 2])), ("scalings_", matrix(2, 2)),
                ("_max_components", .integer(2)),
            ]),
        DenseModelSample(
            className: "QuadraticDiscriminantAnalysis",
            attributes: [
                ("classes_", classes2), ("means_", matrix(2, 2)), ("priors_", .vector([0.5, 0.5])),
                ("rotations_", .list([matrix(2, 2), matrix(2, 1)])),
                ("scalings_", .list([.vector([1, 2]), .vector([1])])),
            ]),
    ]

    private static let vectors: [DenseModelSample] = [
        DenseModelSample(
            className: "SVC",
            attributes: kernel + [
                ("classes_", classes3), ("_dual_coef_", matrix(2, 3)), ("_intercept_", .vector([1, 2, 3])),
                ("_n_support", .array([1, 1, 1], shape: [3])), ("decision_function_shape", .text("ovr")),
                ("probability", .boolean(true)), ("_probA", .vector([1, 2, 3])), ("_probB", .vector([1, 2, 3])),
            ], optional: ["probability", "_probA"]),
        DenseModelSample(
            className: "SVR",
            attributes: kernel + [("_dual_coef_", matrix(1, 3)), ("_intercept_", .vector([1]))]),
        DenseModelSample(
            className: "OneClassSVM",
            attributes: kernel + [("_dual_coef_", matrix(1, 3)), ("_intercept_", .vector([1]))]),
        DenseModelSample(
            className: "KernelRidge",
            attributes: [
                ("kernel", .text("rbf")), ("gamma", .float(0.5)), ("X_fit_", matrix(3, 2)),
                ("dual_coef_", .vector([1, 2, 3])),
            ], optional: ["gamma"]),
    ]

    private static let kernel: [(String, PythonValue)] = [
        ("kernel", .text("rbf")), ("_gamma", .float(0.5)), ("support_vectors_", matrix(3, 2)),
    ]

    private static let training: [(String, PythonValue)] = [
        ("_fit_X", matrix(4, 2)), ("effective_metric_", .text("euclidean")),
        ("effective_metric_params_", .dictionary([])), ("weights", .text("distance")),
    ]

    private static let neighbors: [DenseModelSample] = [
        DenseModelSample(
            className: "KNeighborsClassifier",
            attributes: training + [
                ("_y", .vector([0, 1, 2, 1])), ("classes_", classes3), ("n_neighbors", .integer(2)),
                ("outputs_2d_", .boolean(false)),
            ], optional: ["outputs_2d_", "effective_metric_params_", "weights", "classes_"]),
        DenseModelSample(
            className: "KNeighborsRegressor",
            attributes: training + [("_y", matrix(4, 2)), ("n_neighbors", .integer(4))],
            optional: ["effective_metric_params_", "weights"]),
        DenseModelSample(
            className: "RadiusNeighborsClassifier",
            attributes: training + [
                ("_y", .vector([0, 1, 2, 1])), ("classes_", classes3), ("radius", .float(2)),
                ("outlier_label_", .list([.text("b")])),
            ], optional: ["effective_metric_params_", "weights"]),
        DenseModelSample(
            className: "RadiusNeighborsRegressor",
            attributes: training + [("_y", .vector([0, 1, 2, 1])), ("radius", .float(2))],
            optional: ["effective_metric_params_", "weights"]),
        DenseModelSample(
            className: "NearestCentroid",
            attributes: [
                ("classes_", classes3), ("centroids_", matrix(3, 2)), ("metric", .text("euclidean")),
                ("class_prior_", .vector([0.2, 0.3, 0.5])), ("within_class_std_dev_", .vector([1, 0])),
            ], optional: ["class_prior_"]),
        DenseModelSample(
            className: "LocalOutlierFactor",
            attributes: training + [
                ("novelty", .boolean(true)), ("n_neighbors_", .integer(2)), ("_distances_fit_X_", matrix(4, 2)),
                ("_lrd", .vector([1, 2, 3, 4])), ("offset_", .float(-1.5)),
            ], optional: ["effective_metric_params_", "weights"]),
    ]

    private static let others: [DenseModelSample] = [
        DenseModelSample(
            className: "GaussianNB",
            attributes: [
                ("classes_", classes3), ("theta_", matrix(3, 2)), ("var_", matrix(3, 2)),
                ("class_prior_", .vector([0.2, 0.3, 0.5])),
            ]),
        DenseModelSample(
            className: "BernoulliNB",
            attributes: [
                ("classes_", classes3),
                ("feature_log_prob_", .array([-1, -2, -3, -1, -2, -3], shape: [3, 2])),
                ("class_log_prior_", .vector([-1, -1, -1])), ("binarize", .float(0.5)),
            ], optional: ["binarize"]),
        DenseModelSample(
            className: "CategoricalNB",
            attributes: [
                ("classes_", classes3), ("feature_log_prob_", .list([matrix(3, 4), matrix(3, 1)])),
                ("class_log_prior_", .vector([-1, -1, -1])),
            ]),
        DenseModelSample(
            className: "MLPClassifier",
            attributes: [
                ("_label_binarizer", binarizer), ("coefs_", .list([matrix(2, 4), matrix(4, 3)])),
                ("intercepts_", .list([.vector([1, 2, 3, 4]), .vector([1, 2, 3])])), ("activation", .text("relu")),
                ("out_activation_", .text("softmax")),
            ]),
        DenseModelSample(className: "KMeans", attributes: [("cluster_centers_", matrix(3, 2))]),
        DenseModelSample(
            className: "Birch",
            attributes: [("subcluster_centers_", matrix(3, 2)), ("subcluster_labels_", .vector([0, 1, 0]))]),
        DenseModelSample(
            className: "BisectingKMeans",
            attributes: [("cluster_centers_", matrix(2, 2)), ("_bisecting_tree", tree), ("_X_mean", .vector([1, 2]))]),
        DenseModelSample(
            className: "GaussianMixture",
            attributes: [
                ("means_", matrix(3, 2)), ("weights_", .vector([0.2, 0.3, 0.5])), ("covariance_type", .text("full")),
                ("precisions_cholesky_", .array((1...12).map { Double($0) }, shape: [3, 2, 2])),
            ]),
        DenseModelSample(
            className: "BayesianGaussianMixture",
            attributes: [
                ("means_", matrix(3, 2)), ("covariance_type", .text("tied")), ("precisions_cholesky_", matrix(2, 2)),
                ("weight_concentration_prior_type", .text("dirichlet_process")),
                ("weight_concentration_", .tuple([.vector([1, 2, 3]), .vector([1, 2, 3])])),
                ("degrees_of_freedom_", .float(4)), ("mean_precision_", .vector([1, 2, 3])),
            ]),
        DenseModelSample(
            className: "EllipticEnvelope",
            attributes: [
                ("location_", .vector([1, 2])), ("precision_", matrix(2, 2)), ("offset_", .float(-3)),
            ]),
    ]

    private static func leaf(_ label: Int) -> PythonValue {
        .object(
            "sklearn.cluster._bisect_k_means._BisectingTree",
            [("center", .vector([1, 2])), ("left", .none), ("right", .none), ("label", .integer(label))])
    }

    private static let tree = PythonValue.object(
        "sklearn.cluster._bisect_k_means._BisectingTree",
        [("center", .vector([1, 2])), ("left", leaf(0)), ("right", leaf(1))])

    private static let decompositions: [DenseModelSample] = [
        DenseModelSample(
            className: "PCA",
            attributes: [
                ("components_", matrix(2, 2)), ("mean_", .vector([1, 2])), ("whiten", .boolean(true)),
                ("explained_variance_", .vector([1, 2])),
            ], optional: ["mean_", "whiten"]),
        DenseModelSample(className: "TruncatedSVD", attributes: [("components_", matrix(2, 2))]),
        DenseModelSample(
            className: "FastICA",
            attributes: [
                ("components_", matrix(2, 2)), ("mean_", .vector([1, 2])), ("whiten", .text("unit-variance")),
            ], optional: ["whiten"]),
        DenseModelSample(
            className: "FactorAnalysis",
            attributes: [
                ("components_", matrix(2, 2)), ("mean_", .vector([1, 2])), ("noise_variance_", .vector([1, 2])),
            ]),
        DenseModelSample(
            className: "KernelPCA",
            attributes: [
                ("kernel", .text("poly")), ("gamma_", .float(0.5)), ("degree", .integer(2)), ("coef0", .float(1)),
                ("X_fit_", matrix(3, 2)), ("eigenvectors_", matrix(3, 2)), ("eigenvalues_", .vector([1, 2])),
                (
                    "_centerer",
                    .estimator(
                        "preprocessing._data.KernelCenterer",
                        [("K_fit_rows_", .vector([1, 2, 3])), ("K_fit_all_", .float(2))])
                ),
            ], optional: ["gamma_", "degree", "coef0"]),
        DenseModelSample(
            className: "Nystroem",
            attributes: [
                ("kernel", .text("rbf")), ("gamma", .none), ("components_", matrix(3, 2)),
                ("normalization_", matrix(3, 3)),
            ], optional: ["gamma"]),
        DenseModelSample(
            className: "RBFSampler",
            attributes: [("random_weights_", matrix(2, 3)), ("random_offset_", .vector([1, 2, 3]))]),
        DenseModelSample(
            className: "BernoulliRBM",
            attributes: [("components_", matrix(3, 2)), ("intercept_hidden_", .vector([1, 2, 3]))]),
    ]
}
