internal import CKernels
internal import TensorCore

/// Looks for missing numbers in records. The columns are checked once, in `init`, and the rows in each call.
struct MissingScan: Sendable {
    private let columns: [Int32]
    private let areFirst: Bool
    private let recordWidth: Int
    private let level = CPULevel.current.native

    /// - Parameter columns: columns of doubles among the record's `recordWidth`, in ascending order.
    init(columns: [Int32], recordWidth: Int) {
        for column in columns { precondition(column >= 0 && Int(column) < recordWidth, "columns of the record") }
        self.columns = columns
        self.recordWidth = recordWidth
        areFirst = columns.elementsEqual(0..<Int32(columns.count))
    }

    /// A bit for each row of a tile that has NaN in one of the columns.
    func rowsWithNaN(firstRow: Int, rowCount: Int, of rows: borrowing RowBatch) -> UInt64 {
        precondition(rows.layout.width == recordWidth && rowCount <= Tile.rowsMax, "records of this width, in a tile")
        precondition(firstRow >= 0 && rowCount >= 0 && firstRow + rowCount <= rows.rowCount, "rows of the batch")
        return unsafe rows.slotSpan.withUnsafeBufferPointer { slots in
            unsafe columns.withUnsafeBufferPointer { columns in
                guard let first = slots.baseAddress else { return 0 }
                return unsafe vencejo_nan_rows(
                    level, first + firstRow * recordWidth, recordWidth, rowCount, areFirst ? nil : columns.baseAddress,
                    columns.count)
            }
        }
    }
}
