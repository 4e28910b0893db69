internal import ByteCoding
internal import EventLoop
internal import Serving
internal import Telemetry

/// Every setting of the server with where it came from: flag, then environment, then file, then default.
public struct ServerConfiguration: Sendable {
    public let models: [ModelSource]
    public let host: Setting<String>
    public let port: Setting<Int>
    /// Where else to listen.
    let listen: Setting<[ListenAddress]>
    /// Permission bits of sockets in the file system.
    public let unixSocketMode: Setting<Int>
    /// nil: a loop a granted core.
    public let loops: Setting<Int?>
    /// nil: uploads live in memory and end with the process.
    public let store: Setting<String?>
    public let storeSettings: StoreSettings
    public let logLevel: Setting<String>
    /// Bytes of a prediction's body.
    public let bodyBytesMax: Setting<Int>
    /// Bytes of an uploaded model.
    public let modelBytesMax: Setting<Int>
    /// Bytes that all models together may hold in memory; nil: no bound is known.
    let memoryLimit: Setting<Int?>
    /// Versions of a model that stay warm for a rollback, beside the current one and those with an alias.
    public let versionsKept: Setting<Int>
    /// What is done with a new version that answers recent rows otherwise, where its model says nothing.
    let shadow: Setting<ShadowPolicy>
    /// Open connections, all loops together.
    public let connectionsMax: Setting<Int>
    /// Predictions that have begun and are not answered, all loops together.
    public let inFlightMax: Setting<Int>
    /// Milliseconds within which a prediction on the compute threads should be answered: what batches aim at.
    public let latencyObjectiveMs: Setting<Int>
    /// Microseconds that a batch waits for more rows though a thread is free.
    public let batchWaitUs: Setting<Int>
    /// Whether requests are joined into batches.
    public let batching: Setting<Bool>
    /// Microseconds that a run of a predictor may take on a loop.
    public let inlineBudgetUs: Setting<Int>
    /// Bytes of the response cache; 0: there is none.
    public let cacheBytes: Setting<Int>
    /// Seconds from the first byte of a head to its last.
    public let headTimeoutSeconds: Setting<Int>
    /// Seconds that a prediction's body may take in all.
    public let bodyTimeoutSeconds: Setting<Int>
    /// The least rate at which a body may come.
    public let bodyBytesPerSecondMin: Setting<Int>
    /// Seconds between two requests of a connection.
    public let idleTimeoutSeconds: Setting<Int>
    /// Seconds that a client may take no byte of its answer.
    public let writeTimeoutSeconds: Setting<Int>
    /// Seconds from the signal to the end of the process, at most.
    public let drainSeconds: Setting<Int>
    /// Seconds of those in which connections are still accepted, so that a load balancer can see that we are not ready.
    public let drainDelaySeconds: Setting<Int>
    /// Whose pages may call this server from a browser; empty: nobody's.
    let corsOrigins: Setting<CORSOrigins>
    /// nil: none is set. Never printed.
    let adminToken: Setting<String?>
    /// nil: predictions need no token. Never printed.
    let predictToken: Setting<String?>

    /// Versions that stay warm where nobody says how many.
    static let versionsKeptStandard = 1

    /// - Returns: nil where nobody says how many.
    static func versionsKept(
        flag: Int?, _ resolver: SettingResolver
    ) throws(ConfigurationError) -> Setting<Int?> {
        try resolver.optionalInteger(
            "keep_versions", flag: flag, "--keep-versions", variables: ["VENCEJO_KEEP_VERSIONS"], in: 0...64)
    }

    /// Environment names of the port, in the order in which they count.
    static let portVariables = ["VENCEJO_PORT", "PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT"]

    /// Works out every setting from these options, this process's environment and the configuration file they name.
    /// - Throws: `ConfigurationError` at the first setting that cannot be used.
    public init(_ options: ServerOptions) throws(ConfigurationError) {
        try self.init(
            options: options, environment: { Host.environment($0) },
            readFile: { try SystemFile.read($0, bytesMax: ConfigurationFile.bytesMax, onlyRegular: true) },
            availableMemory: Host.availableMemory())
    }

    /// Works out every setting.
    /// - Parameters:
    ///   - environment: looks a variable up; an empty value counts as not set.
    ///   - readFile: a file's bytes; for the configuration file and the token files.
    ///   - availableMemory: bytes that this process may have; nil where that is not known.
    /// - Throws: `ConfigurationError` at the first setting that cannot be used.
    public init(
        options: ServerOptions, environment: @escaping (String) -> String?, readFile: (String) throws -> [UInt8],
        availableMemory: Int? = nil
    ) throws(ConfigurationError) {
        let variable = { (name: String) in environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let path = options.configurationFile ?? variable("VENCEJO_CONFIG")
        let file = try path.map { (path) throws(ConfigurationError) in
            try ConfigurationFile(bytes: Self.bytes(of: path, "configuration file", readFile), path: path)
        }
        let resolver = SettingResolver(environment: variable, file: file ?? ConfigurationFile())
        func bounded(
            _ key: String, _ range: ClosedRange<Int>, standard: Int
        ) throws(ConfigurationError) -> Setting<Int> {
            try resolver.integer(key, variables: ["VENCEJO_" + key.uppercased()], in: range, standard: standard)
        }

        models = options.models.isEmpty ? resolver.file.models : options.models
        try Self.refuseRepeatedNames(models)
        host =
            try resolver.text("host", flag: options.host, "--host", variables: ["VENCEJO_HOST"])
            ?? Setting("0.0.0.0", from: .standard)
        port = try resolver.integer(
            "port", flag: options.port, "--port", variables: Self.portVariables, in: 0...65_535, standard: 8080)
        listen = try Self.addresses(
            resolver.list("listen", flag: options.listen, "--listen", variable: "VENCEJO_LISTEN"))
        unixSocketMode = try Self.mode(
            resolver.optionalText("unix_socket_mode", variables: ["VENCEJO_UNIX_SOCKET_MODE"]))
        loops = try resolver.optionalInteger(
            "loops", flag: options.loops, "--loops", variables: ["VENCEJO_LOOPS"], in: 1...ThreadPlan.loopsMax)
        store = resolver.optionalText("store", flag: options.store, "--store", variables: ["VENCEJO_STORE"])
        if let place = store.value { try Self.check(store: place, from: store.source) }
        storeSettings = try StoreSettings(resolver, options)
        logLevel = try Self.level(
            resolver.text("log_level", flag: options.logLevel, "--log-level", variables: ["VENCEJO_LOG_LEVEL"])
                ?? Setting("info", from: .standard))
        bodyBytesMax = try bounded("body_bytes_max", 1...(1 << 30), standard: 32 << 20)
        modelBytesMax = try bounded("model_bytes_max", 1...(1 << 36), standard: 1 << 30)
        memoryLimit = try Self.memoryLimit(
            resolver.optionalText(
                "memory_limit", flag: options.memoryLimit, "--memory-limit", variables: ["VENCEJO_MEMORY_LIMIT"]),
            available: availableMemory)
        let chosen = try Self.versionsKept(flag: options.versionsKept, resolver)
        versionsKept = Setting(chosen.value ?? Self.versionsKeptStandard, from: chosen.source)
        shadow = try Self.shadow(
            resolver.optionalText("shadow", flag: options.shadow, "--shadow", variables: ["VENCEJO_SHADOW"]))
        connectionsMax = try bounded("connections_max", 1...1_000_000, standard: 16_384)
        inFlightMax = try bounded("in_flight_max", 1...1_000_000, standard: 8192)
        latencyObjectiveMs = try resolver.integer(
            "latency_objective_ms", flag: options.latencyObjectiveMs, "--latency-objective-ms",
            variables: ["VENCEJO_LATENCY_OBJECTIVE_MS"], in: 1...60_000, standard: 50)
        batchWaitUs = try resolver.integer(
            "batch_wait_us", flag: options.batchWaitUs, "--batch-wait", variables: ["VENCEJO_BATCH_WAIT_US"],
            in: 0...1_000_000, standard: 0)
        batching = try Self.onOrOff("batching", resolver, standard: true)
        inlineBudgetUs = try bounded("inline_budget_us", 0...1_000_000, standard: 250)
        cacheBytes = try resolver.integer(
            "cache_bytes", flag: options.cacheBytes, "--cache-bytes", variables: ["VENCEJO_CACHE_BYTES"],
            in: 0...(1 << 40), standard: 0)
        headTimeoutSeconds = try bounded("head_timeout_seconds", 1...3_600, standard: 10)
        bodyTimeoutSeconds = try bounded("body_timeout_seconds", 1...86_400, standard: 300)
        bodyBytesPerSecondMin = try bounded("body_bytes_per_second_min", 1...(1 << 30), standard: 240)
        // Longer than a load balancer's own 60 s, so that it never meets a connection that has just been closed.
        idleTimeoutSeconds = try bounded("idle_timeout_seconds", 1...86_400, standard: 75)
        writeTimeoutSeconds = try bounded("write_timeout_seconds", 1...3_600, standard: 30)
        // Cloud Run kills 10 s after SIGTERM, others after 30 s.
        drainSeconds = try bounded("drain_seconds", 0...3_600, standard: variable("K_SERVICE") == nil ? 29 : 9)
        drainDelaySeconds = try bounded("drain_delay_seconds", 0...3_600, standard: 0)
        try Self.check(delay: drainDelaySeconds, within: drainSeconds)
        corsOrigins = try Self.origins(
            resolver.list(
                "cors_origins", flag: options.corsOrigins, "--cors-origin", variable: "VENCEJO_CORS_ORIGINS"))
        adminToken = try Self.token("admin", resolver, readFile)
        predictToken = try Self.token("predict", resolver, readFile)
        if let token = predictToken.value, token == adminToken.value {
            throw ConfigurationError(
                "predict_token", from: predictToken.source.description, found: "the admin token",
                expected: "another one: whoever may predict could change models")
        }
    }

    var level: LogLevel { LogLevel(rawValue: logLevel.value) ?? .info }

    /// Where to listen: beside `listen` also on host and port, unless nobody chose those.
    var addresses: [ListenAddress] {
        guard !listen.value.isEmpty else { return [.tcp(host: host.value, port: port.value)] }
        let isChosen = host.source != .standard || port.source != .standard
        return (isChosen ? [.tcp(host: host.value, port: port.value)] : []) + listen.value
    }
}
