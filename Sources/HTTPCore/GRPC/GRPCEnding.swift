/// Why a call ended without its service.
package enum GRPCEnding: Equatable, Sendable {
    /// The client is gone, or does not want the answer any more.
    case cancelled
    /// The time that the client gave is over; it has been told so.
    case expired
    /// What the client sent was no message; it has been told so.
    case failed(GRPCStatus)
}
