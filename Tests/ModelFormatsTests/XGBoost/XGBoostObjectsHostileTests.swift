import InferenceEngine
import ModelFormats
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// The old binary format, linear boosters, category tables, and boosters within pickles, damaged.
@Suite struct XGBoostObjectsHostileTests {
    /// Imports and compiles with every output, as a server would; nil, or the refusal.
    private static func refusal(of bytes: [UInt8]) -> ImportError? {
        let span = bytes.span
        do throws(ImportError) {
            _ = try ModelCompiler.compile(SupportedFormats.importers.importModel(span).graph, outputs: .all)
            return nil
        } catch {
            return error
        }
    }

    private static let samples = [
        "xgboost-1.7.6/old_binary", "xgboost-1.7.6/old_dart", "xgboost-1.7.6/old_linear_multi",
        "xgboost-3.1.2/ubj_linear", "xgboost-1.0.2/classifier", "xgboost-1.5.2/classifier",
        "xgboost-3.1.2/category_tables", "lightgbm-4.6.0/classifier_three", "lightgbm-4.6.0/regressor_frame",
    ]

    @Test(arguments: ["xgboost-1.7.6/old_dart", "xgboost-1.7.6/old_linear_multi", "xgboost-0.90/old_multi"])
    func refusesTheOldFormatCutBeforeItsEnd(name: String) throws {
        let whole = try BoostingParityTests.named(name).modelBytes
        #expect(Self.refusal(of: whole) == nil)
        var accepted = 0
        for length in 0..<whole.count where Self.refusal(of: Array(whole[..<length])) == nil { accepted += 1 }
        // The metrics at the end are not read.
        #expect(accepted < 100)
    }

    @Test(arguments: samples)
    func survivesDamage(name: String) throws {
        let whole = try BoostingParityTests.named(name).modelBytes
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<150 { _ = Self.refusal(of: mutated(whole, using: &generator)) }
    }

    /// Offsets of the old format: see `XGBoostBinaryReader`.
    @Test(
        arguments: [
            (4, [0xFF, 0xFF, 0xFF, 0x7F], "num_feature"), (8, [0xFF, 0xFF, 0xFF, 0x7F], "num_class"),
            (20, [0xFF, 0, 0, 0], "major_version"), (0, [0, 0, 0xC0, 0x7F], "base_score"),
            (136, [0xFF, 0xFF, 0xFF, 0xFF], "byte 0"),
        ] as [(Int, [UInt8], String)])
    func checksTheOldFormatsHeader(offset: Int, bytes: [UInt8], place: String) throws {
        var whole = try BoostingParityTests.named("xgboost-1.7.6/old_multi").modelBytes
        let start = whole.starts(with: Array("binf".utf8)) ? 4 : 0
        for (index, byte) in bytes.enumerated() { whole[start + offset + index] = byte }
        let error = try #require(Self.refusal(of: whole))
        #expect(error.place.contains(place), "\(error)")
    }
}
