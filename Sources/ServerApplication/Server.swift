internal import EventLoop
internal import HTTPServer
internal import InferenceAPI
internal import InferenceEngine
internal import ModelFormats
internal import ModelIR
internal import ModelStore
internal import Serving
internal import Synchronization
internal import Telemetry

/// The whole server, to be run by `vencejo serve` or embedded in a program. This is the one place where concrete
/// types meet.
///
///     let server = try Server(configuration)
///     try server.start()
///     ...
///     server.stop()
public final class Server: Sendable {
    private let configuration: ServerConfiguration
    private let http: HTTPServer
    private let services: SharedServices
    private let control: ControlThread
    private let log: Log
    let plan: ThreadPlan
    private let hasStopped = Atomic<Bool>(false)

    /// Opens the store, loads the models and binds the port. Nothing is answered before `start`.
    /// - Throws: `CommandError` naming the setting, model or address that is wrong.
    public convenience init(_ configuration: ServerConfiguration) throws(CommandError) {
        try self.init(configuration, adminToken: configuration.adminToken.value)
    }

    /// - Parameter adminToken: the token that admin verbs need; nil closes them.
    init(_ configuration: ServerConfiguration, adminToken: String?) throws(CommandError) {
        guard let level = LogLevel(rawValue: configuration.logLevel.value) else {
            throw CommandError(
                "log level (\(configuration.logLevel.source)): found \"\(configuration.logLevel.value)\", expected "
                    + LogLevel.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let log = Log(level: level)
        let plan = Host.threadPlan(requested: configuration.loops.value)
        let metrics = MetricsRegistry()
        let store = try Self.openStore(configuration)
        let registry = Self.makeRegistry(configuration, store, metrics, plan, log)
        try Self.loadModels(configuration, registry, log)
        let control = try Self.startControl(registry)
        if !store.isWritable {
            log.warning("the store can only be read: models cannot be uploaded")
        } else if adminToken == nil, registry.pool.models.isEmpty {
            log.warning("nothing to serve, and no way to send a model: name a model file, or set VENCEJO_ADMIN_TOKEN")
        }

        let services = SharedServices(
            registry: registry, uploads: UploadReceiver(registry: registry, store: store, control: control),
            control: control, gate: AdminGate(token: adminToken.map { AdminToken($0) }), routes: NativeRoutes(),
            metrics: RequestMetrics(registry: metrics, loops: plan.loops), state: ServerState(),
            bodyBytesMax: configuration.bodyBytesMax.value)
        var settings = HTTPServerConfiguration()
        settings.host = configuration.host.value
        settings.port = configuration.port.value
        settings.loopCount = plan.loops
        // A proxy that streams an upload we refuse goes on sending: closing on it would turn our 401 into its 502.
        settings.lingerTimeout = .seconds(2)
        settings.lingerBytesMax = 256 << 20
        do {
            http = try HTTPServer(settings) { LoopHandler(context: $0, shared: services) }
        } catch {
            control.stop()
            throw CommandError(
                "\(configuration.host.value) port \(configuration.port.value) "
                    + "(\(configuration.port.source)): \(error)")
        }
        ServerMetrics.declare(in: metrics, http: http, registry: registry, plan: plan)
        self.configuration = configuration
        self.services = services
        self.control = control
        self.log = log
        self.plan = plan
    }

    /// The port that is listened on.
    public var port: Int { http.boundPort }

    /// Starts the loops; the server answers from here on.
    public func start() throws(CommandError) {
        do {
            try http.start()
        } catch {
            throw CommandError("\(error)")
        }
        services.state.advance(to: .ready)
        for (name, value, source) in configuration.chosen {
            log.info(
                "setting", LogField("name", .text(name)), LogField("value", .text(value)),
                LogField("from", .text(source)))
        }
        log.info(
            "listening", LogField("host", .text(configuration.host.value)), LogField("port", .integer(port)),
            LogField("loops", .integer(plan.loops)), LogField("plan", .text(plan.reason)),
            LogField("models", .integer(services.registry.pool.models.count)),
            LogField("admin", .text(services.gate.token == nil ? "closed, no token" : "token")))
    }

    /// Says "not ready", lets what has begun finish, at most for the configured time, and ends the threads. A second
    /// call does nothing.
    public func stop() {
        guard !hasStopped.exchange(true, ordering: .relaxed) else { return }
        services.state.advance(to: .draining)
        log.info("draining", LogField("seconds", .integer(configuration.drainSeconds.value)))
        http.beginDrain(deadline: .seconds(configuration.drainSeconds.value))
        http.waitUntilStopped()
        control.stop()
        log.info("stopped")
    }

    /// What serves now, the default model first.
    func models() -> [ModelStatus] {
        ModelStatus.all(of: services.registry.pool).sorted { $0.isDefault && !$1.isDefault }
    }

    // MARK: Parts

    private static func openStore(_ configuration: ServerConfiguration) throws(CommandError) -> any ModelStore {
        guard let directory = configuration.store.value else { return MemoryModelStore() }
        do {
            return try FileModelStore(root: directory)
        } catch {
            throw CommandError("store \(directory) (\(configuration.store.source)): \(error)")
        }
    }

    private static func makeRegistry(
        _ configuration: ServerConfiguration, _ store: any ModelStore, _ metrics: MetricsRegistry, _ plan: ThreadPlan,
        _ log: Log
    ) -> ModelRegistry {
        var limits = ModelRegistry.Limits()
        limits.artifactBytesMax = configuration.modelBytesMax.value
        return ModelRegistry(
            importers: SupportedFormats.importers,
            compile: { (graph) throws(ImportError) -> PreparedModel in
                let compiled = try ModelCompiler.compile(graph)
                return PreparedModel(
                    signature: compiled.signature, layout: compiled.layout, predictor: compiled.predictor)
            },
            store: store, metrics: ServingMetrics(registry: metrics, loops: plan.loops), log: log, system: .threads,
            limits: limits,
            releaseMemory: { Host.releaseFreeMemory() })
    }

    private static func startControl(_ registry: ModelRegistry) throws(CommandError) -> ControlThread {
        do {
            return try ControlThread { registry.housekeep() }
        } catch {
            throw CommandError("\(error)")
        }
    }

    /// First what the store has, then the models named at the start.
    private static func loadModels(
        _ configuration: ServerConfiguration, _ registry: ModelRegistry, _ log: Log
    ) throws(CommandError) {
        do {
            let report = try registry.restore()
            if report.generation > 0 {
                log.info(
                    "restored", LogField("generation", .integer(report.generation)),
                    LogField("models", .integer(report.restored.count)))
            }
        } catch {
            throw CommandError("the store cannot be read: \(error)")
        }
        for source in configuration.models {
            try load(source, configuration.modelBytesMax.value, registry, log)
        }
    }

    private static func load(
        _ source: ModelSource, _ bytesMax: Int, _ registry: ModelRegistry, _ log: Log
    ) throws(CommandError) {
        do {
            let bytes = try SystemFile.read(source.path, bytesMax: bytesMax)
            switch try registry.loadStatic(source.name, bytes) {
            case .loaded(let model):
                log.info(
                    "loaded", LogField("model", .text(model.name)), LogField("format", .text(model.format)),
                    LogField("producer", .text(model.producer)),
                    LogField("predictor", .text(model.predictor.report.name)))
            case .shadowed(let model):
                log.warning(
                    "the store has this model, published later than the file was named: it goes on serving",
                    LogField("model", .text(model.name)), LogField("version", .integer(model.version)))
            }
        } catch let error as PublishError {
            throw CommandError(explain(error, source))
        } catch {
            throw CommandError("\(error)")
        }
    }

    private static func explain(_ error: PublishError, _ source: ModelSource) -> String {
        guard case .rejected(let reason) = error else { return "\(source.path): \(error)" }
        return CommandError(refusing: reason, path: source.path).description
    }
}
