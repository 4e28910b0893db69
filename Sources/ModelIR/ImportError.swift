/// Why a model file was not taken. It names the place, what was found there and what was expected; it never names a
/// path or an address, so that it may be shown to whoever sent the file.
package struct ImportError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable {
        /// No importer knows these bytes.
        case unknownFormat
        /// The file ends too early.
        case truncated
        /// The file contradicts its format.
        case malformed
        /// The file is sound, but holds something that is not served.
        case unsupported
        /// A named bound is exceeded.
        case limit
    }

    package let kind: Kind
    /// Where: a byte offset, a JSON path such as `learner.trees[3].left_children[7]`, or a step such as
    /// `pipeline/scale`.
    package let place: String
    package let found: String
    package let expected: String
    /// What the user can do instead; nil where the file is simply broken.
    package let remedy: String?

    package init(_ kind: Kind, at place: String, found: String, expected: String, remedy: String? = nil) {
        self.kind = kind
        self.place = place
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    package var description: String {
        var text = "\(place): found \(found), expected \(expected)"
        if let remedy { text += "; \(remedy)" }
        return text
    }
}
