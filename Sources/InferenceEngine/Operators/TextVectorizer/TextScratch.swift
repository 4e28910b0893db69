/// Memory in which a text is taken apart. It grows to the text, and what a long one has taken is given back by the
/// next.
package struct TextScratch: Sendable {
    /// The text as it came, and as it was folded.
    var scalars: [Unicode.Scalar] = []
    var folded: [Unicode.Scalar] = []
    /// UTF-8 of the tokens with a space between them, or of the characters. Every n-gram is a part of it.
    var bytes: [UInt8] = []
    /// Where each token or character begins in `bytes`, and where it ends.
    var starts: [Int] = []
    var ends: [Int] = []

    /// Elements of each array that are kept from one text to the next.
    static let countKeptMax = 1 << 17

    package init() {}

    mutating func removeAll() {
        Self.removeAll(&scalars)
        Self.removeAll(&folded)
        removePieces()
    }

    mutating func removePieces() {
        Self.removeAll(&bytes)
        Self.removeAll(&starts)
        Self.removeAll(&ends)
    }

    private static func removeAll<Element>(_ array: inout [Element]) {
        array.removeAll(keepingCapacity: array.capacity <= countKeptMax)
    }

    /// Adds UTF-8 of a code point.
    mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            bytes.append(UInt8(scalar.value))
        } else {
            bytes.append(contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
        }
    }
}
