internal import ByteCoding

/// Reads the small documents that credential services answer with.
enum FlatJSON {
    /// The strings and whole numbers of one object, as text; what else it holds is passed over. Empty for anything that
    /// is not an object.
    static func values(of bytes: [UInt8]) -> [String: String] {
        (try? read(bytes)) ?? [:]
    }

    private static func read(_ bytes: [UInt8]) throws(JSONError) -> [String: String] {
        var reader = JSONReader(bytes.span)
        var values: [String: String] = [:]
        try reader.beginObject()
        while let token = try reader.nextKey() {
            let key = reader.string(token)
            switch try reader.peek() {
            case .string:
                let value = try reader.readString()
                values[key] = reader.string(value)
            case .number:
                if case .int64(let number) = try reader.readNumber() { values[key] = String(number) }
            default: _ = try reader.skipValue()
            }
        }
        try reader.finish()
        return values
    }
}
