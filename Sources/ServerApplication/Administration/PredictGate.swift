internal import HTTPCore
internal import ServingProtocols

/// Lets predictions and looks at models pass with the token for them, or with the admin token, which may do more.
/// Exists only where such a token is configured; probes and metrics stay open, since those who ask for them carry none.
struct PredictGate: Sendable {
    let token: BearerToken
    /// nil: none is configured.
    let admin: BearerToken?

    /// Whether the request may pass. Costs one hash of the token that it carries.
    func isOpen(to head: borrowing RequestHead) -> Bool {
        guard let presented = BearerToken.Presented(head) else { return false }
        // Both are compared in any case: which one it was does not show in the time.
        let isToken = token.equals(presented)
        let isAdmin = admin?.equals(presented) ?? false
        return isToken || isAdmin
    }

    /// - Returns: nil if the request may go on, else the answer, to be given before its body is read.
    func refusal(_ head: borrowing RequestHead) -> ProblemDocument? {
        guard !isOpen(to: head) else { return nil }
        return ProblemDocument(
            .unauthorized, title: "A token is needed",
            detail: head.has(.authorization)
                ? "the token that was sent is not one for predictions"
                : "send the token for predictions as Authorization: Bearer")
    }
}
