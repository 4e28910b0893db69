/// Why an archive was refused, and where.
package struct ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The archive ends too early.
        case truncated
        /// It contradicts itself.
        case malformed
        /// It is sound, but holds what is not read.
        case unsupported
        /// A bound is exceeded.
        case limit
    }

    package let kind: Kind
    /// A byte offset, or an entry's path in quotes.
    package let place: String
    package let found: String
    package let expected: String

    package init(_ kind: Kind, at place: String, found: String, expected: String) {
        self.kind = kind
        self.place = place
        self.found = found
        self.expected = expected
    }

    package var description: String { "\(place): found \(found), expected \(expected)" }
}
