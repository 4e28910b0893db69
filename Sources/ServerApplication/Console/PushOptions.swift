/// How `vencejo push` publishes; nil leaves it to the store or the server.
public struct PushOptions: Sendable {
    /// Versions that stay for a rollback; of a store alone, since a server has a setting of its own.
    public var versionsKept: Int?
    /// `off`, `warn` or `refuse`: what the server does with a version that answers recent rows otherwise.
    public var shadow: String?
    /// Everything but the swap, at a server.
    public var isDryRun = false
    /// The `If-Match` of a server's PUT.
    public var ifMatch: String?

    /// Whether something is asked for that only a server does.
    public var isForServer: Bool { shadow != nil || isDryRun || ifMatch != nil }

    /// The query of a server's PUT.
    var query: String {
        let parts = (shadow.map { ["shadow=" + $0] } ?? []) + (isDryRun ? ["dry_run=true"] : [])
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    public init() {}
}
