import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Functions of numbers: of each element, and of a row.
@Suite struct NumericTransformTests {
    @Test func mapsElementsAsNumPyDoes() throws {
        let rows: [[Cell]] = [[-0.0], [2.5], [-2.5], [nil], [.number(.infinity)]]
        func values(_ function: ElementwiseFunction) throws -> [Double] {
            try evaluate(.elementwise(function), columns: columns(1), rows).doubles()
        }
        #expect(try values(.rint)[1] == 2)
        #expect(try values(.trunc)[2] == -2)
        #expect(try values(.sign)[0] == 0 && values(.sign)[2] == -1 && values(.sign)[3].isNaN)
        #expect(try values(.nanToNumber)[3] == 0 && values(.nanToNumber)[4] == .greatestFiniteMagnitude)
        #expect(try values(.isGreater(threshold: 2.5)) == [0, 0, 0, 0, 1])
        #expect(try values(.reciprocal)[0] == -.infinity)
        #expect(try values(.sublinearCount)[0] == 0 && values(.sublinearCount)[4] == .infinity)
        #expect(try values(.log1p)[2].isNaN)
    }

    /// A logarithm of a negative number is none: a model behind it refuses the row, as the library does.
    @Test func refusesWhatAnEarlierStepMadeNoNumber() throws {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let log = graph.append(.elementwise(.log), [input], path: "log")
        let gemm = graph.append(.gemm(Gemm(weights: [2], bias: [1], inputWidth: 1)), [log], path: "model")
        let label = graph.append(.greater(threshold: 0), [gemm], path: "model")
        graph.addOutput(GraphOutput(name: "prediction", value: label, meaning: .label(.integers([0, 1]))))
        let result = answer(try ModelCompiler.compile(graph), [[1], [-1], [0], [.number(0.1)]])
        #expect(result.labels == [[1, 0, 0, 0]])
        #expect(result.faults.map(\.row) == [1, 2])
    }

    /// A scaler takes NaN, but not what is infinite.
    @Test func letsMissingThroughWhereTheLibraryDoes() throws {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let log = graph.append(.elementwise(.log), [input], path: "log")
        let scaler = Scaler(form: .subtractDivide, offset: [0], scale: [1])
        let scaled = graph.append(.scaler(scaler), [log], path: "scale")
        graph.addOutput(GraphOutput(name: "transform", value: scaled, meaning: .values))
        let result = answer(try ModelCompiler.compile(graph), [[1], [-1], [0]])
        #expect(result.doubles()[0] == 0 && result.doubles()[1].isNaN)
        #expect(result.faults.map(\.row) == [2])
    }

    @Test(arguments: [
        (RowNormalizer.Norm.l1, [0.25, -0.75]), (.l2, [1 / 10.0.squareRoot(), -3 / 10.0.squareRoot()]),
        (.max, [1.0 / 3, -1]),
    ])
    func dividesByTheNorm(norm: RowNormalizer.Norm, expected: [Double]) throws {
        let operation = Operator.rowNormalizer(RowNormalizer(norm: norm, normMin: 1e-15))
        let result = try evaluate(operation, columns: columns(2), [[1, -3], [0, -0.0], [1e-16, 0], [1, nil]])
        #expect(Array(result.doubles()[..<2]) == expected)
        #expect(result.doubles()[2...5].elementsEqual([0, 0, 1e-16, 0]))
        #expect(result.faults.map(\.row) == [3])
    }

    @Test func countsTheEdgesAtOrBelow() throws {
        let operation = Operator.binning(Binning(edges: [[1, 2, 2, 3], []]))
        let rows: [[Cell]] = [
            [0, 0], [1, 9], [.number(2.0.nextDown), 0], [2, 0], [99, 0], [.number(-.infinity), 0],
        ]
        let result = try evaluate(operation, columns: columns(2), rows)
        #expect(result.doubles() == [0, 0, 1, 0, 1, 0, 3, 0, 4, 0, 0, 0])
        let tolerant = Operator.binning(Binning(edges: [[1, 2]], isTolerant: true))
        #expect(try evaluate(tolerant, columns: columns(1), [[.number(2.0.nextDown)]]).doubles() == [2])
    }

    @Test func multipliesColumnsOneByOne() throws {
        typealias Term = ColumnProducts.Term
        let products = ColumnProducts(terms: [
            Term(earlier: nil, column: nil), Term(earlier: nil, column: 0), Term(earlier: nil, column: 1),
            Term(earlier: 2, column: 0), Term(earlier: 3, column: 0),
        ])
        #expect(
            try evaluate(.columnProducts(products), columns: columns(2), [[2, 3]]).doubles() == [1, 2, 3, 6, 12])
        for wrong in [Term(earlier: 0, column: 0), Term(earlier: nil, column: 2), Term(earlier: nil, column: -1)] {
            let products = ColumnProducts(terms: [wrong])
            #expect(throws: ImportError.self) {
                try evaluate(.columnProducts(products), columns: columns(2), [[1, 1]])
            }
        }
    }

    @Test func transformsByPowers() throws {
        func values(_ method: PowerTransform.Method, _ lambda: Double, _ rows: [[Cell]]) throws -> Answer {
            let transform = PowerTransform(method: method, lambdas: [lambda])
            return try evaluate(.powerTransform(transform), columns: columns(1), rows)
        }
        #expect(try values(.boxCox, 1, [[3]]).doubles()[0] == 2)
        #expect(try values(.boxCox, 0, [[1], [0], [-1], [nil]]).faults.map(\.row) == [1, 2])
        #expect(try values(.yeoJohnson, 1, [[3], [-3], [nil]]).doubles()[..<2].elementsEqual([3, -3]))
        #expect(try values(.yeoJohnson, 1, [[nil]]).doubles()[0].isNaN)
        // Near 0 the newer formula stays exact, the older one does not.
        let exact = try values(.yeoJohnsonExpm1, 1e-12, [[1]]).doubles()[0]
        #expect(abs(exact - 0.6931471805599453) < 1e-12)
        #expect(abs(try values(.yeoJohnson, 1e-12, [[1]]).doubles()[0] - exact) > 1e-6)
    }

    @Test func findsThePlaceAmongQuantiles() throws {
        let uniform = QuantileTransform(quantiles: [[0, 1, 1, 4]], references: [0, 0.25, 0.75, 1], isNormal: false)
        let rows: [[Cell]] = [[-5], [0], [0.5], [1], [2.5], [4], [9], [nil]]
        let places = try evaluate(.quantileTransform(uniform), columns: columns(1), rows).doubles()
        #expect(places[..<7].elementsEqual([0, 0, 0.125, 0.5, 0.875, 1, 1]))
        #expect(places[7].isNaN)
        let normal = QuantileTransform(quantiles: [[0, 1, 1, 4]], references: [0, 0.25, 0.75, 1], isNormal: true)
        let numbers = try evaluate(.quantileTransform(normal), columns: columns(1), rows).doubles()
        // Clipped to what belongs to 1e-7; SciPy 1.17's numbers.
        #expect(numbers[0] == -5.199337582605575 && numbers[6] == 5.19933758270342)
        #expect(numbers[3] == 0 && abs(numbers[2] + 1.1503493803760079) < 1e-15)
        let wrong = QuantileTransform(quantiles: [[0, 1]], references: [0], isNormal: false)
        #expect(throws: ImportError.self) { try evaluate(.quantileTransform(wrong), columns: columns(1), [[1]]) }
    }

    /// Cubic splines of equidistant knots, whose values are known fractions.
    @Test func evaluatesSplines() throws {
        let knots = (-3...6).map { Double($0) }
        func values(_ extrapolation: SplineBasis.Extrapolation, _ x: Double) throws -> Answer {
            let count = knots.count - 4 - (extrapolation == .periodic ? 3 : 0)
            let feature = SplineBasis.Feature(knots: knots, degree: 3, margin: 3, continuedCount: 3)
            let basis = SplineBasis(
                features: [feature], degree: 3, splineCount: count, extrapolation: extrapolation,
                acceptsMissing: false)
            return try evaluate(.splineBasis(basis), columns: columns(1), [[.number(x)]])
        }
        let sixth = 1.0 / 6
        func isNear(_ found: [Double], _ wanted: [Double]) -> Bool {
            found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-15 }
        }
        #expect(isNear(try values(.constant, 0).doubles(), [sixth, 4 * sixth, sixth, 0, 0, 0]))
        #expect(isNear(try values(.constant, -7).doubles(), [sixth, 4 * sixth, sixth, 0, 0, 0]))
        #expect(isNear(try values(.linear, -2).doubles(), [sixth + 1, 4 * sixth, sixth - 1, 0, 0, 0]))
        #expect(isNear(try values(.linear, 3).doubles(), [0, 0, 0, sixth, 4 * sixth, sixth]))
        #expect(isNear(try values(.periodic, 3).doubles(), [sixth, 4 * sixth, sixth]))
        #expect(try values(.refuse, 3.1).faults.map(\.row) == [0])
        #expect(try values(.refuse, 3).faults.isEmpty)
        #expect(abs(try values(.continued, 4).doubles().reduce(0, +) - 1) < 1e-12)
    }
}
