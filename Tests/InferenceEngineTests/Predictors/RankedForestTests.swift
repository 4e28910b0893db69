import ModelIR
import SeededRandom
import TensorCore
import Testing

@testable import InferenceEngine

/// Ranked forests against the reference, on every level that this machine runs.
@Suite struct RankedForestTests {
    static let levels = CPULevel.allCases.filter { CPULevel.current.runs($0) }

    static let shapes: [EnsembleShape] = [
        EnsembleShape(),
        EnsembleShape(trees: 0),
        EnsembleShape(trees: 1, depth: 0),
        EnsembleShape(trees: 7, depth: 1, features: 1),
        EnsembleShape(trees: 4, depth: 2),
        EnsembleShape(trees: 9, depth: 3),
        EnsembleShape(trees: 9, depth: 3, features: 40),
        EnsembleShape(trees: 9, depth: 4, features: 16),
        EnsembleShape(trees: 9, depth: 5, features: 17),
        EnsembleShape(trees: 100, features: 28),
        EnsembleShape(trees: 20, features: 32),
        EnsembleShape(trees: 20, features: 33),
        EnsembleShape(trees: 20, features: 64),
        EnsembleShape(trees: 20, features: 65),
        EnsembleShape(trees: 20, features: 200, groups: 3),
        EnsembleShape(trees: 20, depth: 7),
        EnsembleShape(trees: 21, depth: 8, features: 20, groups: 3),
        EnsembleShape(trees: 21, depth: 8, features: 90, precision: .float64),
        EnsembleShape(trees: 40, depth: 17, leafRate: 0.5),
        EnsembleShape(trees: 40, depth: 30, features: 40, precision: .float64, leafRate: 0.5),
        EnsembleShape(trees: 40, depth: 30, features: 90, precision: .float64, leafRate: 0.5),
        EnsembleShape(trees: 30, comparison: .lessOrEqual),
        EnsembleShape(trees: 30, precision: .float32FeaturesFloat64Sums, comparison: .lessOrEqual),
        EnsembleShape(trees: 30, precision: .float32FeaturesFloat64Sums, comparison: .less),
        EnsembleShape(trees: 30, precision: .float64, comparison: .lessOrEqual),
        EnsembleShape(trees: 30, precision: .float64, comparison: .less),
        EnsembleShape(trees: 31, groups: 3),
        EnsembleShape(trees: 30, groups: 5, precision: .float64),
        EnsembleShape(trees: 21, hasWeights: true),
        EnsembleShape(trees: 21, groups: 3, precision: .float64, hasWeights: true),
    ]

    /// Row counts at the edges of tiles and of rows side by side.
    static let rowCounts = [0, 1, 2, 5, 6, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 63, 64]

    /// Trees of random shape with at most `leaves` leaves, as those that grow leaf by leaf.
    static func makeLeafwise(_ leaves: Int, _ shape: EnsembleShape, using generator: inout SeededGenerator)
        -> TreeEnsemble
    {
        var single = shape
        single.trees = 0
        var ensemble = makeEnsemble(single, using: &generator)
        for tree in 0..<shape.trees {
            let root = Int32(ensemble.nodeCount)
            func appendLeaf() {
                ensemble.features.append(-1)
                ensemble.thresholds.append(0)
                ensemble.leftChildren.append(-1)
                ensemble.rightChildren.append(-1)
                ensemble.missingGoesLeft.append(Bool.random(using: &generator))
                ensemble.leafValues.append(Double(Float.random(in: -1...1, using: &generator)))
            }
            appendLeaf()
            let splits = tree % 3 == 0 ? leaves - 1 : Int.random(in: 0..<leaves, using: &generator)
            for _ in 0..<splits {
                var node = Int.random(in: Int(root)..<ensemble.nodeCount, using: &generator)
                while !ensemble.isLeaf(node) {
                    node = Int(
                        Bool.random(using: &generator) ? ensemble.leftChildren[node] : ensemble.rightChildren[node])
                }
                ensemble.features[node] = Int32.random(in: 0..<Int32(shape.features), using: &generator)
                ensemble.thresholds[node] = TestNumbers.number(using: &generator)
                if shape.precision == .float32 { ensemble.thresholds[node] = Double(Float(ensemble.thresholds[node])) }
                ensemble.leftChildren[node] = Int32(ensemble.nodeCount)
                appendLeaf()
                ensemble.rightChildren[node] = Int32(ensemble.nodeCount)
                appendLeaf()
            }
            ensemble.roots.append(root)
            ensemble.treeGroups.append(Int32(tree % shape.groups))
        }
        return ensemble
    }

    /// Scores of rows, by the kernel: bits.
    static func scores(_ tables: RankedTables, level: CPULevel, _ rows: [[Double]]) -> [UInt64] {
        scores(tables, RankedForest(tables, level: level), rows)
    }

    /// Scores of rows, by a kernel that is made: it is made slowly, and then runs batch after batch.
    static func scores(_ tables: RankedTables, _ forest: RankedForest, _ rows: [[Double]]) -> [UInt64] {
        let numbers = rows.flatMap { $0 }
        let scoreCount = rows.count * tables.baseScores.count
        let workspace = Workspace(plan: MemoryPlan())
        workspace.sharedIntegers = [Int32](repeating: -1, count: forest.scratchCount)
        workspace.doubles = [7.0] + numbers + [Double](repeating: 9, count: scoreCount)
        workspace.floats = [Float](repeating: 9, count: 1 + numbers.count + scoreCount)
        let first = 1 + numbers.count
        _ = forest.run(rowsAt: 1, rowCount: rows.count, scoresAt: first, in: workspace)
        return tables.sumsAreDouble
            ? workspace.doubles[first...].map(\.bitPattern) : workspace.floats[first...].map { UInt64($0.bitPattern) }
    }

    /// Scores of rows, by the reference. Rows that it refuses are not among them.
    static func expected(_ ensemble: TreeEnsemble, _ rows: [[Double]]) throws -> [UInt64] {
        var graph = ImportedGraph(columns: columns(ensemble.featureCount))
        let input = graph.append(.selectColumns(Array(0..<ensemble.featureCount)), path: "input")
        let score = graph.append(.treeEnsemble(ensemble), [input], path: "trees")
        graph.addOutput(GraphOutput(name: "score", value: score, meaning: .values))
        let found = answer(try compile(graph), rows.map { $0.map { $0.isNaN ? .missing : .number($0) } })
        #expect(found.faults.isEmpty)
        return ensemble.precision == .float32 ? found.floats[0].map { UInt64($0) } : found.doubles[0]
    }

    static func makeTables(_ ensemble: TreeEnsemble, form: RankedTables.Form? = nil) throws -> RankedTables {
        guard case .some(let shape) = RankedShape.find(ensemble) else {
            throw ImportError(.malformed, at: "test", found: "no form", expected: "one")
        }
        let slots = try #require(RankedSlots(ensemble))
        return RankedTables(ensemble, slots: slots, form: form ?? shape.form)
    }

    static func numbers(_ cells: [[Cell]]) -> [[Double]] {
        cells.map { row in
            row.map { cell in
                if case .number(let value) = cell { value } else { .nan }
            }
        }
    }

    /// Compares all forms and levels on batches of all sizes.
    private func compare(_ ensemble: TreeEnsemble, seed: UInt64, using generator: inout SeededGenerator) throws {
        let tables = try Self.makeTables(ensemble)
        for missingRate in [0, 0.3] {
            let rows = Self.numbers(
                makeRows(64, columns: ensemble.featureCount, missingRate: missingRate, using: &generator))
            let expected = try Self.expected(ensemble, rows)
            for level in Self.levels {
                let forest = RankedForest(tables, level: level)
                for count in Self.rowCounts {
                    let found = Self.scores(tables, forest, Array(rows[..<count]))
                    #expect(
                        found == Array(expected[..<(count * ensemble.groupCount)]),
                        "seed \(seed), \(tables.form), \(level), \(count) rows, missing \(missingRate)")
                }
            }
        }
    }

    @Test(arguments: shapes) func isBitEqualToTheReference(_ shape: EnsembleShape) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let ensemble = makeEnsemble(shape, using: &generator)
        guard case .some = RankedShape.find(ensemble) else { return }
        try compare(ensemble, seed: seed, using: &generator)
    }

    @Test(arguments: [2, 8, 31, 32, 33, 64], [TreeEnsemble.Precision.float32, .float64])
    func isBitEqualWhereTreesGrowByLeaves(_ leaves: Int, _ precision: TreeEnsemble.Precision) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for features in [5, 28, 50, 100] {
            let shape = EnsembleShape(
                trees: 19, features: features, groups: features == 28 ? 1 : 2, precision: precision,
                comparison: .lessOrEqual)
            try compare(Self.makeLeafwise(leaves, shape, using: &generator), seed: seed, using: &generator)
        }
    }

    // MARK: Categories and missing zeros

    /// Makes some nodes test categories, drawn from a few sets, and some take zero for missing.
    static func addOddNodes(_ ensemble: inout TreeEnsemble, using generator: inout SeededGenerator) {
        let sets: [[Int32]] = [[], [0], [1, 3], [0, 2, 70], [5], [16_777_215]]
        ensemble.takesZeroForMissing = (0..<ensemble.nodeCount).map { _ in generator.chance(0.3) }
        for node in 0..<ensemble.nodeCount where !ensemble.isLeaf(node) && ensemble.features[node] % 3 == 0 {
            let set = Int.random(in: 0..<(ensemble.features[node] == 0 ? 5 : 3), using: &generator)
            ensemble.categoricalNodes.append(.init(node: Int32(node), categoriesGoingRight: sets[set]))
        }
    }

    static let codes: [Double] = [
        0, -0.0, 1, 2, 3, 3.7, 4, 5, 69, 70, 71, -0.5, -1, 16_777_215, 16_777_216, 2_147_483_647, 2_147_483_648, 1e30,
    ]

    @Test(arguments: [TreeEnsemble.Precision.float32, .float64], [true, false])
    func takesCategoriesAndMissingZeros(_ precision: TreeEnsemble.Precision, truncates: Bool) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for (depth, features) in [(3, 7), (6, 7), (6, 50), (8, 20), (6, 150)] {
            let shape = EnsembleShape(
                trees: 20, depth: depth, features: features, groups: depth == 8 ? 2 : 1, precision: precision)
            var ensemble = makeEnsemble(shape, using: &generator)
            Self.addOddNodes(&ensemble, using: &generator)
            ensemble.categoryCodes = truncates ? .truncated : .below16777216
            let tables = try Self.makeTables(ensemble)
            #expect(!tables.categories.isEmpty)
            var rows = Self.numbers(makeRows(64, columns: features, missingRate: 0.1, using: &generator))
            for row in rows.indices {
                for feature in stride(from: 0, to: features, by: 3) where !rows[row][feature].isNaN {
                    rows[row][feature] = Self.codes.randomElement(using: &generator) ?? 0
                }
                rows[row][1] = [0, -0.0, 1e-35, Double(Float(1e-35)), 2e-35, -1e-36][row % 6]
            }
            let expected = try Self.expected(ensemble, rows)
            for level in Self.levels {
                let forest = RankedForest(tables, level: level)
                for count in [1, 7, 31, 64] {
                    let found = Self.scores(tables, forest, Array(rows[..<count]))
                    let right = Array(expected[..<(count * ensemble.groupCount)])
                    #expect(found == right, "seed \(seed), \(tables.form), \(level), \(count) rows")
                }
            }
        }
    }

    @Test(arguments: [TreeEnsemble.Comparison.less, .lessOrEqual]) func takesInfinities(
        _ comparison: TreeEnsemble.Comparison
    ) throws {
        var generator = SeededGenerator(seed: 7)
        let shape = EnsembleShape(trees: 40, precision: .float64, comparison: comparison)
        var ensemble = makeEnsemble(shape, using: &generator)
        for node in ensemble.thresholds.indices where node % 2 == 0 {
            ensemble.thresholds[node] = [Double.infinity, -.infinity, 1e300, -1e300, 1e39][node % 10 / 2]
        }
        var rows = Self.numbers(makeRows(64, columns: 8, missingRate: 0.1, using: &generator))
        for row in rows.indices { rows[row][row % 8] = [.infinity, -.infinity, 1e300, 1e39, -1e301][row % 5] }
        let expected = try Self.expected(ensemble, rows)
        let tables = try Self.makeTables(ensemble)
        for level in Self.levels {
            #expect(Self.scores(tables, level: level, rows) == expected)
            #expect(Self.scores(tables, level: level, [rows[3]]) == [expected[3]])
        }
    }

    /// More thresholds than a byte can rank, many of them equal as float32, and rows on and beside each.
    @Test(arguments: [TreeEnsemble.Precision.float32, .float32FeaturesFloat64Sums, .float64])
    func ranksAnyNumberOfThresholds(_ precision: TreeEnsemble.Precision) throws {
        var generator = SeededGenerator(seed: 8)
        for (count, comparison) in [
            (15, TreeEnsemble.Comparison.less), (16, .less), (17, .lessOrEqual), (31, .less), (32, .less),
            (240, .lessOrEqual), (255, .less), (256, .less), (600, .lessOrEqual),
        ] {
            var ensemble = TreeEnsemble(featureCount: 2, groupCount: 1, comparison: comparison, precision: precision)
            var numbers: [Double] = []
            for index in 0..<count {
                var threshold = 1.7e9 + Double(index) * (precision == .float32 ? 128 : 3)
                if index % 5 == 0 { threshold = Double(index) / 7 }
                if precision == .float32 { threshold = Double(Float(threshold)) }
                ensemble.roots.append(Int32(ensemble.nodeCount))
                ensemble.treeGroups.append(0)
                ensemble.features += [1, -1, -1]
                ensemble.thresholds += [threshold, 0, 0]
                ensemble.leftChildren += [Int32(ensemble.nodeCount) - 2, -1, -1]
                ensemble.rightChildren += [Int32(ensemble.nodeCount) - 1, -1, -1]
                ensemble.missingGoesLeft += [index % 2 == 0, true, true]
                ensemble.leafValues += [0, -1, 1 + Double(index)]
                numbers += [
                    threshold, threshold.nextUp, threshold.nextDown, Double(Float(threshold).nextUp),
                    Double(Float(threshold).nextDown),
                ]
            }
            ensemble.leftChildren = ensemble.features.indices.map { ensemble.features[$0] < 0 ? -1 : Int32($0) + 1 }
            ensemble.rightChildren = ensemble.features.indices.map { ensemble.features[$0] < 0 ? -1 : Int32($0) + 2 }
            numbers.shuffle(using: &generator)
            let rows = numbers.prefix(64).map { [0, $0] } + [[0, .nan]]
            let expected = try Self.expected(ensemble, rows)
            let tables = try Self.makeTables(ensemble)
            for level in Self.levels {
                let forest = RankedForest(tables, level: level)
                for (index, row) in rows.enumerated() {
                    #expect(Self.scores(tables, forest, [row]) == [expected[index]], "\(count), \(level)")
                }
                #expect(Self.scores(tables, forest, Array(rows[1...])) == Array(expected[1...]))
            }
        }
    }

    // MARK: The comparison bites

    /// Each of these is one small mistake that the tables or a kernel could have.
    @Test func differsWhereTheTablesAreSlightlyWrong() throws {
        var generator = SeededGenerator(seed: 9)
        let shapes: [TreeEnsemble] = [
            makeEnsemble(EnsembleShape(trees: 20, depth: 3, leafRate: 0), using: &generator),
            makeEnsemble(EnsembleShape(trees: 20, leafRate: 0), using: &generator),
            makeEnsemble(EnsembleShape(trees: 20, depth: 8, precision: .float64, leafRate: 0), using: &generator),
            Self.makeLeafwise(32, EnsembleShape(trees: 20, precision: .float64), using: &generator),
            Self.makeLeafwise(64, EnsembleShape(trees: 20), using: &generator),
        ]
        for ensemble in shapes {
            let rows = Self.numbers(makeRows(64, columns: 8, missingRate: 0.2, using: &generator))
            let right = try Self.makeTables(ensemble)
            let expected = try Self.expected(ensemble, rows)
            for level in Self.levels {
                for count in [1, 64] {
                    func scores(_ change: (inout RankedTables) -> Void) -> [UInt64] {
                        var wrong = right
                        change(&wrong)
                        let forest = RankedForest(wrong, level: level)
                        if count == 64 { return Self.scores(wrong, forest, rows) }
                        return rows.flatMap { Self.scores(wrong, forest, [$0]) }
                    }
                    #expect(scores { _ in } == expected)
                    #expect(scores { $0.nodeRanks = $0.nodeRanks.map { $0 < 126 ? $0 + 1 : $0 } } != expected)
                    #expect(
                        scores { $0.nodeRanks = $0.nodeRanks.map { $0 < 126 ? max($0, -127) - 1 : $0 } } != expected)
                    #expect(scores { $0.nodeSlots = $0.nodeSlots.map { $0 ^ 1 } } != expected)
                    #expect(scores { $0.rightIfEqual.toggle() } != expected)
                    #expect(scores { $0.leaves = $0.leaves.map { $0 * 1.001 } } != expected)
                    #expect(
                        scores { tables in
                            for slot in tables.slots.indices {
                                tables.slots[slot].thresholds = tables.slots[slot].thresholds.map { $0.nextUp + 1e-30 }
                            }
                        } != expected)
                    #expect(
                        scores { tables in
                            let copies = tables.slots.compactMap(\.rightCopy).reversed()
                            for (slot, copy) in zip(
                                tables.slots.indices.filter { tables.slots[$0].rightCopy != nil }, copies)
                            { tables.slots[slot].rightCopy = copy }
                        } != expected)
                    if right.form == .levels8 {
                        #expect(
                            scores { tables in for pair in tables.pairs.indices { tables.pairs[pair].ranks[2] += 1 } }
                                != expected)
                    }
                }
            }
        }
    }

    // MARK: As a stage

    @Test(arguments: [TreeEnsemble.Precision.float32, .float32FeaturesFloat64Sums, .float64])
    func isAStageThatRefusesTheRowsThatTheReferenceRefuses(_ precision: TreeEnsemble.Precision) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for acceptsMissing in [true, false] {
            var ensemble = makeEnsemble(EnsembleShape(groups: 3, precision: precision), using: &generator)
            ensemble.acceptsMissing = acceptsMissing
            let graph = makeForest(ensemble)
            let reference = try ModelCompiler.compile(graph, forcing: "reference")
            let fast = try ModelCompiler.compile(graph, forcing: "forest-ranked")
            #expect(fast.predictor.report.steps.contains { $0.stage == "forest-ranked" })
            for count in [1, 3, 64, 150] {
                var rows = makeRows(count, columns: 8, missingRate: 0.02, using: &generator)
                rows[0][3] = .number(1e39)
                rows[count / 2][7] = .number(-1e300)
                rows[count - 1][1] = .missing
                #expect(answer(fast, rows) == answer(reference, rows), "seed \(seed), \(count) rows")
            }
        }
    }

    @Test func declinesWhatItCannotRun() throws {
        var generator = SeededGenerator(seed: 10)
        func reason(_ ensemble: TreeEnsemble) throws -> String? {
            let steps = try ModelCompiler.compile(makeForest(ensemble)).predictor.report.steps
            return steps.flatMap(\.others).first { $0.name == "forest-ranked" }?.reason
        }
        let vectors = makeEnsemble(EnsembleShape(groups: 2, hasVectorLeaves: true), using: &generator)
        #expect(try reason(vectors) == "the leaves are vectors")
        let deep = makeEnsemble(EnsembleShape(depth: 9, leafRate: 0), using: &generator)
        #expect(try reason(deep) == "a tree has 9 levels and one has 512 leaves")
        var odd = makeEnsemble(EnsembleShape(leafRate: 0), using: &generator)
        odd.thresholds[0] = .nan
        #expect(try reason(odd) == "a threshold is not a number")
        var linear = makeEnsemble(EnsembleShape(trees: 1, precision: .float64, leafRate: 0), using: &generator)
        let leaf = linear.features.indices.last ?? 0
        linear.linearLeaves = [.init(node: Int32(leaf), constant: 1, features: [0], coefficients: [2])]
        #expect(try reason(linear) == "the ensemble has 1 linear leaves")
        let wide = makeEnsemble(
            EnsembleShape(trees: 90, features: 9000, leafRate: 0), using: &generator)
        #expect(try reason(wide) == "a row would have more than 4096 ranks")
    }
}
