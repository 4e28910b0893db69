import InferenceEngine
import ModelIR
import TensorCore
import Testing

@Suite struct OneHotEncoderTests {
    private func feature(
        _ categories: OneHotEncoder.Categories, indicators: [Int]? = nil, width: Int? = nil, infrequent: Int? = nil
    ) -> OneHotEncoder.Feature {
        .init(
            categories: categories, indicators: indicators ?? Array(0..<categories.count),
            width: width ?? categories.count, infrequentIndicator: infrequent)
    }

    @Test func setsTheIndicatorOfATextByteForByte() throws {
        // The first and the third are canonically equivalent, and equal for Swift's ==.
        let encoder = OneHotEncoder(features: [feature(.strings(["caf\u{e9}", "a", "cafe\u{301}"]))], unknown: .refuse)
        let rows: [[Cell]] = [["caf\u{e9}"], ["a"], ["cafe\u{301}"]]
        let answer = try evaluate(.oneHotEncoder(encoder), columns: columns(1, .string), rows)
        #expect(answer.doubles() == [1, 0, 0, 0, 1, 0, 0, 0, 1])
    }

    @Test func refusesAnUnknownCategoryInItsRowAlone() throws {
        let encoder = OneHotEncoder(
            features: [feature(.strings(["x", "y"])), feature(.strings(["p"]))], unknown: .refuse)
        let rows: [[Cell]] = [["x", "p"], ["y", "q"], ["", "p"], ["y", "p"]]
        let answer = try evaluate(.oneHotEncoder(encoder), columns: columns(2, .string), rows)
        #expect(answer.doubles() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1])
        #expect(
            answer.faults == [
                RowFault(row: 1, column: 1, reason: .unknownCategory),
                RowFault(row: 2, column: 0, reason: .unknownCategory),
            ])
    }

    @Test func setsNothingForAnUnknownCategoryThatIsIgnored() throws {
        let encoder = OneHotEncoder(features: [feature(.numbers([1, 2]))], unknown: .allZero)
        let answer = try evaluate(.oneHotEncoder(encoder), columns: columns(1), [[2], [3], [nil]])
        #expect(answer.doubles() == [0, 1, 0, 0, 0, 0])
        #expect(answer.faults.isEmpty)
    }

    @Test func countsUnknownCategoriesAsInfrequent() throws {
        let categories = OneHotEncoder.Categories.numbers([1, 2, 3])
        let grouped = feature(categories, indicators: [0, 1, 1], width: 2, infrequent: 1)
        let encoder = OneHotEncoder(features: [grouped, feature(categories)], unknown: .infrequent)
        let answer = try evaluate(.oneHotEncoder(encoder), columns: columns(2), [[3, 1], [9, 9]])
        #expect(answer.doubles() == [0, 1, 1, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test func setsNothingForADroppedCategory() throws {
        let dropped = feature(.numbers([1, 2, 3]), indicators: [-1, 0, 1], width: 2)
        let encoder = OneHotEncoder(features: [dropped], unknown: .refuse)
        let answer = try evaluate(.oneHotEncoder(encoder), columns: columns(1), [[1], [2], [3]])
        #expect(answer.doubles() == [0, 0, 1, 0, 0, 1])
    }

    @Test func takesMissingForACategoryWhereItWasOne() throws {
        let encoder = OneHotEncoder(features: [feature(.numbers([.nan, 0]))], unknown: .refuse)
        let answer = try evaluate(.oneHotEncoder(encoder), columns: columns(1), [[nil], [-0.0]])
        #expect(answer.doubles() == [1, 0, 0, 1])
        let text = OneHotEncoder(features: [feature(.strings(["a", nil]))], unknown: .refuse)
        #expect(try evaluate(.oneHotEncoder(text), columns: columns(1, .string), [[nil]]).doubles() == [0, 1])
    }

    @Test func encodesAnImputedText() throws {
        var graph = ImportedGraph(columns: columns(1, .string))
        let input = graph.append(.selectColumns([0]), path: "input")
        let imputed = graph.append(.stringImputer(StringImputer(replacements: ["b"])), [input], path: "impute")
        let encoder = OneHotEncoder(features: [feature(.strings(["a", "b"]))], unknown: .refuse)
        let encoded = graph.append(.oneHotEncoder(encoder), [imputed], path: "encode")
        graph.addOutput(GraphOutput(name: "prediction", value: encoded, meaning: .values))
        let model = try ModelCompiler.compile(graph)
        #expect(answer(model, [["a"], [nil]]).doubles() == [1, 0, 0, 1])
        #expect(model.signature.inputs[0].acceptsMissing)
        #expect(model.signature.inputs[0].categories == ["a", "b"])
    }
}
