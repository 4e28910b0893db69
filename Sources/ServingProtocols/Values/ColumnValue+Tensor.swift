internal import InferenceAPI
internal import TensorCore

/// The same rule for the elements of typed tensors:
///
/// | column | float | integer | bool | bytes | NaN or null |
/// |---|---|---|---|---|---|
/// | `float64` | exactly, if finite | nearest double | 1, 0 | refused | missing |
/// | `int64` | if whole | if it fits | refused | refused | missing |
/// | `string` | refused | refused | refused | itself | missing |
/// | `string` that takes whole numbers | its digits, if whole | its digits | 1, 0 | itself | missing |
///
/// In a matrix of bytes, which has text for each column, numbers are read by the rule for bare text.
extension ColumnValue {
    /// Writes a number into a slot of the batch.
    /// - Returns: nil, or why the value does not fit.
    static func set(
        _ element: TensorElement, into batch: inout RowBatch, row: Int, column: Int
    ) throws(InferenceError) -> Misfit? {
        // The column itself is only looked at for an error: to copy it is to count its name and categories.
        guard batch.layout.columns[column].isUsed else { return nil }
        switch (batch.layout.columns[column].kind, element) {
        case (_, .missing):
            batch.setMissing(row: row, column: column)
            return missing(batch.layout.columns[column])
        case (_, .float(let value)) where value.isNaN:
            batch.setMissing(row: row, column: column)
            return missing(batch.layout.columns[column])
        case (_, .float(let value)) where value.isInfinite: return infinity(batch.layout.columns[column])
        case (.float64, .float(let value)): batch.setDouble(value, row: row, column: column)
        case (.float64, .integer(let value)): batch.setDouble(Double(value), row: row, column: column)
        case (.float64, .unsigned(let value)): batch.setDouble(Double(value), row: row, column: column)
        case (.float64, .bool(let value)): batch.setDouble(value ? 1 : 0, row: row, column: column)
        case (.int64, .integer(let value)): batch.setInt64(value, row: row, column: column)
        case (.int64, .float(let value)):
            guard let whole = Int64(exactly: value) else { return fraction(batch.layout.columns[column]) }
            batch.setInt64(whole, row: row, column: column)
        case (.string, _) where batch.layout.columns[column].takesWholeNumbersAsText:
            guard let digits = digits(element) else { return fraction(batch.layout.columns[column]) }
            guard batch.setString(digits.utf8.span, row: row, column: column) else { throw tooMuchText }
        default:
            return Misfit(
                expected: expectation(batch.layout.columns[column]), found: describe(element),
                detail: "the value has the wrong type")
        }
        return nil
    }

    /// The category that a number is; nil for one with a fraction.
    private static func digits(_ element: TensorElement) -> String? {
        switch element {
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .bool(let value): value ? "1" : "0"
        case .float(let value): Int64(exactly: value).map { String($0) }
        case .missing: nil
        }
    }

    /// Writes an element of bytes into a slot of the batch.
    /// - Parameters:
    ///   - text: valid UTF-8.
    ///   - readsNumbers: whether a column of numbers takes the number that the text is.
    static func set(
        bytes text: Span<UInt8>, readsNumbers: Bool, into batch: inout RowBatch, row: Int, column: Int
    ) throws(InferenceError) -> Misfit? {
        guard batch.layout.columns[column].isUsed else { return nil }
        if batch.layout.columns[column].kind == .string {
            guard batch.setString(text, row: row, column: column) else { throw tooMuchText }
            return nil
        }
        if readsNumbers { return try read(text: text, into: &batch, row: row, column: column) }
        return Misfit(
            expected: expectation(batch.layout.columns[column]), found: "BYTES",
            detail: "the value has the wrong type")
    }

    static func infinity(_ column: Column) -> Misfit {
        Misfit(expected: expectation(column), found: "an infinite number", detail: "models take finite numbers")
    }

    private static func fraction(_ column: Column) -> Misfit {
        Misfit(
            expected: expectation(column), found: "another number",
            detail: "this column holds whole numbers, and a fraction would be lost")
    }

    private static func describe(_ element: TensorElement) -> String {
        switch element {
        case .float, .integer, .unsigned: "a number"
        case .bool: "true or false"
        case .missing: "no value"
        }
    }
}
