/// A request method (RFC 9110 9, RFC 5789).
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options, trace, connect
    /// A well-formed token that is none of these; answered 501 before a handler sees it.
    case other

    /// Reads a method from the wire; case matters.
    init(_ bytes: Span<UInt8>) {
        var word: UInt64 = 0
        guard bytes.count <= 7 else {
            self = .other
            return
        }
        for index in 0..<bytes.count { word = word << 8 | UInt64(bytes[index]) }
        switch word {
        case 0x47_4554: self = .get
        case 0x48_4541_44: self = .head
        case 0x50_4F53_54: self = .post
        case 0x50_5554: self = .put
        case 0x50_4154_4348: self = .patch
        case 0x44_454C_4554_45: self = .delete
        case 0x4F_5054_494F_4E53: self = .options
        case 0x54_5241_4345: self = .trace
        case 0x43_4F4E_4E45_4354: self = .connect
        default: self = .other
        }
    }

    /// The name on the wire, such as `GET`; `OTHER` for ``other``.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .other: "OTHER"
        }
    }
}
