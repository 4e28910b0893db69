import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Imputers, scalers and column moves, against values worked out by hand.
@Suite struct PreprocessingTests {
    @Test func imputesNotANumber() throws {
        let imputer = Imputer(replacements: [7, -1], missingValue: .nan)
        let answer = try evaluate(.imputer(imputer), columns: columns(2), [[1, nil], [nil, 2], [.number(.nan), 0]])
        #expect(answer.doubles() == [1, -1, 7, 2, 7, 0])
    }

    @Test func imputesAnotherValueAndRefusesMissing() throws {
        let imputer = Imputer(replacements: [7], missingValue: -1)
        let answer = try evaluate(.imputer(imputer), columns: columns(1), [[-1], [3], [nil]])
        #expect(answer.doubles() == [7, 3, 0])
        #expect(answer.faults == [RowFault(row: 2, column: 0, reason: .missingValue)])
    }

    @Test func scalesBySubtractingAndDividing() throws {
        let scaler = Scaler(form: .subtractDivide, offset: [10, -1], scale: [4, 0.5])
        let answer = try evaluate(.scaler(scaler), columns: columns(2), [[12, 1], [10, -1.25]])
        #expect(answer.doubles() == [0.5, 4, 0, -0.5])
    }

    @Test func scalesByMultiplyingAndAdding() throws {
        let scaler = Scaler(form: .multiplyAdd, offset: [1, -1], scale: [4, 0.5])
        let answer = try evaluate(.scaler(scaler), columns: columns(2), [[0.25, 6], [0, 0]])
        #expect(answer.doubles() == [2, 2, 1, -1])
    }

    @Test func clipsAndLetsMissingValuesPass() throws {
        let scaler = Scaler(form: .multiplyAdd, offset: [0], scale: [1], clip: -1...1)
        let answer = try evaluate(.scaler(scaler), columns: columns(1), [[5], [-5], [0.5], [nil]])
        #expect(answer.doubles().prefix(3) == [1, -1, 0.5])
        #expect(answer.doubles()[3].isNaN)
        #expect(answer.faults.isEmpty)
    }

    @Test func selectsIntegersAsNumbersAndMissingAsNotANumber() throws {
        var graph = ImportedGraph(columns: [Column(name: "a", kind: .int64), Column(name: "b", kind: .float64)])
        let input = graph.append(.selectColumns([1, 0]), path: "input")
        graph.addOutput(GraphOutput(name: "prediction", value: input, meaning: .values))
        let result = answer(try ModelCompiler.compile(graph), [[3, 0.5], [nil, nil]])
        #expect(result.doubles().prefix(2) == [0.5, 3])
        #expect(result.doubles()[2].isNaN && result.doubles()[3].isNaN)
    }

    @Test func gathersAndConcatenates() throws {
        var graph = ImportedGraph(columns: columns(3))
        let input = graph.append(.selectColumns([0, 1, 2]), path: "input")
        let scaler = Scaler(form: .multiplyAdd, offset: [0, 0, 0], scale: [10, 10, 10])
        let scaled = graph.append(.scaler(scaler), [input], path: "scale")
        let gathered = graph.append(.gatherColumns([2, 0]), [scaled], path: "gather")
        let both = graph.append(.concat, [gathered, input], path: "concat")
        graph.addOutput(GraphOutput(name: "prediction", value: both, meaning: .values))
        #expect(answer(try ModelCompiler.compile(graph), [[1, 2, 3]]).doubles() == [30, 10, 1, 2, 3])
    }
}
