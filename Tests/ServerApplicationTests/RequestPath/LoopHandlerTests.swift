import EventLoop
import HTTPCore
import InferenceEngine
import ModelIR
import ModelStore
import Serving
import ServingProtocols
import Telemetry
import TensorCore
import Testing

@testable import HTTPServer
@testable import ServerApplication

/// A format for these tests: `double`, `triple` and so on; a model with one column `x` that answers a multiple of it.
struct MultipleImporter: ModelImporter {
    private static let factors: [String: Double] = ["double": 2, "triple": 3]

    let name = "multiple"

    func recognizes(_ bytes: Span<UInt8>) -> Bool { true }

    func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        let text = String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
        guard let factor = Self.factors[text] else {
            throw ImportError(.malformed, at: "byte 0", found: text, expected: "double or triple")
        }
        var graph = ImportedGraph(columns: [Column(name: "x", kind: .float64)])
        let columns = graph.append(.selectColumns([0]), path: "select")
        let product = graph.append(.gemm(Gemm(weights: [factor], bias: [0], inputWidth: 1)), [columns], path: "times")
        graph.addOutput(GraphOutput(name: OutputField.predictionName, value: product, meaning: .values))
        return ImportedModel(graph: graph, format: "multiple", producer: "tests", steps: [])
    }
}

/// Keeps what was answered.
final class RecordingSink: ExchangeSink {
    struct Answer {
        let status: HTTPStatus
        let fields: ResponseFields
        let body: String
    }

    var answers: [ExchangeID: Answer] = [:]

    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>) {
        #expect(answers[exchange] == nil, "an exchange is answered once")
        let text = String(decoding: (0..<body.count).map { body[$0] }, as: UTF8.self)
        answers[exchange] = Answer(status: status, fields: fields, body: text)
    }

    /// Of answers in parts.
    var parts: [ExchangeID: [UInt8]] = [:]
    var trailers: [ExchangeID: ResponseFields] = [:]

    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?) {}

    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool {
        parts[exchange, default: []] += bytes.indices.map { bytes[$0] }
        return true
    }

    func end(_ exchange: ExchangeID, trailers: ResponseFields?) {
        #expect(self.trailers[exchange] == nil, "an exchange is answered once")
        self.trailers[exchange] = trailers
    }

    func consumed(_ exchange: ExchangeID, bytes: Int) {}

    /// Exchanges that are to expire.
    var expiring: [ExchangeID] = []
    var heardLast: Set<ExchangeID> = []
    var tidyings = 0

    func expire(_ exchange: ExchangeID, after duration: Duration) { expiring.append(exchange) }
    func hearLast(_ exchange: ExchangeID) { heardLast.insert(exchange) }
    func tidyLater() { tidyings += 1 }
}

/// A handler over the real registry and batcher, with a sink that records: no socket, no other loop.
final class Harness {
    let registry: ModelRegistry
    let control: ControlThread
    let metrics = MetricsRegistry()
    let live: LiveSettingsBoard
    /// Without threads: `runCompute` runs what waits.
    let compute: ComputePool
    private var worker = ComputeWorker(.system)
    private let mailbox: LoopMailbox
    let handler: LoopHandler
    let sink = RecordingSink()
    private var streams: UInt32 = 0

    init(
        token: String? = "0123456789abcdef", bodyBytesMax: Int = 1 << 20, live: LiveSettings? = nil,
        batching: BatchSettings = BatchSettings(), follower: (any StoreFollowing)? = nil,
        clocks: ComputeClocks = .system, clock: any LoopClock = SystemClock()
    ) throws {
        let compute = ComputePool(limits: batching.compute, workers: 1, clocks: clocks)
        self.compute = compute
        control = try ControlThread()
        let store = MemoryModelStore()
        var limits = ModelRegistry.Limits()
        // No thread runs the loop of this test: a publish must not wait for it.
        limits.drainTimeout = .zero
        registry = ModelRegistry(
            importers: ModelImporterList([MultipleImporter()]),
            compile: { (graph) throws(ImportError) -> PreparedModel in
                let compiled = try ModelCompiler.compile(graph)
                return PreparedModel(
                    signature: compiled.signature, layout: compiled.layout, predictor: compiled.predictor)
            },
            store: store, metrics: ServingMetrics(registry: metrics, loops: 1), log: .silent, system: .threads,
            limits: limits)
        let board = LiveSettingsBoard(
            live ?? LiveSettings(gate: AdminGate(token: token.map { BearerToken($0) }), bodyBytesMax: bodyBytesMax))
        self.live = board
        var services = SharedServices(
            registry: registry, uploads: UploadReceiver(registry: registry, store: store, control: control),
            reading: control,
            live: board,
            routes: NativeRoutes(), metrics: RequestMetrics(registry: metrics, loops: 1), state: ServerState(),
            compute: compute, batching: batching, loops: 1)
        services.follower = follower
        mailbox = try LoopMailbox()
        handler = LoopHandler(context: LoopContext(index: 0, mailbox: mailbox, clock: clock), shared: services)
    }

    deinit { control.stop() }

    func begin(
        _ method: String, _ target: String, fields: [(name: String, value: String)] = [],
        version: HTTPVersion = .http11
    ) throws -> (exchange: ExchangeID, mode: BodyMode) {
        streams += 1
        let exchange = ExchangeID(loop: 0, connection: 7, generation: 1, stream: streams)
        let head = try RequestHead(method: method, target: target, fields: fields, version: version)
        return (exchange, handler.head(head, exchange, sink))
    }

    func post(_ body: String, to target: String = "/predict") throws -> ExchangeID {
        let (exchange, _) = try begin("POST", target)
        send(body, exchange)
        return exchange
    }

    func send(_ body: String, _ exchange: ExchangeID) {
        let bytes = Array(body.utf8)
        handler.body(bytes.span, isEnd: true, exchange, sink)
    }

    func load(_ name: String, _ text: String) throws {
        _ = try registry.loadStatic(name, Array(text.utf8))
        handler.endOfTick(sink)
    }

    func publish(_ name: String, _ text: String) throws { _ = try registry.publish(name, bytes: Array(text.utf8)) }

    /// Runs what waits for a compute thread, and lets the loop hear of it.
    /// - Returns: the ticks that the loop took for it, one at least.
    @discardableResult
    func runCompute() -> Int {
        while compute.runNext(&worker) {}
        var ticks = 0
        repeat {
            var messages: [LoopMessage] = []
            mailbox.messages.take(into: &messages)
            handler.endOfTick(sink)
            ticks += 1
        } while mailbox.messages.isRung
        return ticks
    }

    /// Takes ticks until the pool's own threads have answered all. After a minute it gives up, which ends a hang.
    func answerAll() {
        let end = SystemClock().now().advanced(by: LoopDuration(.seconds(60)))
        while handler.openExchangeCount > 0, SystemClock().now() < end { handler.endOfTick(sink) }
    }

    var metricsText: String { String(decoding: metrics.render(), as: UTF8.self) }

    func body(_ exchange: ExchangeID) -> String? { sink.answers[exchange]?.body }
}

@Suite struct LoopHandlerTests {
    @Test func answersEveryRequestOfATickAtItsEnd() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let exchanges = try (1...5).map { try harness.post(#"{"x": \#($0)}"#) }
        #expect(harness.sink.answers.isEmpty)
        harness.handler.endOfTick(harness.sink)
        for (index, exchange) in exchanges.enumerated() {
            #expect(harness.body(exchange)?.contains(#""prediction":\#((index + 1) * 2).0"#) == true)
        }
    }

    @Test func flushesEarlyWhenManyRowsWait() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let rows = Array(repeating: "[1]", count: 300).joined(separator: ",")
        let exchange = try harness.post("[\(rows)]")
        #expect(harness.sink.answers[exchange]?.status == .ok)
    }

    @Test func aBadRequestDisturbsNoOther() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let good = try harness.post(#"{"x": 1}"#)
        let bad = try harness.post(#"[{"x": 1}, {"x": "a"}]"#)
        let alsoGood = try harness.post(#"{"x": 2}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[bad]?.status == .unprocessableContent)
        #expect(harness.body(bad)?.contains(#""pointer":"/1/x""#) == true)
        #expect(harness.body(good)?.contains("2.0") == true)
        #expect(harness.body(alsoGood)?.contains("4.0") == true)
    }

    @Test func swapsBetweenTwoTicks() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        try harness.publish("m", "triple")
        let before = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        let after = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(before)?.contains("2.0") == true)
        #expect(harness.body(after)?.contains("3.0") == true)
        #expect(
            harness.sink.answers[after]?.fields.fields.contains { $0.name == "Vencejo-Version" && $0.value == "2" }
                == true)
    }

    @Test func aSlowBodyIsAnsweredByTheModelThatServesWhenItEnds() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (slow, _) = try harness.begin("POST", "/models/m/predict")
        harness.handler.endOfTick(harness.sink)
        try harness.publish("m", "triple")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.registry.retiredModelCount <= 1)
        harness.registry.housekeep()
        #expect(harness.registry.retiredModelCount == 0, "a body that is still to come keeps no old model")
        harness.send(#"{"x": 1}"#, slow)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(slow)?.contains("3.0") == true)
    }

    @Test func aModelRemovedBeforeTheBodyEndsIsA404() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (slow, _) = try harness.begin("POST", "/models/m/predict")
        harness.handler.endOfTick(harness.sink)
        _ = try harness.registry.remove("m")
        harness.handler.endOfTick(harness.sink)
        harness.send(#"{"x": 1}"#, slow)
        #expect(harness.sink.answers[slow]?.status == .notFound)
    }

    @Test func aCancelledRequestIsNotAnswered() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let gone = try harness.post(#"{"x": 1}"#)
        let here = try harness.post(#"{"x": 2}"#)
        harness.handler.cancelled(gone)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[gone] == nil)
        #expect(harness.body(here)?.contains("4.0") == true)
    }

    @Test(arguments: [("PUT", "/models/m"), ("DELETE", "/models/m")])
    func refusesAdministrationBeforeTheBody(method: String, target: String) throws {
        let harness = try Harness()
        for value in [nil, "Bearer wrong", "Basic 0123456789abcdef", "Bearer", "Bearer 0123456789abcdef0"] {
            let (_, mode) = try harness.begin(method, target, fields: value.map { [("Authorization", $0)] } ?? [])
            guard case .answered(let status, let fields, _) = mode else {
                Issue.record("\(value ?? "no token") was let in")
                continue
            }
            #expect(status == .unauthorized)
            #expect(fields.fields.contains { $0.name == "WWW-Authenticate" })
        }
        let (_, mode) = try harness.begin(method, target, fields: [("Authorization", "bearer 0123456789abcdef")])
        if case .answered = mode { Issue.record("the token was refused") }
    }

    @Test func dropsAnUploadWhoseClientGoesBeforeTheImport() throws {
        let harness = try Harness()
        let isOpen = Monitor(false)
        #expect(harness.control.submit { _ = isOpen.wait(for: .seconds(60)) { $0 ? true : nil } })
        let token = [(name: "Authorization", value: "Bearer 0123456789abcdef")]
        let (gone, _) = try harness.begin("PUT", "/models/gone", fields: token)
        harness.send("double", gone)
        let (here, _) = try harness.begin("PUT", "/models/here", fields: token)
        harness.send("double", here)
        harness.handler.cancelled(gone)
        isOpen.withLock { $0 = true }
        let isDone = Monitor(false)
        #expect(harness.control.submit { isDone.withLock { $0 = true } })
        #expect(isDone.wait(for: .seconds(60)) { $0 ? true : nil } == true)
        #expect(harness.registry.pool.names == ["here"])
    }

    @Test func administrationIsClosedWithoutAToken() throws {
        let harness = try Harness(token: nil)
        let (_, mode) = try harness.begin("PUT", "/models/m", fields: [("Authorization", "Bearer ")])
        guard case .answered(.forbidden, _, let body) = mode else { return #expect(Bool(false)) }
        #expect(String(decoding: body, as: UTF8.self).contains("VENCEJO_ADMIN_TOKEN"))
    }

    @Test func namesTheModelsThereAreWhereOneIsUnknown() throws {
        let harness = try Harness()
        try harness.load("house-price", "double")
        let (_, mode) = try harness.begin("POST", "/models/hose-price/predict")
        guard case .answered(.notFound, _, let body) = mode else { return #expect(Bool(false)) }
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#""nearest":"house-price""#) && text.contains(#""models":["house-price"]"#))
    }

    @Test func ticketsCarryTheExchangeThere() {
        let exchange = ExchangeID(loop: .max, connection: .max - 1, generation: .max - 2, stream: .max - 3)
        let ticket = BatchTicket(
            exchange, .init(form: .split, hasArrayRows: true, rowCount: 3), .modelPredict, started: .max - 5)
        #expect(ticket.exchangeID == exchange)
        #expect(ticket.request(rowCount: 3) == .init(form: .split, hasArrayRows: true, rowCount: 3))
        #expect(ticket.route == .modelPredict)
        #expect(ticket.elapsed(until: 4) == 10)
    }

    @Test func tellsAGRPCClientWhatItNeeds() throws {
        let harness = try Harness()
        let grpc = [(name: "Content-Type", value: "application/grpc")]
        for path in ["/grpc.health.v1.Health/Check", "/inference.GRPCInferenceService/ServerLive"] {
            guard case .answered(let status, _, _) = try harness.begin("POST", path, fields: grpc).mode else {
                Issue.record("\(path) was taken")
                continue
            }
            #expect(status == .versionNotSupported)
        }
        guard case .answered(let status, _, _) = try harness.begin("POST", "/grpc.health.v1.Health/Check").mode else {
            Issue.record("a call without its content type was taken")
            return
        }
        #expect(status == .unsupportedMediaType)
        guard case .answered(let get, _, _) = try harness.begin("GET", "/grpc.health.v1.Health/Check").mode else {
            Issue.record("GET was taken")
            return
        }
        #expect(get == .methodNotAllowed)
    }
}
