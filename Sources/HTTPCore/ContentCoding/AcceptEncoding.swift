/// What a client says of the codings that we write: the weights in its `Accept-Encoding` (RFC 9110 12.5.3).
///
/// | field | answer |
/// |---|---|
/// | absent | identity: it may stand for anything, but such clients mostly decode nothing |
/// | empty, or none of ours in it | identity |
/// | `gzip`, `deflate;q=0.5`, ... | the one with the highest weight; equal: gzip, deflate, identity |
/// | `q=0` | never that one |
/// | `*` | stands for those that are not named |
/// | nothing left, not even identity | identity nevertheless, as nginx and Apache do: a 406 helps nobody |
///
/// An element with a malformed weight, or with another parameter, is passed over. Of two with one name the first
/// counts.
struct AcceptEncoding {
    /// In thousandths; -1 where it is not named.
    private var gzip = -1
    private var deflate = -1
    private var identity = -1
    private var others = -1

    /// Nothing said.
    init() {}

    /// Whether nothing that concerns us has been said.
    var isEmpty: Bool { gzip & deflate & identity & others == -1 }

    /// Whether the value is `gzip` or begins with `gzip,`.
    @inline(__always)
    static func beginsWithGzip(_ value: Span<UInt8>) -> Bool {
        guard value.count >= 4, value[0] == UInt8(ascii: "g"), value[1] == UInt8(ascii: "z"),
            value[2] == UInt8(ascii: "i"), value[3] == UInt8(ascii: "p")
        else { return false }
        return value.count == 4 || value[4] == UInt8(ascii: ",")
    }

    /// Takes the weights of one field line.
    ///
    /// - Complexity: O(bytes).
    mutating func add(_ value: Span<UInt8>) {
        var elements = ListElements()
        // Once gzip has the full weight, nothing behind it can be liked better.
        while gzip < 1000, let range = elements.next(in: value) { add(element: value.extracting(range)) }
    }

    private mutating func add(element: Span<UInt8>) {
        let semicolon = ByteSearch.firstIndex(of: UInt8(ascii: ";"), in: element, from: 0, to: element.count)
        guard let weight = AcceptEncoding.weight(element, semicolon) else { return }
        let name = element.extracting(ListElements.trimmed(element, 0..<semicolon))
        if name.equals("*") {
            if others < 0 { others = weight }
            return
        }
        switch ContentCoding(named: name) {
        case .gzip: if gzip < 0 { gzip = weight }
        case .deflate: if deflate < 0 { deflate = weight }
        case .identity: if identity < 0 { identity = weight }
        case nil: break
        }
    }

    /// `; q=0.5` from `start` on, in thousandths; 1000 where there is nothing, `nil` where it is something else.
    private static func weight(_ element: Span<UInt8>, _ start: Int) -> Int? {
        guard start < element.count else { return 1000 }
        let range = ListElements.trimmed(element, start + 1..<element.count)
        let parameter = element.extracting(range)
        // weight = OWS ";" OWS "q=" qvalue.
        guard parameter.count > 2, asciiLowercased(parameter[0]) == UInt8(ascii: "q"),
            parameter[1] == UInt8(ascii: "=")
        else { return nil }
        return thousandths(parameter.extracting(2..<parameter.count))
    }

    /// A weight, which is "0" or "1" and at most three decimals (RFC 9110 12.4.2), in thousandths; `nil` for anything
    /// else.
    static func thousandths(_ text: Span<UInt8>) -> Int? {
        guard (1...5).contains(text.count), text.count == 1 || text[1] == UInt8(ascii: ".") else { return nil }
        var thousandths = 0
        var unit = 1000
        for index in text.indices where index != 1 {
            let digit = text[index] &- 0x30
            guard digit < (index == 0 ? 2 : 10) else { return nil }
            thousandths += Int(digit) * unit
            unit /= 10
        }
        return thousandths <= 1000 ? thousandths : nil
    }

    /// The coding for the answer.
    var best: ContentCoding {
        let gzip = gzip >= 0 ? gzip : max(others, 0)
        let deflate = deflate >= 0 ? deflate : max(others, 0)
        // Not named it is acceptable, but anything that is asked for by name comes before it.
        let identity = identity >= 0 ? identity : max(others, 0)
        if gzip > 0, gzip >= deflate, gzip >= identity { return .gzip }
        return deflate > 0 && deflate >= identity ? .deflate : .identity
    }
}
