internal import InferenceEngine
internal import TensorCore

/// Runs a new predictor aside before anybody asks it: touches its tables, proves that it answers every row, and makes
/// whatever it makes on first use.
enum WarmUp {
    /// Batches of one and of eight rows, since predictors may take another path for a single row: rows of missing
    /// values, of zeros, and of each string column's first known category. The results mean nothing; rows without a
    /// prediction are fine.
    static func run(_ model: PreparedModel) {
        let workspace = model.predictor.makeWorkspace()
        var output = OutputBatch(fields: model.signature.outputs)
        var batch = RowBatch(layout: model.layout, rowCapacity: 8)
        for rowCount in [1, 8] {
            for fillsValues in [false, true] {
                batch.removeAll()
                for _ in 0..<rowCount {
                    let row = batch.appendRow()
                    if fillsValues { fill(&batch, row: row) }
                }
                model.predictor.predict(batch, into: &output, using: workspace)
                precondition(output.rowCount == rowCount, "a predictor answers every row")
            }
        }
    }

    private static func fill(_ batch: inout RowBatch, row: Int) {
        for (index, column) in batch.layout.columns.enumerated() {
            switch column.kind {
            case .float64: batch.setDouble(0, row: row, column: index)
            case .int64: batch.setInt64(0, row: row, column: index)
            case .string:
                let text = Array((column.categories.first ?? "").utf8)
                _ = batch.setString(text.span, row: row, column: index)
            }
        }
    }
}
