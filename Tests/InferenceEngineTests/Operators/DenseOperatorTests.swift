import Foundation
import ModelIR
import TensorCore
import Testing

/// The small operators of dense models.
@Suite struct DenseOperatorTests {
    @Test func sumsSquaresByGroups() throws {
        let answer = try evaluate(.sumOfSquares(groupWidth: 2), columns: columns(4), [[3, 4, -1, 0]])
        #expect(answer.doubles() == [25, 1])
        for width in [0, -1, 3] {
            #expect(throws: ImportError.self) {
                try evaluate(.sumOfSquares(groupWidth: width), columns: columns(4), [])
            }
        }
    }

    @Test func addsRowsOfTables() throws {
        let sum = TableSum(starts: [0, 2, 3], values: [1, 10, 2, 20, 4, 40], bias: [0.5, -0.5])
        let rows: [[Cell]] = [[0, 0], [1.9, 0], [-0.5, 0.1], [2, 0], [0, -1], [0, 1], [nil, 0]]
        let answer = try evaluate(.tableSum(sum), columns: columns(2), rows)
        #expect(answer.doubles().prefix(6) == [5.5, 49.5, 6.5, 59.5, 5.5, 49.5])
        #expect(
            answer.faults == [
                RowFault(row: 3, column: 0, reason: .unknownCategory),
                RowFault(row: 4, column: 1, reason: .unknownCategory),
                RowFault(row: 5, column: 1, reason: .unknownCategory),
                RowFault(row: 6, column: 0, reason: .missingValue),
            ])
    }

    @Test func refusesTablesThatDoNotFit() {
        for sum in [
            TableSum(starts: [0, 2, 3], values: [1, 2, 3], bias: [0, 0]),
            TableSum(starts: [0, 2, 1], values: [1, 2], bias: [0, 0]),
            TableSum(starts: [1, 2, 3], values: [1, 2, 3], bias: [0]),
            TableSum(starts: [0, 3], values: [1, 2, 3], bias: [0]), TableSum(starts: [], values: [], bias: [0]),
            TableSum(starts: [0, 0, 0], values: [], bias: []),
            TableSum(starts: [0, 2, Int.max], values: [1, 2, 3], bias: [0, 0]),
        ] {
            #expect(throws: ImportError.self) { try evaluate(.tableSum(sum), columns: columns(2), []) }
        }
    }

    @Test func walksDownATreeOfClusters() throws {
        // Node 0: cluster 0, or node 1: clusters 2 and 1.
        let tree = Operator.bisection(Bisection(children: [~0, 1, ~2, ~1], clusterCount: 3))
        let answer = try evaluate(
            tree, columns: columns(4), meaning: .label(.integers([0, 1, 2])),
            [[1, 1, 0, 5], [1, 2, 3, 3], [1, 2, 3, 4], [2, 1, 3, 4]])
        #expect(answer.labels[0] == [0, 2, 1, 0])
        for children: [Int32] in [[0, ~1], [~0, ~3], [], [~0], [~0, 2], [~0, 0, ~1, ~2], [1, 1, 1, ~0]] {
            let broken = Operator.bisection(Bisection(children: children, clusterCount: 3))
            #expect(throws: ImportError.self) {
                try evaluate(
                    broken, columns: columns(max(1, children.count)), meaning: .label(.integers([0, 1, 2])), [])
            }
        }
    }

    @Test func multipliesTwoValues() throws {
        var graph = ImportedGraph(columns: columns(3))
        let left = graph.append(.selectColumns([0, 1]), path: "left")
        let right = graph.append(.selectColumns([1, 2]), path: "right")
        let one = graph.append(.selectColumns([0]), path: "one")
        let product = graph.append(.product, [left, right], path: "product")
        graph.addOutput(GraphOutput(name: "prediction", value: product, meaning: .values))
        #expect(try answer(compile(graph), [[2, 3, -0.5]]).doubles() == [6, -1.5])
        for inputs in [[left], [left, one], []] {
            var broken = graph
            let value = broken.append(.product, inputs, path: "broken")
            broken.addOutput(GraphOutput(name: "broken", value: value, meaning: .values))
            #expect(throws: ImportError.self) { try compile(broken) }
        }
    }

    @Test func appliesFunctionsOfPerceptrons() throws {
        func apply(_ activation: Activation, _ row: [Cell]) throws -> [Double] {
            try evaluate(.activation(activation), columns: columns(row.count), [row]).doubles()
        }
        let relu = try apply(.relu, [-1, -0.0, 2, .number(.nan)])
        #expect(relu.prefix(3) == [0, 0, 2])
        #expect(relu[3].isNaN)
        #expect(try apply(.tanh, [0.5, -1e300]) == [tanh(0.5), -1])
        #expect(try apply(.cosine, [0, 1]) == [1, cos(1)])
        #expect(try apply(.logSumExp, [1000, 1000]) == [1000 + log(2)])
        #expect(try apply(.logSumExp, [.number(-.infinity), .number(-.infinity)]) == [-.infinity])
        let logarithm: Double = -2000 - (-2000 + log(2))
        #expect(try apply(.logSoftmax, [-2000, -2000]) == [logarithm, logarithm])
        #expect(try apply(.normalizeSumOrUniform, [0, 0, 0, 0]) == [0.25, 0.25, 0.25, 0.25])
        #expect(try apply(.normalizeSumOrUniform, [1, 3]) == [0.25, 0.75])
    }
}
