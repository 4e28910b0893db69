import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Imputers beyond one number a column.
@Suite struct ModelImputerTests {
    private func imputer(_ neighbors: Int, isWeighted: Bool = false, countsUnreachable: Bool = false) -> Operator {
        .knnImputer(
            KNNImputer(
                rows: [0, 10, 1, 20, 5, 40, .nan, 80], width: 2, neighborCount: neighbors, isWeighted: isWeighted,
                countsUnreachable: countsUnreachable, emptyColumns: [false, false]))
    }

    @Test func takesTheMeanOfTheNearestRows() throws {
        let rows: [[Cell]] = [[0.4, nil], [5, nil], [7, 7], [nil, nil]]
        let result = try evaluate(imputer(2), columns: columns(2), rows)
        // A row without anything gets the columns' means.
        #expect(result.doubles() == [0.4, 15, 5, 30, 7, 7, 2, 37.5])
        #expect(result.faults.isEmpty)
    }

    @Test func weighsByDistance() throws {
        let result = try evaluate(imputer(3, isWeighted: true), columns: columns(2), [[1, nil], [2, nil]])
        // The row at no distance alone; else 1/2, 1 and 1/3, the scale of which cancels.
        #expect(result.doubles()[1] == 20)
        #expect(abs(result.doubles()[3] - (5 + 20 + 40.0 / 3) / (1 / 2.0 + 1 + 1 / 3.0)) < 1e-12)
    }

    @Test func countsRowsWithoutACommonColumnWhereTheLibraryDid() throws {
        #expect(try evaluate(imputer(9), columns: columns(2), [[0, nil]]).doubles()[1] == 70.0 / 3)
        let old = imputer(9, countsUnreachable: true)
        #expect(try evaluate(old, columns: columns(2), [[0, nil]]).doubles()[1] == 37.5)
    }

    @Test func refusesTablesThatDoNotFit() {
        let wrong = KNNImputer(
            rows: [1, 2, 3], width: 2, neighborCount: 1, isWeighted: false, emptyColumns: [false, false])
        #expect(throws: ImportError.self) { try evaluate(.knnImputer(wrong), columns: columns(2), [[1, 2]]) }
    }

    @Test func fillsInFromAnotherValue() throws {
        var graph = ImportedGraph(columns: columns(4))
        let first = graph.append(.selectColumns([0, 1]), path: "first")
        let second = graph.append(.selectColumns([2, 3]), path: "second")
        let filled = graph.append(.coalesce, [first, second], path: "fill")
        let whole = graph.append(.coalesce, [first, filled, second], path: "whole")
        graph.addOutput(GraphOutput(name: "filled", value: filled, meaning: .values))
        graph.addOutput(GraphOutput(name: "whole", value: whole, meaning: .values))
        let result = answer(try ModelCompiler.compile(graph), [[1, nil, 5, 6], [nil, nil, 7, 8]])
        #expect(result.doubles(field: 0) == [1, 6, 7, 8])
        #expect(result.doubles(field: 1) == [1, 6, 7, 8])
    }

    @Test func replacesATextThatStandsForMissing() throws {
        var graph = ImportedGraph(columns: columns(1, .string))
        let input = graph.append(.selectColumns([0]), path: "input")
        let imputer = StringImputer(replacements: ["b"], missingText: "?")
        let imputed = graph.append(.stringImputer(imputer), [input], path: "impute")
        let codes = OrdinalEncoder.Feature(categories: .strings(["a", "b"]), codes: [1, 2], unknownCode: 9)
        let encoded = graph.append(.ordinalEncoder(OrdinalEncoder(features: [codes])), [imputed], path: "encode")
        graph.addOutput(GraphOutput(name: "prediction", value: encoded, meaning: .values))
        let model = try ModelCompiler.compile(graph)
        let result = answer(model, [["?"], ["a"], ["??"], [nil]])
        #expect(result.doubles() == [2, 1, 9, 0])
        #expect(result.faults == [RowFault(row: 3, column: 0, reason: .missingValue)])
    }

    /// What a selector does not look at still must not be missing: the folded model, which never reads it, declines.
    @Test func refusesMissingValuesInColumnsThatAreNotRead() throws {
        var graph = ImportedGraph(columns: columns(2))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let checked = graph.append(.refuseMissing, [input], path: "select")
        let kept = graph.append(.gatherColumns([1]), [checked], path: "select")
        let gemm = graph.append(.gemm(Gemm(weights: [2], bias: [1], inputWidth: 1)), [kept], path: "model")
        graph.addOutput(GraphOutput(name: "prediction", value: gemm, meaning: .values))
        let model = try ModelCompiler.compile(graph)
        #expect(!model.predictor.report.steps.contains { $0.stage == "linear-folded" })
        let result = answer(model, [[1, 2], [nil, 2], [3, nil]])
        #expect(result.doubles()[0] == 5)
        #expect(result.faults.map(\.column) == [0, 1])
    }
}
