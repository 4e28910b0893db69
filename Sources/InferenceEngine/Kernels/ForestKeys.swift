internal import TensorCore

/// Turns a tile of rows into the keys that the forest's nodes compare: slot 0 is the smallest key, then come the
/// columns with missing values that go left, then the same columns with missing values that go right.
enum ForestKeys {
    /// How the columns of the ensemble lie in a row.
    struct Columns: Sendable {
        /// The row's columns in the ensemble's order.
        let indices: [Int32]
        /// Whether they are all of the row's columns, in order.
        let areInOrder: Bool
        /// Positions among `indices` of 64-bit integer columns.
        let integerPositions: [Int]
        /// Whether features are narrowed to float32.
        let narrowsToFloat32: Bool
        /// The row's columns that must not be missing, in ascending order.
        let requiredColumns: [Int]

        var slotCount: Int { 1 + 2 * indices.count }
    }

    /// Expands rows `firstRow ..< firstRow + rowCount`.
    ///
    /// `faults` gets one fault for each row that lacks a required value or, if features are narrowed, holds a number
    /// that float32 cannot. Such a row has keys all the same, so that the kernels need not leave it out.
    static func expand<Key: ForestKey>(
        _ rows: borrowing RowBatch, firstRow: Int, rowCount: Int, columns: Columns, keys: inout [Key],
        faults: inout [RowFault]
    ) {
        let stride = columns.slotCount
        precondition(rowCount * stride <= keys.count, "the tile's keys")
        let slots = rows.slotSpan
        let width = rows.layout.width
        var expanded = keys.mutableSpan
        for row in 0..<rowCount {
            let start = (firstRow + row) * width
            let record = slots.extracting(start..<start + width)
            let first = row * stride
            let mayBeRefused = fill(&expanded, at: first, from: record, columns: columns)
            for position in columns.integerPositions {
                let column = Int(columns.indices[position])
                let isMissing = rows.isMissing(row: firstRow + row, column: column)
                let key = Key.key(Double(rows.int64(row: firstRow + row, column: column)))
                expanded[first + 1 + position] = isMissing ? .min : key
                expanded[first + 1 + columns.indices.count + position] = isMissing ? .max : key
            }
            var missingColumn: Int?
            for column in columns.requiredColumns where rows.isMissing(row: firstRow + row, column: column) {
                missingColumn = missingColumn ?? column
            }
            if let column = missingColumn {
                faults.append(RowFault(row: firstRow + row, column: column, reason: .missingValue))
            } else if mayBeRefused, let column = columns.refusedColumn(of: record) {
                faults.append(RowFault(row: firstRow + row, column: column, reason: .exceedsFloat32))
            }
        }
    }

    /// - Returns: whether some column holds what float32 cannot; integer columns may say so by mistake.
    @inline(always)
    private static func fill<Key: ForestKey>(
        _ keys: inout MutableSpan<Key>, at first: Int, from record: Span<UInt64>, columns: Columns
    ) -> Bool {
        let count = columns.indices.count
        precondition(first + columns.slotCount <= keys.count && (!columns.areInOrder || count <= record.count))
        keys[first] = .min
        let goingLeft = first &+ 1
        let goingRight = goingLeft &+ count
        var infinities = false
        let indices = columns.indices.span
        for position in 0..<count {
            let bits =
                unsafe columns.areInOrder
                ? record[unchecked: position] : record[Int(indices[unchecked: position])]
            let value = Double(bitPattern: bits)
            let isMissing = value != value
            let key: Key
            if columns.narrowsToFloat32 {
                let narrow = Float(value)
                infinities = infinities || narrow.magnitude == .infinity
                key = Key.key(Double(narrow))
            } else {
                key = Key.key(value)
            }
            unsafe keys[unchecked: goingLeft &+ position] = isMissing ? .min : key
            unsafe keys[unchecked: goingRight &+ position] = isMissing ? .max : key
        }
        return infinities
    }
}

extension ForestKeys.Columns {
    /// The first column with a number that float32 cannot hold. No 64-bit integer is too large for it.
    fileprivate func refusedColumn(of record: Span<UInt64>) -> Int? {
        var next = 0
        for position in indices.indices {
            if next < integerPositions.count, integerPositions[next] == position {
                next += 1
            } else if Double(bitPattern: record[Int(indices[position])]).isInfiniteAsFloat {
                return Int(indices[position])
            }
        }
        return nil
    }
}
