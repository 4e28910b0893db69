import InferenceEngine
import ModelIR
import ModelStore
import Serving
import Synchronization
import Telemetry
import TensorCore
import Testing

/// A server is killed, or its machine loses its power, before or after each step of a PUT: a byte received, the file
/// hashed and kept, brought to the disk, the manifest written, given its name, the directory brought to the disk, the
/// swap, the answer. What serves after a start is the old version or the new one, never neither and never half of one,
/// and what was answered is there.
struct PublishCrashTests {
    private static let old = Array("model 1 ".utf8) + [UInt8](repeating: 1, count: 120)
    private static let new = Array("model 2 ".utf8) + [UInt8](repeating: 2, count: 170)

    // MARK: Files

    @Test(arguments: [
        SimulatedFileSystem.Aftermath.processKilled, .powerLost, .powerLostWithSomeWritten(seed: 1),
        .powerLostWithSomeWritten(seed: 2),
    ])
    func onADisk(aftermath: SimulatedFileSystem.Aftermath) throws {
        for fault in [SimulatedFileSystem.Fault.stopBefore, .stopAfter] {
            var number = 0
            var hasEnded = false
            while !hasEnded {
                number += 1
                let files = SimulatedFileSystem()
                let server = try Server(try FileModelStore(root: "/s", files: files))
                #expect(server.put(Self.old))
                files.failCall(number, fault)
                let isAnswered = server.put(Self.new)
                hasEnded = files.callCount < number
                files.restart(after: aftermath)
                try Self.check(
                    try FileModelStore(root: "/s", files: files), isAnswered: isAnswered,
                    "\(fault) call \(number), \(aftermath)")
            }
            #expect(number > 20)
        }
    }

    /// The same where a call fails and the server goes on: a refusal is true, and so is what it says it has done.
    @Test(arguments: [SystemError.noSpace, .readOnly, .inputOutput])
    func aDiskThatFailsAtAnyStep(error: SystemError) throws {
        var number = 0
        var hasEnded = false
        while !hasEnded {
            number += 1
            let files = SimulatedFileSystem()
            let server = try Server(try FileModelStore(root: "/s", files: files))
            #expect(server.put(Self.old))
            files.failCall(number, .error(error))
            let isAnswered = server.put(Self.new)
            hasEnded = files.callCount < number
            let context: Comment = "\(error.name) at call \(number)"
            #expect(server.serves == ContentDigest(of: isAnswered ? Self.new : Self.old), context)
            files.failCall(nil, .stopBefore)
            let after = try Server(try FileModelStore(root: "/s", files: files))
            #expect(after.serves == server.serves, context)
            #expect(server.put(Self.new), "with room again it works")
        }
        #expect(number > 20)
    }

    // MARK: Objects

    private static func open(_ client: FakeObjectClient, _ files: SimulatedFileSystem) -> ObjectModelStore {
        ObjectModelStore(client, cache: nil, temporaries: "/t", system: .fake(), files: files)
    }

    /// A server that serves the old version out of an object store, with a disk for what is on its way.
    private static func start() throws -> (FakeObjectClient, SimulatedFileSystem, Server) {
        let client = FakeObjectClient()
        let files = SimulatedFileSystem()
        try files.makeDirectory("/t")
        try files.synchronizeDirectory("/")
        let server = try Server(open(client, files))
        #expect(server.put(old))
        return (client, files, server)
    }

    /// The service goes on; the server is killed before it asks, or after that and before it hears the answer.
    @Test(arguments: [true, false]) func inAnObjectStore(isDone: Bool) throws {
        var number = 0
        var hasEnded = false
        while !hasEnded {
            number += 1
            let (client, files, server) = try Self.start()
            let calls = Mutex(0)
            let last = number
            client.fail { _ in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if call < last { return .none }
                return call == last && isDone ? .after : .before
            }
            let isAnswered = server.put(Self.new)
            hasEnded = calls.withLock { $0 } < number
            client.fail { _ in .none }
            files.restart(after: .processKilled)
            try Self.check(
                Self.open(client, files), isAnswered: isAnswered, "call \(number) of the service, done: \(isDone)")
        }
        #expect(number > 4)
    }

    /// The same at the steps that this machine's own disk has in it.
    @Test func besideAnObjectStore() throws {
        var number = 0
        var hasEnded = false
        while !hasEnded {
            number += 1
            let (client, files, server) = try Self.start()
            files.failCall(number, .stopAfter)
            let isAnswered = server.put(Self.new)
            hasEnded = files.callCount < number
            files.restart(after: .powerLost)
            try Self.check(Self.open(client, files), isAnswered: isAnswered, "call \(number) of the disk")
        }
        #expect(number > 5)
    }

    /// The service is away for the whole of a PUT: it is refused, and what serves goes on.
    @Test func aStoreThatIsGoneIsARefusal() throws {
        let (client, files, server) = try Self.start()
        client.fail { _ in .before }
        #expect(!server.put(Self.new))
        #expect(server.serves == ContentDigest(of: Self.old))
        #expect(throws: StoreError.self) { try server.registry.follow() }
        #expect(server.registry.followStatus.lag != nil)
        client.fail { _ in .none }
        #expect(server.put(Self.new) && server.serves == ContentDigest(of: Self.new))
        #expect(files.names(under: "/t").isEmpty && files.openFileCount == 0)
    }

    // MARK: Clocks

    /// The clock is set an hour back or a day forward between any two steps: nothing is lost, and nothing goes back.
    @Test(arguments: [Int64(-3_600), 86_400]) func aClockThatIsSet(seconds: Int64) throws {
        let files = SimulatedFileSystem()
        let store = try FileModelStore(root: "/s", files: files)
        let server = try Server(store) { files.now() }
        for turn in 0..<12 {
            let bytes = turn % 2 == 0 ? Self.old : Self.new
            if turn == 5 { files.advanceClock(seconds) }
            #expect(server.put(bytes))
            if turn == 8 { files.advanceClock(-2 * seconds) }
            _ = try store.collect(manifestsKept: 2, graceSeconds: 3_600)
            let after = try Server(try FileModelStore(root: "/s", files: files)) { files.now() }
            #expect(after.serves == ContentDigest(of: bytes), "turn \(turn)")
            #expect(after.registry.pool.generation == turn + 1)
        }
    }

    // MARK: What must hold

    private static func check(_ store: any ModelStore, isAnswered: Bool, _ context: String) throws {
        let server = try Server(store)
        let served = try #require(server.serves, "\(context): never neither")
        let isNew = served == ContentDigest(of: new)
        #expect(isNew || served == ContentDigest(of: old), "\(context): the old version or the new one")
        #expect(isNew || !isAnswered, "\(context): what was answered is there")
        #expect(server.registry.pool.generation == (isNew ? 2 : 1), "\(context)")
        #expect(server.put(isNew ? old : new), "\(context): and it goes on")
        #expect(server.serves == ContentDigest(of: isNew ? old : new), "\(context)")
    }

    /// A registry with its uploads, whose control thread is whoever calls.
    private struct Server {
        let registry: ModelRegistry
        private let uploads: UploadReceiver

        private struct Queue: ControlQueue {
            let isStopping = false

            func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
                job()
                return true
            }
        }

        private struct Signal: ChangeSignal {
            func notify() {}
            func wait(for timeout: Duration, until condition: () -> Bool) -> Bool { condition() }
        }

        /// Starts on what the store has.
        init(_ store: any ModelStore, unixSeconds: @escaping @Sendable () -> Int64 = { 1_000_000 }) throws {
            registry = ModelRegistry(
                importers: ModelImporterList([AnyImporter()]),
                compile: { _ throws(ImportError) in
                    PreparedModel(
                        signature: Self.signature, layout: RowLayout(columns: Self.signature.inputs),
                        predictor: ZeroPredictor())
                }, store: store, metrics: ServingMetrics(registry: MetricsRegistry(), loops: 1), log: .silent,
                system: ServingSystem(clock: { 0 }, unixSeconds: unixSeconds, makeSignal: { Signal() }))
            uploads = UploadReceiver(registry: registry, store: store, control: Queue())
            _ = try registry.restore()
        }

        var serves: ContentDigest? { registry.pool.model(named: "m")?.digest }

        /// - Returns: whether it was answered with success.
        func put(_ bytes: [UInt8]) -> Bool {
            let isPublished = Mutex(false)
            guard
                let upload = try? uploads.begin(
                    "m", options: PublishOptions(), declaredBytes: bytes.count, onCredit: {},
                    completion: { result in
                        guard case .success = result else { return }
                        isPublished.withLock { $0 = true }
                    })
            else { return false }
            _ = upload.append(bytes.span)
            upload.finish()
            return isPublished.withLock { $0 }
        }

        private static let signature = Signature(
            inputs: [Column(name: "x", kind: .float64)],
            outputs: [OutputField(name: "prediction", kind: .values(.float64), width: 1, isVector: false)])
    }

    private struct AnyImporter: ModelImporter {
        var name: String { "any" }

        func recognizes(_ bytes: Span<UInt8>) -> Bool { true }

        func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
            ImportedModel(
                graph: ImportedGraph(columns: [Column(name: "x", kind: .float64)]), format: "any", producer: "any",
                steps: [])
        }
    }

    private final class ZeroPredictor: Predictor {
        let report = PredictorReport(
            name: "zero", reason: "a test", nanosecondsPerRow: 1, nanosecondsPerRowOfMany: 1, tableBytes: 0)

        func makeWorkspace() -> Workspace { Workspace(plan: MemoryPlan()) }

        func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
            output.reset(rowCount: rows.rowCount)
            for row in 0..<rows.rowCount { output.values[0].float64[row] = 0 }
        }
    }
}
