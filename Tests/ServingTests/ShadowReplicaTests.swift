import ModelStore
import Synchronization
import TensorCore
import Testing

@testable import Serving

/// A store in which somebody else is faster, once.
private final class RacingStore: ModelStore {
    private let base = MemoryModelStore(keepsBlobs: true)
    /// What another writer does between our last look and our commit.
    let beforeCommit = Mutex<(@Sendable () -> Void)?>(nil)

    var isWritable: Bool { true }
    var keepsBlobs: Bool { true }

    func newestManifest() throws(StoreError) -> ManifestLookup { try base.newestManifest() }
    func manifest(generation: Int) throws(StoreError) -> StoreManifest { try base.manifest(generation: generation) }
    func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        try base.blob(digest, bytesMax: bytesMax)
    }
    func makeBlobWriter() throws(StoreError) -> any BlobWriter { try base.makeBlobWriter() }
    func commit(_ manifest: StoreManifest) throws(StoreError) {
        let race = beforeCommit.withLock { race in
            defer { race = nil }
            return race
        }
        race?()
        try base.commit(manifest)
    }
    func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection { StoreCollection() }
}

/// The comparison of a publish where another replica has changed the model: it is judged by what the store says.
struct ShadowReplicaTests {
    private static let strict = change {
        $0.shadowPolicy = .set(action: .refuse, labelFlipsMax: 0, changeMax: 0.01)
    }

    private static func options(_ action: ShadowPolicy.Action) -> PublishOptions {
        var options = PublishOptions()
        options.shadowAction = action
        return options
    }

    private func ask(_ world: FakeWorld, _ name: String) throws {
        let model = try #require(world.registry.pool.model(named: name))
        for index in 0..<50 {
            var batch = RowBatch(layout: RowLayout(columns: fakeSignature.inputs))
            batch.setDouble(Double(index), row: batch.appendRow(), column: 0)
            model.recentRows.offer(batch, at: UInt64(index + 1) * 2_000_000)
        }
    }

    private func isRefused(_ error: any Error) -> Bool {
        guard case .shadowRefused(let report)? = error as? PublishError else { return false }
        return report.broken.count == 1 && report.rowCount == 50
    }

    @Test(arguments: [false, true]) func judgesByWhatAnotherReplicaHasDoneLast(isFarAway: Bool) throws {
        let store: any ModelStore = isFarAway ? FarStore() : MemoryModelStore(keepsBlobs: true)
        let (writer, other) = (FakeWorld(store: store), FakeWorld(store: store))
        try writer.publish("a", 100)
        try other.catchUp()
        try ask(other, "a")
        _ = try writer.change("a", Self.strict)
        #expect(performing: { try other.publish("a", 110) }, throws: isRefused)

        // What it replaces is what it is compared with: here that is equal.
        try writer.publish("a", 200, Self.options(.off))
        let same = try other.publish("a", 200)
        #expect(same.previousVersion == 2 && same.model.version == 3)
        #expect(same.model.shadow?.version == 2 && same.model.shadow?.rowCount == 50)
        #expect(same.model.shadow?.broken == [])

        _ = try writer.change("a", change { $0.shadowPolicy = .set(action: .off, labelFlipsMax: nil, changeMax: nil) })
        #expect(try other.publish("a", 900).model.shadow == nil)

        _ = try writer.registry.remove("a")
        let again = try other.publish("a", 5, PublishPrecondition(ifNoneMatch: .any))
        #expect(again.isNew && again.previousVersion == nil && again.model.shadow == nil && again.model.version == 5)
    }

    @Test(arguments: [false, true]) func aDryRunIsAsNewAsThePublish(isFarAway: Bool) throws {
        let store: any ModelStore = isFarAway ? FarStore() : MemoryModelStore(keepsBlobs: true)
        let (writer, other) = (FakeWorld(store: store), FakeWorld(store: store))
        try writer.publish("a", 100)
        try other.catchUp()
        try writer.publish("a", 200)
        var options = PublishOptions()
        options.isDryRun = true
        #expect(try other.publish("a", 300, options).model.version == 3)
        _ = try writer.registry.remove("a")
        let report = try other.publish("a", 300, options)
        #expect(report.isNew && report.model.shadow == nil)
    }

    /// A publish that is refused has seen what others have done: its files are asked for all the same.
    @Test func aRefusedPublishLeavesNothingUnfetched() throws {
        let store = FarStore()
        let (writer, other) = (FakeWorld(store: store), FakeWorld(store: store))
        let lacks = Signal()
        other.registry.onLacking { lacks.send() }
        try writer.publish("a", 1)
        #expect(throws: PublishError.self) { try other.publish("b", 2, PublishPrecondition(ifMatch: .any)) }
        #expect(lacks.count == 1 && other.registry.followStatus.lagging.map(\.name) == ["a"])
        #expect(throws: PublishError.self) { try other.publish("b", 2, PublishPrecondition(ifMatch: .any)) }
        #expect(lacks.count == 1, "once")
    }

    /// Between the look and the commit: a stricter policy, another version, or none any more.
    @Test func judgesAgainWhatChangesAtTheLastMoment() throws {
        let store = RacingStore()
        let (writer, other) = (FakeWorld(store: store), FakeWorld(store: store))
        try writer.publish("a", 100)
        try other.catchUp()
        try ask(other, "a")
        store.beforeCommit.withLock { $0 = { _ = try? writer.change("a", Self.strict) } }
        #expect(performing: { try other.publish("a", 110) }, throws: isRefused)
        #expect(other.registry.pool.model(named: "a")?.version == 1)

        let lenient = Self.options(.warn)
        store.beforeCommit.withLock { $0 = { _ = try? writer.publish("a", 200, lenient) } }
        let report = try other.publish("a", 200, lenient)
        #expect(report.model.version == 3 && report.model.shadow?.version == 2 && report.model.shadow?.broken == [])

        store.beforeCommit.withLock { $0 = { _ = try? writer.registry.remove("a") } }
        let again = try other.publish("a", 900, lenient)
        #expect(again.isNew && again.model.shadow == nil)
    }
}
