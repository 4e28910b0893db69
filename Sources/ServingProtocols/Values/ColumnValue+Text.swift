internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import TensorCore

/// The same rule for values that come as bare text, whose type the column has to tell:
///
/// | column | empty | a word for a missing number | number | true, false | other text |
/// |---|---|---|---|---|---|
/// | `float64` | missing | missing | nearest double | 1, 0 | refused |
/// | `int64` | missing | missing | if exact, also `3.0` | refused | refused |
/// | `string` | missing | text | text | text | text |
/// | `string` of whole numbers | missing | text | `3` and `3.0` are `3` | `1`, `0` | text |
///
/// Blanks around a number do not count. An empty cell is missing in every column, quoted or not, since so pandas reads
/// it; an empty text has to be sent as JSON. Words for a missing value are words for a missing number only: a category
/// may be called `NA`. As in JSON there is no infinity.
extension ColumnValue {
    /// What pandas, NumPy, R and databases write for a missing number.
    private static let missingNumbers: [StaticString] = ["NaN", "nan", "NA", "N/A", "<NA>", "null", "NULL", "None"]
    private static let trueWords: [StaticString] = ["true", "True", "TRUE"]
    private static let falseWords: [StaticString] = ["false", "False", "FALSE"]

    /// Reads a text into a slot of the batch.
    /// - Parameter text: valid UTF-8.
    /// - Returns: nil, or why the value does not fit.
    static func read(
        text: Span<UInt8>, into batch: inout RowBatch, row: Int, column: Int
    ) throws(InferenceError) -> Misfit? {
        let layout = batch.layout
        guard layout.columns[column].isUsed else { return nil }
        guard layout.columns[column].kind != .string else {
            guard text.count > 0 else { return missing(layout.columns[column]) }
            if layout.columns[column].takesWholeNumbersAsText, let number = wholeNumber(text) {
                let digits = String(number)
                guard batch.setString(digits.utf8.span, row: row, column: column) else { throw tooMuchText }
                return nil
            }
            guard batch.setString(text, row: row, column: column) else { throw tooMuchText }
            return nil
        }
        let isFloat = layout.columns[column].kind == .float64
        if isFloat, let value = CSVNumber.double(text), value.isFinite {
            batch.setDouble(value, row: row, column: column)
            return nil
        }
        if !isFloat, let value = CSVNumber.int64(text) {
            batch.setInt64(value, row: row, column: column)
            return nil
        }
        let word = CSVNumber.trimmed(text)
        if word.count == 0 || isOne(of: missingNumbers, word) { return missing(layout.columns[column]) }
        if isFloat, isOne(of: trueWords, word) || isOne(of: falseWords, word) {
            batch.setDouble(isOne(of: trueWords, word) ? 1 : 0, row: row, column: column)
            return nil
        }
        return misfit(text, layout.columns[column])
    }

    /// The category that a text is in a column whose categories are whole numbers: as pandas writes them beside a
    /// missing value, and booleans.
    private static func wholeNumber(_ text: Span<UInt8>) -> Int64? {
        if isOne(of: trueWords, text) { return 1 }
        if isOne(of: falseWords, text) { return 0 }
        // 007 is a text, and so is 1e3.
        guard text.count > 0, text[text.count - 1] == UInt8(ascii: "0") else { return nil }
        for index in text.indices where text[index] == UInt8(ascii: ".") { return CSVNumber.int64(text) }
        return nil
    }

    private static func misfit(_ text: Span<UInt8>, _ column: Column) -> Misfit {
        let isNumber = CSVNumber.double(text) != nil
        let detail =
            switch (isNumber, column.kind) {
            case (true, .int64): "this column holds integers, and a fraction would be lost"
            case (true, _): "the number is out of range"
            default: "the value has the wrong type"
            }
        return Misfit(
            expected: expectation(column, missing: "an empty cell"), found: "\"\(beginning(of: text))\"",
            detail: detail)
    }

    /// The text, or as much of it as an error should repeat.
    private static func beginning(of text: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        for index in 0..<min(text.count, 1024) { bytes.append(text[index]) }
        return JSONPointer.shortened(String(decoding: bytes, as: UTF8.self))
    }

    private static func isOne(of words: [StaticString], _ text: Span<UInt8>) -> Bool {
        for word in words where text.equals(word) { return true }
        return false
    }
}
