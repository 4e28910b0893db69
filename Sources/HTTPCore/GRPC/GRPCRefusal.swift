/// Why a request does not become a call.
package enum GRPCRefusal: Error, Equatable, Sendable {
    /// It is no gRPC: answered by HTTP's means, since who sent it may not know gRPC's.
    case notGRPC(HTTPStatus, detail: String)
    /// It is gRPC, and ends before it begins.
    case status(GRPCStatus)

    /// The answer.
    package var bodyMode: BodyMode {
        switch self {
        case .notGRPC(let status, let detail):
            let fields = status == .methodNotAllowed ? Self.notAllowed : .problem
            return .answered(status, fields, ProblemBody.bytes(status, detail: detail))
        case .status(let status): return .answered(.ok, status.trailersOnly, [])
        }
    }

    private static let notAllowed = ResponseFields.problem.adding([("Allow", "POST")])
}
