import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@Suite struct ForestPredictorTests {
    static let shapes: [EnsembleShape] = [
        EnsembleShape(),
        EnsembleShape(trees: 0),
        EnsembleShape(trees: 1, depth: 0),
        EnsembleShape(trees: 7, depth: 1, features: 1),
        EnsembleShape(trees: 8),
        EnsembleShape(trees: 9),
        EnsembleShape(trees: 100, features: 28),
        EnsembleShape(trees: 16, depth: 12, leafRate: 0.3),
        EnsembleShape(trees: 17, depth: 40, leafRate: 0.45),
        EnsembleShape(trees: 30, comparison: .lessOrEqual),
        EnsembleShape(trees: 30, precision: .float32FeaturesFloat64Sums, comparison: .lessOrEqual),
        EnsembleShape(trees: 30, precision: .float32FeaturesFloat64Sums, comparison: .less),
        EnsembleShape(trees: 30, precision: .float64, comparison: .lessOrEqual),
        EnsembleShape(trees: 30, precision: .float64, comparison: .less),
        EnsembleShape(trees: 31, groups: 3),
        EnsembleShape(trees: 30, groups: 5, precision: .float64),
        EnsembleShape(trees: 13, groups: 4, hasVectorLeaves: true),
        EnsembleShape(trees: 13, groups: 4, precision: .float32FeaturesFloat64Sums, hasVectorLeaves: true),
        EnsembleShape(trees: 21, hasWeights: true),
        EnsembleShape(trees: 21, groups: 3, precision: .float64, hasWeights: true),
        EnsembleShape(trees: 10, depth: 3, features: 511),
        EnsembleShape(trees: 10, depth: 3, features: 512),
        EnsembleShape(trees: 10, depth: 3, features: 513, precision: .float32FeaturesFloat64Sums),
        EnsembleShape(trees: 3, depth: 2, features: 2000),
    ]

    /// Row counts at the edges of tiles, which hold up to 32 rows.
    static let rowCounts = [0, 1, 31, 32, 33, 65]

    @Test(arguments: shapes) func isBitEqualToTheReference(_ shape: EnsembleShape) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let graph = makeForest(makeEnsemble(shape, using: &generator))
        let reference = try ModelCompiler.compile(graph, forcing: "reference")
        let fast = try ModelCompiler.compile(graph, forcing: "forest-packed")
        for missingRate in [0, 0.3] {
            for rowCount in Self.rowCounts {
                let rows = makeRows(rowCount, columns: shape.features, missingRate: missingRate, using: &generator)
                #expect(answer(fast, rows) == answer(reference, rows), "seed \(seed), \(rowCount) rows")
            }
        }
    }

    @Test(arguments: shapes) func givesARowTheSameAnswerInEveryBatch(_ shape: EnsembleShape) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let model = try ModelCompiler.compile(
            makeForest(makeEnsemble(shape, using: &generator)), forcing: "forest-packed")
        let rows = makeRows(70, columns: shape.features, missingRate: 0.1, using: &generator)
        let together = answer(model, rows)
        for (index, row) in rows.enumerated() {
            let alone = answer(model, [row])
            for (field, output) in model.signature.outputs.enumerated() {
                let range = index * output.width..<(index + 1) * output.width
                switch output.kind {
                case .label: #expect(alone.labels[field] == Array(together.labels[field][range]), "seed \(seed)")
                case .values(.float32), .probabilities(_, .float32):
                    #expect(alone.floats[field] == Array(together.floats[field][range]), "seed \(seed)")
                default: #expect(alone.doubles[field] == Array(together.doubles[field][range]), "seed \(seed)")
                }
            }
        }
    }

    @Test func isChosenForAnEnsembleOverTheInputs() throws {
        var generator = SeededGenerator(seed: 1)
        let model = try ModelCompiler.compile(makeForest(makeEnsemble(EnsembleShape(), using: &generator)))
        #expect(model.predictor.report.name == "forest-ranked")
        // It reads the record as it is.
        #expect(model.predictor.report.steps[0].stage == "forest-ranked")
    }

    @Test(arguments: [TreeEnsemble.Precision.float32, .float32FeaturesFloat64Sums])
    func refusesOnlyTheRowThatFloat32CannotHold(_ precision: TreeEnsemble.Precision) throws {
        var generator = SeededGenerator(seed: 2)
        let shape = EnsembleShape(trees: 12, groups: 2, precision: precision)
        let graph = makeForest(makeEnsemble(shape, using: &generator))
        var rows = makeRows(67, columns: shape.features, missingRate: 0.1, using: &generator)
        rows[0][3] = .number(1e39)
        rows[32][7] = .number(-.infinity)
        rows[33][0] = .number(-3.402_823_4e38)
        rows[66][5] = .number(.infinity)
        rows[66][2] = .number(1e300)
        let fast = answer(try ModelCompiler.compile(graph, forcing: "forest-packed"), rows)
        #expect(fast == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
        #expect(
            fast.faults == [
                RowFault(row: 0, column: 3, reason: .exceedsFloat32),
                RowFault(row: 32, column: 7, reason: .exceedsFloat32),
                RowFault(row: 66, column: 2, reason: .exceedsFloat32),
            ])
    }

    @Test func takesInfinitiesWhereAllIsFloat64() throws {
        var generator = SeededGenerator(seed: 3)
        let shape = EnsembleShape(trees: 40, precision: .float64, comparison: .lessOrEqual)
        var ensemble = makeEnsemble(shape, using: &generator)
        for node in ensemble.thresholds.indices where node % 3 == 0 {
            ensemble.thresholds[node] = [Double.infinity, -.infinity, .nan][node % 9 / 3]
        }
        let graph = makeForest(ensemble)
        var rows = makeRows(200, columns: shape.features, missingRate: 0.2, using: &generator)
        for row in rows.indices { rows[row][row % 8] = .number(row % 2 == 0 ? .infinity : -.infinity) }
        let fast = answer(try ModelCompiler.compile(graph, forcing: "forest-packed"), rows)
        #expect(fast.faults.isEmpty)
        #expect(fast == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
    }

    @Test(arguments: [TreeEnsemble.Comparison.less, .lessOrEqual])
    func takesOddThresholds(_ comparison: TreeEnsemble.Comparison) throws {
        var generator = SeededGenerator(seed: 4)
        for precision in [TreeEnsemble.Precision.float32, .float32FeaturesFloat64Sums] {
            let shape = EnsembleShape(trees: 40, precision: precision, comparison: comparison)
            var ensemble = makeEnsemble(shape, using: &generator)
            for node in ensemble.thresholds.indices where node % 3 == 0 {
                ensemble.thresholds[node] = [Double.infinity, -.infinity, .nan, 1e300, -1e300][node % 15 / 3]
            }
            let graph = makeForest(ensemble)
            let rows = makeRows(200, columns: shape.features, missingRate: 0.2, using: &generator)
            let fast = answer(try ModelCompiler.compile(graph, forcing: "forest-packed"), rows)
            #expect(fast == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
        }
    }

    /// The comparison with the reference bites: each of these is one small mistake that a kernel could make.
    @Test func differsWhenTheModelIsSlightlyAnother() throws {
        var generator = SeededGenerator(seed: 5)
        let ensemble = makeEnsemble(EnsembleShape(trees: 20), using: &generator)
        let rows = makeRows(500, columns: 8, missingRate: 0.2, using: &generator)
        let right = answer(try ModelCompiler.compile(makeForest(ensemble), forcing: "reference"), rows)
        func fastAnswer(_ change: (inout TreeEnsemble) -> Void) throws -> Answer {
            var wrong = ensemble
            change(&wrong)
            return answer(try ModelCompiler.compile(makeForest(wrong), forcing: "forest-packed"), rows)
        }
        #expect(try fastAnswer { _ in } == right)
        #expect(try fastAnswer { $0.comparison = .lessOrEqual } != right)
        #expect(try fastAnswer { $0.missingGoesLeft = $0.missingGoesLeft.map { !$0 } } != right)
        #expect(try fastAnswer { swap(&$0.leftChildren, &$0.rightChildren) } != right)
        #expect(try fastAnswer { $0.roots.swapAt(0, 19) } != right)
        #expect(try fastAnswer { $0.thresholds = $0.thresholds.map { Double(Float($0).nextUp) } } != right)
        #expect(try fastAnswer { $0.precision = .float64 } != right)
    }

    @Test func readsIntegerColumnsAndColumnsInAnyOrder() throws {
        var generator = SeededGenerator(seed: 6)
        let shape = EnsembleShape(trees: 30, features: 4)
        let ensemble = makeEnsemble(shape, using: &generator)
        var graph = ImportedGraph(columns: [
            Column(name: "a", kind: .float64), Column(name: "s", kind: .string), Column(name: "b", kind: .int64),
            Column(name: "c", kind: .float64), Column(name: "d", kind: .int64),
        ])
        let input = graph.append(.selectColumns([4, 0, 2, 3]), path: "input")
        let score = graph.append(.treeEnsemble(ensemble), [input], path: "trees")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        var rows: [[Cell]] = []
        for _ in 0..<100 {
            let numbers = makeRows(1, columns: 2, missingRate: 0.2, using: &generator)[0]
            let integers: [Cell] = (0..<2).map { _ in
                generator.chance(0.3) ? .missing : .number(Double(Int.random(in: -2...2, using: &generator)))
            }
            rows.append([numbers[0], .missing, integers[0], numbers[1], integers[1]])
        }
        rows[50][3] = .number(1e60)
        let fast = answer(try ModelCompiler.compile(graph, forcing: "forest-packed"), rows)
        #expect(fast.faults == [RowFault(row: 50, column: 3, reason: .exceedsFloat32)])
        #expect(fast == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
    }
}
