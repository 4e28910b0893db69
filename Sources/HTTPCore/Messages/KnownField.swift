/// The request fields that are found by number instead of by name.
package enum KnownField: UInt8, Sendable, CaseIterable {
    case host, connection, contentLength, transferEncoding, expect
    case contentType, contentEncoding, accept, acceptEncoding, authorization, userAgent, origin, cookie
    case ifMatch, ifNoneMatch, idempotencyKey
    case xRequestID, xForwardedFor, forwarded, traceparent, tracestate
    case inferenceHeaderContentLength, inferenceTimeout
    case xAmznSageMakerTargetModel, xAmznSageMakerCustomAttributes
    case xRequestTimeoutMs, xRequestPriority
    case ceID, ceSource, ceSpecVersion, ceType
    case minGeneration

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
        case .xRequestTimeoutMs: "x-request-timeout-ms"
        case .xRequestPriority: "x-request-priority"
        case .ceID: "ce-id"
        case .ceSource: "ce-source"
        case .ceSpecVersion: "ce-specversion"
        case .ceType: "ce-type"
        case .minGeneration: "x-min-generation"
        }
    }
}
