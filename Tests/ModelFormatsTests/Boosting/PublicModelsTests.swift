import Foundation
import InferenceEngine
import ModelFormats
import ModelIR
import TensorCore
import Testing

/// Models that others trained, with the predictions that they published: not part of this repository. The folder
/// VENCEJO_PUBLIC_MODELS holds `leaves`, `treelite` and `mlserver`, from the repositories of those names.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["VENCEJO_PUBLIC_MODELS"] != nil,
        "VENCEJO_PUBLIC_MODELS does not name a folder"))
struct PublicModelsTests {
    enum Rows: Sendable {
        /// Numbers between tabs or blanks; the first ones of a line are left out.
        case table(String, skipping: Int)
        /// `label index:value ...`; what is not named is `absent`.
        case sparse(String, absent: Double)
    }

    struct Published: Sendable, CustomTestStringConvertible {
        let model: String
        let rows: Rows
        let expected: String
        let output: String
        var tolerance = 1e-6
        var testDescription: String { "\(model) \(output)" }
    }

    private static let agaricus = Rows.sparse("leaves/testdata__agaricus_test.libsvm", absent: .nan)

    @Test(arguments: [
        Published(
            model: "leaves/testdata__lg_breast_cancer.txt",
            rows: .table("leaves/testdata__lg_breast_cancer_data.txt", skipping: 0),
            expected: "leaves/testdata__lg_breast_cancer_data_pred_leaves.txt", output: "leaf"),
        Published(
            model: "leaves/testdata__lg_dart_breast_cancer.model",
            rows: .table("leaves/testdata__breast_cancer_test.tsv", skipping: 0),
            expected: "leaves/testdata__lg_dart_breast_cancer_true_predictions.txt", output: "prediction",
            tolerance: 1e-12),
        Published(
            model: "leaves/testdata__lg_kddcup99.model",
            rows: .table("leaves/testdata__kddcup99_test.tsv", skipping: 0),
            expected: "leaves/testdata__lg_kddcup99_true_predictions.txt", output: "margin", tolerance: 1e-12),
        Published(
            model: "leaves/testdata__lg_rf_iris.model",
            rows: .sparse("leaves/testdata__iris_test.libsvm", absent: 0),
            expected: "leaves/testdata__lg_rf_iris_true_predictions.txt", output: "prediction", tolerance: 1e-12),
        Published(
            model: "leaves/testdata__lgmulticlass.model",
            rows: .table("leaves/testdata__multiclass_test.tsv", skipping: 1),
            expected: "leaves/testdata__lgmulticlass_true_predictions.txt", output: "prediction", tolerance: 1e-12),
        Published(
            model: "leaves/testdata__lgmulticlass.model",
            rows: .table("leaves/testdata__multiclass_test.tsv", skipping: 1),
            expected: "leaves/testdata__lgmulticlass_true_raw_predictions.txt", output: "margin", tolerance: 1e-12),
        Published(
            model: "leaves/testdata__genlin_fmtp_gamma_AvgClaimAmount.model",
            rows: .table("leaves/testdata__genlin_fmtp_gamma_AvgClaimAmount_features.tsv", skipping: 0),
            expected: "leaves/testdata__genlin_fmtp_gamma_AvgClaimAmount_true_predictions.txt", output: "prediction",
            tolerance: 1e-12),
        Published(
            model: "leaves/testdata__genlin_fmtp_poisson_Frequency.model",
            rows: .table("leaves/testdata__genlin_fmtp_poisson_Frequency_features.tsv", skipping: 0),
            expected: "leaves/testdata__genlin_fmtp_poisson_Frequency_true_predictions.txt", output: "prediction",
            tolerance: 1e-12),
        Published(
            model: "leaves/testdata__genlin_fmtp_tweedie_PurePremium.model",
            rows: .table("leaves/testdata__genlin_fmtp_tweedie_PurePremium_features.tsv", skipping: 0),
            expected: "leaves/testdata__genlin_fmtp_tweedie_PurePremium_true_predictions.txt", output: "prediction",
            tolerance: 1e-12),
        Published(
            model: "treelite/tests__examples__toy_categorical__toy_categorical_model.txt",
            rows: .sparse("treelite/tests__examples__toy_categorical__toy_categorical.test", absent: 0),
            expected: "treelite/tests__examples__toy_categorical__toy_categorical.test.pred", output: "prediction",
            tolerance: 1e-12),
        Published(
            model: "leaves/testdata__xgagaricus.model", rows: agaricus,
            expected: "leaves/testdata__xgagaricus_true_predictions.txt", output: "prediction"),
        Published(
            model: "leaves/testdata__xgblin_agaricus.model", rows: agaricus,
            expected: "leaves/testdata__xgblin_agaricus_true_predictions.txt", output: "prediction"),
        Published(
            model: "leaves/testdata__xgblin_agaricus.model", rows: agaricus,
            expected: "leaves/testdata__xgblin_agaricus_true_raw_predictions.txt", output: "margin"),
        Published(
            model: "leaves/testdata__xgdermatology.model",
            rows: .sparse("leaves/testdata__dermatology_test.libsvm", absent: .nan),
            expected: "leaves/testdata__xgdermatology_true_predictions.txt", output: "margin"),
    ])
    func answersAsPublished(published: Published) throws {
        let root = try #require(ProcessInfo.processInfo.environment["VENCEJO_PUBLIC_MODELS"])
        func read(_ name: String) throws -> [UInt8] {
            Array(try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")))
        }
        func lines(_ name: String) throws -> [[Substring]] {
            String(decoding: try read(name), as: UTF8.self).split(separator: "\n").map {
                $0.split { $0 == "\t" || $0 == " " }
            }
        }
        let bytes = try read(published.model)
        let imported = try SupportedFormats.importers.importModel(bytes.span)
        let width = imported.graph.columns.count
        let rows: [[Double]]
        switch published.rows {
        case .table(let name, let skipping):
            rows = try lines(name).map { $0.dropFirst(skipping).map { Double($0) ?? .nan } }
        case .sparse(let name, let absent):
            rows = try lines(name).map { line in
                var row = [Double](repeating: absent, count: width)
                for pair in line.dropFirst() {
                    let parts = pair.split(separator: ":")
                    if let index = Int(parts[0]), index < width { row[index] = Double(parts[1]) ?? .nan }
                }
                return row
            }
        }
        let model = try ModelCompiler.compile(imported.graph, outputs: .all)
        let answer = try ParityAnswer(model, rows: rows.map { row in row.map { $0.isNaN ? .missing : .number($0) } })
        let expected = try lines(published.expected).map { $0.compactMap { Double($0) } }
        let found = try #require(answer.outputs[published.output])
        #expect(found.count == expected.count)
        #expect(expected.count > 20)
        var worst = 0.0
        for (cell, wanted) in zip(found, expected) {
            let numbers = cell.list
            try #require(numbers.count == wanted.count)
            for (one, other) in zip(numbers, wanted) {
                worst = max(worst, abs(one - other) / max(abs(one), abs(other), 1e-3))
            }
        }
        print(published.model, published.output, found.count, "rows, worst", worst)
        #expect(worst <= published.tolerance)
    }

    @Test(arguments: [
        "leaves/testdata__model_simple.txt", "leaves/testdata__xg_dart_agaricus.model",
        "mlserver/docs-gb__examples__catboost__model.cbm",
        "mlserver/docs-gb__examples__lightgbm__iris-lightgbm.bst",
        "mlserver/docs-gb__examples__mms__models__mushroom-xgboost__model.json",
        "mlserver/docs-gb__examples__tempo__models__xgboost-iris__model.bst",
        "treelite/tests__examples__mushroom__mushroom.model",
    ])
    func loads(name: String) throws {
        let root = try #require(ProcessInfo.processInfo.environment["VENCEJO_PUBLIC_MODELS"])
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")))
        let imported = try SupportedFormats.importers.importModel(bytes.span)
        let model = try ModelCompiler.compile(imported.graph, outputs: .all)
        let row = model.layout.columns.map { _ in ParityCase.Cell.number(1) }
        let answer = try ParityAnswer(model, rows: [row])
        #expect(answer.faults.isEmpty)
        #expect(answer.outputs["prediction"]?[0].list.allSatisfy { $0.isFinite } == true)
    }
}

extension ParityCase.Cell {
    /// A number as a list of one.
    fileprivate var list: [Double] {
        if case .list(let values) = self { return values }
        return number.map { [$0] } ?? []
    }
}
