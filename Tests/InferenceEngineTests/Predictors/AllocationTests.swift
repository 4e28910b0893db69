import CAllocationCounter
import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// Without optimisation, Swift boxes iterators and generic values on the heap; what counts is the build that serves.
private let isOptimized: Bool = {
    #if DEBUG
        false
    #else
        true
    #endif
}()

/// A predictor takes its memory once: after the first call, a thousand more take none. The reference is counted in the
/// benchmark of the kernels, which is built as what serves: for tests its generic code is not specialised, and boxes.
@Suite(.enabled(if: isOptimized, "allocations are counted in release builds: swift test -c release"))
struct AllocationTests {
    /// Allocations of a thousand calls on one batch, after a first one.
    private func allocations(_ model: CompiledModel, _ rows: [[Cell]]) -> UInt64 {
        let batch = makeBatch(model.layout, rows)
        var output = OutputBatch(fields: model.signature.outputs)
        let workspace = model.predictor.makeWorkspace()
        let predictor = model.predictor
        predictor.predict(batch, into: &output, using: workspace)
        let before = allocation_counter_calls()
        for _ in 0..<1000 { predictor.predict(batch, into: &output, using: workspace) }
        return allocation_counter_calls() - before
    }

    @Test func countsAllocations() {
        let before = allocation_counter_calls()
        var arrays: [[Int]] = []
        for index in 0..<100 { arrays.append([index]) }
        #expect(allocation_counter_calls() - before >= 100)
        #expect(arrays.count == 100)
    }

    @Test(arguments: ["forest-packed", "forest-ranked"])
    func forestsTakeNoMemory(_ name: String) throws {
        var generator = SeededGenerator(seed: 21)
        for shape in [
            EnsembleShape(trees: 20), EnsembleShape(trees: 9, groups: 3, precision: .float64),
            EnsembleShape(trees: 9, groups: 2, hasVectorLeaves: true),
        ] where name != "forest-ranked" || !shape.hasVectorLeaves {
            let graph = makeForest(makeEnsemble(shape, using: &generator))
            var rows = makeRows(3, columns: shape.features, missingRate: 0.2, using: &generator)
            // A fault, too.
            rows[1][0] = .number(1e300)
            #expect(allocations(try ModelCompiler.compile(graph, forcing: name), rows) == 0)
        }
    }

    @Test func pipelinesTakeNoMemory() throws {
        var generator = SeededGenerator(seed: 22)
        for shape in [PipelineShape(), PipelineShape(outputs: 3, unknown: .refuse, isImputed: false, clips: true)] {
            let graph = makePipeline(shape, using: &generator)
            let rows = makePipelineRows(20, shape, missingRate: 0.2, using: &generator)
            #expect(allocations(try ModelCompiler.compile(graph, forcing: "linear-folded"), rows) == 0)
        }
    }

    @Test func denseModelsTakeNoMemory() throws {
        var generator = SeededGenerator(seed: 23)
        let pairwise = Pairwise(
            measure: .gaussian(gamma: 0.2), references: generator.numbers(120), count: 40, inputWidth: 3)
        let decisions = PairDecisions(
            coefficients: generator.numbers(80), starts: [0, 15, 30, 40], intercepts: generator.numbers(3))
        let search = NearestNeighbors(
            measure: .euclidean, points: generator.numbers(300), count: 100, inputWidth: 3, neighborCount: 4)
        let gemm = Gemm(weights: generator.numbers(60), bias: generator.numbers(20), inputWidth: 3)
        let rows = generator.rows(20, columns: 3)
        for (graph, stage) in [
            (makeStep(3, .gemm(gemm)), "gemm-packed"), (makeStep(3, .activation(.tanh)), "activation-packed"),
            (makeStep(3, .activation(.logSoftmax)), "activation-packed"),
            (makeStep(3, .pairwise(pairwise)), "pairwise-packed"),
            (makeStep(3, .pairwise(pairwise), .pairDecisions(decisions)), "svm-packed"),
            (makeStep(3, .nearestNeighbors(search)), "neighbors-packed"),
        ] {
            #expect(allocations(try ModelCompiler.compile(graph, forcing: stage), rows) == 0, "\(stage)")
        }
    }
}
