import InferenceEngine
import ModelFormats
import ModelIR
import SeededRandom
import Testing

/// Real files, cut and changed: always a model or an `ImportError`, never a trap.
@Suite struct ScikitLearnHostileTests {
    /// Imports and compiles, as a server would.
    @discardableResult
    static func load(_ bytes: Span<UInt8>) throws(ImportError) -> CompiledModel {
        try ModelCompiler.compile(ScikitLearnImporter().importModel(bytes).graph)
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            "1.7.2/mixed_frame_protocol_0", "1.7.2/mixed_frame", "1.7.2/logistic_binary_booleans",
            "1.7.2/mixed_frame_gzip_pickle", "1.1.3/ridge_multi_output", "1.7.2/vectors_sparse_three",
        ])
    func refusesEveryTruncation(name: String) throws {
        let bytes = try ParityCase.named(name).modelBytes
        for length in 0..<bytes.count {
            let cut = Array(bytes[..<length])
            let error = importError { try Self.load(cut.span) }
            #expect(error != nil, "\(length) of \(bytes.count) bytes")
        }
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            "1.7.2/mixed_frame_protocol_0", "1.7.2/mixed_frame_protocol_4", "1.7.2/mixed_frame_classifier",
            "1.9.1/infrequent_categories", "1.3.2/logistic_ovr", "1.7.2/columns_by_position",
            "1.7.2/sparse_coefficients", "1.7.2/vectors_sparse_three", "1.7.2/vectors_sigmoid_four_ties",
            "1.7.2/neighbors_classifier_ball_tree_distance", "1.7.2/outlier_factor_euclidean",
            "1.7.2/bayes_categorical_three", "1.7.2/gaussians_full", "1.7.2/components_kernel_rbf",
            "1.7.2/linear_classifier_qda_three", "1.9.1/partial_least_squares_2_2", "1.7.2/targets_neighbors",
            "1.7.2/targets_radius_labels", "1.7.2/ties_classifier_euclidean_kd_tree_uniform",
            "1.7.2/ties_classifier_manhattan_ball_tree_distance", "1.7.2/ties_classifier_euclidean_brute_uniform",
            "1.7.2/ties_cosine", "1.7.2/targets_multioutput", "1.7.2/targets_chain", "1.7.2/targets_one_vs_rest",
            "1.7.2/targets_forest", "1.7.2/targets_perceptron", "1.7.2/targets_stacking",
            "1.7.2/importances_forest_mean", "1.7.2/boosting_regressor_linear_init", "1.7.2/threshold_tuned",
            "1.6.1/boosted_voting_narrow_xgboost", "1.6.1/boosted_stacking_xgboost", "1.6.1/boosted_selected_xgboost",
            "1.6.1/boosted_calibrated_isotonic_xgboost", "1.6.1/boosted_threshold_above_xgboost",
        ])
    func survivesMutation(name: String) throws {
        let original = try ParityCase.named(name).modelBytes
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                default:
                    let source = Int.random(in: 0..<bytes.count, using: &generator)
                    let count = min(16, bytes.count - max(source, place))
                    bytes.replaceSubrange(place..<place + count, with: bytes[source..<source + count])
                }
                if bytes.isEmpty { bytes = original }
            }
            _ = importError { try Self.load(bytes.span) }
        }
    }
}
