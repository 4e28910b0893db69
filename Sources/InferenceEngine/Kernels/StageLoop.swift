internal import TensorCore

/// The loop over a predictor's stages.
enum StageLoop {
    /// Runs each stage where it lies in the array: handed out of it, a stage would be copied, and counted up and down.
    static func run(_ stages: [any Stage], _ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace) {
        unsafe stages.withUnsafeBufferPointer { stages in
            for index in stages.indices {
                unsafe stages[index].run(tile, of: rows, in: workspace, faults: &workspace.faults)
            }
        }
    }
}
