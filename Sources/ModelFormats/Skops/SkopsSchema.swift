internal import ByteCoding
internal import ModelIR

/// The values of `schema.json` in the order of the text, each with the place of its end, so that a walk skips what it
/// does not need. Made in one pass without recursion.
struct SkopsSchema: ~Escapable {
    struct Value {
        let kind: JSONKind
        /// The key under which an object holds it; nil in a list.
        let key: PickleSlice?
        /// Where it stands in the bytes; between the quotes of a string.
        let range: Range<Int>
        /// The value after this one and all that it holds.
        var end: Int
    }

    let bytes: Span<UInt8>
    private(set) var values: [Value] = []

    /// JSON values of one file.
    static let valuesMax = 1 << 24
    /// Objects and lists in each other.
    static let depthMax = 512

    /// - Parameters:
    ///   - bytes: a document's.
    ///   - range: the schema in it.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(ImportError) {
        self.bytes = bytes
        var limits = JSONLimits(depthMax: Self.depthMax, allowsNonFinite: true)
        limits.stringBytesMax = range.count
        do throws(JSONError) {
            // The reader counts from where the bytes begin, so that its places are the document's.
            var reader = JSONReader(bytes.extracting(0..<range.upperBound), at: range.lowerBound, limits: limits)
            values = try Self.read(&reader)
        } catch {
            throw ImportError(error, at: "schema.json", from: range.lowerBound)
        }
        guard values.count < Self.valuesMax else {
            throw ImportError(
                .limit, at: "schema.json", found: "more than \(Self.valuesMax) values", expected: "at most that many")
        }
    }

    private static func read(_ reader: inout JSONReader) throws(JSONError) -> [Value] {
        var values: [Value] = []
        /// The objects and lists that are open.
        var open: [Int] = []
        var key: PickleSlice?
        while values.count < valuesMax {
            // Close what has ended, and go to the next value.
            while let container = open.last {
                if values[container].kind == .object {
                    if let token = try reader.nextKey() {
                        key = PickleSlice(token.range, token.hasEscapes ? .jsonEscape : .utf8)
                        break
                    }
                } else if try reader.nextElement() {
                    key = nil
                    break
                }
                values[container].end = values.count
                open.removeLast()
            }
            if !values.isEmpty, open.isEmpty { break }

            let kind = try reader.peek()
            let index = values.count
            let start = reader.offset
            var range = start..<start
            switch kind {
            case .object:
                try reader.beginObject()
                open.append(index)
            case .array:
                try reader.beginArray()
                open.append(index)
            case .string:
                let token = try reader.readString()
                range = token.range
            case .number, .bool, .null, .end: range = try reader.skipValue()
            }
            values.append(Value(kind: kind, key: key, range: range, end: index + 1))
        }
        if values.count < valuesMax { try reader.finish() }
        return values
    }

    // MARK: Looking

    /// The values that an object or list holds.
    func children(of index: Int) -> [Int] {
        var children: [Int] = []
        var child = index + 1
        while child < values[index].end {
            children.append(child)
            child = values[child].end
        }
        return children
    }

    /// The value of a key of an object; the last one counts.
    func child(_ key: String, of index: Int) -> Int? {
        guard values[index].kind == .object else { return nil }
        var found: Int?
        var child = index + 1
        while child < values[index].end {
            if let slice = values[child].key, slice.coding == .utf8, equals(slice.range, key) { found = child }
            child = values[child].end
        }
        return found
    }

    /// The text of a string without escapes, such as a loader's name or a file's.
    func plainText(_ index: Int) -> String? {
        guard values[index].kind == .string, values[index].range.count <= 256 else { return nil }
        var text: [UInt8] = []
        for place in values[index].range {
            guard bytes[place] != UInt8(ascii: "\\") else { return nil }
            text.append(bytes[place])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func equals(_ range: Range<Int>, _ text: String) -> Bool {
        var index = range.lowerBound
        for byte in text.utf8 {
            guard index < range.upperBound, bytes[index] == byte else { return false }
            index += 1
        }
        return index == range.upperBound
    }
}
