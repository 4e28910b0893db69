import InferenceEngine
import ModelIR
import TensorCore
import Testing

@Suite struct OrdinalEncoderTests {
    private func encoder(
        _ categories: OneHotEncoder.Categories, _ codes: [Double], unknown: Double? = nil
    ) -> Operator {
        .ordinalEncoder(
            OrdinalEncoder(features: [.init(categories: categories, codes: codes, unknownCode: unknown)]))
    }

    @Test func givesTheCodeOfATextByteForByte() throws {
        // The first and the last are canonically equivalent, and equal for Swift's ==.
        let operation = encoder(.strings(["caf\u{e9}", "", "cafe\u{301}"]), [5, 6, 7])
        let rows: [[Cell]] = [["cafe\u{301}"], [""], ["caf\u{e9}"]]
        #expect(try evaluate(operation, columns: columns(1, .string), rows).doubles() == [7, 6, 5])
    }

    @Test func comparesNumbersByValue() throws {
        let operation = encoder(.numbers([0, 0.1, .infinity]), [10, 20, 30], unknown: -1)
        let rows: [[Cell]] = [[-0.0], [.number(0.1.nextUp)], [.number(.infinity)], [0.1], [nil]]
        #expect(try evaluate(operation, columns: columns(1), rows).doubles() == [10, -1, 30, 20, -1])
    }

    @Test func refusesAnUnknownCategoryInItsRowAlone() throws {
        let operation = encoder(.strings(["a", nil]), [1, 2])
        let answer = try evaluate(operation, columns: columns(1, .string), [["a"], ["b"], [nil]])
        #expect(answer.doubles() == [1, 0, 2])
        #expect(answer.faults == [RowFault(row: 1, column: 0, reason: .unknownCategory)])
    }

    @Test func refusesAMissingValueThatIsNoCategory() throws {
        let operation = encoder(.numbers([1]), [4])
        let answer = try evaluate(operation, columns: columns(1), [[nil], [1]])
        #expect(answer.faults == [RowFault(row: 0, column: 0, reason: .missingValue)])
        #expect(answer.doubles() == [0, 4])
    }

    @Test func refusesCodesThatAreNotOneACategory() {
        #expect(throws: ImportError.self) {
            try evaluate(encoder(.numbers([1, 2]), [4]), columns: columns(1), [[1]])
        }
        #expect(throws: ImportError.self) {
            try evaluate(encoder(.numbers([1]), [4]), columns: columns(1, .string), [["1"]])
        }
    }

    /// A code that is NaN counts as missing where a later step refuses that, even if the input never is.
    @Test func tellsThatAnUnknownValueMayGiveAMissingOne() throws {
        let operation = encoder(.numbers([1]), [4], unknown: .nan)
        #expect(try evaluate(operation, columns: columns(1), [[2]]).doubles()[0].isNaN)
    }
}
