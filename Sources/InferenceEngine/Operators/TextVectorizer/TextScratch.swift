/// Memory in which a text is taken apart: it grows to the longest text and is kept.
package struct TextScratch: Sendable {
    /// The text as it came, and as it was folded.
    var scalars: [Unicode.Scalar] = []
    var folded: [Unicode.Scalar] = []
    /// UTF-8 of the tokens with a space between them, or of the characters. Every n-gram is a part of it.
    var bytes: [UInt8] = []
    /// Where each token or character begins in `bytes`, and where it ends.
    var starts: [Int] = []
    var ends: [Int] = []

    package init() {}

    mutating func removeAll() {
        scalars.removeAll(keepingCapacity: true)
        folded.removeAll(keepingCapacity: true)
        removePieces()
    }

    mutating func removePieces() {
        bytes.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
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
