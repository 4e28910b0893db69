import ModelIR
import SeededRandom
import TensorCore
import Testing

@testable import InferenceEngine

@Suite struct PackedForestTests {
    /// What an ensemble has besides numeric splits and constant leaves.
    struct Extras: CustomTestStringConvertible {
        /// How likely an inner node is categorical.
        var categoryRate = 0.0
        var categoryMax: Int32 = 40
        /// Distinct sets, at most.
        var setCount = 1000
        var codes = TreeEnsemble.CategoryCodes.below16777216
        var takesZeroForMissing = false
        var linearLeaves = false

        var testDescription: String {
            "categories \(categoryRate) up to \(categoryMax), \(setCount) sets, \(codes), "
                + "zero is missing \(takesZeroForMissing), linear leaves \(linearLeaves)"
        }
    }

    static let categorical: [(EnsembleShape, Extras)] = [
        (EnsembleShape(), Extras(categoryRate: 0.5)),
        (EnsembleShape(trees: 1, depth: 1, features: 1), Extras(categoryRate: 1)),
        (EnsembleShape(trees: 33, depth: 8, features: 3), Extras(categoryRate: 1, setCount: 3)),
        (EnsembleShape(trees: 40, groups: 5), Extras(categoryRate: 0.3, categoryMax: 70_000)),
        (EnsembleShape(trees: 9, groups: 3, hasVectorLeaves: true), Extras(categoryRate: 0.3)),
        (
            EnsembleShape(trees: 25, precision: .float64, comparison: .lessOrEqual),
            Extras(categoryRate: 0.4, codes: .truncated, takesZeroForMissing: true)
        ),
        (
            EnsembleShape(trees: 25, precision: .float64, comparison: .lessOrEqual, hasWeights: true),
            Extras(
                categoryRate: 0.4, categoryMax: .max, codes: .truncated, takesZeroForMissing: true, linearLeaves: true)
        ),
        (
            EnsembleShape(trees: 25, groups: 3, precision: .float64, comparison: .lessOrEqual),
            Extras(linearLeaves: true)
        ),
        (
            EnsembleShape(trees: 25, precision: .float64, comparison: .lessOrEqual),
            Extras(takesZeroForMissing: true)
        ),
        (
            EnsembleShape(trees: 12, precision: .float32FeaturesFloat64Sums, comparison: .lessOrEqual),
            Extras(categoryRate: 0.2, codes: .truncated, takesZeroForMissing: true)
        ),
        (EnsembleShape(trees: 60, depth: 9, features: 2, precision: .float64), Extras(categoryRate: 0.9)),
    ]

    static func add(_ extras: Extras, to ensemble: inout TreeEnsemble, using generator: inout SeededGenerator) {
        ensemble.categoryCodes = extras.codes
        var sets: [[Int32]] = []
        for _ in 0..<extras.setCount {
            let count = Int.random(in: 0...12, using: &generator)
            var set: Set<Int32> = []
            for _ in 0..<count {
                let top = Bool.random(using: &generator) ? min(extras.categoryMax, 12) : extras.categoryMax
                set.insert(Int32.random(in: 0...top, using: &generator))
            }
            sets.append(set.sorted())
        }
        if extras.takesZeroForMissing {
            ensemble.takesZeroForMissing = ensemble.features.map { _ in Bool.random(using: &generator) }
        }
        for node in ensemble.features.indices {
            if !ensemble.isLeaf(node) {
                guard generator.chance(extras.categoryRate) else { continue }
                let set = sets[Int.random(in: 0..<sets.count, using: &generator)]
                ensemble.categoricalNodes.append(.init(node: Int32(node), categoriesGoingRight: set))
            } else if extras.linearLeaves, Bool.random(using: &generator) {
                let features = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    Int32.random(in: 0..<Int32(ensemble.featureCount), using: &generator)
                }
                ensemble.linearLeaves.append(
                    .init(
                        node: Int32(node), constant: Double.random(in: -1...1, using: &generator), features: features,
                        coefficients: features.map { _ in Double.random(in: -1...1, using: &generator) }))
            }
        }
    }

    /// Numbers at the edges of what is a code, beside those that thresholds have.
    private static func makeRows(
        _ count: Int, columns: Int, missingRate: Double, using generator: inout SeededGenerator
    ) -> [[Cell]] {
        let odd: [Double] = [
            -1, -0.5, -0.999, 0.5, 39.9, 40, 41, 4095, 4096, 16_777_215, 16_777_216, 16_777_217, 2_147_483_647,
            2_147_483_647.5, 2_147_483_648, -2_147_483_649, 1e30, -1e30, TreeEnsemble.zeroBound,
            TreeEnsemble.zeroBound.nextUp, -TreeEnsemble.zeroBound, -TreeEnsemble.zeroBound.nextUp, 1e-36,
        ]
        return (0..<count).map { _ in
            (0..<columns).map { _ in
                if generator.chance(missingRate) { return .missing }
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: return .number(TestNumbers.number(using: &generator))
                case 1: return .number(odd[Int.random(in: 0..<odd.count, using: &generator)])
                default: return .number(Double(Int.random(in: 0...12, using: &generator)))
                }
            }
        }
    }

    static let shapes: [EnsembleShape] =
        ForestPredictorTests.shapes + [
            EnsembleShape(trees: 3, depth: 14, leafRate: 0.02),
            EnsembleShape(trees: 70, depth: 2, leafRate: 0),
            EnsembleShape(trees: 13, groups: 4, hasVectorLeaves: true, hasWeights: true),
            EnsembleShape(trees: 13, groups: 2, precision: .float64, hasVectorLeaves: true, hasWeights: true),
            EnsembleShape(trees: 2, depth: 3, features: 70_000),
        ]

    @Test(arguments: shapes) func isBitEqualToTheReference(_ shape: EnsembleShape) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let graph = makeForest(makeEnsemble(shape, using: &generator))
        let reference = try ModelCompiler.compile(graph, forcing: "reference")
        let fast = try ModelCompiler.compile(graph, forcing: "forest-packed")
        for missingRate in [0, 0.3] {
            for rowCount in [0, 1, 2, 7, 8, 9, 63, 64, 65] where rowCount * shape.features < 2_000_000 {
                let rows = InferenceEngineTests.makeRows(
                    rowCount, columns: shape.features, missingRate: missingRate, using: &generator)
                #expect(answer(fast, rows) == answer(reference, rows), "seed \(seed), \(rowCount) rows")
            }
        }
    }

    @Test(arguments: categorical) func takesCategoriesAndLinearLeaves(_ shape: EnsembleShape, _ extras: Extras) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        var ensemble = makeEnsemble(shape, using: &generator)
        Self.add(extras, to: &ensemble, using: &generator)
        let graph = makeForest(ensemble)
        let reference = try ModelCompiler.compile(graph, forcing: "reference")
        let fast = try ModelCompiler.compile(graph, forcing: "forest-packed")
        for rowCount in [1, 64, 300] {
            let rows = Self.makeRows(rowCount, columns: shape.features, missingRate: 0.1, using: &generator)
            #expect(answer(fast, rows) == answer(reference, rows), "seed \(seed), \(rowCount) rows")
        }
    }

    /// Each level of the processor's instructions that this machine has, and both forms of nodes.
    @Test(arguments: CPULevel.allCases.filter { CPULevel.current.runs($0) })
    func isBitEqualAtEveryLevel(_ level: CPULevel) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for (shape, extras) in Self.categorical + Self.shapes.prefix(19).map({ ($0, Extras()) }) {
            var ensemble = makeEnsemble(shape, using: &generator)
            Self.add(extras, to: &ensemble, using: &generator)
            let rows = Self.makeRows(66, columns: shape.features, missingRate: 0.1, using: &generator)
            let found = try run(ensemble, rows, level: level)
            #expect(try run(ensemble, rows, level: nil) == found, "seed \(seed), \(shape.testDescription)")
        }
    }

    /// The sums of an ensemble as this level computes them, or the reference.
    private func run(_ ensemble: TreeEnsemble, _ rows: [[Cell]], level: CPULevel?) throws -> Answer {
        let typed = try TypedGraph(makeForest(ensemble))
        let graph = OptimizedGraph(typed)
        let layout = RowLayout(columns: typed.signature.inputs, recordPolicy: typed.signature.recordPolicy)
        let batch = makeBatch(layout, rows)
        var output = OutputBatch(fields: typed.signature.outputs)
        let predictor: any Predictor
        if let level {
            let builders: [any StageBuilder] = [PackedForestStageBuilder(level: level)]
            predictor = try TiledPredictor(
                graph, plan: TiledPlan(graph, forcing: "forest-packed", of: builders + StageList.all))
        } else {
            predictor = ReferencePredictor(typed)
        }
        predictor.predict(batch, into: &output, using: predictor.makeWorkspace())
        return Answer(output)
    }

    @Test(arguments: shapes) func givesARowTheSameAnswerInEveryBatch(_ shape: EnsembleShape) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        guard shape.features < 3000 else { return }
        let graph = makeForest(makeEnsemble(shape, using: &generator))
        let model = try ModelCompiler.compile(graph, forcing: "forest-packed")
        let rows = InferenceEngineTests.makeRows(70, columns: shape.features, missingRate: 0.1, using: &generator)
        let whole = answer(model, rows)
        for start in stride(from: 0, to: 70, by: 7) {
            let part = answer(model, Array(rows[start..<start + 7]))
            for (field, output) in model.signature.outputs.enumerated() {
                let range = start * output.width..<(start + 7) * output.width
                if !part.doubles[field].isEmpty { #expect(part.doubles[field] == Array(whole.doubles[field][range])) }
                if !part.floats[field].isEmpty { #expect(part.floats[field] == Array(whole.floats[field][range])) }
                if !part.labels[field].isEmpty { #expect(part.labels[field] == Array(whole.labels[field][range])) }
            }
        }
    }

    @Test func countsLeavesAsTheReferenceDoes() throws {
        var generator = SeededGenerator(seed: 11)
        for trees in [1, 8, 21] {
            let shape = EnsembleShape(trees: trees, depth: 7, hasWeights: true)
            let ensemble = makeEnsemble(shape, using: &generator)
            var graph = ImportedGraph(columns: columns(shape.features))
            let input = graph.append(.selectColumns(Array(0..<shape.features)), path: "input")
            let leaves = graph.append(
                .treeLeaves(TreeLeaves(ensemble: ensemble, origins: ensemble.roots)), [input], path: "leaves")
            graph.addOutput(GraphOutput(name: "leaves", value: leaves, meaning: .values))
            let rows = InferenceEngineTests.makeRows(90, columns: 8, missingRate: 0.2, using: &generator)
            let fast = try ModelCompiler.compile(graph, forcing: "forest-packed")
            #expect(answer(fast, rows) == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
        }
    }

    @Test func readsNumbersThatAnotherStepComputedInFloat32() throws {
        var generator = SeededGenerator(seed: 12)
        let first = makeEnsemble(EnsembleShape(trees: 12, groups: 3), using: &generator)
        let second = makeEnsemble(EnsembleShape(trees: 9, features: 3), using: &generator)
        var graph = ImportedGraph(columns: columns(8))
        let input = graph.append(.selectColumns(Array(0..<8)), path: "input")
        let scores = graph.append(.treeEnsemble(first), [input], path: "first")
        let value = graph.append(.treeEnsemble(second), [scores], path: "second")
        graph.addOutput(GraphOutput(name: "score", value: value, meaning: .values))
        let rows = InferenceEngineTests.makeRows(90, columns: 8, missingRate: 0.2, using: &generator)
        let fast = try ModelCompiler.compile(graph, forcing: "forest-packed")
        #expect(answer(fast, rows) == answer(try ModelCompiler.compile(graph, forcing: "reference"), rows))
    }

    /// The comparison bites: each of these is one small mistake that the tables could have.
    @Test func differsWhenTheModelIsSlightlyAnother() throws {
        var generator = SeededGenerator(seed: 13)
        var ensemble = makeEnsemble(EnsembleShape(trees: 20), using: &generator)
        Self.add(Extras(categoryRate: 0.3), to: &ensemble, using: &generator)
        let rows = Self.makeRows(500, columns: 8, missingRate: 0.2, using: &generator)
        let right = answer(try ModelCompiler.compile(makeForest(ensemble), forcing: "reference"), rows)
        func fastAnswer(_ change: (inout TreeEnsemble) -> Void) throws -> Answer {
            var wrong = ensemble
            change(&wrong)
            return answer(try ModelCompiler.compile(makeForest(wrong), forcing: "forest-packed"), rows)
        }
        #expect(try fastAnswer { _ in } == right)
        #expect(try fastAnswer { $0.comparison = .lessOrEqual } != right)
        #expect(try fastAnswer { $0.missingGoesLeft = $0.missingGoesLeft.map { !$0 } } != right)
        #expect(try fastAnswer { $0.thresholds = $0.thresholds.map { Double(Float($0).nextUp) } } != right)
        #expect(try fastAnswer { $0.roots.swapAt(0, 19) } != right)
        #expect(try fastAnswer { $0.categoricalNodes.removeAll() } != right)
        #expect(
            try fastAnswer {
                $0.categoricalNodes = $0.categoricalNodes.map {
                    .init(node: $0.node, categoriesGoingRight: $0.categoriesGoingRight.map { $0 + 1 })
                }
            } != right)
    }

    @Test func declinesWhatItsBitsCannotHold() throws {
        // Every one of 2,000 nodes has its own set of 3 of 400,000 codes: the bits would take 6 x 10^5 times 2,000 / 8.
        let depth = 11
        var generator = SeededGenerator(seed: 14)
        var ensemble = makeEnsemble(EnsembleShape(trees: 1, depth: depth, features: 1, leafRate: 0), using: &generator)
        for node in ensemble.features.indices where !ensemble.isLeaf(node) {
            let first = Int32(ensemble.categoricalNodes.count * 200)
            ensemble.categoricalNodes.append(
                .init(node: Int32(node), categoriesGoingRight: (0..<200).map { first + Int32($0) }))
        }
        let model = try ModelCompiler.compile(makeForest(ensemble))
        let step = try #require(model.predictor.report.steps.first { $0.path == "trees" })
        #expect(step.stage == "reference")
        #expect(step.others.contains { $0.name == "forest-packed" && $0.reason.contains("more than 67108864 bytes") })
    }

    @Test func takesAtMostTwentyBytesANode() throws {
        var generator = SeededGenerator(seed: 15)
        // A node with a float64 threshold has 16 bytes of its own, and every second one is a leaf with a number of 8.
        for (shape, bytesMax) in [
            (EnsembleShape(trees: 30, depth: 12, comparison: .less), 20.0),
            (EnsembleShape(trees: 30, depth: 12, precision: .float32FeaturesFloat64Sums, comparison: .lessOrEqual), 20),
            (EnsembleShape(trees: 30, depth: 30, precision: .float32FeaturesFloat64Sums, leafRate: 0.4), 20),
            (
                EnsembleShape(
                    trees: 10, depth: 12, groups: 2, precision: .float32FeaturesFloat64Sums, hasVectorLeaves: true), 20
            ),
            (EnsembleShape(trees: 30, depth: 12, precision: .float64, comparison: .lessOrEqual), 22),
            (EnsembleShape(trees: 300, depth: 7, groups: 3, precision: .float64, comparison: .lessOrEqual), 22),
        ] {
            let ensemble = makeEnsemble(shape, using: &generator)
            let forest = try #require(PackedForest(ensemble))
            let bytes = Double(forest.byteCount) / Double(ensemble.nodeCount)
            #expect(bytes <= bytesMax, "\(shape)")
            // The nodes themselves: what padding lines take is small.
            let words = Double(forest.words.count / forest.slots.form.wordsPerNode)
            #expect(words < 1.15 * Double(ensemble.nodeCount) + 64)
        }
    }

    @Test func takesCategoriesInAtMostTwentyBytesANode() throws {
        var generator = SeededGenerator(seed: 16)
        var ensemble = makeEnsemble(EnsembleShape(trees: 60, depth: 10), using: &generator)
        Self.add(Extras(categoryRate: 0.3, setCount: 200), to: &ensemble, using: &generator)
        let forest = try #require(PackedForest(ensemble))
        #expect(Double(forest.byteCount) / Double(ensemble.nodeCount) <= 20)
    }
}
