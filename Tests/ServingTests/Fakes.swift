import EventLoop
import InferenceAPI
import InferenceEngine
import ModelIR
import ModelStore
import Synchronization
import Telemetry
import TensorCore
import Testing

@testable import Serving

extension ControlThread: ControlQueue {}

extension Monitor<UInt64>: ChangeSignal {
    package func notify() { withLock { $0 &+= 1 } }

    package func wait(for timeout: Duration, until condition: () -> Bool) -> Bool {
        wait(for: timeout) { _ in condition() ? true : nil } ?? false
    }
}

extension ServingSystem {
    /// Real clocks and threads, as the application hands them in.
    static let threads = ServingSystem(
        clock: { SystemClock().now().elapsedNanoseconds }, unixSeconds: { SystemClock().unixSeconds() },
        makeSignal: { Monitor<UInt64>(0) })
}

extension TickBatcher {
    /// A loop on which any run is short enough.
    convenience init(loop: Int, limits: BatchLimits = BatchLimits()) {
        var limits = limits
        limits.inlineBudget = .infinity
        limits.longRequest = .infinity
        self.init(loop: loop, limits: limits, clock: ServingSystem.threads.clock)
    }

    /// For tests in which nothing is too long for a loop.
    func flush(_ answer: Answer) {
        flush(answer) { _ in
            TickBatcher.Outstanding()
        } handOn: { _, _, _ in
            Issue.record("nothing here is too long for a loop")
        } hearLast: { _ in
        }
    }
}

/// Doubles its single column, plus an offset; tells where it was released.
final class FakePredictor: Predictor {
    let offset: Double
    let onRelease: @Sendable () -> Void
    let runs = Atomic<Int>(0)
    let report: PredictorReport

    init(
        offset: Double, tableBytes: Int = 0, nanosecondsPerRow: Double = 1,
        onRelease: @escaping @Sendable () -> Void = {}
    ) {
        self.offset = offset
        self.onRelease = onRelease
        report = PredictorReport(
            name: "fake", reason: "a test", nanosecondsPerRow: nanosecondsPerRow,
            nanosecondsPerRowOfMany: nanosecondsPerRow, tableBytes: tableBytes)
    }

    deinit { onRelease() }

    func makeWorkspace() -> Workspace { Workspace(plan: MemoryPlan()) }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        runs.wrappingAdd(1, ordering: .relaxed)
        output.reset(rowCount: rows.rowCount)
        for row in 0..<rows.rowCount {
            let value = rows.double(row: row, column: 0)
            if value.isNaN { output.faults.append(RowFault(row: row, column: 0, reason: .missingValue)) }
            output.values[0].float64[row] = value * 2 + offset
        }
    }
}

/// A file of this family is the text `fake` and a number, which is the predictor's offset; `broken` is recognised and
/// refused.
struct FakeImporter: ModelImporter {
    var name: String { "fake" }

    func recognizes(_ bytes: Span<UInt8>) -> Bool { bytes.count >= 4 && bytes[0] == UInt8(ascii: "f") }

    func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        var text = ""
        for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        guard text.hasPrefix("fake"), let number = Int(text.dropFirst(4).prefix { $0 != " " }) else {
            throw ImportError(.malformed, at: "byte 4", found: "no number", expected: "a number")
        }
        return ImportedModel(
            graph: ImportedGraph(columns: [Column(name: "c\(number)", kind: .float64)]), format: "fake",
            producer: "fake 1", steps: [ModelStep(path: "fake", className: "Fake", detail: "\(number)")])
    }
}

let fakeSignature = Signature(
    inputs: [Column(name: "x", kind: .float64)],
    outputs: [OutputField(name: "prediction", kind: .values(.float64), width: 1, isVector: false)])

/// Does each job before `submit` returns.
struct AtOnce: ControlQueue {
    var isStopping: Bool { false }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        job()
        return true
    }
}

/// A change of a model: change { $0.current = .previous }
func change(_ edit: (inout ModelChange) -> Void) -> ModelChange {
    var change = ModelChange()
    edit(&change)
    return change
}

/// A registry over fakes, with a view into what it does.
struct FakeWorld {
    let store: any ModelStore
    let registry: ModelRegistry
    let metrics: MetricsRegistry
    /// Offsets of the predictors that were released, and whether `isHere` held then.
    let released: ReleaseList

    init(
        store: any ModelStore = MemoryModelStore(keepsBlobs: true), limits: ModelRegistry.Limits = .init(),
        isHere: @escaping @Sendable () -> Bool = { true }, tableBytes: Int = 0,
        beforeCompile: @escaping @Sendable () -> Void = {},
        releaseMemory: @escaping @Sendable (MemoryRelease) -> Void = { _ in },
        retryFirst: Duration = .zero, system: ServingSystem = .threads, refuses: Set<Int> = [], log: Log = .silent
    ) {
        var limits = limits
        limits.retryFirst = retryFirst
        self.store = store
        let metrics = MetricsRegistry()
        self.metrics = metrics
        let released = ReleaseList()
        self.released = released
        registry = ModelRegistry(
            importers: ModelImporterList([FakeImporter()]),
            compile: { graph throws(ImportError) in
                beforeCompile()
                let number = Int((graph.columns[0].name ?? "").dropFirst()) ?? 0
                if number < 0 || refuses.contains(number) {
                    throw ImportError(.unsupported, at: "fake", found: "\(number)", expected: "no negative number")
                }
                released.noteMade()
                let predictor = FakePredictor(offset: Double(number), tableBytes: tableBytes) {
                    released.add(number, isHere())
                }
                return PreparedModel(
                    signature: fakeSignature, layout: RowLayout(columns: fakeSignature.inputs), predictor: predictor)
            }, store: store, metrics: ServingMetrics(registry: metrics, loops: 4), log: log, system: system,
            limits: limits,
            releaseMemory: releaseMemory)
    }

    @discardableResult
    func publish(
        _ name: String, _ number: Int, _ precondition: PublishPrecondition = .none
    ) throws(PublishError) -> PublishReport {
        try publish(name, number, PublishOptions(precondition: precondition))
    }

    /// Publishes as an upload does: what is far away is fetched.
    @discardableResult
    func publish(_ name: String, _ number: Int, _ options: PublishOptions) throws(PublishError) -> PublishReport {
        guard store.isFarAway else {
            return try registry.publish(name, bytes: Array("fake\(number)".utf8), options: options)
        }
        switch try registry.begin(name, try received(number), options) {
        case .ended(let report): return report
        case .pending(let pending): return try finish(pending)
        }
    }

    /// The file of a fake, as an upload has it when it has come whole.
    func received(_ number: Int) throws(PublishError) -> ReceivedArtifact {
        let bytes = Array("fake\(number)".utf8)
        do {
            let writer = try store.makeBlobWriter()
            try writer.append(bytes)
            return ReceivedArtifact(writer: writer, digest: ContentDigest(of: bytes), receive: .zero)
        } catch {
            throw .store(error)
        }
    }

    /// Sends a file, and fetches what its publish lacks.
    func finish(_ pending: PendingPublish) throws(PublishError) -> PublishReport {
        do throws(PublishError) {
            try registry.transfer(pending) { false }
        } catch {
            registry.giveUp(pending, error)
            throw error
        }
        var files = registry.noFiles
        while true {
            do throws(PublishError) {
                return try registry.finish(pending, files)
            } catch {
                guard case .notFetched(let versions) = error else { throw error }
                files = registry.fetch(versions, into: files)
            }
        }
    }

    /// Follows the store as the thread does that is there for it: what is far away is fetched first.
    /// - Returns: whether something else serves now.
    @discardableResult
    func catchUp() throws(StoreError) -> Bool {
        var isNew = try registry.follow()
        let fetches = FileFetches(registry, threads: AtOnce()) {}
        // What has failed may be due again at once.
        while fetches.goOn(), let files = fetches.take(), registry.load(files) { isNew = true }
        return isNew
    }

    /// Changes a model, and fetches what that needs.
    func change(_ name: String, _ change: ModelChange) throws(PublishError) -> PooledModel {
        var files = registry.noFiles
        while true {
            do throws(PublishError) {
                return try registry.change(name, change, files)
            } catch {
                guard case .notFetched(let versions) = error else { throw error }
                files = registry.fetch(versions, into: files)
            }
        }
    }

    var metricsText: String { String(decoding: metrics.render(), as: UTF8.self) }
}

final class ReleaseList: Sendable {
    private let entries = Mutex<[(number: Int, isHere: Bool)]>([])
    private let made = Atomic<Int>(0)

    func noteMade() { made.add(1, ordering: .relaxed) }

    /// Predictors that were made and are not released.
    var livingCount: Int { made.load(ordering: .relaxed) - entries.withLock { $0.count } }

    func add(_ number: Int, _ isHere: Bool) { entries.withLock { $0.append((number, isHere)) } }

    var numbers: [Int] { entries.withLock { $0.map(\.number) } }
    var allHere: Bool { entries.withLock { $0.allSatisfy(\.isHere) } }
}

/// A model made by hand, outside any registry.
func makeModel(_ name: String, offset: Double = 0, predictor: FakePredictor? = nil) -> ServedModel {
    let metrics = ServingMetrics(registry: MetricsRegistry(), loops: 4)
    return ServedModel(
        name: name, version: 1, digest: ContentDigest(of: Array(name.utf8)), generation: 1,
        imported: ImportedModel(graph: ImportedGraph(columns: []), format: "fake", producer: "", steps: []),
        prepared: PreparedModel(
            signature: fakeSignature, layout: RowLayout(columns: fakeSignature.inputs),
            predictor: predictor ?? FakePredictor(offset: offset)),
        golden: GoldenCheck.Report(), artifactBytes: 0, timings: PublishTimings(), loadedAt: 0,
        metrics: metrics.model(name))
}

func makePool(_ models: [ServedModel], defaultName: String? = nil, sequence: UInt64 = 1) -> PredictorPool {
    PredictorPool(
        generation: PoolGeneration(1), sequence: sequence, entries: models.map { PooledModel($0) },
        defaultName: defaultName, onIdle: {}
    )
}

/// Something to wait for, across threads.
final class Signal: Sendable {
    private let monitor = Monitor(0)

    func send() { monitor.withLock { $0 += 1 } }

    /// Waits for the `count`-th `send`; false after half a minute.
    @discardableResult
    func wait(_ count: Int = 1) -> Bool {
        monitor.wait(for: .seconds(30)) { $0 >= count ? true : nil } ?? false
    }

    var count: Int { monitor.withLock { $0 } }
}

/// What was logged at the level of errors.
final class LogLines: LogSink {
    private let lines = Mutex<[String]>([])

    func write(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }

    var log: Log { Log(level: .error, format: .json, to: self) }
    var errors: [String] { lines.withLock { $0 } }
}
