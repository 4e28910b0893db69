internal import ModelIR
internal import TensorCore

/// A vectorized text and its linear model. Only the terms that occur are ever touched, so that a row costs as much as
/// its text is long, and not as the vocabulary is wide. Equal to the reference bit for bit: terms are added up in the
/// order of their columns, and those left out are zero.
final class TextLinearStage: Stage {
    private let inputColumn: Int
    private let width: Int
    private let isBinary: Bool
    private let steps: [TextLinearPlan.Step]
    private let model: Gemm
    private let terms: TextTerms
    private let output: TilePlace
    /// Where the number of each term lies in the workspace's doubles, and in its long integers a bit for each of those
    /// that count.
    private let base: Int
    private let bits: Range<Int>

    init(_ plan: TextLinearPlan, terms: TextTerms, output: TilePlace, memory: inout MemoryPlan) {
        inputColumn = plan.inputColumn
        width = plan.vectorizer.width
        isBinary = plan.vectorizer.isBinary
        steps = plan.steps
        model = plan.model
        self.terms = terms
        self.output = output
        base = memory.take(width, of: \.doubles)
        let words = (width + 63) / 64
        let first = memory.take(words, of: \.longIntegers)
        bits = first..<first + words
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        // A missing text is at fault already: an input that is vectorized as it is must be there.
        for tileRow in 0..<tile.rowCount where !faults.contains(tileRow: tileRow) {
            score(
                row: tile.firstRow + tileRow, of: rows, target: output.offset + tileRow * output.width, in: workspace)
        }
    }

    private func score(row: Int, of rows: borrowing RowBatch, target: Int, in workspace: Workspace) {
        TextTerms.load(.input(column: inputColumn), row: row, of: rows, into: &workspace.scratch.text)
        terms.forEachTerm(in: &workspace.scratch.text) { column, isNegative in
            let bit: Int64 = 1 << Int64(column & 63)
            let word = bits.lowerBound + column >> 6
            if workspace.longIntegers[word] & bit == 0 {
                workspace.longIntegers[word] |= bit
                workspace.doubles[base + column] = 0
            }
            if isBinary {
                workspace.doubles[base + column] = 1
            } else {
                workspace.doubles[base + column] += isNegative ? -1 : 1
            }
        }
        let count = takeColumns(in: workspace)
        for step in steps { apply(step, termCount: count, in: workspace) }
        for output in 0..<model.outputWidth {
            var sum = 0.0
            for place in 0..<count {
                let column = workspace.scratch.indices[place]
                sum += workspace.doubles[base + column] * model.weights[output * width + column]
            }
            workspace.doubles[target + output] = sum + model.bias[output]
        }
    }

    /// The columns whose bits are set go to the scratch's indices, in order, and the bits are cleared.
    private func takeColumns(in workspace: Workspace) -> Int {
        var count = 0
        for word in bits {
            var left = workspace.longIntegers[word]
            if left == 0 { continue }
            workspace.longIntegers[word] = 0
            workspace.scratch.reserveIndices(count + 64)
            while left != 0 {
                workspace.scratch.indices[count] = (word - bits.lowerBound) * 64 + left.trailingZeroBitCount
                left &= left &- 1
                count += 1
            }
        }
        return count
    }

    private func apply(_ step: TextLinearPlan.Step, termCount: Int, in workspace: Workspace) {
        switch step {
        case .sublinear:
            for place in 0..<termCount {
                let index = base + workspace.scratch.indices[place]
                workspace.doubles[index] = ElementwiseFunction.sublinearCount(workspace.doubles[index])
            }
        case .weigh(let factors):
            for place in 0..<termCount {
                let column = workspace.scratch.indices[place]
                workspace.doubles[base + column] = workspace.doubles[base + column] * factors[column] + 0
            }
        case .normalize(let normalizer):
            var size = RowNormalizer.Size()
            for place in 0..<termCount {
                size.add(workspace.doubles[base + workspace.scratch.indices[place]], norm: normalizer.norm)
            }
            let divisor = normalizer.divisor(size)
            for place in 0..<termCount {
                workspace.doubles[base + workspace.scratch.indices[place]] /= divisor
            }
        }
    }
}
