internal import HTTPCore
internal import ServingProtocols

/// Lets admin verbs pass with the token, and no other way: not by the peer's address, which behind a proxy is
/// everyone's.
struct AdminGate: Sendable {
    /// nil: none is configured, and admin verbs are closed.
    let token: BearerToken?

    /// - Returns: nil if the request may go on, else the answer, to be given before its body is read.
    func refusal(_ head: borrowing RequestHead) -> ProblemDocument? {
        guard let token else {
            return ProblemDocument(
                .forbidden, title: "Changing models is off",
                detail: "no admin token is configured; start the server with VENCEJO_ADMIN_TOKEN or "
                    + "VENCEJO_ADMIN_TOKEN_FILE set, and send it as Authorization: Bearer")
        }
        if let presented = BearerToken.Presented(head), token.equals(presented) { return nil }
        return ProblemDocument(
            .unauthorized, title: "An admin token is needed",
            detail: head.has(.authorization)
                ? "the token that was sent is not the admin token" : "send the admin token as Authorization: Bearer")
    }
}
