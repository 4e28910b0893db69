// modules: ByteCoding
internal import ByteCoding

/// Feeds any bytes to the JSON reader. It must not trap; skipping and walking must accept the same documents; and
/// what is written from a walk must be read as the same again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    for limits in [JSONLimits(depthMax: 20), JSONLimits(depthMax: 20, allowsNonFinite: true)] {
        let isSkipped = skips(text, limits)
        do throws(JSONError) {
            let once = try normalized(text, limits)
            let twice = try normalized(once, limits)
            precondition(isSkipped, "walked, but not skipped")
            precondition(once == twice || limits.allowsNonFinite, "written and read again, it changed")
        } catch {
            precondition(!isSkipped || error.reason == .numberOutOfRange, "skipped, but not walked")
        }
    }
    _ = FloatParsing.float(text.span, allowsNonFinite: true)
    _ = FloatParsing.double(text.span, allowsNonFinite: true)
    return 0
}

private func skips(_ text: [UInt8], _ limits: JSONLimits) -> Bool {
    do throws(JSONError) {
        var reader = JSONReader(text.span, limits: limits)
        _ = try reader.skipValue()
        try reader.finish()
        return true
    } catch {
        return false
    }
}

private func normalized(_ text: [UInt8], _ limits: JSONLimits) throws(JSONError) -> [UInt8] {
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
            let text = reader.string(key)
            precondition(reader.equals(key, text))
            writer.key(text)
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
