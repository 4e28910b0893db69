/// Why the model store could not do what it was asked. `description` may be shown to clients: it names no path and no
/// host. `path` is for the log alone.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable {
        /// Somebody else has committed this generation.
        case generationTaken
        /// The store may only be read.
        case readOnly
        /// No room: ENOSPC, EDQUOT.
        case full
        /// EACCES, EPERM.
        case permission
        /// What was asked for is not there.
        case missing
        /// The bytes are not those that were stored.
        case corrupt
        /// It is far away and does not answer, or says that it cannot now: it may come back by itself.
        case unreachable
        /// A named bound is exceeded.
        case limit
        /// Any other failure of the system.
        case io
    }

    package let kind: Kind
    /// What was being done, such as `writing a blob`.
    package let operation: String
    /// What is wrong, for clients: a sentence without paths.
    package let detail: String
    /// The system's error, such as `ENOSPC`; nil where the system had no part in it.
    package let errorName: String?
    /// Where, for the log only.
    package let path: String?
    /// False where nothing was tried, the store being known to be away.
    package let wasAsked: Bool

    package init(
        _ kind: Kind, while operation: String, detail: String, errorName: String? = nil, path: String? = nil,
        wasAsked: Bool = true
    ) {
        self.kind = kind
        self.operation = operation
        self.detail = detail
        self.errorName = errorName
        self.path = path
        self.wasAsked = wasAsked
    }

    package var description: String {
        "\(operation): \(detail)" + (errorName.map { " (\($0))" } ?? "")
    }
}
