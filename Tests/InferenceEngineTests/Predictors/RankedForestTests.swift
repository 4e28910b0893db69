import ModelIR
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
    static func makeLeafwise(_ leaves: Int, _ shape: EnsembleShape, using generator: inout SeededGenerator) -> TreeEnsemble {
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
        let forest = RankedForest(tables, level: level)
        var scratch = [Int32](repeating: -1, count: forest.scratchCount + 3)
        let groupCount = tables.baseScores.count
        let numbers = rows.flatMap { $0 }
        if tables.sumsAreDouble {
            var all = [7.0] + numbers + [Double](repeating: 9, count: rows.count * groupCount)
            _ = forest.run(
                numbers: &all, rowsOffset: 1, rowCount: rows.count, scoresOffset: 1 + numbers.count,
                scratch: &scratch, scratchOffset: 3)
            return all[(1 + numbers.count)...].map(\.bitPattern)
        }
        var scores = [Float](repeating: 9, count: rows.count * groupCount + 1)
        _ = forest.run(
            rows: numbers, rowsOffset: 0, rowCount: rows.count, scores: &scores, scoresOffset: 1, scratch: &scratch,
            scratchOffset: 3)
        return scores[1...].map { UInt64($0.bitPattern) }
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
                for count in Self.rowCounts {
                    let found = Self.scores(tables, level: level, Array(rows[..<count]))
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
}
