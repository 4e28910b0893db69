import ModelFormats
import ModelIR
import SeededRandom
import Testing

/// Real files of transformers, cut and changed: always a model or an `ImportError`, never a trap.
@Suite struct TransformerHostileTests {
    static let names = [
        "1.7.2/ordinal_infrequent", "1.7.2/target_encoder_classes", "1.7.2/bins_one_hot", "1.7.2/polynomial_2",
        "1.7.2/spline_periodic", "1.7.2/power_in_a_pipeline", "1.7.2/quantile_normal", "1.7.2/knn_imputer",
        "1.7.2/iterative_imputer", "1.7.2/select_from_model", "1.7.2/rfe_regressor", "1.7.2/indicator_refuses_new",
        "1.7.2/text_classifier", "1.1.3/text_classifier", "1.7.2/count_characters", "1.7.2/hashing",
        "1.7.2/function_before_a_classifier", "1.7.2/columns_chosen_by_made_names",
    ]

    @Test(.timeLimit(.minutes(5)), arguments: names)
    func survivesMutation(name: String) throws {
        let original = try ParityCase.named(name).modelBytes
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
                default:
                    let source = Int.random(in: 0..<bytes.count, using: &generator)
                    let count = min(16, bytes.count - max(source, place))
                    bytes.replaceSubrange(place..<place + count, with: bytes[source..<source + count])
                }
            }
            _ = importError { try ScikitLearnHostileTests.load(bytes.span) }
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: ["1.7.2/ordinal_infrequent", "1.7.2/text_classifier"])
    func refusesEveryTruncation(name: String) throws {
        let bytes = try ParityCase.named(name).modelBytes
        for length in stride(from: 0, to: bytes.count, by: 3) {
            let cut = Array(bytes[..<length])
            let error = importError { try ScikitLearnHostileTests.load(cut.span) }
            #expect(error != nil, "\(length) of \(bytes.count) bytes")
        }
    }
}
