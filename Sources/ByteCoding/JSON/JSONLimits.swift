/// Bounds of one JSON document, and what it may hold beyond RFC 8259.
///
/// Each bound is on what a client controls; a document over one is refused with the bound in the reason.
package struct JSONLimits: Sendable, Equatable {
    /// Deepest nesting that ``JSONReader/skipValue()`` can track: one bit a level in fixed storage.
    package static let depthCeiling = 1024

    /// Objects and arrays that may be open at once, at most ``depthCeiling``.
    package var depthMax: Int
    /// Bytes of one string between its quotes, escapes still encoded.
    package var stringBytesMax: Int
    /// Bytes of one number. The longest exact decimal form of a double has 1077.
    package var numberBytesMax: Int
    /// Accept the bare words `NaN`, `Infinity` and `-Infinity` as numbers, as XGBoost 1.x and Python's `json` write
    /// them.
    package var allowsNonFinite: Bool

    package init(
        depthMax: Int = 64, stringBytesMax: Int = 16 << 20, numberBytesMax: Int = 2048, allowsNonFinite: Bool = false
    ) {
        precondition((1...Self.depthCeiling).contains(depthMax), "depthMax is outside 1...\(Self.depthCeiling)")
        self.depthMax = depthMax
        self.stringBytesMax = stringBytesMax
        self.numberBytesMax = numberBytesMax
        self.allowsNonFinite = allowsNonFinite
    }

    /// For requests.
    package static let standard = JSONLimits()
}
