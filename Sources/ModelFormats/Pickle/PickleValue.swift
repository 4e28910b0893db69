/// Names one node of a `PickleDocument`: the index of a list, tuple, dictionary, record or the like.
struct PickleHandle: Hashable, Sendable {
    let index: Int32
}

/// Where text or bytes lie in the file, and how they are written there. They are read when something needs them.
struct PickleSlice: Hashable, Sendable {
    enum Coding: UInt8, Hashable, Sendable {
        case utf8
        /// One byte a character; also plain bytes.
        case latin1
        /// Latin-1 with `\uXXXX` and `\UXXXXXXXX` (opcode UNICODE).
        case rawUnicodeEscape
        /// The inside of a Python 2 string literal (opcode STRING).
        case stringEscape
        /// The inside of a JSON string.
        case jsonEscape
        /// The inside of a JSON string whose JSON stands in a JSON string (skops).
        case jsonEscapeTwice
        /// NumPy's text: 4 bytes little-endian a code point, padded with zeros.
        case ucs4
    }

    let start: UInt32
    let count: UInt32
    let coding: Coding

    /// The range lies in a file of at most `PickleLimits.fileBytesMax` bytes.
    init(_ range: Range<Int>, _ coding: Coding) {
        start = UInt32(range.lowerBound)
        count = UInt32(range.count)
        self.coding = coding
    }

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// One inert value of a pickle. Plain bits: containers are named by handle, so that neither a cycle nor a nesting of
/// any depth costs anything to hold or to drop.
enum PickleValue: Hashable, Sendable {
    case none
    case boolean(Bool)
    case integer(Int64)
    /// An integer beyond 64 bits, kept as the file writes it.
    case bigInteger(PickleSlice)
    case float(Double)
    case text(PickleSlice)
    case bytes(PickleSlice)
    case node(PickleHandle)
}
