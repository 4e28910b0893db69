import EventLoop
import HTTPCore
import ModelIR
import Telemetry

@testable import HTTPServer
@testable import Serving
@testable import ServerApplication

/// One run: the real loops, handlers, registry and predictors over a simulated system, with clients that check every
/// answer. All of it follows from one seed.
final class Simulation {
    let world: World
    let settings: Settings
    let network: Network
    let control: SimulatedControl
    let store: SimulatedStore
    let ledger: Ledger
    private let compute: ComputePool
    private var worker: ComputeWorker
    private let registry: ModelRegistry
    private let uploads: UploadReceiver
    private(set) var loops: [SimulatedLoop] = []
    private var clients: [any SimulatedPeer] = []
    private var nextModel = 1
    private var nextRequest = 1
    private(set) var drainedAt: Int64?
    private(set) var drainDeadline: Int64 = 0
    private let state = ServerState()
    /// Requests that were answered as they should be.
    var answerCount = 0
    /// Those of them that came over HTTP/2.
    var http2AnswerCount = 0

    /// - Parameter linesKept: how much of what happens is kept in words.
    init(seed: UInt64, linesKept: Int = 0) throws {
        let world = World(seed: seed, linesKept: linesKept)
        self.world = world
        settings = Settings(&world.dice)
        network = Network(world, settings.failures)
        let control = SimulatedControl(world)
        self.control = control
        store = SimulatedStore(world, control)
        ledger = Ledger(world, names: settings.names)
        let metrics = MetricsRegistry()
        let loopCount = settings.http.loopCount
        registry = ModelRegistry(
            importers: ModelImporterList([SimulatedImporter()]),
            compile: { (graph) throws(ImportError) -> PreparedModel in try SimulatedModel.compile(graph) },
            store: store, metrics: ServingMetrics(registry: metrics, loops: loopCount), log: .silent,
            system: ServingSystem(
                clock: { UInt64(world.now) }, unixSeconds: { SimulatedClock(world: world).unixSeconds() },
                makeSignal: { SimulatedSignal(world, control) }), limits: settings.registry)
        // Its threads are steps of the simulation.
        let time: @Sendable () -> UInt64 = { UInt64(world.now) }
        let clocks = ComputeClocks(now: time, work: time, process: time, rest: { _ in })
        compute = ComputePool(
            limits: settings.batching.compute, workers: settings.computeWorkers, clocks: clocks)
        worker = ComputeWorker(clocks)
        uploads = UploadReceiver(
            registry: registry, store: store, control: control, uploadsMax: settings.uploadsMax)
        control.goOn = { [weak self] end in self?.takeStep(until: end, mayBeginJob: false) ?? false }
        let services = SharedServices(
            registry: registry, uploads: uploads, reading: control,
            live: LiveSettingsBoard(
                LiveSettings(
                    gate: AdminGate(token: BearerToken(Settings.token)), bodyBytesMax: settings.bodyBytesMax)),
            routes: NativeRoutes(), metrics: RequestMetrics(registry: metrics, loops: loopCount), state: state,
            compute: compute, batching: settings.batching, loops: loopCount)
        try startModel()
        try startLoops(services)
        state.advance(to: .ready)
        ledger.observe(registry.pool)
        ledger.settle()
        store.mayFail = true
        for number in 0..<settings.clientCount { startClient(number) }
    }

    private func startModel() throws {
        let (_, artifact) = makeArtifact(padding: 0)
        _ = try registry.loadStatic(settings.names[0], artifact)
    }

    private func startLoops(_ services: SharedServices) throws {
        var transports: [SimulatedTransport] = []
        var parts: [HTTPServer.LoopParts] = []
        for index in 0..<settings.http.loopCount {
            let transport = SimulatedTransport(world, network, loop: index)
            transports.append(transport)
            parts.append(try Self.makeParts(transport))
        }
        let listener = SimulatedListener(network)
        transports[0].know(listener.descriptor, isReady: listener.hasWaiting)
        for index in parts.indices {
            let simulated = SimulatedLoop(
                world, index: index, configuration: settings.http, parts: parts, transport: transports[index],
                listener: index == 0 ? listener : nil, services: services)
            loops.append(simulated)
        }
    }

    private static func makeParts(_ transport: SimulatedTransport) throws -> HTTPServer.LoopParts {
        let mailbox = try LoopMailbox()
        transport.know(mailbox.messages.wakeUp.descriptor) { mailbox.messages.isRung }
        return HTTPServer.LoopParts(
            mailbox: mailbox, transport: transport, counters: HTTPServerCounters(), load: LoopLoad())
    }

    private func startClient(_ number: Int) {
        let client: any SimulatedPeer =
            world.dice.chance(percent: settings.http2Percent)
            ? SimulatedHTTP2Client(self, number: number) : SimulatedClient(self, number: number)
        clients.append(client)
        world.after(world.dice.nanoseconds(0...settings.arrivals)) { client.connect() }
    }

    // MARK: For clients

    func makeArtifact(padding: Int) -> (number: Int, bytes: [UInt8]) {
        let number = nextModel
        nextModel += 1
        let bytes = SimulatedModel.artifact(number, padding: padding)
        ledger.willUpload(number, bytes)
        return (number, bytes)
    }

    func makeRequestNumber() -> Int {
        nextRequest += 1
        return nextRequest
    }

    // MARK: Steps

    /// Lets one of those who can do something do it; advances the time if nobody can.
    /// - Returns: false if nothing will ever happen, or nothing before `end`.
    @discardableResult
    private func takeStep(until end: Int64, mayBeginJob: Bool = true) -> Bool {
        var actors: [() -> Void] = []
        var next = Int64.max
        if let time = world.agenda.nextTime {
            if time <= world.now { actors.append { [world] in world.agenda.takeFirst()() } }
            next = min(next, time)
        }
        for loop in loops {
            guard let time = loop.nextTime else { continue }
            if time <= world.now { actors.append { loop.turn() } }
            next = min(next, time)
        }
        if mayBeginJob, let time = control.nextTime {
            if time <= world.now { actors.append { [self] in runJob() } }
            next = min(next, time)
        }
        if compute.waitingCount > 0 {
            actors.append { [self] in
                world.note("a compute thread runs")
                world.now += world.dice.nanoseconds(0...settings.computeDelay)
                _ = compute.runNext(&worker)
            }
        }
        guard !actors.isEmpty else {
            guard next <= end else { return false }
            world.now = next
            return true
        }
        world.step += 1
        world.now += world.dice.nanoseconds(0...50_000)
        world.dice.pick(actors)()
        ledger.observe(registry.pool)
        return true
    }

    private func runJob() {
        world.note("a job begins")
        control.runFirst()
        world.note("a job ends")
        ledger.observe(registry.pool)
        ledger.settle()
    }

    private static let stepsMax = 2_000_000

    /// Goes on until nobody has anything to do before `end`, or `isDone` says so.
    private func run(until end: Int64, _ isDone: () -> Bool) -> Bool {
        while !isDone() {
            guard world.now < end, takeStep(until: end) else { return isDone() }
            if world.step > Self.stepsMax {
                world.fail("it does not come to an end")
                return false
            }
            if !world.failures.isEmpty { return false }
        }
        return true
    }

    // MARK: The run

    /// Runs it all.
    /// - Returns: what is wrong with the server; empty if nothing is.
    func run() -> [String] {
        scheduleHousekeeping()
        if settings.drainsEarly {
            world.after(world.dice.nanoseconds(0...3 * World.second)) { [weak self] in self?.beginDrain() }
        }
        let clientsEnd = world.now + 2000 * World.second
        if !run(until: clientsEnd, { clients.allSatisfy { $0.isOver } }), world.failures.isEmpty {
            dismissNarrow()
            let waiting = clients.filter { !$0.isOver }
            if !waiting.isEmpty { world.fail("clients wait for ever: \(waiting.map(\.description))") }
        }
        if world.failures.isEmpty { settle() }
        if world.failures.isEmpty { drain() }
        let failures = world.failures
        world.isOver = true
        world.agenda.removeAll()
        return failures
    }

    /// Ends the clients to whom almost nothing fits at once, and to whom it still comes.
    private func dismissNarrow() {
        for client in clients where !client.isOver && client.link.isNarrow {
            if world.now - client.lastMoved < 10 * World.second { client.close() }
        }
    }

    private func scheduleHousekeeping() {
        let registry = registry
        world.after(30 * World.second) { [weak self] in
            guard let self, !control.isStopping else { return }
            if control.waitingCount == 0 { _ = control.submit { registry.housekeep() } }
            scheduleHousekeeping()
        }
    }

    /// All clients have closed: the server must notice and let go of everything.
    private func settle() {
        guard drainedAt == nil else { return }
        let isQuiet = run(until: world.now + 10 * World.second) {
            network.openCount == 0 && compute.waitingCount == 0 && control.waitingCount == 0 && !control.isRunning
                && network.waiting.isEmpty
                && loops.allSatisfy { ($0.nextTime ?? .max) > world.now }
        }
        guard world.failures.isEmpty else { return }
        guard isQuiet else {
            return world.fail("connections of closed clients stay open: \(network.openNumbers)")
        }
        for simulated in loops {
            if let loop = simulated.loop { simulated.check(loop) }
        }
        expect(uploads.runningCount == 0, "\(uploads.runningCount) uploads run without a client")
    }

    /// As `HTTPServer.beginDrain` does.
    private func beginDrain() {
        guard drainedAt == nil else { return }
        let length = world.dice.pick([0, World.second, 10 * World.second, 20 * World.second, 100 * World.second])
        world.note("drain", Int(length))
        drainedAt = world.now
        drainDeadline = world.now + length
        state.advance(to: .draining)
        for client in clients { client.noteDrain() }
        let message = LoopMessage.drain(LoopInstant(nanoseconds: drainDeadline))
        if !loops[0].mailbox.messages.post(message) {
            for loop in loops.dropFirst() { loop.mailbox.messages.post(message) }
        }
    }

    /// Ends the server: each loop by its deadline, then the control thread, and nothing is left.
    private func drain() {
        beginDrain()
        // A timer is up to 67 ms late, a turn up to 30 ms; loops are told one after the other.
        let isDone = run(until: max(world.now, drainDeadline) + World.second) { loops.allSatisfy { $0.loop == nil } }
        guard world.failures.isEmpty else { return }
        guard isDone else { return world.fail("loops go on after the drain's deadline") }
        compute.stop()
        control.isStopping = true
        while control.waitingCount > 0 { runJob() }
        registry.housekeep()
        ledger.observe(registry.pool)
        ledger.settle()
        expect(network.openCount == 0, "descriptors stay open: \(network.openNumbers)")
        expect(uploads.runningCount == 0, "\(uploads.runningCount) uploads have not ended")
        expect(registry.retiredModelCount == 0, "\(registry.retiredModelCount) replaced models are not let go of")
        expect(store.openWriters == 0, "\(store.openWriters) blobs are open")
        expect(
            ledger.aliveCount == registry.pool.models.count,
            "\(ledger.aliveCount) models are in memory, \(registry.pool.models.count) serve")
        for client in clients { client.checkUploads() }
    }

    private func expect(_ isRight: Bool, _ text: String) {
        if !isRight { world.fail("at the end: \(text)") }
    }
}
