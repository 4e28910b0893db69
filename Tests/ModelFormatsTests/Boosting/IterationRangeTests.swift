import ModelFormats
import ModelIR
import TensorCore
import Testing

@testable import ModelFormats

/// Rounds that whoever sends a model chooses. That they are the library's own is shown by the cases `iteration_range`.
@Suite struct IterationRangeTests {
    private static func fixture(_ name: String) throws -> [UInt8] {
        try #require(BoostingParityTests.all.first { $0.name == name }).modelBytes
    }

    private static func load(_ bytes: [UInt8], _ range: Range<Int>?) throws(ImportError) -> ImportedModel {
        try SupportedFormats.importers.importModel(bytes.span, options: ImportOptions(iterationRange: range))
    }

    @Test(arguments: [
        ("lightgbm-4.6.0/regression", 3), ("xgboost-3.1.2/iteration_range_multi", 3), ("catboost-1.2.8/rmse_cbm", 5),
        ("catboost-1.2.8/rmse_json", 5), ("lightgbm-4.6.0/booster_pickle", 4),
    ])
    func refusesRoundsThatTheModelDoesNotHave(name: String, count: Int) throws {
        let bytes = try Self.fixture(name)
        _ = try Self.load(bytes, 0..<count)
        for range in [0..<count + 1, count..<count + 1, 0..<Int(Int32.max)] {
            let error = importError { _ = try Self.load(bytes, range) }
            #expect(error?.kind == .unsupported)
            #expect(error?.found == "a model of \(count) rounds")
        }
        let one = try Self.load(bytes, count - 1..<count)
        #expect(one.steps.contains { $0.detail.contains("rounds \(count - 1) to \(count - 1)") })
    }

    @Test func refusesModelsWithoutRounds() throws {
        for name in ["xgboost-3.1.2/json_linear_multi", "xgboost-3.1.2/ubj_linear"] {
            let error = importError { _ = try Self.load(Self.fixture(name), 0..<1) }
            #expect(error?.found == "a linear booster, which is not a sum of rounds")
        }
        let scaler = ScikitLearnRefusalTests.scaler(2).pickled
        #expect(importError { _ = try Self.load(scaler, 0..<1) }?.found == "a model without a booster")
        _ = try Self.load(scaler, nil)
    }

    @Test func readsTheRangeOfABundle() throws {
        let model = try Self.fixture("lightgbm-4.6.0/regression")
        let options = ImportOptions(iterationRange: 1..<2)
        let bundle = FolderPacking.pack([
            ("model.txt", model),
            (
                FolderPacking.descriptionName,
                FolderPacking.description(name: "a", artifact: "model.txt", options: options)
            ),
        ])
        let isFolder = FolderPacking.isFolder(bundle.span)
        #expect(isFolder)
        let isModelFolder = FolderPacking.isFolder(model.span)
        #expect(!isModelFolder)
        let imported = try SupportedFormats.importers.importModel(bundle.span)
        #expect(imported.metadata.name == "a")
        #expect(imported.steps.contains { $0.detail.contains("1 trees") && $0.detail.contains("rounds 1 to 1") })
        // What is asked for at the import goes over it.
        let other = try Self.load(bundle, 0..<2)
        #expect(other.steps.contains { $0.detail.contains("rounds 0 to 1") })
    }

    /// The fields that the libraries' own frames would have.
    @Test func saysHowBoostersTakeNamesAndCategories() throws {
        let frame = try Self.load(Self.fixture("lightgbm-4.6.0/regressor_frame"), nil).graph.columns
        let takesBlanks = frame.allSatisfy { $0.takesBlanksForUnderscores }
        #expect(takesBlanks)
        for name in ["catboost-1.2.8/one_hot_cbm", "catboost-1.2.8/whole_numbers_pickle"] {
            let columns = try Self.load(Self.fixture(name), nil).graph.columns
            #expect(columns.contains { $0.kind == .string })
            for column in columns { #expect(column.takesWholeNumbersAsText == (column.kind == .string)) }
        }
    }
}
