internal import ModelIR
internal import TensorCore

/// A vectorized text and its linear model. Only the terms that occur are ever touched, so that a row costs as much as
/// its text is long, and not as the vocabulary is wide. Equal to the reference bit for bit: terms are added up in the
/// order of their columns, and those left out are zero.
final class TextLinearPredictor: Predictor {
    let report: PredictorReport
    private let inputColumn: Int
    private let width: Int
    private let isBinary: Bool
    private let steps: [TextLinearPlan.Step]
    private let model: Gemm
    private let terms: TextTerms
    private let tail: ScoreTail
    private let tileRowCount: Int

    init(_ plan: TextLinearPlan, terms: TextTerms, tail: ScoreTail, tileRowCount: Int, report: PredictorReport) {
        inputColumn = plan.inputColumn
        width = plan.vectorizer.width
        isBinary = plan.vectorizer.isBinary
        steps = plan.steps
        model = plan.model
        self.terms = terms
        self.tail = tail
        self.tileRowCount = tileRowCount
        self.report = report
    }

    func makeWorkspace() -> Workspace {
        var plan = MemoryPlan()
        // The tail's numbers, and behind them the number of each term; which of these count tells a bit each.
        plan.doubles = tail.scalarCount + width
        plan.integers = tail.classCount
        plan.longIntegers = (width + 63) / 64
        return Workspace(plan: plan)
    }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        var first = 0
        while first < rows.rowCount {
            let count = min(tileRowCount, rows.rowCount - first)
            let knownFaults = output.faults.count
            for row in 0..<count {
                if rows.isMissing(row: first + row, column: inputColumn) {
                    output.faults.append(RowFault(row: first + row, column: inputColumn, reason: .missingValue))
                    for target in 0..<model.outputWidth { workspace.doubles[row * model.outputWidth + target] = 0 }
                } else {
                    score(row: first + row, of: rows, target: row * model.outputWidth, in: workspace)
                }
            }
            tail.run(
                rowCount: count, firstRow: first, scalars: &workspace.doubles, classes: &workspace.integers,
                output: &output)
            for fault in output.faults[knownFaults...] { output.clear(row: fault.row) }
            first += count
        }
    }

    private func score(row: Int, of rows: borrowing RowBatch, target: Int, in workspace: Workspace) {
        let base = tail.scalarCount
        TextTerms.load(.input(column: inputColumn), row: row, of: rows, into: &workspace.scratch.text)
        terms.forEachTerm(in: &workspace.scratch.text) { column, isNegative in
            let bit: Int64 = 1 << Int64(column & 63)
            if workspace.longIntegers[column >> 6] & bit == 0 {
                workspace.longIntegers[column >> 6] |= bit
                workspace.doubles[base + column] = 0
            }
            if isBinary {
                workspace.doubles[base + column] = 1
            } else {
                workspace.doubles[base + column] += isNegative ? -1 : 1
            }
        }
        let count = takeColumns(in: workspace)
        for step in steps { apply(step, termCount: count, base: base, in: workspace) }
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
        for word in workspace.longIntegers.indices {
            var bits = workspace.longIntegers[word]
            if bits == 0 { continue }
            workspace.longIntegers[word] = 0
            workspace.scratch.reserveIndices(count + 64)
            while bits != 0 {
                workspace.scratch.indices[count] = word * 64 + bits.trailingZeroBitCount
                bits &= bits &- 1
                count += 1
            }
        }
        return count
    }

    private func apply(_ step: TextLinearPlan.Step, termCount: Int, base: Int, in workspace: Workspace) {
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
