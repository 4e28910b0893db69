import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@Suite struct DenseStageTests {
    @Test(arguments: [1, 2, 3, 5, 7, 8, 9, 16, 28, 100, 300])
    func productsEqualTheReferenceWithinRounding(_ width: Int) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for outputs in [1, 2, 6, 7, 8, 9, 15, 16, 17, 33, 50] {
            let gemm = Gemm(
                weights: generator.numbers(outputs * width), bias: generator.numbers(outputs), inputWidth: width)
            let comparison = try StageComparison(makeStep(width, .gemm(gemm)), forcing: "gemm-packed")
            let rows = generator.rows(65, columns: width)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(outputs) outputs")
            #expect(comparison.isSteady(rows), "seed \(seed), \(outputs) outputs")
        }
    }

    @Test(arguments: [
        Activation.logistic, .logisticInOneForm, .exp, .tanh, .relu, .softmax, .logSumExp, .logSoftmax,
    ])
    func activationsEqualTheReferenceWithinRounding(_ activation: Activation) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for width in [1, 2, 3, 4, 5, 8, 10, 63, 64, 65, 130] {
            let graph = makeStep(width, .activation(activation))
            let comparison = try StageComparison(graph, forcing: "activation-packed", tolerance: 1e-14)
            var rows = generator.rows(65, columns: width)
            let edges: [Double] = [
                .infinity, -.infinity, 0, -0.0, 709.7, 709.8, 710, -708.3, -708.5, -745.1, -745.2, 1e-300, -1e-17, 36.8,
            ]
            for (index, edge) in edges.enumerated() { rows[index * 2][index % width] = .number(edge) }
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), width \(width)")
            #expect(comparison.isSteady(rows), "seed \(seed), width \(width)")
        }
    }

    @Test func activationsAreWithinAFewUnitsInTheLastPlace() throws {
        let graph = makeStep(1, .activation(.exp))
        let comparison = try StageComparison(graph, forcing: "activation-packed", tolerance: 0)
        var generator = SeededGenerator(seed: 5)
        let rows = (0..<4000).map { _ in [Cell.number(Double.random(in: -740...709, using: &generator))] }
        let expected = answer(comparison.reference, rows).doubles[0]
        let found = answer(comparison.fast, rows).doubles[0]
        #expect(zip(expected, found).allSatisfy { abs(Int64($0) - Int64($1)) <= 2 })
    }

    static let measures: [PairwiseMeasure] = [
        .dot, .polynomial(gamma: 0.3, offset: 1, degree: 3), .polynomial(gamma: 0.1, offset: 0, degree: 0),
        .gaussian(gamma: 0.1), .gaussian(gamma: 40), .sigmoid(gamma: 0.2, offset: -0.1), .laplacian(gamma: 0.5),
        .squaredEuclidean, .euclidean, .manhattan,
    ]

    @Test(arguments: measures) func measuresEqualTheReferenceWithinRounding(_ measure: PairwiseMeasure) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for (width, count) in [(1, 1), (2, 7), (3, 8), (5, 9), (28, 40), (7, 65), (300, 17)] {
            let pairwise = Pairwise(
                measure: measure, references: generator.numbers(width * count), count: count, inputWidth: width)
            let comparison = try StageComparison(makeStep(width, .pairwise(pairwise)), forcing: "pairwise-packed")
            let rows = generator.rows(65, columns: width)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(count) x \(width)")
            #expect(comparison.isSteady(rows), "seed \(seed), \(count) x \(width)")
        }
    }

    @Test func standardizedSquaresEqualTheReferenceWithinRounding() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for (width, count) in [(1, 1), (4, 3), (28, 8), (5, 19)] {
            let pairwise = Pairwise(
                measure: .standardizedSquares(variances: generator.numbers(width * count, in: 0.01...3)),
                references: generator.numbers(width * count), count: count, inputWidth: width)
            let comparison = try StageComparison(makeStep(width, .pairwise(pairwise)), forcing: "pairwise-packed")
            let rows = generator.rows(65, columns: width)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(count) x \(width)")
            #expect(comparison.isSteady(rows), "seed \(seed), \(count) x \(width)")
        }
    }

    /// Vectors a class, one of them empty now and then.
    static let machines: [[Int]] = [[1, 1], [8, 9], [100, 83], [5, 0, 3], [17, 64, 1, 30], [3, 3, 3, 3, 3, 3, 3]]

    @Test(arguments: machines) func machinesEqualTheReferenceWithinRounding(_ sizes: [Int]) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        var starts = [0]
        for size in sizes { starts.append(starts[starts.count - 1] + size) }
        let count = starts[sizes.count]
        let pairCount = sizes.count * (sizes.count - 1) / 2
        for measure in [PairwiseMeasure.gaussian(gamma: 0.1), .dot, .laplacian(gamma: 0.2)] {
            let pairwise = Pairwise(
                measure: measure, references: generator.numbers(6 * count), count: count, inputWidth: 6)
            let decisions = PairDecisions(
                coefficients: generator.numbers((sizes.count - 1) * count), starts: starts,
                intercepts: generator.numbers(pairCount))
            let graph = makeStep(6, .pairwise(pairwise), .pairDecisions(decisions))
            let comparison = try StageComparison(graph, forcing: "svm-packed", tolerance: 1e-10)
            let rows = generator.rows(65, columns: 6)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed)")
            #expect(comparison.isSteady(rows), "seed \(seed)")
        }
    }

    @Test(arguments: [1, 2, 8]) func sumsOfKernelsEqualTheReferenceWithinRounding(_ outputs: Int) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for count in [1, 8, 63, 64, 65, 200] {
            let pairwise = Pairwise(
                measure: .gaussian(gamma: 0.3), references: generator.numbers(5 * count), count: count, inputWidth: 5)
            let gemm = Gemm(
                weights: generator.numbers(outputs * count), bias: generator.numbers(outputs), inputWidth: count)
            let graph = makeStep(5, .pairwise(pairwise), .gemm(gemm))
            let comparison = try StageComparison(graph, forcing: "svm-packed")
            let rows = generator.rows(65, columns: 5)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(count) vectors")
            #expect(comparison.isSteady(rows), "seed \(seed), \(count) vectors")
        }
    }

    /// Kernels of rows and vectors that are far from zero, or of large coefficients, lose too many digits as products.
    @Test(arguments: [(1e-9, 0.0, 1.0), (1e-9, 1e4, 1.0), (0.1, 1e6, 1.0), (0.01, 0.0, 1e9), (0.5, 0.0, 1.0)])
    func kernelsOfLongRowsEqualTheReference(_ gamma: Double, _ origin: Double, _ weight: Double) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for count in [1, 9, 130] {
            let pairwise = Pairwise(
                measure: .gaussian(gamma: gamma), references: generator.numbers(4 * count).map { $0 + origin },
                count: count, inputWidth: 4)
            let gemm = Gemm(weights: generator.numbers(count).map { $0 * weight }, bias: [0.5], inputWidth: count)
            let graph = makeStep(4, .pairwise(pairwise), .gemm(gemm))
            let comparison = try StageComparison(graph, forcing: "svm-packed", tolerance: 1e-10)
            // Some are of other lengths than their neighbours.
            let rows: [[Cell]] = (0..<65).map { _ in
                let size = ([1, 1, 1e3, 1e5, 1e9] as [Double]).randomElement(using: &generator) ?? 1
                return generator.numbers(4).map { .number($0 * size + origin) }
            }
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(count) vectors")
            #expect(comparison.isSteady(rows), "seed \(seed), \(count) vectors")
        }
    }

    /// Were a kernel wrong in one weight, in its last digits, these comparisons would tell.
    @Test func comparisonsBite() throws {
        var generator = SeededGenerator(seed: 9)
        let weights = generator.numbers(9 * 17)
        let rows = generator.rows(9, columns: 17)
        let right = Gemm(weights: weights, bias: generator.numbers(9), inputWidth: 17)
        var moved = weights
        moved[9 * 17 - 1] += 1e-9
        let wrong = Gemm(weights: moved, bias: right.bias, inputWidth: 17)
        let expected = try StageComparison(makeStep(17, .gemm(right)), forcing: "gemm-packed")
        let found = try StageComparison(makeStep(17, .gemm(wrong)), forcing: "gemm-packed")
        let mixed = StageComparison(reference: expected.reference, fast: found.fast)
        #expect(expected.difference(rows) == nil)
        #expect(mixed.difference(rows) != nil)
    }

    @Test func tellsWhatHasNoPackedForm() throws {
        func refusal(_ graph: ImportedGraph, _ stage: String) -> String? {
            do throws(ImportError) {
                _ = try ModelCompiler.compile(graph, forcing: stage)
                return nil
            } catch {
                return "\(error)"
            }
        }
        let chebyshev = Pairwise(measure: .chebyshev, references: [1, 2], count: 1, inputWidth: 2)
        #expect(refusal(makeStep(2, .pairwise(chebyshev)), "pairwise-packed")?.contains("no packed form") == true)
        let gemm = Gemm(weights: [1], bias: [0], inputWidth: 1)
        #expect(
            refusal(makeStep(2, .pairwise(chebyshev), .gemm(gemm)), "svm-packed")?.contains("no packed form") == true)
        #expect(refusal(makeStep(2, .activation(.cosine)), "activation-packed")?.contains("no packed form") == true)
        var generator = SeededGenerator(seed: 3)
        let forest = makeForest(makeEnsemble(EnsembleShape(trees: 3, precision: .float64), using: &generator))
        #expect(refusal(forest, "activation-packed")?.contains("trees") == true)
        let narrow = makeForest(makeEnsemble(EnsembleShape(trees: 3), using: &generator))
        #expect(refusal(narrow, "activation-packed")?.contains("single precision") == true)
    }
}
