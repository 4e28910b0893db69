internal import TensorCore

/// The columns of a model that a record, a frame or a request has named so far. Its storage is used again.
struct SeenFields {
    /// One bit a column.
    private var bits: [UInt64] = []

    /// Nothing has been seen.
    @inline(__always)
    mutating func begin(_ layout: RowLayout) {
        bits.removeAll(keepingCapacity: true)
        for _ in 0..<(layout.width + 63) / 64 { bits.append(0) }
    }

    /// - Returns: false if it has been seen before.
    @inline(__always)
    mutating func mark(_ column: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(column & 63)
        guard bits[column >> 6] & bit == 0 else { return false }
        bits[column >> 6] |= bit
        return true
    }

    /// The first column that has not been seen and may not be absent: it has no rule for missing values, or the
    /// model's policy wants each one.
    @inline(__always)
    func absent(in layout: RowLayout) -> (column: Int, misfit: ColumnValue.Misfit)? {
        let columns = layout.columns
        for column in columns.indices where bits[column >> 6] >> UInt64(column & 63) & 1 == 0 {
            let isOptional = layout.recordPolicy.absentFields == .missing && !columns[column].isRequired
            if let misfit = ColumnValue.missing(columns[column]) ?? (isOptional ? nil : ColumnValue.absent) {
                return (column, misfit)
            }
        }
        return nil
    }
}
