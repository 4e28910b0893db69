import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// What boosted trees need beyond plain numeric splits.
@Suite struct BoostingOperatorTests {
    /// x0 <= 1.5 ? 10 : 20 in float64, missing goes left.
    private static let stump: TreeEnsemble = {
        var ensemble = TreeEnsembleTests.stump(.float64, .lessOrEqual)
        ensemble.baseScores = [0]
        ensemble.leafValues[3] = 0
        return ensemble
    }()

    @Test func takesZeroForMissingWhereANodeSaysSo() throws {
        var ensemble = Self.stump
        ensemble.thresholds[0] = -1
        ensemble.takesZeroForMissing = [true, false, false, false]
        let bound = TreeEnsemble.zeroBound
        let answer = try evaluate(
            .treeEnsemble(ensemble), columns: columns(1),
            [[0], [-0.0], [.number(bound)], [.number(-bound)], [.number(bound.nextUp)], [nil], [-2]])
        #expect(answer.doubles() == [10, 10, 10, 10, 20, 10, 10])
        ensemble.missingGoesLeft[0] = false
        let right = try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[0], [nil], [-2]])
        #expect(right.doubles() == [20, 20, 10])
    }

    @Test func cutsCodesOffTowardsZero() throws {
        var ensemble = Self.stump
        ensemble.categoryCodes = .truncated
        ensemble.categoricalNodes = [.init(node: 0, categoriesGoingRight: [0, 3, 16_777_217])]
        let answer = try evaluate(
            .treeEnsemble(ensemble), columns: columns(1),
            [[0], [-0.5], [-1], [3.9], [4], [16_777_217], [2_147_483_648], [1e300], [nil], [.number(.infinity)]])
        #expect(answer.doubles() == [20, 20, 10, 20, 10, 20, 10, 10, 10, 10])
    }

    @Test func addsLinearLeaves() throws {
        var ensemble = TreeEnsemble(featureCount: 2, groupCount: 1, comparison: .lessOrEqual, precision: .float64)
        ensemble.roots = [0]
        ensemble.treeGroups = [0]
        ensemble.features = [0, -1, -1]
        ensemble.thresholds = [0, 0, 0]
        ensemble.leftChildren = [1, -1, -1]
        ensemble.rightChildren = [2, -1, -1]
        ensemble.missingGoesLeft = [true, false, false]
        ensemble.leafValues = [0, 5, 6]
        ensemble.linearLeaves = [.init(node: 1, constant: 1, features: [1, 0], coefficients: [2, 10])]
        let rows: [[Cell]] = [[-1, 3], [-1, nil], [nil, 3], [1, 3], [-1, .number(.infinity)]]
        let answer = try evaluate(.treeEnsemble(ensemble), columns: columns(2), rows)
        #expect(answer.doubles() == [-3, 5, 5, 6, .infinity])
        for broken in [
            TreeEnsemble.LinearLeaf(node: 0, constant: 0, features: [], coefficients: []),
            TreeEnsemble.LinearLeaf(node: 3, constant: 0, features: [], coefficients: []),
            TreeEnsemble.LinearLeaf(node: 1, constant: 0, features: [2], coefficients: [1]),
            TreeEnsemble.LinearLeaf(node: 1, constant: 0, features: [0, 1], coefficients: [1]),
        ] {
            var copy = ensemble
            copy.linearLeaves = [broken]
            #expect(throws: ImportError.self) { try copy.verify(place: "trees") }
        }
    }

    @Test func tellsTheLeafOfEachTree() throws {
        let leaves = TreeLeaves(ensemble: Self.stump, origins: [1, 3])
        let answer = try evaluate(.treeLeaves(leaves), columns: columns(1), [[1], [2], [nil]])
        #expect(answer.doubles() == [0, 0, 1, 0, 0, 0])
        #expect(throws: ImportError.self) {
            try evaluate(
                .treeLeaves(TreeLeaves(ensemble: Self.stump, origins: [1])), columns: columns(1), [[1]])
        }
        #expect(throws: ImportError.self) {
            try evaluate(
                .treeLeaves(TreeLeaves(ensemble: TreeEnsembleTests.cyclic, origins: [0])), columns: columns(2),
                [[1, 1]])
        }
        let narrow = TreeLeaves(ensemble: TreeEnsembleTests.stump(.float32, .less), origins: [0, 3])
        #expect(
            try evaluate(.treeLeaves(narrow), columns: columns(1), [[1e39]]).faults
                == [RowFault(row: 0, column: 0, reason: .exceedsFloat32)])
    }

    @Test func mapsCategoriesToTheirPlaces() throws {
        let text = OrdinalEncoder(positionsAmong: [.strings(["a", "b", ""]), .strings(["é"])])
        let answer = try evaluate(
            .ordinalEncoder(text), columns: columns(2, .string),
            [["b", "é"], ["", "e\u{301}"], ["c", nil], [nil, "é"]])
        #expect(answer.doubles().map { $0.isNaN ? -1 : $0 } == [1, 0, 2, -1, -1, -1, -1, 0])
        let numbers = OrdinalEncoder(positionsAmong: [.numbers([10, 0.5, 1])])
        let codes = try evaluate(
            .ordinalEncoder(numbers), columns: columns(1), [[0.5], [1], [2], [nil], [10]])
        #expect(codes.doubles().map { $0.isNaN ? -1 : $0 } == [1, 2, -1, -1, 0])
        #expect(throws: ImportError.self) {
            try evaluate(.ordinalEncoder(numbers), columns: columns(1, .string), [["a"]])
        }
        #expect(throws: ImportError.self) { try evaluate(.ordinalEncoder(text), columns: columns(1, .string), [["a"]]) }
    }

    @Test func marksAValueAsMissing() throws {
        let answer = try evaluate(.missingValue(0.1), columns: columns(2), [[0.1, 0.100_000_001], [nil, 1]])
        // The second narrows to the same float32.
        #expect(answer.doubles().map { $0.isNaN ? -1 : $0 } == [-1, -1, -1, 1])
    }

    @Test func computesTheTransformsOfLightGBM() throws {
        func run(_ activation: Activation, _ value: Double) throws -> Double {
            try evaluate(.activation(activation), columns: columns(1), [[.number(value)]]).doubles()[0]
        }
        #expect(try run(.logisticInOneForm, -800) == 0)
        #expect(try run(.logisticInOneForm, 800) == 1)
        #expect(try run(.logisticInOneForm, 0) == 0.5)
        #expect(try run(.softplus, -800) == 0)
        #expect(try abs(run(.softplus, 0) - 0.693_147_180_559_945_3) < 1e-15)
        #expect(try run(.signedSquare, -3) == -9)
        #expect(try run(.signedSquare, 3) == 9)
        #expect(try run(.signedSquare, 0) == 0)
        #expect(try run(.signedSquare, .nan).isNaN)
    }

    @Test func hashesCategoriesAsCatBoostDoes() throws {
        let answer = try evaluate(
            .categoryHash, columns: columns(1, .string), [["u"], ["w"], ["a"], ["3"], ["8"], ["b"]])
        // The last four are of a model of CatBoost 1.2.8.
        let unsigned: [UInt32] = [
            1_981_898_051, 3_098_228_689, 3_489_901_818, 593_172_586, 4_274_974_262, 1_982_436_109,
        ]
        #expect(answer.doubles() == unsigned.map { Double(Int32(bitPattern: $0)) })
        let missing = try evaluate(.categoryHash, columns: columns(1, .string), [[nil], ["u"]])
        #expect(missing.faults == [RowFault(row: 0, column: 0, reason: .missingValue)])
        #expect(throws: ImportError.self) { try evaluate(.categoryHash, columns: columns(1), [[1]]) }
    }

    @Test func computesStatisticsOfCombinations() throws {
        let table = CategoryCTR.Table(hashes: [0, 7], values: [1, 3, 5, 0], width: 2, denominator: 0)
        let counts = CategoryCTR.Table(hashes: [0], values: [6], width: 1, denominator: 8)
        func feature(_ statistic: CategoryCTR.Statistic, table: Int, column: Int = 0) -> CategoryCTR.Feature {
            // The hash of a combination with the value 0 is 0.
            CategoryCTR.Feature(
                elements: [.above(column: column, threshold: 1, missingIsAbove: false)], statistic: statistic,
                table: table, priorNumerator: 1, priorDenominator: 1, shift: 0.5, scale: 2)
        }
        let features = [
            feature(.borders(0), table: 0), feature(.buckets(0), table: 0), feature(.mean, table: 0),
            feature(.counter, table: 1),
        ]
        let statistics = CategoryCTR(features: features, tables: [table, counts])
        let answer = try evaluate(.categoryCTR(statistics), columns: columns(1), [[0], [2], [nil]])
        func value(_ numerator: Float, _ denominator: Float) -> Double {
            Double(((numerator + 1) / (denominator + 1) + 0.5) * 2)
        }
        let known = [value(3, 4), value(1, 4), value(1, 3), value(6, 8)]
        let unknown = [value(0, 0), value(0, 0), value(0, 0), value(0, 8)]
        #expect(answer.doubles() == known + unknown + known)
        for broken in [
            feature(.borders(2), table: 0), feature(.counter, table: 0), feature(.mean, table: 1),
            feature(.counter, table: 2), feature(.counter, table: 1, column: 1),
        ] {
            #expect(throws: ImportError.self) {
                try evaluate(
                    .categoryCTR(CategoryCTR(features: [broken], tables: [table, counts])), columns: columns(1), [[0]])
            }
        }
    }

    @Test func noEnsembleIsLeftToTheReference() throws {
        var zero = Self.stump
        zero.takesZeroForMissing = [true, false, false, false]
        var linear = Self.stump
        linear.linearLeaves = [.init(node: 1, constant: 1, features: [0], coefficients: [1])]
        var categorical = Self.stump
        categorical.categoryCodes = .truncated
        categorical.categoricalNodes = [.init(node: 0, categoriesGoingRight: [1])]
        for ensemble in [Self.stump, zero, linear, categorical] {
            #expect(try ModelCompiler.compile(makeForest(ensemble)).predictor.report.name.hasPrefix("forest-"))
        }
    }
}
