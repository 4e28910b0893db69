import InferenceEngine
import ModelIR
import ModelStore
import SeededRandom
import Synchronization
import Telemetry
import TensorCore
import Testing

@testable import Serving

struct ModelRegistryTests {
    @Test func publishesAndReplaces() throws {
        let world = FakeWorld()
        let first = try world.publish("churn", 1)
        #expect(first.isNew && first.previousVersion == nil && first.isDrained)
        #expect(first.model.version == 1 && first.model.generation == 1)
        #expect(first.model.etag == "\"\(ContentDigest(of: Array("fake1".utf8)))-1\"")
        #expect(first.model.format == "fake" && first.model.producer == "fake 1" && first.model.artifactBytes == 5)
        let second = try world.publish("churn", 2)
        #expect(!second.isNew && second.previousVersion == 1)
        #expect(second.model.version == 2 && second.model.generation == 2)
        #expect(world.registry.pool.model(named: "churn") === second.model)
        #expect(world.registry.pool.generation == 2)
        #expect(try world.store.newestManifest().manifest?.model(named: "churn")?.currentNumber == 2)
    }

    @Test func warmsAPredictorUpBeforeItServes() throws {
        let world = FakeWorld()
        let model = try world.publish("a", 1).model
        let runs = (model.predictor as? FakePredictor)?.runs.load(ordering: .relaxed)
        #expect(runs == 4, "one row and eight, missing values and zeros")
        #expect(model.metrics.rows.total == 0, "not counted as served")
    }

    @Test func keepsTheModelsOfOtherNames() throws {
        let world = FakeWorld()
        let a = try world.publish("a", 1).model
        let b = try world.publish("b", 2).model
        let report = try world.registry.remove("a")
        #expect(report.version == 1)
        #expect(world.registry.pool.names == ["b"])
        #expect(world.registry.pool.model(named: "b") === b)
        #expect(try world.store.newestManifest().manifest?.models.map(\.name) == ["b"])
        #expect(a.name == "a")
    }

    // MARK: Failures leave what serves

    @Test(arguments: ["garbage", "fake", "fake-1", ""])
    func aModelThatIsRefusedLeavesTheOldOneServing(text: String) throws {
        let world = FakeWorld()
        let old = try world.publish("a", 1).model
        #expect {
            try world.registry.publish("a", bytes: Array(text.utf8))
        } throws: { error in
            guard case .rejected(let reason)? = error as? PublishError else { return false }
            return !reason.place.isEmpty
        }
        #expect(world.registry.pool.model(named: "a") === old)
        #expect(try world.store.newestManifest().highestGeneration == 1)
        #expect(world.metricsText.contains("vencejo_publishes_total{outcome=\"rejected\"} 1\n"))
    }

    @Test func aStoreThatFailsLeavesTheOldOneServing() throws {
        let store = FailingStore()
        let world = FakeWorld(store: store)
        let old = try world.publish("a", 1).model
        for step in FailingStore.Step.allCases where step != .always {
            store.failing.withLock { $0 = step }
            #expect(throws: PublishError.store(FailingStore.error)) { try world.publish("a", 2) }
            #expect(world.registry.pool.model(named: "a") === old, "\(step)")
            store.failing.withLock { $0 = nil }
        }
        store.failing.withLock { $0 = .commit }
        #expect(throws: PublishError.store(FailingStore.error)) { try world.registry.remove("a") }
        #expect(world.registry.pool.model(named: "a") === old)
        store.failing.withLock { $0 = nil }
        #expect(try world.publish("a", 3).model.version == 2)
    }

    @Test func refusesBeforeTheWorkWhatAReadOnlyStoreCannotKeep() throws {
        let store = FailingStore()
        store.writable.withLock { $0 = false }
        let world = FakeWorld(store: store)
        _ = try world.registry.loadStatic("static", Array("fake1".utf8))
        #expect {
            try world.publish("a", 1)
        } throws: { error in
            guard case .store(let reason)? = error as? PublishError else { return false }
            return reason.kind == .readOnly
        }
        #expect(world.registry.pool.names == ["static"])
        _ = try world.registry.remove("static")
        #expect(world.registry.pool.names.isEmpty)
    }

    @Test(arguments: ["", "../a", "a/b", "a b"])
    func refusesNames(name: String) {
        let world = FakeWorld()
        #expect(throws: PublishError.invalidName(name)) { try world.publish(name, 1) }
        #expect(throws: PublishError.invalidName(name)) { try world.registry.loadStatic(name, []) }
    }

    @Test func refusesBeyondTheBounds() throws {
        var limits = ModelRegistry.Limits()
        limits.modelsMax = 2
        limits.artifactBytesMax = 5
        let world = FakeWorld(limits: limits)
        #expect(throws: PublishError.tooLarge(bytesMax: 5)) { try world.publish("a", 10) }
        #expect(throws: PublishError.tooLarge(bytesMax: 5)) { try world.registry.loadStatic("a", Array("fake10".utf8)) }
        _ = try world.publish("a", 1)
        _ = try world.publish("b", 1)
        #expect(throws: PublishError.tooManyModels(modelsMax: 2)) { try world.publish("c", 1) }
        #expect(try world.publish("b", 2).model.version == 2, "replacing needs no room")
    }

    @Test func removingWhatIsNotThereNamesWhatIs() throws {
        let world = FakeWorld()
        _ = try world.publish("b", 1)
        #expect(throws: PublishError.unknownModel(name: "a", known: ["b"])) { try world.registry.remove("a") }
    }

    @Test func retiresTheMetricsOfARemovedModel() throws {
        let world = FakeWorld()
        let model = try world.publish("a", 1).model
        model.metrics.rows.add(5)
        #expect(try world.publish("a", 2).model.metrics.rows.total == 5, "a swap does not break a rate")
        #expect(world.metricsText.contains("vencejo_model_rows_total{model=\"a\"} 5\n"))
        _ = try world.registry.remove("a")
        #expect(!world.metricsText.contains("model=\"a\""))
    }

    // MARK: Preconditions

    @Test func comparesTheETagOfWhatServes() throws {
        let world = FakeWorld()
        let onlyNew = PublishPrecondition(ifNoneMatch: .any)
        let first = try world.publish("a", 1, onlyNew).model
        #expect(throws: PublishError.preconditionFailed(currentETag: first.etag)) { try world.publish("a", 2, onlyNew) }
        let match = PublishPrecondition(ifMatch: ETagCondition(fieldValue: first.etag))
        let second = try world.publish("a", 1, match).model
        #expect(second.etag != first.etag, "the same bytes published again are another state")
        #expect(throws: PublishError.preconditionFailed(currentETag: second.etag)) { try world.publish("a", 3, match) }
        #expect(throws: PublishError.preconditionFailed(currentETag: second.etag)) {
            try world.registry.remove("a", precondition: match)
        }
        #expect(throws: PublishError.preconditionFailed(currentETag: nil)) {
            try world.publish("b", 1, PublishPrecondition(ifMatch: .any))
        }
        #expect(throws: PublishError.preconditionFailed(currentETag: second.etag)) {
            try world.registry.refuseEarly("a", PublishOptions(precondition: match))
        }
        try world.registry.refuseEarly("b", PublishOptions(precondition: onlyNew))
    }

    /// Many clients try to replace the version they have seen: exactly one of each round gets through.
    @Test func letsOneOfManyRacingWritersThrough() async throws {
        let world = FakeWorld()
        var current = try world.publish("a", 0).model.etag
        for round in 1...5 {
            let match = PublishPrecondition(ifMatch: ETagCondition(fieldValue: current))
            let winners = await withTaskGroup(of: String?.self) { group in
                for writer in 0..<8 {
                    group.addTask { try? world.publish("a", round * 10 + writer, match).model.etag }
                }
                var etags: [String] = []
                for await etag in group { if let etag { etags.append(etag) } }
                return etags
            }
            #expect(winners.count == 1)
            current = try #require(winners.first)
            #expect(world.registry.pool.model(named: "a")?.etag == current)
        }
        #expect(world.registry.pool.model(named: "a")?.version == 6)
    }

    /// Publishes, replacements and removals of a few names from many tasks at once: every operation is all or
    /// nothing, and the store and the pool agree at the end.
    @Test func survivesPublishesAndRemovalsAtOnce() async throws {
        let world = FakeWorld()
        let loop = try FakeLoop(world.registry)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<6 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(task))
                    for number in 0..<30 {
                        let name = "m\(Int.random(in: 0..<3, using: &generator))"
                        if Int.random(in: 0..<4, using: &generator) == 0 {
                            _ = try? world.registry.remove(name)
                        } else {
                            _ = try? world.publish(name, number)
                        }
                    }
                }
            }
        }
        loop.stop()
        let pool = world.registry.pool
        let manifest = try #require(try world.store.newestManifest().manifest)
        #expect(manifest.models.map(\.name) == pool.names)
        #expect(manifest.models.map(\.currentNumber) == pool.models.map(\.version))
        #expect(manifest.models.map(\.current.digest) == pool.models.map(\.digest))
        #expect(pool.generation == manifest.generation)
        #expect(!loop.hasSeenGoingBack, "a loop never sees an older snapshot after a newer one")
    }

    // MARK: Two writers on one store

    @Test func losesNoUpdateOfAnotherWriter() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let ours = FakeWorld(store: store)
        let theirs = FakeWorld(store: store)
        _ = try ours.publish("a", 1)
        let taken = try theirs.publish("b", 2)
        #expect(taken.model.generation == 2, "the first try found generation 1 taken")
        _ = try ours.publish("a", 3)
        let manifest = try #require(try store.newestManifest().manifest)
        #expect(manifest.generation == 3)
        #expect(manifest.models.map(\.name) == ["a", "b"])
        #expect(manifest.model(named: "a")?.currentNumber == 2 && manifest.model(named: "b")?.generation == 2)
    }

    @Test func asksForThePreconditionAgainOnTopOfAnotherWriter() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let ours = FakeWorld(store: store)
        let etag = try ours.publish("a", 1).model.etag
        let theirs = FakeWorld(store: store)
        _ = try theirs.registry.restore()
        _ = try theirs.publish("a", 2)
        #expect {
            try ours.publish("a", 3, PublishPrecondition(ifMatch: ETagCondition(fieldValue: etag)))
        } throws: { error in
            guard case .preconditionFailed(let current?)? = error as? PublishError else { return false }
            return current.hasSuffix("-2\"")
        }
        #expect(ours.registry.pool.model(named: "a")?.version == 2, "what the other one has published")
        #expect(try store.newestManifest().manifest?.generation == 2)
    }

    @Test func givesUpWhenOthersAreAlwaysFaster() throws {
        let store = FailingStore()
        let world = FakeWorld(store: store)
        store.failing.withLock { $0 = .always }
        #expect(throws: PublishError.conflict) { try world.publish("a", 1) }
        #expect(world.registry.pool.names.isEmpty)
    }

    // MARK: Start

    @Test func restoresWhatWasServing() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let before = FakeWorld(store: store)
        _ = try before.publish("a", 1)
        let a = try before.publish("a", 2).model
        let b = try before.publish("b", 3).model
        let after = FakeWorld(store: store)
        let report = try after.registry.restore()
        #expect(report.generation == 3 && report.failures.isEmpty && report.skippedManifests.isEmpty)
        #expect(report.restored.map(\.etag) == [a.etag, b.etag])
        #expect(after.registry.pool.models.map(\.version) == [2, 1])
        #expect(try after.publish("a", 4).model.version == 3)
    }

    @Test func oneBadBlobDoesNotStopTheOthers() throws {
        let store = FailingStore()
        let before = FakeWorld(store: store)
        for name in ["a", "b", "c"] { _ = try before.publish(name, name == "b" ? 7 : 1) }
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        let after = FakeWorld(store: store)
        let report = try after.registry.restore()
        #expect(report.restored.map(\.name) == ["a", "c"])
        #expect(report.failures.map(\.name) == ["b"])
        guard case .store(let reason)? = report.failures.first?.error else {
            Issue.record("no reason")
            return
        }
        #expect(reason.kind == .corrupt)
        // The entry is not lost: publishing another model keeps it, publishing it again goes on with its versions.
        _ = try after.publish("d", 1)
        #expect(try store.newestManifest().manifest?.models.map(\.name) == ["a", "b", "c", "d"])
        #expect(try after.publish("b", 8).model.version == 2)
    }

    @Test func modelsNamedAtTheStartAreNotStoredAndTheFirstIsTheDefault() throws {
        let world = FakeWorld()
        guard case .loaded(let first) = try world.registry.loadStatic("house", Array("fake1".utf8)) else {
            Issue.record("not loaded")
            return
        }
        _ = try world.registry.loadStatic("churn", Array("fake2".utf8))
        #expect(world.registry.pool.defaultModel === first)
        #expect(first.version == 1)
        #expect(try world.store.newestManifest().manifest == nil)
        let report = try world.publish("house", 3)
        #expect(report.model.version == 2 && report.previousVersion == 1)
        #expect(world.registry.pool.defaultModel === report.model)
        #expect(try world.store.newestManifest().manifest?.models.map(\.name) == ["house"])
    }

    @Test func theStoreGoesBeforeAFileNamedAtTheStart() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        _ = try FakeWorld(store: store).publish("house", 5)
        let world = FakeWorld(store: store)
        _ = try world.registry.restore()
        #expect(world.registry.pool.defaultModel == nil)
        guard case .shadowed(let stored) = try world.registry.loadStatic("house", Array("fake1".utf8)) else {
            Issue.record("not shadowed")
            return
        }
        #expect(stored.digest == ContentDigest(of: Array("fake5".utf8)))
        #expect(world.registry.pool.defaultModel === stored)
    }

    @Test func theFirstPublishedIsNotTheDefault() throws {
        let world = FakeWorld()
        _ = try world.publish("a", 1)
        #expect(world.registry.pool.defaultModel == nil)
    }

    @Test func theDefaultComesBackFromTheStore() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let before = FakeWorld(store: store)
        _ = try before.registry.loadStatic("house", Array("fake1".utf8))
        _ = try before.publish("house", 2)
        let after = FakeWorld(store: store)
        _ = try after.registry.restore()
        #expect(after.registry.pool.defaultModel?.name == "house")
    }
}

/// A memory store that fails on request.
final class FailingStore: ModelStore {
    enum Step: CaseIterable { case makeWriter, append, contents, keep, commit, always }

    static let error = StoreError(.full, while: "writing", detail: "no space is left", errorName: "ENOSPC", path: "/x")

    let failing = Mutex<Step?>(nil)
    let writable = Mutex(true)
    /// Whether it cannot be looked at.
    let failsLooks = Mutex(false)
    let badBlob = Mutex<ContentDigest?>(nil)
    /// One that is not asked for while another cannot be had.
    let unasked = Mutex<ContentDigest?>(nil)
    /// Blobs that were asked for.
    let fetches = Mutex(0)
    private let base = MemoryModelStore(keepsBlobs: true)

    var isWritable: Bool { writable.withLock { $0 } }
    var keepsBlobs: Bool { true }

    func fail(at step: Step) throws(StoreError) {
        if failing.withLock({ $0 }) == step { throw Self.error }
    }

    func newestManifest() throws(StoreError) -> ManifestLookup {
        if failsLooks.withLock({ $0 }) { throw Self.error }
        return try base.newestManifest()
    }

    func manifest(generation: Int) throws(StoreError) -> StoreManifest { try base.manifest(generation: generation) }

    func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        fetches.withLock { $0 += 1 }
        if badBlob.withLock({ $0 }) == digest {
            throw StoreError(.corrupt, while: "reading a model", detail: "the stored bytes are others")
        }
        if unasked.withLock({ $0 }) == digest {
            throw StoreError(.unreachable, while: "reading a model", detail: "it is away", wasAsked: false)
        }
        return try base.blob(digest, bytesMax: bytesMax)
    }

    func makeBlobWriter() throws(StoreError) -> any BlobWriter {
        try fail(at: .makeWriter)
        return Writer(try base.makeBlobWriter(), self)
    }

    func commit(_ manifest: StoreManifest) throws(StoreError) {
        try fail(at: .commit)
        if failing.withLock({ $0 }) == .always {
            throw StoreError(.generationTaken, while: "committing", detail: "another writer has committed it")
        }
        try base.commit(manifest)
    }

    func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection { StoreCollection() }

    final class Writer: BlobWriter {
        private let base: any BlobWriter
        private let store: FailingStore

        init(_ base: any BlobWriter, _ store: FailingStore) {
            self.base = base
            self.store = store
        }

        var byteCount: Int { base.byteCount }

        func append(_ bytes: [UInt8]) throws(StoreError) {
            try store.fail(at: .append)
            try base.append(bytes)
        }

        func contents() throws(StoreError) -> [UInt8] {
            try store.fail(at: .contents)
            return try base.contents()
        }

        func keep(as digest: ContentDigest) throws(StoreError) {
            try store.fail(at: .keep)
            try base.keep(as: digest)
        }

        func discard() { base.discard() }
    }
}
