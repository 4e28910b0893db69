import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Operators that estimators around others are made of, against values worked out by hand.
@Suite struct CombiningTests {
    /// A graph over the record's columns whose last node is the only output.
    private func run(
        _ width: Int, _ rows: [[Cell]], meaning: GraphOutput.Meaning = .values,
        _ build: (inout ImportedGraph, ValueID) -> ValueID
    ) throws -> Answer {
        var graph = ImportedGraph(columns: columns(width))
        let input = graph.append(.selectColumns(Array(0..<width)), path: "input")
        let value = build(&graph, input)
        graph.addOutput(GraphOutput(name: "prediction", value: value, meaning: meaning))
        return answer(try ModelCompiler.compile(graph, forcing: "reference"), rows)
    }

    private func functionOf(_ function: ElementwiseFunction, _ value: Double) throws -> Double {
        try evaluate(.elementwise(function), columns: columns(1), [[.number(value)]]).doubles()[0]
    }

    // MARK: Combination

    @Test func addsUpInOrderAndDivides() throws {
        let answer = try run(2, [[1, 10], [0.1, 0.2]]) { graph, input in
            let twice = graph.append(.elementwise(.square), [input], path: "square")
            let sum = Combination(count: 3, weights: [1, 2, 0.5], divisor: 4)
            return graph.append(.combination(sum), [input, twice, input], path: "sum")
        }
        let values: [Double] = [1, 10, 0.1, 0.2]
        var expected: [Double] = []
        for value in values {
            var sum: Double = value
            sum += value * value * 2
            sum += value * 0.5
            expected.append(sum / 4)
        }
        #expect(answer.doubles() == expected)
    }

    @Test func letsNaNAndInfinitiesThroughASum() throws {
        let answer = try run(1, [[nil], [.number(.infinity)]]) { graph, input in
            graph.append(.combination(Combination(count: 2)), [input, input], path: "sum")
        }
        #expect(answer.doubles()[0].isNaN)
        #expect(answer.doubles()[1] == .infinity)
    }

    @Test func refusesASumOfOtherInputs() {
        for (count, weights) in [(1, []), (2, [1.0]), (3, [1, 1, 1])] {
            #expect(throws: ImportError.self) {
                try run(1, []) { graph, input in
                    graph.append(
                        .combination(Combination(count: count, weights: weights)), [input, input], path: "sum")
                }
            }
        }
        #expect(throws: ImportError.self) {
            try run(2, []) { graph, input in
                let one = graph.append(.gatherColumns([0]), [input], path: "one")
                return graph.append(.combination(Combination(count: 2)), [input, one], path: "sum")
            }
        }
    }

    // MARK: Classes

    @Test func turnsAClassIntoIndicatorsAndNumbers() throws {
        let rows: [[Cell]] = [[3, 1, 2], [1, 3, 2], [1, 2, 3]]
        let indicators = try run(3, rows) { graph, input in
            let label = graph.append(.argMax, [input], path: "label")
            let indicator = ClassIndicator(columns: [2, 0, 1], width: 4, on: 5, off: -1)
            return graph.append(.classIndicator(indicator), [label], path: "indicator")
        }
        #expect(indicators.doubles() == [-1, -1, 5, -1, 5, -1, -1, -1, -1, 5, -1, -1])
        let numbers = try run(3, rows) { graph, input in
            let label = graph.append(.argMax, [input], path: "label")
            return graph.append(.classValue([7, -0.5, 100]), [label], path: "number")
        }
        #expect(numbers.doubles() == [7, -0.5, 100])
    }

    @Test func refusesColumnsThatAClassDoesNotHave() {
        for indicator in [
            ClassIndicator(columns: [0], width: 2, on: 1, off: 0),
            ClassIndicator(columns: [0, 2], width: 2, on: 1, off: 0),
            ClassIndicator(columns: [0, -1], width: 2, on: 1, off: 0),
        ] {
            #expect(throws: ImportError.self) {
                try run(2, []) { graph, input in
                    let label = graph.append(.argMax, [input], path: "label")
                    return graph.append(.classIndicator(indicator), [label], path: "indicator")
                }
            }
        }
        #expect(throws: ImportError.self) {
            try run(2, []) { graph, input in
                let label = graph.append(.argMax, [input], path: "label")
                return graph.append(.classValue([1]), [label], path: "number")
            }
        }
    }

    @Test func takesTheLastOfEqualMaxima() throws {
        let answer = try run(3, [[1, 1, 0], [0, 0, 0], [2, 1, 1]], meaning: .label(.integers([5, 6, 7]))) {
            graph, input in graph.append(.argMaxLast, [input], path: "label")
        }
        #expect(answer.labels[0] == [1, 2, 0])
    }

    // MARK: Numbers

    @Test func givesTheSameNumbersToEveryRow() throws {
        let answer = try run(1, [[1], [nil]]) { graph, _ in graph.append(.constant([3, .infinity]), path: "same") }
        #expect(answer.doubles() == [3, .infinity, 3, .infinity])
        #expect(answer.faults.isEmpty)
    }

    @Test func refusesRowsThatAreNotFinite() throws {
        let answer = try evaluate(
            .requireFinite, columns: columns(2),
            [[1, -0.0], [nil, 1], [1, .number(.infinity)], [1, .number(-.infinity)]])
        #expect(answer.doubles().prefix(2) == [1, 0])
        #expect(
            answer.faults == [
                RowFault(row: 1, column: 0, reason: .missingValue),
                RowFault(row: 2, column: 1, reason: .infinite),
                RowFault(row: 3, column: 1, reason: .infinite),
            ])
    }

    @Test func computesNumPysFunctions() throws {
        #expect(try functionOf(.log, 0) == -.infinity)
        #expect(try functionOf(.log, -1).isNaN)
        #expect(try functionOf(.log1p, 1e-20) == 1e-20)
        #expect(try functionOf(.expm1, 1e-20) == 1e-20)
        #expect(try functionOf(.exp2, -1.5) == 0.3535533905932738)
        #expect(try functionOf(.rint, 2.5) == 2)
        #expect(try functionOf(.sign, -0.0) == 0)
        #expect(try functionOf(.sign, -3) == -1)
        #expect(try functionOf(.reciprocal, -0.0) == -.infinity)
        #expect(try functionOf(.logit, 0.5) == 0)
        #expect(try functionOf(.float32, 0.1) == 0.10000000149011612)
        #expect(try functionOf(.float32, 1e300) == .infinity)
        #expect(try functionOf(.squashed, -2) == -2.0 / 9)
        #expect(try functionOf(.clip(lower: -1, upper: 2), 5) == 2)
        #expect(try functionOf(.clip(lower: -1, upper: 2), -5) == -1)
        #expect(try functionOf(.clip(lower: -1, upper: 2), .nan).isNaN)
        #expect(ElementwiseFunction(numPyName: "log1p") == .log1p)
        #expect(ElementwiseFunction(numPyName: "system") == nil)
    }

    @Test func refusesBoundsInTheWrongOrder() {
        for (lower, upper) in [(1.0, 0.0), (.nan, 1), (0, .nan)] {
            #expect(throws: ImportError.self) {
                try evaluate(.elementwise(.clip(lower: lower, upper: upper)), columns: columns(1), [])
            }
        }
    }

    // MARK: Rows

    @Test func normalizesSumsOfZeroInTheirOwnWay() throws {
        let rows: [[Cell]] = [[1, 3], [0, 0]]
        let uniform = try evaluate(.activation(.normalizeSumOrUniform), columns: columns(2), rows)
        #expect(uniform.doubles() == [0.25, 0.75, 0.5, 0.5])
        let kept = try evaluate(.activation(.normalizePositiveSum), columns: columns(2), rows)
        #expect(kept.doubles() == [0.25, 0.75, 0, 0])
        let plain = try evaluate(.activation(.normalizeSum), columns: columns(2), rows)
        #expect(plain.doubles()[2].isNaN)
        let centered = try evaluate(.activation(.subtractMean), columns: columns(2), [[1, 4]])
        #expect(centered.doubles() == [-1.5, 1.5])
    }

    // MARK: Curves

    @Test func interpolatesBetweenPoints() throws {
        let curve = Interpolation.Curve(x: [0, 1, 3], y: [0, 10, 10.5], outside: .nearest)
        let other = Interpolation.Curve(x: [0, 1], y: [5, 6], outside: .missing)
        let answer = try evaluate(
            .interpolation(Interpolation(curves: [curve, other])), columns: columns(2),
            [[0.5, 0.25], [-1, 0], [9, 1], [3, 1.5], [1, -0.5], [nil, nil], [2, -0.0]])
        let doubles = answer.doubles()
        let expected: [Double] = [5, 5.25, 0, 5, 10.5, 6, 10.5]
        #expect(Array(doubles[0..<7]) == expected)
        for index in [7, 9, 10, 11] { #expect(doubles[index].isNaN) }
        #expect(doubles[8] == 10)
        #expect(Array(doubles[12...]) == [10.25, 5] as [Double])
    }

    @Test func refusesACurveThatIsNone() {
        for (x, y) in [
            ([Double](), [Double]()), ([1], []), ([1, 1], [0, 0]), ([2, 1], [0, 0]), ([.nan, 1], [0, 0]),
        ] {
            #expect(throws: ImportError.self) {
                let curve = Interpolation.Curve(x: x, y: y, outside: .nearest)
                return try evaluate(.interpolation(Interpolation(curves: [curve])), columns: columns(1), [])
            }
        }
    }

    @Test(
        arguments: [
            ([1.0, 1, 1], [[3, 1, 2]], 2.0), ([1, 1, 5], [[3, 1, 9]], 9), ([5, 1, 1], [[3, 1, 9]], 3),
            ([1, 1], [[7, 4]], 4), ([1, 1, 1, 1], [[4, 4, 4, 2]], 4), ([0, 0, 1], [[1, 2, 3]], 3),
            ([2], [[-0.5]], -0.5),
        ] as [([Double], [[Double]], Double)])
    func findsTheWeightedMedian(weights: [Double], rows: [[Double]], median: Double) throws {
        let answer = try evaluate(
            .weightedMedian(WeightedMedian(weights: weights)), columns: columns(weights.count),
            rows.map { $0.map { .number($0) } })
        #expect(answer.doubles() == [median])
    }

    @Test func refusesAMedianOfAnotherWidth() {
        for weights in [[], [1.0], [1, 2, 3]] {
            #expect(throws: ImportError.self) {
                try evaluate(.weightedMedian(WeightedMedian(weights: weights)), columns: columns(2), [])
            }
        }
    }
}
