internal import ByteCoding
internal import ModelIR
internal import TensorCore

/// Pulls values out of a JSON document that belongs to a model, with errors that say where each stands.
///
/// A `place` is what the caller calls the value; it is worked out for errors only.
struct ModelJSONReader: ~Escapable {
    private var reader: JSONReader
    /// Stands before each place, such as the file's name; may be empty.
    private let document: String
    /// Bytes of a key beyond which it is cut.
    private let keyBytesMax: Int

    /// - Parameter keyBytesMax: for a document whose known keys are short, so that others may stand in messages.
    @_lifetime(copy bytes)
    init(
        _ bytes: Span<UInt8>, document: String = "", limits: JSONLimits = .standard, keyBytesMax: Int = .max
    ) {
        reader = JSONReader(bytes, limits: limits)
        self.document = document
        self.keyBytesMax = keyBytesMax
    }

    /// Reads what `body` takes from the document.
    mutating func read<Value>(
        _ place: @autoclosure () -> String, _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(ImportError) -> Value {
        do throws(JSONError) {
            return try body(&reader)
        } catch {
            let place = place()
            throw ImportError(error, at: document.isEmpty || place.isEmpty ? document + place : "\(document) \(place)")
        }
    }

    // MARK: One after the other

    mutating func beginObject(_ place: @autoclosure () -> String) throws(ImportError) {
        try read(place()) { (reader) throws(JSONError) in try reader.beginObject() }
    }

    /// The next key of the object; nil at its end.
    mutating func nextKey(_ place: @autoclosure () -> String) throws(ImportError) -> String? {
        let key = try read(place()) { (reader) throws(JSONError) -> String? in
            guard let token = try reader.nextKey() else { return nil }
            return reader.string(token)
        }
        guard let key, key.utf8.count > keyBytesMax else { return key }
        return String(decoding: key.utf8.prefix(keyBytesMax), as: UTF8.self) + "..."
    }

    mutating func beginArray(_ place: @autoclosure () -> String) throws(ImportError) {
        try read(place()) { (reader) throws(JSONError) in try reader.beginArray() }
    }

    /// Whether another element is to be read; false at the array's end.
    mutating func nextElement(_ place: @autoclosure () -> String) throws(ImportError) -> Bool {
        try read(place()) { (reader) throws(JSONError) in try reader.nextElement() }
    }

    /// Checks that nothing follows the document.
    mutating func finish() throws(ImportError) {
        try read("the end") { (reader) throws(JSONError) in try reader.finish() }
    }

    // MARK: Values

    mutating func kind(_ place: @autoclosure () -> String) throws(ImportError) -> JSONKind {
        try read(place()) { (reader) throws(JSONError) in try reader.peek() }
    }

    mutating func string(_ place: @autoclosure () -> String) throws(ImportError) -> String {
        try read(place()) { (reader) throws(JSONError) in
            let token = try reader.readString()
            return reader.string(token)
        }
    }

    mutating func number(_ place: @autoclosure () -> String) throws(ImportError) -> Double {
        try read(place()) { (reader) throws(JSONError) in try reader.readDouble() }
    }

    mutating func integer(_ place: @autoclosure () -> String) throws(ImportError) -> Int64 {
        try read(place()) { (reader) throws(JSONError) in try reader.readInt64() }
    }

    /// A number, text, true, false or null.
    mutating func cell(_ place: @autoclosure () -> String) throws(ImportError) -> CellValue {
        try read(place()) { (reader) throws(JSONError) in
            switch try reader.peek() {
            case .null:
                try reader.readNull()
                return .missing
            case .bool: return .number(try reader.readBool() ? 1 : 0)
            case .number:
                switch try reader.readNumber() {
                case .int64(let value): return .integer(value)
                case .uint64(let value): return .number(Double(value))
                case .double(let value): return .number(value)
                }
            default:
                let token = try reader.readString()
                return .text(reader.string(token))
            }
        }
    }

    /// Passes a value of any kind.
    mutating func skip(_ place: @autoclosure () -> String) throws(ImportError) {
        try read(place()) { (reader) throws(JSONError) in _ = try reader.skipValue() }
    }

    // MARK: Containers

    /// Reads an object and hands over each key; each may occur once.
    mutating func object(
        _ place: String, _ member: (inout ModelJSONReader, String) throws(ImportError) -> Void
    ) throws(ImportError) {
        try beginObject(place)
        var seen: Set<String> = []
        while let key = try nextKey(place) {
            guard seen.insert(key).inserted else {
                let whole = Self.join(place, key)
                throw ImportError(
                    .malformed, at: document.isEmpty ? whole : "\(document) \(whole)", found: "the key a second time",
                    expected: "each key once")
            }
            try member(&self, key)
        }
    }

    /// Reads an array and hands over the place of each element.
    mutating func array(
        _ place: String, _ element: (inout ModelJSONReader, Int) throws(ImportError) -> Void
    ) throws(ImportError) {
        try beginArray(place)
        var count = 0
        while try nextElement(place) {
            try element(&self, count)
            count += 1
        }
    }

    /// The place of a key within another.
    static func join(_ place: String, _ key: String) -> String { place.isEmpty ? key : place + "." + key }
}
