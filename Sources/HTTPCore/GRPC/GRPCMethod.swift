/// One method of a service.
package struct GRPCMethod: Sendable {
    /// How many messages go either way.
    package enum Kind: Sendable, CaseIterable {
        case unary, clientStreaming, serverStreaming, bidirectional

        /// Whether the client sends exactly one.
        package var hasOneRequest: Bool { self == .unary || self == .serverStreaming }
        /// Whether the server sends exactly one, if it sends a good status.
        package var hasOneResponse: Bool { self == .unary || self == .clientStreaming }
    }

    /// The default bound of one message, as in other servers.
    package static let messageBytesMax = 4 << 20

    /// Without its service, such as `Check`.
    package let name: String
    package let kind: Kind
    /// Of one request message; a longer one ends the call with `RESOURCE_EXHAUSTED`.
    package let messageBytesMax: Int

    package init(_ name: String, _ kind: Kind, messageBytesMax: Int = GRPCMethod.messageBytesMax) {
        self.name = name
        self.kind = kind
        self.messageBytesMax = messageBytesMax
    }
}
