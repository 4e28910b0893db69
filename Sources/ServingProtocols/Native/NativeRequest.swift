internal import InferenceAPI
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
        /// A record or a row a line.
        case lines
        /// CSV.
        case table
    }

    package let form: Form
    /// Whether rows are arrays of values in column order, and not objects by name.
    package let hasArrayRows: Bool
    package let rowCount: Int
    /// Of a body of lines: the line of the first row, 1 or 2, where each further row has the next line; else 0.
    package let firstLine: Int
    /// How the answer is to be written.
    package var answer: NativeFormat.Answer

    package init(
        form: Form, hasArrayRows: Bool, rowCount: Int, firstLine: Int = 0, answer: NativeFormat.Answer = .json
    ) {
        self.form = form
        self.hasArrayRows = hasArrayRows
        self.rowCount = rowCount
        self.firstLine = firstLine
        self.answer = answer
    }

    /// Whether the answer is one value and not a list.
    package var isSingle: Bool { form == .record || form == .row }

    /// RFC 6901 pointer to a row's value, as this request wrote it; to the row alone in the split form, whose column
    /// order is its own. In a body of lines it is within the line's document, and empty where that is none.
    package func pointer(row: Int, column: Int, in layout: RowLayout) -> String {
        if form == .split || form == .table { return pointer(row: row) }
        let name = layout.columns[column].name
        let value = hasArrayRows ? JSONPointer.token(column) : JSONPointer.token(name ?? "\(column)")
        return pointer(row: row) + value
    }

    func pointer(row: Int) -> String {
        switch form {
        case .record, .row, .lines, .table: ""
        case .list: JSONPointer.token(row)
        case .instances: "/instances" + JSONPointer.token(row)
        case .split: "/data" + JSONPointer.token(row)
        }
    }

    /// Where a row stands in a body of lines; nil in others.
    func line(ofRow row: Int) -> BodyLine? {
        guard form == .lines || form == .table else { return nil }
        return firstLine > 0 ? .line(firstLine + row) : .row(row + 1)
    }

    /// What a table calls a column of the model; nil in other forms.
    func columnName(_ column: Int, in layout: RowLayout) -> String? {
        form == .table ? layout.columns[column].name ?? "\(column + 1)" : nil
    }
}
