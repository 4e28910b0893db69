/// Why a request was refused by the connection itself, before or instead of a handler.
///
/// After each of these an HTTP/1 connection is closed, while of HTTP/2 only the stream is over: where the framing is in
/// doubt, the bytes that follow could be read as another request than the sender, or a proxy in between, meant (RFC
/// 9112 11.2). Only for the coding of a body the connection goes on.
package enum RequestFailure: UInt8, Error, Sendable, Equatable, CaseIterable {
    case malformedRequestLine, malformedTarget, targetTooLong, unknownMethod, unsupportedVersion
    case bareLineEnd, malformedField, foldedField, headTooLarge, tooManyFields
    case missingHost, repeatedHost, malformedHost
    case malformedLength, repeatedLength, lengthWithCoding
    case unknownCoding, malformedCoding, codingInHTTP10
    case unknownExpectation
    case malformedChunk, chunkExtensionsTooLong, malformedTrailer, trailersTooLarge
    case bodyTooLong
    case headTimeout, bodyTimeout
    case tooManyConnections, tooManyBodies, tooManyAnswers
    case unknownContentCoding, damagedContentCoding

    /// The status that tells it.
    package var status: HTTPStatus {
        switch self {
        case .targetTooLong: .targetTooLong
        case .unknownMethod, .unknownCoding: .notImplemented
        case .unsupportedVersion: .versionNotSupported
        case .headTooLarge, .tooManyFields, .trailersTooLarge: .fieldsTooLarge
        case .unknownExpectation: .expectationFailed
        case .bodyTooLong: .contentTooLarge
        case .headTimeout, .bodyTimeout: .requestTimeout
        case .tooManyConnections, .tooManyBodies, .tooManyAnswers: .serviceUnavailable
        case .unknownContentCoding: .unsupportedMediaType
        default: .badRequest
        }
    }

    /// What was wrong, for the client.
    package var detail: String {
        switch self {
        case .malformedRequestLine: "the request line is not 'METHOD target HTTP/1.1' with single spaces"
        case .malformedTarget: "the request target is not a path, an http URL, or '*' with OPTIONS"
        case .targetTooLong: "the request target is longer than this server reads"
        case .unknownMethod: "this method is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"
        case .unsupportedVersion: "this server speaks HTTP/1.1 and HTTP/1.0"
        case .bareLineEnd: "a line does not end in CR LF, or a CR or LF stands alone"
        case .malformedField: "a field line is not 'name: value', or holds a byte that may not be there"
        case .foldedField: "a field line starts with white space; folded fields are not accepted"
        case .headTooLarge: "the request head is larger than this server reads"
        case .tooManyFields: "the request has more fields than this server reads"
        case .missingHost: "an HTTP/1.1 request needs one Host field"
        case .repeatedHost: "the request has more than one Host field"
        case .malformedHost: "the Host field is not a host and an optional port"
        case .malformedLength: "Content-Length is not a plain decimal number"
        case .repeatedLength: "the request has more than one Content-Length"
        case .lengthWithCoding: "the request has both Content-Length and Transfer-Encoding"
        case .unknownCoding: "the only Transfer-Encoding this server reads is 'chunked'"
        case .malformedCoding: "Transfer-Encoding has to be given once, as 'chunked'"
        case .codingInHTTP10: "an HTTP/1.0 request cannot have Transfer-Encoding"
        case .unknownExpectation: "the only expectation this server meets is '100-continue'"
        case .malformedChunk: "the chunked body is malformed"
        case .chunkExtensionsTooLong: "the chunk extensions are longer than this server reads"
        case .malformedTrailer: "a trailer line is malformed"
        case .trailersTooLarge: "the trailers are larger than this server reads"
        case .bodyTooLong: "the request body is longer than is accepted here"
        case .headTimeout: "the request head did not arrive in time"
        case .bodyTimeout: "the request body arrived too slowly"
        case .tooManyConnections: "the server has as many connections as it accepts; try again later"
        case .tooManyAnswers: "answers that wait for their readers take all the room there is; try again later"
        case .unknownContentCoding: ContentCodingFailure.unsupported.detail
        case .damagedContentCoding: ContentCodingFailure.corrupt.detail
        case .tooManyBodies: "bodies on their way take all the room there is for them; try again later"
        }
    }
}

extension RequestFailure {
    private static let retryFields = ResponseFields.problem.adding([("Retry-After", "1")])

    /// The fields of the answer that tells it.
    package var fields: ResponseFields {
        status == .serviceUnavailable ? RequestFailure.retryFields : .problem
    }

    /// Whether the request itself was wrong, and not its pace or the server's load.
    package var isFraming: Bool {
        switch self {
        case .headTimeout, .bodyTimeout, .tooManyConnections, .tooManyBodies, .tooManyAnswers: false
        case .unknownContentCoding, .damagedContentCoding: false
        default: true
        }
    }
}
