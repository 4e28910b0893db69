/// What the next value is, told by its first byte alone.
package enum JSONKind: Sendable, Equatable {
    case object
    case array
    case string
    case number
    case bool
    case null
    /// Nothing but white space is left.
    case end
}

/// Where a string stands in the input. It is validated; its bytes are only looked at when asked for.
package struct JSONStringToken: Sendable, Equatable {
    /// Offsets of the bytes between the quotes.
    package let range: Range<Int>
    /// Whether the bytes differ from the text that they stand for.
    package let hasEscapes: Bool

    package init(range: Range<Int>, hasEscapes: Bool) {
        self.range = range
        self.hasEscapes = hasEscapes
    }
}

/// A number as exactly as it was written: an integer of 64 bits never goes through a Double.
package enum JSONNumber: Sendable, Equatable {
    /// Written without fraction or exponent. `-0` is a double, for its sign.
    case int64(Int64)
    /// The same, above `Int64.max`.
    case uint64(UInt64)
    /// Everything else, correctly rounded.
    case double(Double)
}
