import InferenceEngine
import ModelIR
import Testing

@testable import ModelFormats

/// Linear models, machines, neighbours, clusters and decompositions that no library would save: always an error that
/// names the attribute, never a trap.
@Suite struct DenseModelRefusalTests {
    /// Imports and compiles with every output, as a server would.
    @discardableResult
    static func load(_ value: PythonValue) throws(ImportError) -> CompiledModel {
        let bytes = value.pickled
        return try ModelCompiler.compile(ScikitLearnImporter().importModel(bytes.span).graph, outputs: .all)
    }

    static func refusal(_ value: PythonValue) -> ImportError? {
        importError { try load(value) }
    }

    @Test(arguments: DenseModelSample.all)
    func readsTheSample(sample: DenseModelSample) throws {
        let error = Self.refusal(sample.value)
        #expect(error == nil, "\(error?.description ?? "")")
    }

    @Test(arguments: DenseModelSample.all)
    func refusesEveryAttributeThatIsOdd(sample: DenseModelSample) throws {
        let odd: [PythonValue] = [
            .none, .text("often"), .list([]), .list([.none]), .dictionary([]), .array([], shape: [0]),
            .array([], shape: [0, 2]), .array([], shape: [2, 0]), .array([1, 2, 3, 4, 5, 6, 7], shape: [7]),
            .array([1, 2, 3, 4, 5, 6, 7], shape: [1, 7]), .array([1, 2, 3, 4, 5, 6, 7], shape: [7, 1]),
            .array([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 2]), .objects([.text("a"), .float(1)]), .integer(-7),
            .global("builtins", "print"),
        ]
        for (name, _) in sample.attributes where !sample.optional.contains(name) {
            for value in odd {
                let error = Self.refusal(sample.with([(name, value)]))
                // A scalar that is as good as any other number, or a flag, is no fault.
                if case .integer = value, error == nil { continue }
                let refused = try #require(error, "\(name) = \(value)")
                #expect(refused.place.hasPrefix("model"), "\(refused)")
            }
        }
        // Optional ones may be taken or refused, but do not trap.
        for name in sample.optional {
            for value in odd { _ = Self.refusal(sample.with([(name, value)])) }
        }
    }

    /// The class, the attribute and its value, and what the remedy has to say.
    static let unsupported: [(String, String, PythonValue, String)] = [
        ("SVC", "kernel", .text("precomputed"), "precomputed"),
        ("SVC", "kernel", .global("__main__", "my_kernel"), "function"),
        ("SVC", "decision_function_shape", .text("ovx"), ""),
        ("SVC", "_n_support", .vector([1, 1, 2]), ""), ("SVC", "_n_support", .vector([4, -1, 0]), ""),
        ("SVC", "_n_support", .vector([0.5, 1.5, 1]), ""), ("SVC", "_n_support", .vector([.nan, 1, 1]), ""),
        ("KernelRidge", "kernel_params", .dictionary([("a", .integer(1))]), "gamma"),
        ("KNeighborsClassifier", "weights", .global("__main__", "mine"), "function"),
        ("KNeighborsClassifier", "effective_metric_", .global("__main__", "mine"), "metrics"),
        ("KNeighborsClassifier", "effective_metric_", .text("haversine"), "metrics"),
        ("KNeighborsClassifier", "effective_metric_", .text("minkowski"), "metrics"),
        (
            "KNeighborsClassifier", "effective_metric_params_", .dictionary([("w", .vector([1, 2]))]), "StandardScaler"
        ),
        ("KNeighborsClassifier", "outputs_2d_", .boolean(true), ""),
        ("KNeighborsClassifier", "_y", .vector([0, 1, 3, 1]), ""),
        ("KNeighborsClassifier", "_y", .vector([0, 1, -1, 1]), ""),
        ("KNeighborsClassifier", "_y", .vector([0, 1, 0.5, 1]), ""),
        ("KNeighborsClassifier", "n_neighbors", .integer(5), ""),
        ("KNeighborsClassifier", "n_neighbors", .integer(Int.max), ""),
        ("RadiusNeighborsClassifier", "outlier_label_", .none, "most_frequent"),
        ("RadiusNeighborsClassifier", "outlier_label_", .list([.text("z")]), "most_frequent"),
        ("LocalOutlierFactor", "novelty", .boolean(false), "novelty=True"),
        ("NearestCentroid", "metric", .text("cosine"), "metrics"),
        ("TweedieRegressor", "link", .text("cube"), ""),
        ("LinearDiscriminantAnalysis", "_max_components", .integer(0), ""),
        ("MLPClassifier", "activation", .text("swish"), ""),
        ("GaussianMixture", "covariance_type", .text("round"), ""),
        ("Birch", "subcluster_labels_", .vector([0, 0.5, 1]), ""),
        ("FactorAnalysis", "components_", .array([1, 2, 3, 4, 5, 6], shape: [3, 2]), ""),
        ("FactorAnalysis", "noise_variance_", .vector([0, 0]), ""),
    ]

    @Test(arguments: unsupported)
    func saysWhatToDo(className: String, attribute: String, value: PythonValue, remedy: String) throws {
        let sample = try #require(DenseModelSample.all.first { $0.className == className })
        let error = try #require(Self.refusal(sample.with([(attribute, value)])))
        #expect(error.place.hasPrefix("model."), "\(error)")
        if !remedy.isEmpty { #expect(error.remedy?.contains(remedy) == true, "\(error)") }
    }

    @Test func boundsTreesOfClustersThatAreCycles() throws {
        let loop = PythonValue.memoized(
            0,
            .object(
                "sklearn.cluster._bisect_k_means._BisectingTree",
                [("center", .vector([1, 2])), ("left", .memo(0)), ("right", .memo(0))]))
        let sample = try #require(DenseModelSample.all.first { $0.className == "BisectingKMeans" })
        let error = try #require(Self.refusal(sample.with([("_bisecting_tree", loop)])))
        #expect(error.found.contains("splits"))
    }

    @Test func boundsMatricesThatAreNamedAgainAndAgain() throws {
        // One large matrix, as the rotation of each of many classes.
        let count = 3000
        let matrix = PythonValue.memoized(7, .array([Double](repeating: 1, count: 2000), shape: [2, 1000]))
        let rotations = PythonValue.list(
            [matrix] + [PythonValue](repeating: .memo(7), count: count - 1))
        let model = PythonValue.estimator(
            "discriminant_analysis.QuadraticDiscriminantAnalysis",
            [
                ("n_features_in_", .integer(2)),
                ("classes_", .objects((0..<count).map { .integer($0) })),
                ("means_", .array([Double](repeating: 0, count: 2 * count), shape: [count, 2])),
                ("priors_", .vector([Double](repeating: 0.1, count: count))), ("rotations_", rotations),
                ("scalings_", .list([PythonValue](repeating: .vector([1]), count: count))),
            ])
        #expect(try #require(Self.refusal(model)).kind != .unsupported)
    }
}
