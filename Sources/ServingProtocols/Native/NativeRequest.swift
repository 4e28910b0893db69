package import TensorCore

/// A decoded request of the native protocol: how its rows were written, so that the answer and any error take the
/// same shape.
package struct NativeRequest: Sendable, Hashable {
    package enum Form: UInt8, Sendable, Hashable {
        /// `{"CRIM": 0.15, ...}`: one record, one answer.
        case record
        /// `[0.15, ...]`: one row, one answer.
        case row
        /// `[{...}, ...]` or `[[...], ...]`.
        case list
        /// `{"instances": [...]}`.
        case instances
        /// `{"columns": [...], "data": [[...], ...]}`.
        case split
    }

    package let form: Form
    /// Whether rows are arrays of values in column order, and not objects by name.
    package let hasArrayRows: Bool
    package let rowCount: Int

    package init(form: Form, hasArrayRows: Bool, rowCount: Int) {
        self.form = form
        self.hasArrayRows = hasArrayRows
        self.rowCount = rowCount
    }

    /// Whether the answer is one value and not a list.
    package var isSingle: Bool { form == .record || form == .row }

    /// RFC 6901 pointer to a row's value, as this request wrote it; to the row alone in the split form, whose column
    /// order is its own.
    package func pointer(row: Int, column: Int, in layout: RowLayout) -> String {
        if form == .split { return pointer(row: row) }
        let name = layout.columns[column].name
        let value = hasArrayRows ? JSONPointer.token(column) : JSONPointer.token(name ?? "\(column)")
        return pointer(row: row) + value
    }

    func pointer(row: Int) -> String {
        switch form {
        case .record, .row: ""
        case .list: JSONPointer.token(row)
        case .instances: "/instances" + JSONPointer.token(row)
        case .split: "/data" + JSONPointer.token(row)
        }
    }
}
