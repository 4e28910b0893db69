/// The request fields that are found by number instead of by name.
package enum KnownField: UInt8, Sendable, CaseIterable {
    case host, connection, contentLength, transferEncoding, expect
    case contentType, contentEncoding, accept, acceptEncoding, authorization, userAgent, origin, cookie
    case ifMatch, ifNoneMatch, idempotencyKey
    case xRequestID, xForwardedFor, forwarded, traceparent, tracestate
    case inferenceHeaderContentLength, inferenceTimeout
    case xAmznSageMakerTargetModel, xAmznSageMakerCustomAttributes
    case ceID, ceSource, ceSpecVersion, ceType

    /// The name in small letters.
    package var name: String {
        switch self {
        case .host: "host"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .expect: "expect"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .authorization: "authorization"
        case .userAgent: "user-agent"
        case .origin: "origin"
        case .cookie: "cookie"
        case .ifMatch: "if-match"
        case .ifNoneMatch: "if-none-match"
        case .idempotencyKey: "idempotency-key"
        case .xRequestID: "x-request-id"
        case .xForwardedFor: "x-forwarded-for"
        case .forwarded: "forwarded"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .inferenceHeaderContentLength: "inference-header-content-length"
        case .inferenceTimeout: "inference-timeout"
        case .xAmznSageMakerTargetModel: "x-amzn-sagemaker-target-model"
        case .xAmznSageMakerCustomAttributes: "x-amzn-sagemaker-custom-attributes"
        case .ceID: "ce-id"
        case .ceSource: "ce-source"
        case .ceSpecVersion: "ce-specversion"
        case .ceType: "ce-type"
        }
    }
}

/// Field names to numbers: the names sorted by length, so that a lookup compares one to four candidates.
final class KnownFieldTable: Sendable {
    /// The one table.
    static let shared = KnownFieldTable()

    /// No known field.
    static let none = UInt8.max

    private static let lengthMax = 40
    private let names: [UInt8]
    private let fields: [UInt8]
    private let starts: [Int]
    /// `firsts[n]..<firsts[n + 1]` are the candidates of length `n`.
    private let firsts: [Int]

    init() {
        var names: [UInt8] = []
        var fields: [UInt8] = []
        var starts: [Int] = []
        var firsts: [Int] = []
        let sorted = KnownField.allCases.sorted { $0.name.utf8.count < $1.name.utf8.count }
        var next = 0
        for length in 0...KnownFieldTable.lengthMax {
            firsts.append(next)
            while next < sorted.count, sorted[next].name.utf8.count == length {
                starts.append(names.count)
                fields.append(sorted[next].rawValue)
                names.append(contentsOf: sorted[next].name.utf8)
                next += 1
            }
        }
        firsts.append(next)
        precondition(next == sorted.count, "a known field's name is longer than the table")
        self.names = names
        self.fields = fields
        self.starts = starts
        self.firsts = firsts
    }

    /// The number of the field named `bytes[range]`, whatever its case, or ``none``.
    func lookup(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt8 {
        let length = range.count
        guard length <= KnownFieldTable.lengthMax else { return KnownFieldTable.none }
        candidates: for candidate in firsts[length]..<firsts[length + 1] {
            let start = starts[candidate]
            for offset in 0..<length where asciiLowercased(bytes[range.lowerBound + offset]) != names[start + offset] {
                continue candidates
            }
            return fields[candidate]
        }
        return KnownFieldTable.none
    }
}
