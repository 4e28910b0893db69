internal import TensorCore

/// A predictor's stages, to be run one after the other on a tile.
///
/// Unchecked access: the loop goes through references that are not counted, to boxes that this object keeps as long as
/// it lives. Counting each of them up and down costs as much as a small stage.
@safe final class StageLoop: Sendable {
    /// A constant of an object that lives through the call: nothing need be counted to call its stage.
    private final class Box: Sendable {
        let stage: any Stage

        init(_ stage: any Stage) { self.stage = stage }
    }

    private let boxes: [Box]
    private let calls: [Unmanaged<Box>]

    init(_ stages: [any Stage]) {
        boxes = stages.map { Box($0) }
        unsafe calls = boxes.map { unsafe Unmanaged.passUnretained($0) }
    }

    func run(_ tile: Tile, of rows: borrowing RowBatch, in workspace: Workspace) {
        unsafe calls.withUnsafeBufferPointer { calls in
            for index in calls.indices {
                unsafe calls[index]._withUnsafeGuaranteedRef {
                    $0.stage.run(tile, of: rows, in: workspace, faults: &workspace.faults)
                }
            }
        }
    }
}
