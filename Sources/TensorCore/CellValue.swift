/// One value of a record, outside of any batch: for examples and golden rows.
package enum CellValue: Sendable, Hashable {
    case missing
    case number(Double)
    case integer(Int64)
    case text(String)
}

extension RowBatch {
    /// Adds a row of one value a column.
    /// - Returns: nil, or the first column whose kind the value does not fit; the row then stays half filled.
    package mutating func append(_ cells: [CellValue]) -> Int? {
        let row = appendRow()
        guard cells.count == layout.width else { return min(cells.count, layout.width) }
        for (column, cell) in cells.enumerated() where layout.columns[column].isUsed {
            switch (cell, layout.columns[column].kind) {
            case (.missing, _): break
            case (.number(let value), .float64): setDouble(value, row: row, column: column)
            case (.integer(let value), .float64): setDouble(Double(value), row: row, column: column)
            case (.integer(let value), .int64): setInt64(value, row: row, column: column)
            case (.text(let text), .string):
                guard set(text, row: row, column: column) else { return column }
            case (.integer(let value), .string) where layout.columns[column].takesWholeNumbersAsText:
                guard set(String(value), row: row, column: column) else { return column }
            case (.number(let value), .string) where layout.columns[column].takesWholeNumbersAsText:
                // A truth value.
                guard let whole = Int64(exactly: value), set(String(whole), row: row, column: column) else {
                    return column
                }
            case (.number, .int64), (.number, .string), (.integer, .string), (.text, .float64), (.text, .int64):
                return column
            }
        }
        return nil
    }

    private mutating func set(_ text: String, row: Int, column: Int) -> Bool {
        let bytes = Array(text.utf8)
        return setString(bytes.span, row: row, column: column)
    }
}
