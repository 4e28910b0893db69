package import TensorCore

/// A compiled model: immutable and shared by every thread. What a call needs besides lies in a `Workspace`, one a
/// worker.
package protocol Predictor: AnyObject, Sendable {
    var report: PredictorReport { get }

    /// Scratch for this predictor. All memory that a call needs is taken here, none in `predict`.
    func makeWorkspace() -> Workspace

    /// Predicts every row of the batch.
    ///
    /// `output` is reset to the batch's row count and filled; rows that have no prediction are listed in
    /// `output.faults` and do not disturb the others. The result of a row does not depend on the rows beside it.
    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace)
}

/// What a predictor says of itself, for `inspect`, the model page and the choice between predictors.
package struct PredictorReport: Sendable, Hashable {
    /// Of the stage that costs most, such as `forest-ranked` or `linear-folded`.
    package let name: String
    /// What that stage does, in one sentence.
    package let reason: String
    /// Predicted cost of one row in a batch of one.
    package let nanosecondsPerRow: Double
    /// Predicted cost of one row in a batch of many.
    package let nanosecondsPerRowOfMany: Double
    /// Bytes of its tables.
    package let tableBytes: Int
    /// What is computed, in this order.
    package let steps: [PredictorStep]

    package init(
        name: String, reason: String, nanosecondsPerRow: Double, nanosecondsPerRowOfMany: Double, tableBytes: Int,
        steps: [PredictorStep] = []
    ) {
        self.name = name
        self.reason = reason
        self.nanosecondsPerRow = nanosecondsPerRow
        self.nanosecondsPerRowOfMany = nanosecondsPerRowOfMany
        self.tableBytes = tableBytes
        self.steps = steps
    }
}

/// One value of the graph, and the stage that computes it.
package struct PredictorStep: Sendable, Hashable {
    /// A stage that was considered and not taken.
    package struct Other: Sendable, Hashable {
        package let name: String
        /// Its predicted cost, or why it cannot run.
        package let reason: String
    }

    /// Where the value stands in the model.
    package let path: String
    /// The operator's name.
    package let operation: String
    package let stage: String
    package let reason: String
    /// Predicted cost of one row in a batch of one.
    package let nanosecondsPerRow: Double
    package let tableBytes: Int
    package let others: [Other]
}
