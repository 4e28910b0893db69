import ModelStore
import Synchronization
import Testing

@testable import Serving

/// A store far away whose newest manifest may be an older one again, as where it was restored from a backup.
private final class RestoredStore: ModelStore {
    let base = MemoryModelStore(keepsBlobs: true)
    let shown = Mutex<StoreManifest?>(nil)
    let asked = Mutex(0)

    var isWritable: Bool { true }
    var keepsBlobs: Bool { true }
    let isFarAway: Bool
    let hasLost = Mutex(false)

    init(isFarAway: Bool = true) { self.isFarAway = isFarAway }

    func newestManifest() throws(StoreError) -> ManifestLookup {
        guard let manifest = shown.withLock({ $0 }) else { return try base.newestManifest() }
        return ManifestLookup(manifest: manifest, highestGeneration: manifest.generation, skipped: [])
    }
    func manifest(generation: Int) throws(StoreError) -> StoreManifest { try base.manifest(generation: generation) }
    func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        asked.withLock { $0 += 1 }
        if hasLost.withLock({ $0 }) { throw StoreError(.missing, while: "fetching", detail: "it is not there") }
        return try base.blob(digest, bytesMax: bytesMax)
    }
    func makeBlobWriter() throws(StoreError) -> any BlobWriter { try base.makeBlobWriter() }
    func commit(_ manifest: StoreManifest) throws(StoreError) { try base.commit(manifest) }
    func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection { StoreCollection() }
}

/// What cannot be had, or not now: how often it is asked for, and what goes on meanwhile.
struct UnfetchableTests {
    /// Fetches and loads until nothing is left to fetch.
    /// - Returns: how often; 200 where it goes on and on.
    private func loadAll(_ fetches: FileFetches, _ world: FakeWorld) -> Int {
        var loads = 0
        while loads < 200, fetches.goOn(), let files = fetches.take() {
            world.registry.load(files)
            loads += 1
        }
        return loads
    }

    /// Two versions that are kept for a rollback and cannot be had, with an hour between two tries.
    @Test func keptVersionsThatCannotBeHadAreNotFetchedAgainAndAgain() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 2
        limits.fetchedBytesMax = 1
        let store = FarStore()
        let writer = FakeWorld(store: store, limits: limits)
        for number in 1...3 { _ = try writer.publish("a", number) }
        store.lose(1)
        store.lose(2)
        let world = FakeWorld(store: store, limits: limits, retryFirst: .seconds(3600))
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        let loads = loadAll(fetches, world)
        #expect(loads == 3 && store.asked.count == 3)
    }

    /// The same for files that are refused for good.
    @Test func keptVersionsThatAreRefusedAreNotFetchedAgainAndAgain() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 2
        limits.fetchedBytesMax = 1
        let store = FarStore()
        let writer = FakeWorld(store: store, limits: limits)
        for (name, number) in [("a", 1), ("a", 2), ("b", 1), ("b", 3)] { _ = try writer.publish(name, number) }
        // One digest, refused here, kept by two models.
        let world = FakeWorld(store: store, limits: limits, retryFirst: .seconds(3600), refuses: [1])
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        let loads = loadAll(fetches, world)
        #expect(loads == 3 && store.asked.count == 3)
        // What was refused is not fetched again because somebody else publishes.
        for number in 4...8 {
            _ = try writer.publish("c", number)
            _ = try world.registry.follow()
            _ = loadAll(fetches, world)
        }
        let asked = store.asked.count
        #expect(asked <= 3 + 5, "\(asked)")
    }

    /// A kept version whose file is refused for good: tried and told once, and told anew where its model needs it.
    @Test(arguments: [false, true]) func aKeptVersionThatIsRefusedIsToldOnce(isFarAway: Bool) throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let store = RestoredStore(isFarAway: isFarAway)
        let writer = FakeWorld(store: store, limits: limits)
        for number in 1...2 { _ = try writer.publish("a", number) }
        let lines = LogLines()
        let world = FakeWorld(store: store, limits: limits, refuses: [1], log: lines.log)
        try world.catchUp()
        world.registry.housekeep()
        let asked = store.asked.withLock { $0 }
        for number in 3...5 {
            _ = try writer.publish("c", number)
            try world.catchUp()
            world.registry.housekeep()
        }
        #expect(lines.errors.count == 1, "\(lines.errors)")
        #expect(store.asked.withLock { $0 } == asked + 3, "the files of c, and no others")

        _ = try writer.registry.change("a", change { $0.current = .previous })
        try world.catchUp()
        world.registry.housekeep()
        let status = world.registry.followStatus
        #expect(status.lagging.map(\.name) == ["a"] && status.lagging.first?.version == 1)
        #expect(status.lag?.reason.hasPrefix("a version 1: ") == true)
        #expect(world.registry.pool.model(named: "a")?.version == 2)
    }

    /// A kept version that could not be had, and that another replica rolls back to: it is not put off any more.
    @Test(arguments: [false, true]) func aKeptVersionThatComesToBeNeededIsTriedAtOnce(isFarAway: Bool) throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let store = RestoredStore(isFarAway: isFarAway)
        let writer = FakeWorld(store: store, limits: limits)
        _ = try writer.publish("a", 1)
        _ = try writer.publish("a", 2)
        let world = FakeWorld(store: store, limits: limits, retryFirst: .seconds(3600))
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        if isFarAway, fetches.goOn(), let files = fetches.take() { world.registry.load(files) }
        #expect(world.registry.pool.model(named: "a")?.version == 2)
        store.hasLost.withLock { $0 = true }
        if isFarAway, fetches.goOn(), let files = fetches.take() { world.registry.load(files) }
        world.registry.housekeep()
        #expect(world.registry.operations.withLock { $0.failures.map(\.what.version) } == [1])
        store.hasLost.withLock { $0 = false }
        _ = try writer.registry.change("a", change { $0.current = .previous })
        try world.catchUp()
        #expect(world.registry.pool.model(named: "a")?.version == 1 && world.registry.followStatus.lag == nil)
    }

    /// One kept version that is lost: the pause between two tries grows.
    @Test func theTriesOfAKeptVersionAreCounted() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let store = FarStore()
        let writer = FakeWorld(store: store, limits: limits)
        for number in 1...2 { _ = try writer.publish("a", number) }
        store.lose(1)
        let world = FakeWorld(store: store, limits: limits)
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        for _ in 0..<5 {
            _ = fetches.goOn()
            if let files = fetches.take() { world.registry.load(files) }
        }
        let attempts = world.registry.operations.withLock { $0.failures.map(\.attempts) }
        #expect(attempts == [4], "\(attempts)")
    }

    /// A replica keeps to what serves where its store went back: a restart takes it.
    @Test func aStoreThatWentBackTakesNothingBack() throws {
        let store = RestoredStore()
        let writer = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        _ = try writer.publish("b", 2)
        let older = try #require(try store.newestManifest().manifest)
        _ = try writer.publish("c", 2)
        _ = try writer.registry.remove("b")
        let world = FakeWorld(store: store)
        try world.catchUp()
        #expect(world.registry.pool.names == ["a", "c"])
        store.shown.withLock { $0 = older }
        _ = try world.registry.follow()
        #expect(world.registry.followStatus.lag?.reason.contains("older than what serves") == true)
        #expect(world.registry.missing().isEmpty)
        try world.catchUp()
        let generation = world.registry.pool.generation
        #expect(world.registry.pool.names == ["a", "c"] && generation == 4)
        #expect(world.registry.followStatus.servedGeneration == 4)
        #expect(world.registry.followStatus.lag?.reason.contains("older than what serves") == true)
    }

    /// What could not be loaded a moment ago is asked for by a client, and no thread is left that would fetch it.
    @Test func aChangeToWhatHasFailedIsAnsweredWhereNobodyFetches() throws {
        let store = FarStore()
        let other = FakeWorld(store: store)
        _ = try other.publish("a", 1)
        _ = try other.publish("a", 2)
        store.lose(2)
        let site = FakeWorld(store: store, retryFirst: .seconds(3600))
        try site.catchUp()
        let registry = site.registry
        let end = Mutex<PublishError?>(nil)
        let edit = change { $0.aliases = ["x": 2] }
        let receiver = UploadReceiver(registry: registry, store: store, control: AtOnce())
        #expect(
            receiver.inTurn(of: "a") { files in
                do throws(PublishError) {
                    _ = try registry.change("a", edit, files)
                } catch {
                    if case .notFetched(let versions) = error { return versions }
                    end.withLock { $0 = error }
                }
                return []
            })
        #expect(end.withLock { $0 } == .busy(retryAfterSeconds: 5))
    }

    /// A big file that hangs keeps one place, and the small ones come meanwhile.
    @Test func aBigFileThatHangsKeepsItsOwnPlaceOnly() throws {
        var limits = ModelRegistry.Limits()
        limits.fetchedBytesMax = 5
        let site = try FarSite(limits: limits)
        let writer = FakeWorld(store: site.store)
        _ = try writer.publish("big", 1_000_000)
        for number in 2...3 { _ = try writer.publish("small\(number)", number) }
        site.store.hold(1_000_000)
        let world = site.world
        let arrivals = Signal()
        let fetches = FileFetches(world.registry, threads: site.threads) { arrivals.send() }
        _ = try world.registry.follow()
        #expect(fetches.goOn())
        #expect(site.store.asked.wait(2), "one file more than the bound")
        site.store.give(1_000_000)
        site.stop()
    }

    /// A directory: a version that is only kept is asked for once, and again when something else changes.
    @Test func whatANearStoreHasLostIsNotReadAgainForHousekeeping() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let store = RestoredStore(isFarAway: false)
        let writer = FakeWorld(store: store, limits: limits)
        for number in 1...2 { _ = try writer.publish("a", number) }
        let world = FakeWorld(store: store, limits: limits)
        _ = try world.registry.restore()
        store.hasLost.withLock { $0 = true }
        let asked = store.asked.withLock { $0 }
        for _ in 0..<5 { world.registry.housekeep() }
        #expect(store.asked.withLock { $0 } == asked + 1)
    }
}
