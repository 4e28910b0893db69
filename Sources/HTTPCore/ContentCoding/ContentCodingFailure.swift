/// Why a coded body was refused. The framing around it is not in doubt, so the connection can go on.
package enum ContentCodingFailure: Error, Sendable, Equatable, CaseIterable {
    /// A coding that is not read here, or more than one.
    case unsupported
    /// No bytes at all.
    case empty
    /// The stream contradicts itself: a bad header, code, length or checksum.
    case corrupt
    /// The body ends inside the stream.
    case truncated
    /// Bytes follow the stream.
    case trailingBytes
    /// Many more bytes than those it came in: a bomb.
    case ratioTooLarge
    /// Far fewer bytes than those it came in.
    case padded
    /// As many coded bodies are on their way as the loop has room for.
    case tooMany

    /// The status that tells it.
    package var status: HTTPStatus {
        switch self {
        case .unsupported: .unsupportedMediaType
        case .ratioTooLarge: .contentTooLarge
        case .tooMany: .serviceUnavailable
        default: .badRequest
        }
    }

    /// As what it is counted.
    var counted: RequestFailure {
        switch self {
        case .unsupported: .unknownContentCoding
        case .ratioTooLarge: .bodyTooLong
        case .tooMany: .tooManyBodies
        default: .damagedContentCoding
        }
    }

    /// What was wrong, for the client.
    package var detail: String {
        switch self {
        case .unsupported: "the body's Content-Encoding is not read here; send gzip, deflate or none, and only one"
        case .empty: "the body is empty, but its Content-Encoding says that it is coded"
        case .corrupt: "the body is not what its Content-Encoding says, or it is damaged"
        case .truncated: "the coded body ends too early"
        case .trailingBytes: "bytes follow the end of the coded body"
        case .ratioTooLarge: "the body grows more when it is decoded than is accepted here; send it uncoded"
        case .padded: "the coded body is much longer than what it holds"
        case .tooMany: "coded bodies on their way take all the room there is for them; try again later"
        }
    }

    private static let unsupportedFields = ResponseFields.problem.adding([ContentCoding.readable])
    private static let retryFields = ResponseFields.problem.adding([("Retry-After", "1")])

    /// The fields of the answer that tells it.
    package var fields: ResponseFields {
        switch self {
        case .unsupported: ContentCodingFailure.unsupportedFields
        case .tooMany: ContentCodingFailure.retryFields
        default: .problem
        }
    }
}
