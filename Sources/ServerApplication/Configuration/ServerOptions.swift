/// What the command line, or a program that embeds the server, sets itself; nil leaves a setting to the environment,
/// the configuration file or the default.
public struct ServerOptions: Sendable {
    /// Models to serve from the start; the first is the default model.
    public var models: [ModelSource] = []
    public var host: String?
    public var port: Int?
    /// Where else to listen: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
    public var listen: [String] = []
    /// Origins whose pages may call this server from a browser, such as `https://app.example.com`; or `*`.
    public var corsOrigins: [String] = []
    /// Event loops; by default one a granted core.
    public var loops: Int?
    /// Where uploaded models survive a restart: a directory, `s3://`, `gs://` or `https://`.
    public var store: String?
    /// Seconds between two looks for what others have published, such as `0.5`; `0` for none.
    public var storePoll: String?
    /// `local` or `refuse`: uploads that no store keeps.
    public var uploads: String?
    /// Bytes that models may hold in memory, such as `800M`, or `none`.
    public var memoryLimit: String?
    /// Versions of a model that stay warm for a rollback.
    public var versionsKept: Int?
    /// `refuse`, `warn` or `off`: what is done with a new version that answers recent rows otherwise.
    public var shadow: String?
    /// Path of a JSON configuration file.
    public var configurationFile: String?
    public var logLevel: String?
    /// Milliseconds within which a prediction on the compute threads should be answered.
    public var latencyObjectiveMs: Int?
    /// Microseconds that a batch waits for more rows though a thread is free.
    public var batchWaitUs: Int?
    /// Bytes of the response cache.
    public var cacheBytes: Int?

    public init() {}
}
