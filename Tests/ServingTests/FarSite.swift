import EventLoop
import ModelStore
import Synchronization
import Testing

@testable import Serving

/// A store that takes a file, and gives one, only when a test lets it; one that nobody sends any more is given up.
final class FarStore: ModelStore {
    let base = MemoryModelStore(keepsBlobs: true)
    private let gate = Monitor(Set<ContentDigest>())
    /// How many files have set out.
    let departures = Signal()
    private let held = Monitor(Set<ContentDigest>())
    /// What was handed over last to be kept on this machine.
    let cached = Mutex<CachedManifest?>(nil)
    private let lost = Mutex(Set<ContentDigest>())
    /// How many files have been asked for.
    let asked = Signal()

    var isWritable: Bool { true }
    var keepsBlobs: Bool { true }
    var isFarAway: Bool { true }

    /// - Parameter number: of the fake whose file may not arrive yet.
    func close(to number: Int) { gate.withLock { _ = $0.insert(Self.digest(number)) } }
    func open(to number: Int) { gate.withLock { _ = $0.remove(Self.digest(number)) } }

    /// - Parameter number: of the fake whose file does not come from here yet.
    func hold(_ number: Int) { held.withLock { _ = $0.insert(Self.digest(number)) } }
    func give(_ number: Int) { held.withLock { _ = $0.remove(Self.digest(number)) } }

    /// - Parameter number: of the fake whose file is not there.
    func lose(_ number: Int) { lost.withLock { _ = $0.insert(Self.digest(number)) } }
    func find(_ number: Int) { lost.withLock { _ = $0.remove(Self.digest(number)) } }

    private static func digest(_ number: Int) -> ContentDigest { ContentDigest(of: Array("fake\(number)".utf8)) }

    func cachedManifest() -> CachedManifest? { nil }
    func cache(_ manifest: CachedManifest) { cached.withLock { $0 = manifest } }
    func newestManifest() throws(StoreError) -> ManifestLookup { try base.newestManifest() }
    func manifest(generation: Int) throws(StoreError) -> StoreManifest { try base.manifest(generation: generation) }
    func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        asked.send()
        guard held.wait(for: .seconds(30), until: { $0.contains(digest) ? nil : true }) == true else {
            throw StoreError(.unreachable, while: "fetching", detail: "it does not answer")
        }
        guard !lost.withLock({ $0.contains(digest) }) else {
            throw StoreError(.missing, while: "fetching", detail: "it is not there")
        }
        return try base.blob(digest, bytesMax: bytesMax)
    }
    func makeBlobWriter() throws(StoreError) -> any BlobWriter { Writer(try base.makeBlobWriter(), self) }
    func commit(_ manifest: StoreManifest) throws(StoreError) { try base.commit(manifest) }
    func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection { StoreCollection() }

    private final class Writer: BlobWriter {
        let base: any BlobWriter
        let store: FarStore

        init(_ base: any BlobWriter, _ store: FarStore) {
            self.base = base
            self.store = store
        }

        var byteCount: Int { base.byteCount }
        func append(_ bytes: [UInt8]) throws(StoreError) { try base.append(bytes) }
        func contents() throws(StoreError) -> [UInt8] { try base.contents() }
        func discard() { base.discard() }
        func keep(as digest: ContentDigest) throws(StoreError) { try base.keep(as: digest) }

        func keep(
            as digest: ContentDigest, unless isCancelled: @escaping @Sendable () -> Bool
        ) throws(StoreError) {
            store.departures.send()
            var arrives: Bool?
            while arrives == nil {
                arrives = store.gate.wait(for: .milliseconds(5)) { closed -> Bool? in
                    isCancelled() ? false : closed.contains(digest) ? nil : true
                }
            }
            guard arrives == true else {
                throw StoreError(.unreachable, while: "storing the model", detail: "given up")
            }
            try base.keep(as: digest)
        }
    }
}

/// A thread for each job.
final class FarThreads: ControlQueue {
    private let threads = Mutex<[EventLoopThread]>([])
    var isStopping: Bool { false }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        guard let thread = try? EventLoopThread(name: "transfer", body: job) else { return false }
        threads.withLock { $0.append(thread) }
        return true
    }

    func join() { for thread in threads.withLock({ $0 }) { thread.join() } }
}

final class PublishResult: Sendable {
    private let monitor = Monitor<Result<PublishReport, PublishError>?>(nil)
    func set(_ result: Result<PublishReport, PublishError>) { monitor.withLock { $0 = result } }
    func wait() -> Result<PublishReport, PublishError>? { monitor.wait(for: .seconds(30)) { $0 } }
    var isThere: Bool { monitor.withLock { $0 != nil } }
    var version: Int? { try? wait()?.get().model.version }
    var error: PublishError? {
        guard case .failure(let error)? = wait() else { return nil }
        return error
    }
}

struct FarSite {
    let store = FarStore()
    let world: FakeWorld
    let control: ControlThread
    let threads = FarThreads()
    let receiver: UploadReceiver

    init(
        limits: ModelRegistry.Limits = .init(), beforeCompile: @escaping @Sendable () -> Void = {}
    ) throws {
        world = FakeWorld(store: store, limits: limits, tableBytes: 1_000, beforeCompile: beforeCompile)
        control = try ControlThread()
        receiver = UploadReceiver(
            registry: world.registry, store: store, control: control, transfers: threads, fetches: threads)
    }

    func put(
        _ name: String?, _ number: Int, _ options: PublishOptions = PublishOptions()
    ) throws -> (upload: Upload, outcome: PublishResult) {
        let outcome = PublishResult()
        let upload = try receiver.begin(name, options: options, declaredBytes: nil, onCredit: {}) {
            outcome.set($0)
        }
        _ = upload.append(Array("fake\(number)".utf8).span)
        upload.finish()
        return (upload, outcome)
    }

    func stop() {
        threads.join()
        control.stop()
    }
}
