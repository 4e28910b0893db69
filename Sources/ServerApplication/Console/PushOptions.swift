/// How `vencejo push` publishes; nil leaves it to the store or the server.
public struct PushOptions: Sendable {
    /// Versions that stay for a rollback; of a store alone, since a server has a setting of its own.
    public var versionsKept: Int?

    public init() {}
}
