internal import ModelIR

/// A model document in Universal Binary JSON (draft 12), big-endian, as far as XGBoost writes it.
///
///     value   S length bytes | i i8 | U u8 | I i16 | l i32 | L i64 | d f32 | D f64 | T | F | Z | C byte | H length
/// digits
///     array   [ value ... ]  or  [ # count value ...  or  [ $ type # count payload ...
///     object  { length key value ... }        a key has no S in front; lengths and counts are integers with their
/// marker
///
/// `N` between values says nothing. Typed arrays are of numbers only; counted objects are refused.
struct XGBoostUBJSONSource: XGBoostSource, ~Escapable {
    /// Containers that may be open at once, skipped ones included.
    private static let depthMax = 64

    private let bytes: Span<UInt8>
    private var offset = 0
    /// For each open container, the elements still to come; nil where it has a closing byte.
    private var open: [Int?] = []

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    // MARK: Containers

    mutating func beginObject(_ place: @autoclosure () -> String) throws(ImportError) {
        try expect(Self.objectStart, "an object", place())
        try enter(nil, place())
    }

    mutating func nextKey(_ place: @autoclosure () -> String) throws(ImportError) -> String? {
        try skipNothings(place())
        if try peek(place()) == Self.objectEnd {
            offset += 1
            open.removeLast()
            return nil
        }
        return XGBoostParameters.key(try text(place()))
    }

    mutating func beginArray(_ place: @autoclosure () -> String) throws(ImportError) {
        try expect(Self.arrayStart, "an array", place())
        guard try peek(place()) != Self.typeSign else {
            throw refusal(.malformed, place(), "an array of numbers", "an array of objects or strings")
        }
        try enter(try count(place()), place())
    }

    mutating func nextElement(_ place: @autoclosure () -> String) throws(ImportError) -> Bool {
        guard let last = open.last else { preconditionFailure("no array is open") }
        if let rest = last {
            if rest == 0 { open.removeLast() } else { open[open.count - 1] = rest - 1 }
            return rest > 0
        }
        try skipNothings(place())
        guard try peek(place()) == Self.arrayEnd else { return true }
        offset += 1
        open.removeLast()
        return false
    }

    private mutating func enter(_ count: Int?, _ place: String) throws(ImportError) {
        guard open.count < Self.depthMax else {
            throw refusal(.limit, place, "deeper nesting", "at most \(Self.depthMax) levels")
        }
        open.append(count)
    }

    /// The count of a container that has one. Each element has at least one byte, which bounds it.
    private mutating func count(_ place: @autoclosure () -> String) throws(ImportError) -> Int? {
        guard try peek(place()) == Self.countSign else { return nil }
        offset += 1
        return try length(place(), bytesEach: 1)
    }

    // MARK: Values

    mutating func string(_ place: @autoclosure () -> String) throws(ImportError) -> String {
        try expect(0x53, "a string", place())
        return try text(place())
    }

    mutating func integers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int32] {
        var values: [Int32] = []
        if let (type, count) = try beginTypedArray(place()) {
            if type == 0x6C { return words(count) { Int32(bitPattern: $0) } }
            if type == 0x55 { return octets(count) }
            values.reserveCapacity(count)
            for index in 0..<count {
                values.append(try integer(type, "\(place())[\(index)]"))
            }
            return values
        }
        while try nextElement(place()) {
            values.append(try integer(try marker(place()), "\(place())[\(values.count)]"))
        }
        return values
    }

    mutating func longIntegers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int64] {
        func value(_ type: UInt8, _ reader: inout Self, _ place: String) throws(ImportError) -> Int64 {
            guard let value = try reader.wideInteger(type, place) else { throw reader.unknown(type, place) }
            return value
        }
        var values: [Int64] = []
        if let (type, count) = try beginTypedArray(place()) {
            values.reserveCapacity(count)
            for index in 0..<count { values.append(try value(type, &self, "\(place())[\(index)]")) }
            return values
        }
        while try nextElement(place()) {
            let type = try marker(place())
            values.append(try value(type, &self, "\(place())[\(values.count)]"))
        }
        return values
    }

    mutating func floats(_ place: @autoclosure () -> String) throws(ImportError) -> [Float] {
        var values: [Float] = []
        if let (type, count) = try beginTypedArray(place()) {
            if type == 0x64 { return words(count) { Float(bitPattern: $0) } }
            values.reserveCapacity(count)
            for index in 0..<count { values.append(try float(type, "\(place())[\(index)]")) }
            return values
        }
        while try nextElement(place()) {
            values.append(try float(try marker(place()), "\(place())[\(values.count)]"))
        }
        return values
    }

    mutating func skip(_ place: @autoclosure () -> String) throws(ImportError) {
        try skipNothings(place())
        switch try peek(place()) {
        case Self.objectStart:
            try beginObject(place())
            while try nextKey(place()) != nil { try skip(place()) }  // Depth is bounded by `enter`.
        case Self.arrayStart:
            if let (type, count) = try beginTypedArray(place()) {
                offset += count * (Self.width(of: type) ?? 0)  // Within the bytes: the count was held against them.
            } else {
                while try nextElement(place()) { try skip(place()) }
            }
        default:
            let type = try marker(place())
            switch type {
            case 0x5A, Self.trueMark, Self.falseMark: return
            case 0x53, 0x48: _ = try length(place(), bytesEach: 1, skips: true)
            case 0x43: try skip(bytes: 1, place())
            default:
                guard let width = Self.width(of: type) else { throw unknown(type, place()) }
                try skip(bytes: width, place())
            }
        }
    }

    mutating func finish() throws(ImportError) {
        guard offset == bytes.count else {
            throw refusal(.malformed, "the end", "\(bytes.count - offset) more bytes", "nothing more")
        }
    }

    /// Enters an array: its element type and count if it is typed, and then it is already left again but for its
    /// payload.
    private mutating func beginTypedArray(
        _ place: @autoclosure () -> String
    ) throws(ImportError) -> (type: UInt8, count: Int)? {
        try expect(Self.arrayStart, "an array", place())
        guard try peek(place()) == Self.typeSign else {
            try enter(try count(place()), place())
            return nil
        }
        offset += 1
        let type = try byte(place())
        guard let width = Self.width(of: type) else { throw unknown(type, place()) }
        guard try byte(place()) == Self.countSign else {
            offset -= 1
            throw refusal(.malformed, place(), "a typed array without a count", "\"#\" and a count")
        }
        return (type, try length(place(), bytesEach: width))
    }

    /// The payload of a typed array of four bytes each, nearly all of a model, without a look at each one's place.
    private mutating func words<Value>(_ count: Int, _ value: (UInt32) -> Value) -> [Value] {
        let payload = takePayload(4 * count)
        var values: [Value] = []
        values.append(addingCapacity: count) { output in
            for at in stride(from: 0, to: payload.count, by: 4) {
                let high = UInt32(payload[at]) << 24 | UInt32(payload[at + 1]) << 16
                output.append(value(high | UInt32(payload[at + 2]) << 8 | UInt32(payload[at + 3])))
            }
        }
        return values
    }

    /// The payload of a typed array of one byte each: the flags of a tree's nodes.
    private mutating func octets(_ count: Int) -> [Int32] {
        let payload = takePayload(count)
        var values: [Int32] = []
        values.append(addingCapacity: count) { output in
            for at in payload.indices { output.append(Int32(payload[at])) }
        }
        return values
    }

    /// Within the bytes: `beginTypedArray` has held its length against them.
    @_lifetime(copy self)
    private mutating func takePayload(_ byteCount: Int) -> Span<UInt8> {
        let payload = bytes.extracting(offset..<(offset + byteCount))
        offset += byteCount
        return payload
    }

    // MARK: Scalars

    private mutating func text(_ place: @autoclosure () -> String) throws(ImportError) -> String {
        let count = try length(place(), bytesEach: 1)
        var storage: [UInt8] = []
        storage.reserveCapacity(count)
        for index in offset..<(offset + count) { storage.append(bytes[index]) }
        guard let text = String(validating: storage, as: UTF8.self) else {
            throw refusal(.malformed, place(), "a string that is no UTF-8", "UTF-8")
        }
        offset += count
        return text
    }

    /// A length or count, held against the bytes that are left.
    private mutating func length(
        _ place: @autoclosure () -> String, bytesEach: Int, skips: Bool = false
    ) throws(ImportError) -> Int {
        let type = try marker(place())
        guard type != 0x64, type != 0x44, let wide = try wideInteger(type, place()) else {
            throw unknown(type, place())
        }
        guard wide >= 0, wide <= Int64((bytes.count - offset) / bytesEach) else {
            throw refusal(
                wide < 0 ? .malformed : .truncated, place(), "a length of \(wide)",
                "0 to \((bytes.count - offset) / bytesEach), which is what the file has left")
        }
        if skips { offset += Int(wide) }
        return Int(wide)
    }

    private mutating func integer(
        _ type: UInt8, _ place: @autoclosure () -> String
    ) throws(ImportError) -> Int32 {
        if type == Self.trueMark || type == Self.falseMark { return type == Self.trueMark ? 1 : 0 }
        guard let wide = try wideInteger(type, place()) else { throw unknown(type, place()) }
        guard let value = Int32(exactly: wide) else {
            throw refusal(.malformed, place(), "\(wide)", "an integer of 32 bits")
        }
        return value
    }

    private mutating func float(_ type: UInt8, _ place: @autoclosure () -> String) throws(ImportError) -> Float {
        switch type {
        case 0x64: return Float(bitPattern: UInt32(truncatingIfNeeded: try bigEndian(4, place())))
        case 0x44: return Float(Double(bitPattern: try bigEndian(8, place())))
        default:
            guard let wide = try wideInteger(type, place()) else { throw unknown(type, place()) }
            return Float(wide)
        }
    }

    /// The integer after its marker; nil if the marker is none of an integer's.
    private mutating func wideInteger(
        _ type: UInt8, _ place: @autoclosure () -> String
    ) throws(ImportError) -> Int64? {
        switch type {
        case 0x69: Int64(Int8(truncatingIfNeeded: try bigEndian(1, place())))
        case 0x55: Int64(try bigEndian(1, place()))
        case 0x49: Int64(Int16(truncatingIfNeeded: try bigEndian(2, place())))
        case 0x6C: Int64(Int32(truncatingIfNeeded: try bigEndian(4, place())))
        case 0x4C: Int64(bitPattern: try bigEndian(8, place()))
        default: nil
        }
    }

    private mutating func bigEndian(_ count: Int, _ place: @autoclosure () -> String) throws(ImportError) -> UInt64 {
        guard bytes.count - offset >= count else { throw end(place()) }
        var value: UInt64 = 0
        for index in offset..<(offset + count) { value = value << 8 | UInt64(bytes[index]) }
        offset += count
        return value
    }

    // MARK: Bytes

    private static let objectStart: UInt8 = 0x7B
    private static let objectEnd: UInt8 = 0x7D
    private static let arrayStart: UInt8 = 0x5B
    private static let arrayEnd: UInt8 = 0x5D
    private static let typeSign: UInt8 = 0x24
    private static let countSign: UInt8 = 0x23
    private static let nothing: UInt8 = 0x4E
    private static let trueMark: UInt8 = 0x54
    private static let falseMark: UInt8 = 0x46

    /// Bytes of a number of this type; nil for other types.
    private static func width(of type: UInt8) -> Int? {
        switch type {
        case 0x69, 0x55: 1
        case 0x49: 2
        case 0x6C, 0x64: 4
        case 0x4C, 0x44: 8
        default: nil
        }
    }

    private func peek(_ place: @autoclosure () -> String) throws(ImportError) -> UInt8 {
        guard offset < bytes.count else { throw end(place()) }
        return bytes[offset]
    }

    private mutating func byte(_ place: @autoclosure () -> String) throws(ImportError) -> UInt8 {
        let byte = try peek(place())
        offset += 1
        return byte
    }

    /// The next value's marker.
    private mutating func marker(_ place: @autoclosure () -> String) throws(ImportError) -> UInt8 {
        try skipNothings(place())
        return try byte(place())
    }

    private mutating func skipNothings(_ place: @autoclosure () -> String) throws(ImportError) {
        while try peek(place()) == Self.nothing { offset += 1 }
    }

    private mutating func skip(bytes count: Int, _ place: @autoclosure () -> String) throws(ImportError) {
        guard bytes.count - offset >= count else { throw end(place()) }
        offset += count
    }

    private mutating func expect(
        _ wanted: UInt8, _ name: String, _ place: @autoclosure () -> String
    ) throws(ImportError) {
        let found = try marker(place())
        guard found == wanted else {
            offset -= 1
            throw refusal(.malformed, place(), Self.name(found), name)
        }
    }

    private func unknown(_ type: UInt8, _ place: String) -> ImportError {
        refusal(.malformed, place, Self.name(type), "a number")
    }

    private func end(_ place: String) -> ImportError {
        refusal(.truncated, place, "the end of the file", "more of the document")
    }

    private func refusal(_ kind: ImportError.Kind, _ place: String, _ found: String, _ expected: String) -> ImportError
    {
        ImportError(kind, at: "\(place) (byte \(offset))", found: found, expected: expected)
    }

    private static func name(_ marker: UInt8) -> String {
        marker > 0x20 && marker < 0x7F
            ? "the marker \"\(Character(UnicodeScalar(marker)))\"" : "the byte 0x\(String(marker, radix: 16))"
    }
}
