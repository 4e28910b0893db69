import ByteCoding

/// The error that reading `text` as one value of any kind ends with.
func failure(of text: [UInt8], limits: JSONLimits = .standard) -> JSONError? {
    do throws(JSONError) {
        var reader = JSONReader(text.span, limits: limits)
        _ = try reader.skipValue()
        try reader.finish()
        return nil
    } catch {
        return error
    }
}

func failure(of text: String, limits: JSONLimits = .standard) -> JSONError? {
    failure(of: Array(text.utf8), limits: limits)
}

/// A document written out again, from a walk that reads each value by its kind: the long way round `skipValue`.
func normalized(_ text: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> [UInt8] {
    var reader = JSONReader(text.span, limits: limits)
    var writer = JSONWriter()
    try copyValue(from: &reader, to: &writer)
    try reader.finish()
    return writer.take()
}

private func copyValue(from reader: inout JSONReader, to writer: inout JSONWriter) throws(JSONError) {
    switch try reader.peek() {
    case .object:
        try reader.beginObject()
        writer.beginObject()
        while let key = try reader.nextKey() {
            writer.key(reader.string(key))
            try copyValue(from: &reader, to: &writer)
        }
        writer.endObject()
    case .array:
        try reader.beginArray()
        writer.beginArray()
        while try reader.nextElement() { try copyValue(from: &reader, to: &writer) }
        writer.endArray()
    case .string:
        let token = try reader.readString()
        writer.string(reader.string(token))
    case .number:
        switch try reader.readNumber() {
        case .int64(let value): writer.number(value)
        case .uint64(let value): writer.number(value)
        case .double(let value): writer.number(value)
        }
    case .bool: writer.bool(try reader.readBool())
    case .null, .end:
        try reader.readNull()
        writer.null()
    }
}

// The test macros cannot take arguments that do not escape, so spans stay inside these.

func readDouble(_ text: [UInt8], allowsNonFinite: Bool = false) -> (value: Double, consumed: Int)? {
    FloatParsing.double(text.span, allowsNonFinite: allowsNonFinite)
}

func readFloat(_ text: [UInt8], allowsNonFinite: Bool = false) -> (value: Float, consumed: Int)? {
    FloatParsing.float(text.span, allowsNonFinite: allowsNonFinite)
}

/// What `read` makes of `text`, or the error it throws.
func read<Value>(
    _ text: String, limits: JSONLimits = .standard, _ read: (inout JSONReader) throws(JSONError) -> Value
) -> Result<Value, JSONError> {
    let bytes = Array(text.utf8)
    do throws(JSONError) {
        var reader = JSONReader(bytes.span, limits: limits)
        let value = try read(&reader)
        try reader.finish()
        return .success(value)
    } catch {
        return .failure(error)
    }
}
