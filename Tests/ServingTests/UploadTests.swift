import EventLoop
import Glibc
import ModelIR
import ModelStore
import Synchronization
import Testing

@testable import Serving

struct UploadTests {
    private final class Outcome: Sendable {
        private let monitor = Monitor<[Result<PublishReport, PublishError>]>([])

        func set(_ result: Result<PublishReport, PublishError>) { monitor.withLock { $0.append(result) } }

        func wait() -> Result<PublishReport, PublishError>? { monitor.wait(for: .seconds(30)) { $0.first } }

        var count: Int { monitor.withLock { $0.count } }

        func error() -> PublishError? {
            guard case .failure(let error)? = wait() else { return nil }
            return error
        }
    }

    private func begin(
        _ world: FakeWorld, _ control: ControlThread, name: String = "a", declared: Int? = nil, uploadsMax: Int = 8,
        onCredit: @escaping @Sendable () -> Void = {}
    ) throws -> (Upload, Outcome, UploadReceiver) {
        let receiver = UploadReceiver(
            registry: world.registry, store: world.store, control: control, uploadsMax: uploadsMax)
        let outcome = Outcome()
        let upload = try receiver.begin(
            name, options: PublishOptions(), declaredBytes: declared, onCredit: onCredit,
            completion: { outcome.set($0) })
        return (upload, outcome, receiver)
    }

    private func append(_ bytes: [UInt8], to upload: Upload) -> Upload.Flow { upload.append(bytes.span) }

    @Test(arguments: [1, 2, 3, 5, 100])
    func publishesABodyThatComesInPieces(pieceBytes: Int) throws {
        let control = try ControlThread()
        let world = FakeWorld()
        let (upload, outcome, receiver) = try begin(world, control)
        let body = Array("fake12".utf8)
        for start in stride(from: 0, to: body.count, by: pieceBytes) {
            #expect(append(Array(body[start..<min(start + pieceBytes, body.count)]), to: upload) == .more)
        }
        #expect(receiver.runningCount == 1)
        upload.finish()
        let report = try #require(outcome.wait()).get()
        #expect(report.model.digest == ContentDigest(of: body) && report.model.artifactBytes == 6)
        #expect(receiver.runningCount == 0)
        #expect(append([1], to: upload) == .stop)
        upload.finish()
        upload.cancel()
        control.stop()
        #expect(outcome.count == 1)
    }

    @Test func hashesABodyOfManyBuffersWhoseTailIsShort() throws {
        let control = try ControlThread()
        let world = FakeWorld()
        let credit = Signal()
        let (upload, outcome, _) = try begin(world, control, onCredit: { credit.send() })
        var body = Array("fake1 ".utf8)
        for index in 0..<(3 << 20) + 17 { body.append(UInt8(truncatingIfNeeded: index &* 31)) }
        var waits = 0
        for start in stride(from: 0, to: body.count, by: 100_000) {
            if append(Array(body[start..<min(start + 100_000, body.count)]), to: upload) == .wait {
                waits += 1
                #expect(credit.wait(waits))
            }
        }
        upload.finish()
        #expect(try #require(outcome.wait()).get().model.digest == ContentDigest(of: body))
        control.stop()
    }

    @Test func stopsReadingWhenTheDiskIsSlowerAndGoesOnWithCredit() throws {
        let control = try ControlThread()
        let gate = Signal()
        let isBlocked = Signal()
        #expect(
            control.submit {
                isBlocked.send(); gate.wait()
            })
        isBlocked.wait()
        let credit = Signal()
        let world = FakeWorld()
        let (upload, outcome, _) = try begin(world, control, onCredit: { credit.send() })
        let buffer = Array("fake1 ".utf8) + [UInt8](repeating: 7, count: Upload.bufferBytes - 6)
        for _ in 0..<Upload.buffersMax - 1 { #expect(append(buffer, to: upload) == .more) }
        #expect(append(buffer, to: upload) == .wait)
        #expect(credit.count == 0)
        gate.send()
        #expect(credit.wait())
        upload.finish()
        #expect(try #require(outcome.wait()).get().model.artifactBytes == Upload.bufferBytes * Upload.buffersMax)
        control.stop()
        #expect(credit.count == 1)
    }

    @Test func refusesEarlyWhatCannotSucceed() throws {
        let control = try ControlThread()
        var limits = ModelRegistry.Limits()
        limits.artifactBytesMax = 100
        let world = FakeWorld(store: MemoryModelStore(), limits: limits)
        #expect(throws: PublishError.tooLarge(bytesMax: 100)) { try begin(world, control, declared: 101) }
        #expect(throws: PublishError.invalidName("../x")) { try begin(world, control, name: "../x") }
        let (upload, outcome, receiver) = try begin(world, control, declared: 100, uploadsMax: 1)
        #expect(throws: PublishError.busy(retryAfterSeconds: 5)) {
            try receiver.begin("b", options: PublishOptions(), declaredBytes: nil, onCredit: {}, completion: { _ in })
        }
        #expect(world.metricsText.contains("vencejo_publishes_total{outcome=\"other\"} 1"), "the operator is told")
        upload.cancel()
        #expect(outcome.error() == .cancelled)
        let etag = try world.publish("a", 1).model.etag
        #expect(throws: PublishError.preconditionFailed(currentETag: etag)) {
            try receiver.begin(
                "a", options: PublishOptions(precondition: PublishPrecondition(ifNoneMatch: .any)), declaredBytes: nil,
                onCredit: {},
                completion: { _ in })
        }
        #expect(receiver.runningCount == 0)
        control.stop()
    }

    @Test func boundsTheBytesOfAllUploadsTogether() throws {
        let control = try ControlThread()
        let world = FakeWorld()
        let receiver = UploadReceiver(registry: world.registry, store: world.store, control: control, bytesMax: 10)
        func begin(_ name: String) throws -> (Upload, Outcome) {
            let outcome = Outcome()
            let upload = try receiver.begin(
                name, options: PublishOptions(), declaredBytes: nil, onCredit: {}, completion: { outcome.set($0) })
            return (upload, outcome)
        }
        let (first, firstOutcome) = try begin("a")
        let (second, secondOutcome) = try begin("b")
        #expect(append(Array("fake1".utf8), to: first) == .more)
        #expect(append(Array("fake2".utf8), to: second) == .more)
        #expect(append([1], to: second) == .stop)
        #expect(secondOutcome.error() == .busy(retryAfterSeconds: 5))
        // What it held is the others'; and so is what one holds that has been published or given up.
        #expect(append(Array("12345".utf8), to: first) == .more)
        first.finish()
        #expect(try #require(firstOutcome.wait()).get().model.artifactBytes == 10)
        let (third, thirdOutcome) = try begin("c")
        #expect(append(Array("fake345678".utf8), to: third) == .more)
        third.cancel()
        #expect(thirdOutcome.error() == .cancelled)
        let (fourth, _) = try begin("d")
        #expect(append(Array("fake345678".utf8), to: fourth) == .more)
        fourth.cancel()
        control.stop()
        #expect(receiver.runningCount == 0)
    }

    @Test func endsABodyThatIsLongerThanItSaid() throws {
        let control = try ControlThread()
        var limits = ModelRegistry.Limits()
        limits.artifactBytesMax = 10
        let world = FakeWorld(limits: limits)
        let (upload, outcome, _) = try begin(world, control)
        #expect(append(Array("fake123456".utf8), to: upload) == .more)
        #expect(append([0], to: upload) == .stop)
        upload.finish()
        #expect(outcome.error() == .tooLarge(bytesMax: 10))
        control.stop()
        #expect(outcome.count == 1)
        #expect(world.registry.pool.names.isEmpty)
    }

    @Test func cancelsBeforeTheImportAndNotAfter() throws {
        let control = try ControlThread()
        let isCompiling = Signal()
        let gate = Signal()
        let world = FakeWorld(beforeCompile: {
            isCompiling.send(); gate.wait()
        })
        let (early, earlyOutcome, _) = try begin(world, control)
        #expect(append(Array("fake1".utf8), to: early) == .more)
        early.cancel()
        #expect(append([1], to: early) == .stop)
        #expect(earlyOutcome.error() == .cancelled)
        let (late, lateOutcome, _) = try begin(world, control)
        #expect(append(Array("fake2".utf8), to: late) == .more)
        late.finish()
        #expect(isCompiling.wait())
        late.cancel()
        gate.send()
        #expect(try #require(lateOutcome.wait()).get().model.version == 1)
        control.stop()
        #expect(earlyOutcome.count == 1 && lateOutcome.count == 1)
    }

    @Test func reportsADiskThatFailsInTheMiddle() throws {
        let control = try ControlThread()
        let store = FailingStore()
        let world = FakeWorld(store: store)
        let credit = Signal()
        let (upload, outcome, _) = try begin(world, control, onCredit: { credit.send() })
        store.failing.withLock { $0 = .append }
        _ = append([UInt8](repeating: 1, count: Upload.bufferBytes), to: upload)
        #expect(outcome.error() == .store(FailingStore.error))
        #expect(append([1], to: upload) == .stop)
        upload.finish()
        control.stop()
        #expect(outcome.count == 1)
        #expect(world.metricsText.contains("vencejo_publishes_total{outcome=\"store_error\"} 1\n"))
        #expect(world.metricsText.contains("vencejo_publishes_total{outcome=\"rejected\"} 0\n"))
    }

    /// Counted like any failure; a client that leaves is none.
    @Test func aClientThatLeavesIsNoFailedPublish() throws {
        let control = try ControlThread()
        let world = FakeWorld()
        let (upload, outcome, _) = try begin(world, control)
        _ = append([1], to: upload)
        upload.cancel()
        #expect(outcome.error() == .cancelled)
        control.stop()
        #expect(!world.metricsText.contains("} 1\n"))
    }

    @Test func refusesAnEmptyBody() throws {
        let control = try ControlThread()
        let (upload, outcome, _) = try begin(FakeWorld(), control)
        upload.finish()
        guard case .rejected(let reason)? = outcome.error() else {
            Issue.record("not rejected")
            return
        }
        #expect(reason.kind == .unknownFormat)
        control.stop()
    }

    @Test func completesWhenTheControlThreadHasTooMuchToDo() throws {
        let control = try ControlThread(jobsMax: 1)
        let gate = Signal()
        let isBlocked = Signal()
        #expect(
            control.submit {
                isBlocked.send()
                gate.wait()
            })
        isBlocked.wait()
        #expect(control.submit {})
        let (upload, outcome, _) = try begin(FakeWorld(), control)
        upload.finish()
        #expect(outcome.error() == .busy(retryAfterSeconds: 5))
        gate.send()
        control.stop()
        #expect(outcome.count == 1)
    }

    /// The whole way on real files: upload, restart, and what was served serves again.
    @Test func whatWasUploadedServesAfterARestart() throws {
        let system = PosixFileSystem()
        let root = "/tmp/vencejo-serving-" + system.uniqueName()
        let control = try ControlThread()
        let before = FakeWorld(store: try FileModelStore(root: root))
        let (upload, outcome, _) = try begin(before, control)
        let body = Array("fake7 ".utf8) + [UInt8](repeating: 1, count: 600_000)
        #expect(append(body, to: upload) == .more)
        upload.finish()
        let model = try #require(outcome.wait()).get().model
        control.stop()
        #expect(try system.list(root + "/tmp").isEmpty, "nothing is left of the upload")

        let after = FakeWorld(store: try FileModelStore(root: root))
        let report = try after.registry.restore()
        #expect(report.restored.map(\.etag) == [model.etag])
        #expect(throws: PublishError.self) { try after.registry.publish("a", bytes: [1]) }
        #expect(try system.list(root + "/tmp").isEmpty && system.list(root + "/blobs/sha256").count == 1)
        _ = try after.registry.remove("a")
        #expect(try FakeWorld(store: try FileModelStore(root: root)).registry.restore().restored.isEmpty)

        for directory in ["/tmp", "/blobs/sha256", "/manifests"] {
            for name in try system.list(root + directory) { try system.remove(root + directory + "/" + name) }
            #expect(unsafe rmdir(root + directory) == 0)
        }
        #expect(unsafe rmdir(root + "/blobs") == 0)
        #expect(unsafe rmdir(root) == 0)
    }

    @Test func completesWhenTheControlThreadHasStopped() throws {
        let control = try ControlThread()
        let (upload, outcome, receiver) = try begin(FakeWorld(), control)
        control.stop()
        #expect(append(Array("fake1".utf8), to: upload) == .more)
        upload.finish()
        #expect(outcome.error() == .stopping)
        upload.cancel()
        #expect(outcome.count == 1 && receiver.runningCount == 0)
    }
}
