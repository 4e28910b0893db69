internal import ByteCoding
internal import InferenceAPI
internal import TensorCore

/// The one rule for values in columns, whatever the protocol around them; here for those of JSON:
///
/// | column | number | true, false | string | null or absent |
/// |---|---|---|---|---|
/// | `float64` | nearest double | 1, 0 | refused | missing |
/// | `int64` | if exact | refused | refused | missing |
/// | `string` | refused | refused | its bytes | missing |
/// | `string` that takes whole numbers | its digits, if whole | 1, 0 | its bytes | missing |
///
/// A column that the model does not use takes anything. A missing value is refused where the model has no rule for
/// it. NaN and Infinity are not JSON.
enum ColumnValue {
    /// Why a value does not fit; the caller knows the place.
    struct Misfit: Error {
        let expected: String
        let found: String
        let detail: String
    }

    /// Reads the next value into a slot of the batch.
    /// - Returns: nil, or why the value does not fit; the reader has then passed it.
    static func read(
        _ reader: inout RequestReader, into batch: inout RowBatch, row: Int, column: Int, scratch: inout [UInt8]
    ) throws(InferenceError) -> Misfit? {
        guard batch.layout.columns[column].isUsed else {
            // The training frame had it, the model does not look at it, and the file does not tell its type.
            try reader.skipValue()
            return nil
        }
        let kind = try reader.peekValue()
        switch (batch.layout.columns[column].kind, kind) {
        case (.float64, .number):
            guard let value = try reader.readDoubleInRange() else { return outOfRange(batch.layout.columns[column]) }
            batch.setDouble(value, row: row, column: column)
            return nil
        case (.float64, .bool):
            batch.setDouble(try reader.readBool() ? 1 : 0, row: row, column: column)
            return nil
        case (.string, .string):
            let token = try reader.readString()
            if token.hasEscapes {
                scratch.removeAll(keepingCapacity: true)
                reader.append(token, to: &scratch)
                return try store(scratch, into: &batch, row: row, column: column)
            }
            guard batch.setString(reader.bytes(of: token), row: row, column: column) else { throw tooMuchText }
            return nil
        case (.string, .bool) where batch.layout.columns[column].takesWholeNumbersAsText:
            scratch.removeAll(keepingCapacity: true)
            scratch.append(try reader.readBool() ? UInt8(ascii: "1") : UInt8(ascii: "0"))
            return try store(scratch, into: &batch, row: row, column: column)
        case (.string, .number) where batch.layout.columns[column].takesWholeNumbersAsText:
            scratch.removeAll(keepingCapacity: true)
            switch try reader.readNumberInRange() {
            case .int64(let value)?: scratch.append(contentsOf: String(value).utf8)
            case .uint64(let value)?: scratch.append(contentsOf: String(value).utf8)
            case .double?, nil:
                return Misfit(
                    expected: "a string, a whole number, true or false", found: "another number",
                    detail: "a category has no fraction; the library refuses it too")
            }
            return try store(scratch, into: &batch, row: row, column: column)
        case (.int64, .number):
            if case .int64(let value)? = try reader.readNumberInRange() {
                batch.setInt64(value, row: row, column: column)
                return nil
            }
            return Misfit(
                expected: "an integer of 64 bits", found: "another number",
                detail: "this column holds integers, and a fraction would be lost")
        case (_, .null):
            try reader.readNull()
            return missing(batch.layout.columns[column])
        default:
            try reader.skipValue()
            return Misfit(
                expected: expectation(batch.layout.columns[column]), found: describe(kind),
                detail: "the value has the wrong type")
        }
    }

    private static func store(
        _ text: [UInt8], into batch: inout RowBatch, row: Int, column: Int
    ) throws(InferenceError) -> Misfit? {
        guard batch.setString(text.span, row: row, column: column) else { throw tooMuchText }
        return nil
    }

    static var tooMuchText: InferenceError { .tooLarge(limit: "\(RowBatch.arenaBytesMax) bytes of text") }

    /// Whether a column may stay missing, as it is in a fresh row.
    static func missing(_ column: Column) -> Misfit? {
        guard !column.acceptsMissing else { return nil }
        return Misfit(
            expected: expectation(column), found: "no value",
            detail: "the model has no rule for a missing value in this column")
    }

    private static func outOfRange(_ column: Column) -> Misfit {
        Misfit(
            expected: expectation(column), found: "a number beyond 1.8e308", detail: "the number is out of range")
    }

    /// A field that is left out though the model's policy wants each one.
    static let absent = Misfit(
        expected: "each field, with null for a missing value", found: "no value",
        detail: "this model's records have to be complete")

    /// - Parameter missing: how the body's form writes a missing value.
    static func expectation(_ column: Column, missing: String = "null") -> String {
        switch column.kind {
        case .float64:
            return column.acceptsMissing ? "a number, true, false or \(missing)" : "a number, true or false"
        case .int64: return column.acceptsMissing ? "an integer or \(missing)" : "an integer"
        case .string:
            let known = column.categories.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            return known.isEmpty ? "a string" : "a string, such as \(known)"
        }
    }

    static func describe(_ kind: JSONKind) -> String {
        switch kind {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        case .end: "the end of the body"
        }
    }
}
