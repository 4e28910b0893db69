internal import ModelIR
internal import TensorCore

/// Vectorized texts, numbers beside them, and their linear model. Only the terms that occur are ever touched, so that a
/// row costs as much as its texts are long, and not as the vocabulary is wide. Equal to the reference bit for bit:
/// terms are added up in the order of their columns, and those left out are zero.
final class TextLinearStage: Stage {
    private struct Text: Sendable {
        let inputColumn: Int
        let firstColumn: Int
        let isBinary: Bool
        let terms: TextTerms
    }

    private struct Numbers: Sendable {
        let place: TilePlace
        let firstColumn: Int
    }

    private let texts: [Text]
    private let numbers: [Numbers]
    private let steps: [TextLinearPlan.Step]
    private let sum: SparseSum
    private let output: TilePlace
    private let columns: SparseColumns

    /// - Parameters:
    ///   - inputs: the places of the parts that are numbers, in their order.
    ///   - terms: the vectorizers of the parts that are texts, in their order.
    init(
        _ plan: TextLinearPlan, inputs: [TilePlace], terms: [TextTerms], output: TilePlace, memory: inout MemoryPlan
    ) {
        var texts: [Text] = []
        var numbers: [Numbers] = []
        for part in plan.parts {
            switch part.source {
            case .text(let inputColumn, let vectorizer):
                texts.append(
                    Text(
                        inputColumn: inputColumn, firstColumn: part.columns.lowerBound,
                        isBinary: vectorizer.isBinary, terms: terms[texts.count]))
            case .numbers:
                numbers.append(Numbers(place: inputs[numbers.count], firstColumn: part.columns.lowerBound))
            }
        }
        self.texts = texts
        self.numbers = numbers
        steps = plan.steps
        sum = SparseSum(weights: plan.weights, bias: plan.bias, isUnread: plan.isUnread)
        self.output = output
        columns = SparseColumns(width: plan.width, memory: &memory)
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace, faults: inout TileFaults) {
        // A missing text is at fault already: an input that is vectorized as it is must be there.
        for tileRow in 0..<tile.rowCount where !faults.contains(tileRow: tileRow) {
            for text in texts { add(text, row: tile.firstRow + tileRow, of: rows, in: workspace) }
            for part in numbers { add(part, tileRow: tileRow, in: workspace) }
            let count = columns.take(in: workspace)
            for step in steps { apply(step, termCount: count, in: workspace) }
            sum.add(
                &workspace.doubles, from: columns.base, at: workspace.scratch.indices, count: count,
                to: output.offset + tileRow * output.width)
        }
    }

    private func add(_ text: Text, row: Int, of rows: borrowing RowBatch, in workspace: Workspace) {
        TextTerms.load(.input(column: text.inputColumn), row: row, of: rows, into: &workspace.scratch.text)
        text.terms.forEachTerm(in: &workspace.scratch.text) { term, isNegative in
            let column = text.firstColumn + term
            columns.mark(column, in: workspace)
            if text.isBinary {
                workspace.doubles[columns.base + column] = 1
            } else {
                workspace.doubles[columns.base + column] += isNegative ? -1 : 1
            }
        }
    }

    private func add(_ part: Numbers, tileRow: Int, in workspace: Workspace) {
        let start = part.place.offset + tileRow * part.place.width
        for index in 0..<part.place.width {
            let number = workspace.doubles[start + index]
            if number == 0 { continue }
            columns.mark(part.firstColumn + index, in: workspace)
            workspace.doubles[columns.base + part.firstColumn + index] = number
        }
    }

    private func apply(_ step: TextLinearPlan.Step, termCount: Int, in workspace: Workspace) {
        var places = 0..<termCount
        if step.columns != 0..<columns.width {
            let first = places.first { workspace.scratch.indices[$0] >= step.columns.lowerBound } ?? termCount
            places =
                first..<((first..<termCount).first {
                    workspace.scratch.indices[$0] >= step.columns.upperBound
                } ?? termCount)
        }
        switch step.action {
        case .sublinear:
            for place in places {
                let index = columns.base + workspace.scratch.indices[place]
                workspace.doubles[index] = ElementwiseFunction.sublinearCount(workspace.doubles[index])
            }
        case .multiply(let factors):
            for place in places {
                let column = workspace.scratch.indices[place]
                workspace.doubles[columns.base + column] *= factors[column - step.columns.lowerBound]
            }
        case .divide(let divisors):
            for place in places {
                let column = workspace.scratch.indices[place]
                workspace.doubles[columns.base + column] /= divisors[column - step.columns.lowerBound]
            }
        case .normalize(let normalizer):
            var size = RowNormalizer.Size()
            for place in places {
                size.add(workspace.doubles[columns.base + workspace.scratch.indices[place]], norm: normalizer.norm)
            }
            let divisor = normalizer.divisor(size)
            for place in places { workspace.doubles[columns.base + workspace.scratch.indices[place]] /= divisor }
        }
    }
}
