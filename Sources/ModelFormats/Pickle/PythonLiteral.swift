/// A value as Python writes it in source: what the header of a `.npy` file is.
enum PythonLiteral: Hashable {
    struct Pair: Hashable {
        let key: PythonLiteral
        let value: PythonLiteral
    }

    case none
    case boolean(Bool)
    case integer(Int)
    case text(String)
    /// A list or a tuple.
    case sequence([PythonLiteral])
    case dictionary([Pair])
}

/// Reads one literal: quoted ASCII text, integers, True, False, None, tuples, lists and dicts, nested a few levels.
struct PythonLiteralReader: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset: Int
    private let end: Int

    private static let depthMax = 8

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The literal that fills the range but for blanks around it; nil if there is none.
    mutating func readWhole() -> PythonLiteral? {
        guard let value = read(depth: 0) else { return nil }
        skipBlanks()
        return offset == end ? value : nil
    }

    private mutating func skipBlanks() {
        while offset < end, bytes[offset] == 0x20 || bytes[offset] == 0x0A { offset += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard offset < end, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func read(depth: Int) -> PythonLiteral? {
        guard depth < Self.depthMax else { return nil }
        skipBlanks()
        guard offset < end else { return nil }
        switch bytes[offset] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return readText()
        case UInt8(ascii: "("): return readSequence(closing: UInt8(ascii: ")"), depth: depth)
        case UInt8(ascii: "["): return readSequence(closing: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "{"): return readDictionary(depth: depth)
        default: return readWord()
        }
    }

    private mutating func readText() -> PythonLiteral? {
        let quote = bytes[offset]
        offset += 1
        var text = ""
        while offset < end, bytes[offset] != quote {
            // No name or type code that NumPy writes has an escape.
            guard bytes[offset] != UInt8(ascii: "\\"), (0x20...0x7E).contains(bytes[offset]) else { return nil }
            text.unicodeScalars.append(Unicode.Scalar(bytes[offset]))
            offset += 1
        }
        return take(quote) ? .text(text) : nil
    }

    private mutating func readSequence(closing: UInt8, depth: Int) -> PythonLiteral? {
        offset += 1
        var items: [PythonLiteral] = []
        while !take(closing) {
            guard let item = read(depth: depth + 1) else { return nil }
            items.append(item)
            guard take(UInt8(ascii: ",")) else { return take(closing) ? .sequence(items) : nil }
        }
        return .sequence(items)
    }

    private mutating func readDictionary(depth: Int) -> PythonLiteral? {
        offset += 1
        let closing = UInt8(ascii: "}")
        var pairs: [PythonLiteral.Pair] = []
        while !take(closing) {
            guard let key = read(depth: depth + 1), take(UInt8(ascii: ":")), let value = read(depth: depth + 1) else {
                return nil
            }
            pairs.append(PythonLiteral.Pair(key: key, value: value))
            guard take(UInt8(ascii: ",")) else { return take(closing) ? .dictionary(pairs) : nil }
        }
        return .dictionary(pairs)
    }

    private mutating func readWord() -> PythonLiteral? {
        var word = ""
        while offset < end, word.utf8.count < 24 {
            let byte = bytes[offset]
            guard (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) else {
                break
            }
            word.unicodeScalars.append(Unicode.Scalar(byte))
            offset += 1
        }
        switch word {
        case "True": return .boolean(true)
        case "False": return .boolean(false)
        case "None": return PythonLiteral.none
        default:
            // Python 2 writes a long integer with an L.
            if word.last == "L" { word.removeLast() }
            return Int(word).map { .integer($0) }
        }
    }
}
