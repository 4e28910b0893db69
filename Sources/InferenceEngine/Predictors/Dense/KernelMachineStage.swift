internal import ModelIR
internal import TensorCore

/// A support vector machine, or another sum of kernel values: each is computed, weighed and forgotten.
final class KernelMachineStage: Stage {
    private let expansion: KernelExpansion
    private let input: TilePlace
    private let output: TilePlace
    private let scratch: Int

    init(_ expansion: KernelExpansion, _ places: StagePlaces, memory: inout MemoryPlan) {
        self.expansion = expansion
        input = places.inputs[0]
        output = places.output
        scratch = memory.take(expansion.scratchCount(rowCount: places.tileRowCount), of: \.doubles)
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        DenseKernel.expand(expansion, from: input, to: output, rowCount: tile.rowCount, scratch: scratch, in: workspace)
    }
}

/// Makes `svm-packed`: decisions of pairs, or a few products, right behind the kernel values of reference rows.
struct KernelMachineStageBuilder: StageBuilder {
    let name = "svm-packed"

    /// With more sums than these a product with a matrix is faster.
    private static let gemmOutputsMax = 8

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        guard node.inputs.count == 1 else { return nil }
        let source = graph.node(node.inputs[0])
        guard case .pairwise(let pairwise) = source.operation else { return nil }
        let sumCount: Int
        let make: @Sendable () -> KernelExpansion?
        switch node.operation {
        case .pairDecisions(let decisions):
            sumCount = decisions.classCount - 1
            make = { KernelExpansion(pairwise, decisions) }
        case .gemm(let gemm):
            sumCount = gemm.outputWidth
            guard sumCount <= Self.gemmOutputsMax else {
                return .cannotRun(reason: "more than \(Self.gemmOutputsMax) sums of the kernel values")
            }
            make = { KernelExpansion(pairwise, gemm) }
        default: return nil
        }
        guard pairwise.count > 0, let measure = PackedMeasure(pairwise.measure) else {
            return .cannotRun(reason: "this kernel has no packed form")
        }
        let kernel = measure.nanosecondsPerRow(references: pairwise.count, width: pairwise.inputWidth)
        let sums = 0.2 * Double(sumCount * pairwise.count)
        return .runs(
            StagePlan(
                inputs: [source.inputs[0]], nanosecondsPerRow: kernel.one + sums,
                nanosecondsPerRowOfMany: kernel.many + sums,
                reason: "kernel values of \(pairwise.count) packed vectors, each weighed as it is computed",
                tableBytes: (pairwise.references.count + sumCount * pairwise.count) * 8
            ) { places, memory throws(ImportError) in
                guard let expansion = make() else {
                    preconditionFailure("the offer checked that the vectors can be packed")
                }
                return KernelMachineStage(expansion, places, memory: &memory)
            })
    }
}
