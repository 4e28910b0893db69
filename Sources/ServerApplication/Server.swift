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
    /// What it was started with, and what was configured last: the settings that may change are those of the latter.
    private let started: ServerConfiguration
    private let configuration: Mutex<ServerConfiguration>
    /// Held by a reload while it reads files, which may take long on a disk that hangs: `stop` does not wait for it.
    private let reloading = Mutex(())
    /// The admin token that this run made for itself, where none is configured.
    private let madeToken: String?
    private let http: HTTPServer
    private let services: SharedServices
    private let control: ControlThread
    private let compute: ComputePool
    private let store: any ModelStore
    private let follower: StoreFollower?
    /// Of a store far away: files on their way there, and from there.
    private let transfers: StoreThreads?
    private let fetches: StoreThreads?
    private let downloads: StoreThreads?
    private let log: Log
    let plan: ThreadPlan
    private let hasStopped = Atomic<Bool>(false)

    /// Opens the store, loads the models and binds the port. Nothing is answered before `start`.
    /// - Throws: `CommandError` naming the setting, model or address that is wrong.
    public convenience init(_ configuration: ServerConfiguration) throws(CommandError) {
        try self.init(configuration, madeToken: nil)
    }

    /// - Parameter madeToken: the token that admin verbs need where none is configured; nil closes them then.
    init(_ configuration: ServerConfiguration, madeToken: String?) throws(CommandError) {
        let adminToken = configuration.adminToken.value ?? madeToken
        let log = Log(level: configuration.level)
        let plan = Host.threadPlan(requested: configuration.loops.value)
        let metrics = MetricsRegistry()
        let store = try Self.openStore(configuration)
        let batching = configuration.batchSettings
        let compute = ComputePool(limits: batching.compute, workers: plan.computeWorkers)
        let freed = FreedMemory()
        let registry = Self.makeRegistry(configuration, store, metrics, plan, log, compute, freed)
        let state = ServerState()
        let control = try Self.startControl(
            registry, compute, freed, state, collects: !Self.isFollowed(store, configuration))
        let fetches = store.isFarAway ? StoreThreads("fetch", threadsMax: 8, waitingMax: 256) : nil
        let downloads = store.isFarAway ? StoreThreads("download", threadsMax: 4, waitingMax: 256) : nil
        let follower = try Self.startFollower(configuration, registry, store, control, fetches, state, log)
        do throws(CommandError) {
            try StoreStart(
                registry, store, log, patience: .seconds(configuration.storeSettings.startSeconds.value)
            ).run(follower)
            try Self.loadModels(configuration, registry, log)
        } catch {
            follower?.retire()
            store.close()
            follower?.stop()
            fetches?.stop()
            control.stop()
            throw error
        }
        follower?.goOn()
        if !store.isWritable {
            let user = LogField("user", .text(Host.userText))
            log.warning("the store can only be read: models cannot be uploaded", user)
        } else if adminToken == nil, registry.pool.models.isEmpty {
            log.warning("nothing to serve, and no way to send a model: name a model file, or set VENCEJO_ADMIN_TOKEN")
        }

        if !store.keepsBlobs, adminToken != nil {
            log.info("there is no store: an upload serves on this instance only, and ends with it")
        }

        // A file that is on its way to a store far away, or from there, keeps no other change waiting.
        let transfers = store.isFarAway ? StoreThreads("transfer", threadsMax: 8, waitingMax: 8) : nil
        var services = SharedServices(
            registry: registry,
            uploads: UploadReceiver(
                registry: registry, store: store, control: control, transfers: transfers, fetches: fetches),
            reading: downloads ?? control,
            live: LiveSettingsBoard(LiveSettings(configuration, adminToken: adminToken, loops: plan.loops)),
            routes: NativeRoutes(), metrics: RequestMetrics(registry: metrics, loops: plan.loops),
            state: state, compute: compute, batching: batching, loops: plan.loops)
        services.follower = follower
        services.uploadsEndHere = !store.keepsBlobs
        services.refusesUploads = !store.keepsBlobs && configuration.storeSettings.uploads.value == .refuse
        do {
            http = try HTTPServer(Self.settings(configuration, plan)) { [services] in
                LoopHandler(context: $0, shared: services)
            }
        } catch {
            follower?.retire()
            store.close()
            follower?.stop()
            fetches?.stop()
            control.stop()
            let listen = configuration.listen
            let source = listen.value.isEmpty ? configuration.port.source : listen.source
            let addresses = configuration.addresses.map { "\($0)" }.joined(separator: ", ")
            throw CommandError("listening on \(addresses) (\(source)): \(error)")
        }
        ServerMetrics.declare(in: metrics, http: http, registry: registry, plan: plan)
        compute.declare(in: metrics)
        if let follower { ServerMetrics.declare(in: metrics, follower, registry) }
        services.metrics.attach(http.counters)
        started = configuration
        self.configuration = Mutex(configuration)
        self.madeToken = madeToken
        self.services = services
        self.control = control
        self.compute = compute
        self.store = store
        self.follower = follower
        self.transfers = transfers
        self.fetches = fetches
        self.downloads = downloads
        self.log = log
        self.plan = plan
    }

    /// The port that is listened on, the first of several; 0 where there are only sockets in the file system.
    public var port: Int { http.boundPort }

    /// Where it listens.
    var addresses: [ListenAddress] { http.boundAddresses }

    /// Starts the loops; the server answers from here on.
    public func start() throws(CommandError) {
        do {
            try compute.start(workers: plan.computeWorkers, cores: plan.cores)
            try http.start()
        } catch {
            compute.stop()
            throw CommandError("\(error)")
        }
        if services.registry.followStatus.hasStarted { services.state.advance(to: .ready) }
        // Versions that are only kept for a rollback were not loaded before those that serve.
        _ = control.submit { [registry = services.registry] in registry.housekeep() }
        let configuration = configuration.withLock { $0 }
        for entry in configuration.chosen { log.log(.info, "setting", Self.fields(entry)) }
        let hasToken = configuration.adminToken.value ?? madeToken != nil
        // Without a port there is no host either: only sockets in the file system.
        let host = LogField("host", .text(configuration.host.value))
        let place = port == 0 ? [] : [host, LogField("port", .integer(port))]
        let fields = [
            LogField("addresses", .text(addresses.map { "\($0)" }.joined(separator: ", "))),
            LogField("loops", .integer(plan.loops)), LogField("plan", .text(plan.reason)),
            LogField("models", .integer(services.registry.pool.models.count)),
            LogField("admin", .text(hasToken ? "token" : "closed, no token")),
            LogField("predictions", .text(configuration.predictToken.value == nil ? "open" : "token")),
        ]
        log.log(.info, "listening", place + fields)
    }

    /// Works the settings out again, from the same options and environment and from the files as they are now. What can
    /// change while the server runs does, for all requests that begin from now on; what cannot is named in the log. If
    /// anything is wrong, everything stays as it was and the log says why. Safe from any thread.
    public func reload(_ options: ServerOptions) {
        reload { () throws(ConfigurationError) in try ServerConfiguration(options) }
    }

    func reload(_ load: () throws(ConfigurationError) -> ServerConfiguration) {
        reloading.withLock { _ in
            let next: ServerConfiguration
            do throws(ConfigurationError) {
                next = try load()
            } catch {
                let reason = LogField("reason", .text("\(error)"))
                return log.error("the configuration was not reloaded: everything stays as it was", reason)
            }
            let changed = configuration.withLock { $0 }.changes(to: next).filter(\.isLive)
            let waiting = started.changes(to: next).filter { !$0.isLive }
            for entry in changed { log.log(.info, "setting", Self.fields(entry)) }
            for entry in waiting { log.log(.warning, "this setting changes with a restart only", Self.fields(entry)) }
            let adminToken = next.adminToken.value ?? madeToken
            services.live.publish(LiveSettings(next, adminToken: adminToken, loops: plan.loops))
            for mailbox in http.mailboxes { mailbox.wake() }
            log.info(
                "the configuration was reloaded", LogField("changed", .integer(changed.count)),
                LogField("need_restart", .integer(waiting.count)))
            log.level = next.level
            configuration.withLock { $0 = next }
        }
    }

    private static func fields(_ entry: SettingEntry) -> [LogField] {
        [
            LogField("name", .text(entry.name)), LogField("value", .text(entry.text)),
            LogField("from", .text(entry.source.description)),
        ]
    }

    /// How long a stop may take.
    var drainSeconds: Int { configuration.withLock { $0.drainSeconds.value } }

    /// Says "not ready", goes on accepting for the configured delay, lets what has begun finish, also publishes whose
    /// clients did not wait, all in all at most for the configured time, and ends the threads. A second call does
    /// nothing.
    public func stop() {
        guard !hasStopped.exchange(true, ordering: .relaxed) else { return }
        services.state.advance(to: .draining)
        let (seconds, delay) = configuration.withLock { ($0.drainSeconds.value, $0.drainDelaySeconds.value) }
        log.info("draining", LogField("seconds", .integer(seconds)), LogField("delay", .integer(delay)))
        if delay > 0 { Host.wait(seconds: delay) }
        drain(for: .seconds(max(0, seconds - delay)))
        compute.stop()
        follower?.stop()
        transfers?.stop()
        fetches?.stop()
        downloads?.stop()
        control.stop()
        log.info("stopped")
    }

    /// So long before a drain's end the store is closed. What hangs there finds out within a second, and is to be
    /// answered after that.
    private static let storeLead = Duration.seconds(2)

    /// Lets requests and publishes finish, and closes the store: when there are none left, a moment before the time is
    /// over in any case.
    private func drain(for time: Duration) {
        let isOver = Monitor(false)
        let closing = try? EventLoopThread(name: "store-end") { [store, follower] in
            _ = isOver.wait(for: max(time / 2, time - Self.storeLead)) { $0 ? true : nil }
            follower?.retire()
            store.close()
        }
        http.beginDrain(deadline: time)
        http.waitUntilStopped()
        // Those whose clients did not wait: they have been promised. With the store they end as well.
        services.uploads.waitUntilIdle(for: time)
        isOver.withLock { $0 = true }
        closing?.join()
        follower?.retire()
        store.close()
    }

    /// What serves now, the default model first.
    func models() -> [ModelStatus] {
        ModelStatus.all(of: services.registry.pool).sorted { $0.isDefault && !$1.isDefault }
    }

    // MARK: Parts

    private static func settings(_ configuration: ServerConfiguration, _ plan: ThreadPlan) -> HTTPServerConfiguration {
        var settings = HTTPServerConfiguration()
        settings.addresses = configuration.addresses
        settings.unixSocketMode = configuration.unixSocketMode.value
        settings.loopCount = plan.loops
        settings.connectionsMax = configuration.connectionsMax.value
        settings.headTimeout = .seconds(configuration.headTimeoutSeconds.value)
        settings.bodyTimeout = .seconds(configuration.bodyTimeoutSeconds.value)
        settings.bodyBytesPerSecondMin = configuration.bodyBytesPerSecondMin.value
        settings.idleTimeout = .seconds(configuration.idleTimeoutSeconds.value)
        settings.writeStallTimeout = .seconds(configuration.writeTimeoutSeconds.value)
        // A proxy that streams an upload we refuse goes on sending: closing on it would turn our 401 into its 502.
        settings.lingerTimeout = .seconds(2)
        settings.lingerBytesMax = 256 << 20
        return settings
    }

    private static func openStore(_ configuration: ServerConfiguration) throws(CommandError) -> any ModelStore {
        guard let place = configuration.store.value else { return MemoryModelStore() }
        do {
            let options = configuration.storeSettings.options(modelBytesMax: configuration.modelBytesMax.value)
            return try StoreOpening.open(StoreLocation(place), options)
        } catch {
            let shown = StoreLocation.withoutUser(place)
            let reason = (error as? StoreError)?.told(of: shown) ?? "\(error)"
            throw CommandError("store \(shown) (\(configuration.store.source)): \(reason)")
        }
    }

    /// What makes a predictor of an imported graph.
    static let compile: ModelRegistry.Compiler = { (graph) throws(ImportError) -> PreparedModel in
        let compiled = try ModelCompiler.compile(graph)
        return PreparedModel(
            signature: compiled.signature, layout: compiled.layout, predictor: compiled.predictor)
    }

    private static func makeRegistry(
        _ configuration: ServerConfiguration, _ store: any ModelStore, _ metrics: MetricsRegistry, _ plan: ThreadPlan,
        _ log: Log, _ compute: ComputePool, _ freed: FreedMemory
    ) -> ModelRegistry {
        var limits = ModelRegistry.Limits()
        limits.artifactBytesMax = configuration.modelBytesMax.value
        limits.memoryBytesMax = configuration.memoryLimit.value
        limits.versionsKept = configuration.versionsKept.value
        limits.shadowPolicy = configuration.shadow.value
        return ModelRegistry(
            importers: SupportedFormats.importers,
            compile: Self.compile,
            store: store, metrics: ServingMetrics(registry: metrics, loops: plan.loops), log: log, system: .threads,
            limits: limits,
            releaseMemory: { urgency in
                compute.forgetRetired()
                switch urgency {
                case .now: Host.releaseFreeMemory()
                case .inAPause: freed.keep()
                }
            })
    }

    /// - Parameter collects: whether no other thread collects the store.
    private static func startControl(
        _ registry: ModelRegistry, _ compute: ComputePool, _ freed: FreedMemory, _ state: ServerState, collects: Bool
    ) throws(CommandError) -> ControlThread {
        do {
            return try ControlThread(
                onIdle: { if collects { registry.collectStore() } },
                onPause: {
                    // Soon behind what brings them, versions that are only kept for a rollback; not before a start's.
                    if state.isServing { registry.housekeep() }
                    freed.giveBack()
                }, onWork: { $0 ? compute.holdFirm() : compute.letYield() })
        } catch {
            throw CommandError("\(error)")
        }
    }

    /// Whether somebody else may publish, and the store is to be looked at again.
    private static func isFollowed(_ store: any ModelStore, _ configuration: ServerConfiguration) -> Bool {
        store.keepsBlobs && configuration.storeSettings.pollMilliseconds.value > 0
    }

    /// nil where the store is not to be looked at again, and is near enough to be there at the start.
    private static func startFollower(
        _ configuration: ServerConfiguration, _ registry: ModelRegistry, _ store: any ModelStore,
        _ control: ControlThread, _ fetches: StoreThreads?, _ state: ServerState, _ log: Log
    ) throws(CommandError) -> StoreFollower? {
        let settings = configuration.storeSettings
        let isFollowed = isFollowed(store, configuration)
        guard isFollowed || store.isFarAway else { return nil }
        let holdsBack = settings.lagging.value == .unready
        do {
            return try StoreFollower(
                registry, store, control: control, fetches: fetches,
                interval: isFollowed ? .milliseconds(settings.pollMilliseconds.value) : nil, log: log
            ) { hasStarted, isBehind in
                if hasStarted { state.advance(to: .ready) }
                if holdsBack { state.setLagging(isBehind) }
            }
        } catch {
            throw CommandError("\(error)")
        }
    }

    /// A file that cannot be served keeps no other one from it.
    /// - Throws: where no file is at a path, or where nothing serves in the end.
    private static func loadModels(
        _ configuration: ServerConfiguration, _ registry: ModelRegistry, _ log: Log
    ) throws(CommandError) {
        var refusal: CommandError?
        for source in configuration.models {
            let bytes: [UInt8]
            do {
                bytes = try ArtifactFile.read(
                    source.path, bytesMax: configuration.modelBytesMax.value, options: source.importOptions)
            } catch {
                throw CommandError("\(error)")
            }
            do throws(PublishError) {
                try load(source, bytes, registry, log)
            } catch {
                let explained = CommandError(explain(error, source))
                switch error {
                case .rejected, .outOfMemory: refusal = refusal ?? explained
                default: throw explained
                }
                registry.lacksStatic(source.name, because: error)
                log.error(
                    "a model file cannot be served", LogField("model", .text(source.name)),
                    LogField("reason", .text(explained.description)))
            }
        }
        if let refusal, registry.pool.models.isEmpty { throw refusal }
    }

    private static func load(
        _ source: ModelSource, _ bytes: [UInt8], _ registry: ModelRegistry, _ log: Log
    ) throws(PublishError) {
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
    }

    private static func explain(_ error: PublishError, _ source: ModelSource) -> String {
        if case .outOfMemory = error { return "\(source.path): \(error); raise --memory-limit, or name fewer models" }
        guard case .rejected(let reason) = error else { return "\(source.path): \(error)" }
        return CommandError(refusing: reason, path: source.path).description
    }
}
