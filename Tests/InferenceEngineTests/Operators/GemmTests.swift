import ModelIR
import TensorCore
import Testing

@Suite struct GemmTests {
    @Test func addsBiasToProducts() throws {
        let gemm = Gemm(weights: [2, -1, 0.5, 0.25], bias: [10, -10], inputWidth: 2)
        let answer = try evaluate(.gemm(gemm), columns: columns(2), [[3, 4], [0, 8]])
        #expect(answer.doubles() == [12, -7.5, 2, -8])
    }

    @Test func refusesMissingValues() throws {
        let gemm = Gemm(weights: [2, -1], bias: [10], inputWidth: 2)
        let answer = try evaluate(.gemm(gemm), columns: columns(2), [[3, 4], [0, nil], [1, 1]])
        #expect(answer.doubles() == [12, 0, 11])
        #expect(answer.faults == [RowFault(row: 1, column: 1, reason: .missingValue)])
    }

    @Test func refusesWeightsOfAnotherShape() {
        let gemm = Gemm(weights: [2, -1, 3], bias: [10], inputWidth: 2)
        #expect(throws: ImportError.self) { try evaluate(.gemm(gemm), columns: columns(2), []) }
        let narrow = Gemm(weights: [2], bias: [10], inputWidth: 1)
        #expect(throws: ImportError.self) { try evaluate(.gemm(narrow), columns: columns(2), []) }
    }
}
