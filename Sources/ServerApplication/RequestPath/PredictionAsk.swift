internal import HTTPCore
internal import InferenceAPI
internal import ServingProtocols

/// What a prediction asks for besides its rows, as its head tells:
///
/// | where | what | without |
/// |---|---|---|
/// | `X-Request-Timeout-Ms` | milliseconds from the head, after which an answer is of no use | no deadline |
/// | `X-Request-Priority` | `high`, `normal` or `low` among what waits for the same model | `normal` |
/// | `?errors=` | `row`: each row has its own outcome; `all`: one wrong row fails the request | `all` |
struct PredictionAsk {
    var terms = RequestTerms.standard
    var isolatesRows = false
    /// Of its body and of its answer.
    var format = RequestFormat.native(NativeFormat())

    static let standard = PredictionAsk()

    /// Whether the head says nothing of it.
    @inline(__always)
    static func isStandard(_ head: borrowing RequestHead) -> Bool {
        head.query == nil && !head.has(.xRequestTimeoutMs) && !head.has(.xRequestPriority)
    }

    private init() {}

    /// - Parameter now: when the head came.
    /// - Throws: the answer to a head that says it wrongly.
    init(_ head: borrowing RequestHead, now: UInt64) throws(Malformed) {
        if let text = head.value(of: .xRequestTimeoutMs) {
            guard let milliseconds = RequestDeadline.milliseconds(text), !head.hasSeveral(.xRequestTimeoutMs) else {
                throw Malformed(
                    "X-Request-Timeout-Ms", head.texts(of: .xRequestTimeoutMs).joined(separator: ", "),
                    "whole milliseconds from 1 to \(RequestDeadline.timeoutMillisecondsMax)")
            }
            terms.deadline = RequestDeadline(start: now, timeoutNanoseconds: UInt64(milliseconds) * 1_000_000)
        }
        if let text = head.value(of: .xRequestPriority) {
            guard let priority = RequestPriority(text), !head.hasSeveral(.xRequestPriority) else {
                throw Malformed(
                    "X-Request-Priority", head.texts(of: .xRequestPriority).joined(separator: ", "),
                    RequestPriority.allCases.map(\.name).joined(separator: ", "))
            }
            terms.priority = priority
        }
        guard let query = head.query else { return }
        for parameter in query.text.split(separator: "&") where parameter.hasPrefix("errors=") {
            switch parameter.dropFirst("errors=".count) {
            case "row": isolatesRows = true
            case "all": isolatesRows = false
            default: throw Malformed("?errors", String(parameter.dropFirst("errors=".count)), "row or all")
            }
        }
    }

    /// A field or parameter whose value is none of those it can have.
    struct Malformed: Error {
        let document: ProblemDocument

        fileprivate init(_ name: String, _ found: String, _ expected: String) {
            var document = ProblemDocument(
                .badRequest, title: "A field of the request cannot be read",
                detail: "\(name) has a value that it cannot have")
            document.problem = InferenceProblem(
                pointer: "", detail: "", expected: expected, found: "\"\(found.prefix(64))\"")
            self.document = document
        }
    }
}
