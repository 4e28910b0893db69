import Foundation
import ModelIR
import TensorCore
import Testing

@Suite struct PairwiseTests {
    static let references: [Double] = [0, 0, 3, 4, -1, 2]

    static func pairwise(_ measure: PairwiseMeasure) -> Operator {
        .pairwise(Pairwise(measure: measure, references: references, count: 3, inputWidth: 2))
    }

    static func values(_ measure: PairwiseMeasure, _ row: [Cell]) throws -> [Double] {
        try evaluate(pairwise(measure), columns: columns(2), [row]).doubles()
    }

    @Test func measuresDistances() throws {
        #expect(try Self.values(.euclidean, [3, 4]) == [5, 0, (20.0).squareRoot()])
        #expect(try Self.values(.squaredEuclidean, [3, 4]) == [25, 0, 20])
        #expect(try Self.values(.expandedEuclidean, [3, 4]) == [5, 0, (20.0).squareRoot()])
        #expect(try Self.values(.manhattan, [3, 4]) == [7, 0, 6])
        #expect(try Self.values(.chebyshev, [3, 4]) == [4, 0, 4])
        #expect(try Self.values(.minkowski(power: 1), [3, 4]) == [7, 0, 6])
        #expect(try Self.values(.hamming, [3, 2]) == [1, 0.5, 0.5])
        #expect(try Self.values(.canberra, [3, 0]) == [1, 1, 2])
        #expect(try Self.values(.brayCurtis, [0, 0]) == [0, 1, 1])
        #expect(try Self.values(.standardizedSquares(variances: [1, 1, 9, 4, 1, 2]), [0, 0]) == [0, 5, 3])
    }

    @Test func computesKernels() throws {
        #expect(try Self.values(.dot, [1, 2]) == [0, 11, 3])
        #expect(try Self.values(.polynomial(gamma: 2, offset: 1, degree: 2), [1, 2]) == [1, 529, 49])
        #expect(try Self.values(.gaussian(gamma: 0.5), [3, 4]) == [exp(-12.5), 1, exp(-10)])
        #expect(try Self.values(.laplacian(gamma: 0.5), [3, 4]) == [exp(-3.5), 1, exp(-3)])
        let expected: [Double] = [tanh(-1), tanh(0.1 * 11 - 1), tanh(0.1 * 3 - 1)]
        #expect(try Self.values(.sigmoid(gamma: 0.1, offset: -1), [1, 2]) == expected)
    }

    @Test func countsALengthOfZeroAsOne() throws {
        #expect(try Self.values(.cosine, [0, 0]) == [0, 0, 0])
        #expect(try Self.values(.cosineDistance, [0, 0]) == [1, 1, 1])
        let values = try Self.values(.cosineDistance, [6, 8])
        #expect(values[0] == 1)
        #expect(abs(values[1]) < 1e-15)
        #expect(values.allSatisfy { $0 >= 0 && $0 <= 2 })
    }

    @Test func neverGivesTheRootOfANegativeNumber() throws {
        // The expansion cancels to less than zero for such rows.
        let row = [0.1, 0.7, 1e8 / 3]
        let pairwise = Pairwise(measure: .expandedEuclidean, references: row, count: 1, inputWidth: 3)
        let answer = try evaluate(
            .pairwise(pairwise), columns: columns(3), [[.number(row[0]), .number(row[1]), .number(row[2])]])
        #expect(answer.doubles()[0] >= 0)
    }

    @Test func refusesMissingValues() throws {
        let answer = try evaluate(Self.pairwise(.euclidean), columns: columns(2), [[1, nil]])
        #expect(answer.faults == [RowFault(row: 0, column: 1, reason: .missingValue)])
    }

    @Test func refusesReferencesOfAnotherShape() {
        for (numbers, count, width) in [([1.0, 2, 3], 2, 2), ([], 1, 0), ([1, 2], Int.max, 2), ([1, 2], -1, 2)] {
            let pairwise = Pairwise(measure: .dot, references: numbers, count: count, inputWidth: width)
            #expect(throws: ImportError.self) { try evaluate(.pairwise(pairwise), columns: columns(2), []) }
        }
        let few = Pairwise(
            measure: .standardizedSquares(variances: [1]), references: [1, 2], count: 1, inputWidth: 2)
        #expect(throws: ImportError.self) { try evaluate(.pairwise(few), columns: columns(2), []) }
        let narrow = Pairwise(measure: .dot, references: [1], count: 1, inputWidth: 1)
        #expect(throws: ImportError.self) { try evaluate(.pairwise(narrow), columns: columns(2), []) }
    }

    @Test func givesNothingForNoReferences() throws {
        // A machine without support vectors: the linear model behind it is its intercept.
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let none = graph.append(
            .pairwise(Pairwise(measure: .dot, references: [], count: 0, inputWidth: 1)), [input], path: "kernel")
        let sum = graph.append(.gemm(Gemm(weights: [], bias: [7], inputWidth: 0)), [none], path: "sum")
        graph.addOutput(GraphOutput(name: "prediction", value: sum, meaning: .values))
        #expect(try answer(compile(graph), [[3]]).doubles() == [7])
    }
}
