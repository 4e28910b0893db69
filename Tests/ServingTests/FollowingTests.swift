import ModelStore
import Synchronization
import Telemetry
import Testing

@testable import Serving

/// Replicas on one store: what one publishes, the others serve.
struct FollowingTests {
    private func write(_ edit: (inout ModelChange) -> Void) -> ModelChange {
        var change = ModelChange()
        edit(&change)
        return change
    }

    @Test func servesWhatAnotherHasPublishedChangedAndRemoved() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        #expect(try !follower.registry.follow(), "an empty store has nothing to follow")
        _ = try writer.publish("a", 1)
        _ = try writer.publish("b", 2)
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["a", "b"] && follower.registry.pool.generation == 2)
        let b = follower.registry.pool.model(named: "b")
        #expect(try !follower.registry.follow())
        _ = try writer.publish("a", 3)
        _ = try writer.registry.change("a", write { $0.aliases = ["champion": 2] })
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.model(named: "a")?.version == 2)
        #expect(follower.registry.pool.model(named: "b") === b, "what has not changed is not loaded again")
        #expect(follower.registry.pool.entry(named: "a")?.aliases.map(\.name) == ["champion"])
        follower.registry.pool.model(named: "b")?.metrics.rows.add(1)
        _ = try writer.registry.remove("b")
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["a"])
        #expect(!follower.metricsText.contains("model=\"b\""))
        #expect(follower.registry.followStatus.servedGeneration == 5 && follower.registry.followStatus.lag == nil)
    }

    @Test func aGenerationServesAsAWholeOrNotAtAll() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        _ = try follower.registry.follow()
        _ = try writer.publish("a", 2)
        _ = try writer.publish("b", 7)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        #expect(try !follower.registry.follow())
        #expect(follower.registry.pool.names == ["a"] && follower.registry.pool.model(named: "a")?.version == 1)
        let status = follower.registry.followStatus
        #expect(status.seenGeneration == 3 && status.servedGeneration == 1)
        #expect(status.lag?.reason.hasPrefix("b version 1: ") == true)
        #expect(try !follower.registry.follow())
        #expect(follower.registry.followStatus.lag?.since == status.lag?.since, "since when it lags")
        store.badBlob.withLock { $0 = nil }
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.models.map(\.version) == [2, 1] && follower.registry.pool.generation == 3)
        #expect(follower.registry.followStatus.lag == nil)
    }

    @Test func whatWasLoadedForAnIncompleteGenerationIsNotLoadedTwice() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        _ = try writer.publish("b", 7)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        for _ in 0..<5 { _ = try follower.registry.follow() }
        store.badBlob.withLock { $0 = nil }
        _ = try follower.registry.follow()
        #expect(follower.registry.pool.names == ["a", "b"])
        #expect(follower.released.numbers.isEmpty, "nothing was made and thrown away")
    }

    // MARK: Memory

    private func limits(_ bytes: Int, kept: Int = 0) -> ModelRegistry.Limits {
        var limits = ModelRegistry.Limits()
        limits.memoryBytesMax = bytes
        limits.versionsKept = kept
        return limits
    }

    @Test func whatDoesNotFitIsNotFetched() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store, tableBytes: 4_000)
        let bytes = try writer.publish("a", 1).model.memoryBytes
        let follower = FakeWorld(store: store, limits: limits(2 * bytes - 1), tableBytes: 4_000)
        #expect(try follower.registry.follow())
        _ = try writer.publish("b", 2)
        let fetches = store.fetches.withLock { $0 }
        for _ in 0..<3 { #expect(try !follower.registry.follow()) }
        #expect(store.fetches.withLock { $0 } == fetches, "the manifest tells what it holds")
        #expect(follower.registry.pool.names == ["a"])
        let status = follower.registry.followStatus
        #expect(status.seenGeneration == 2 && status.servedGeneration == 1)
        let reason = try #require(status.lag?.reason)
        #expect(reason.hasPrefix("b version 1: ") && reason.contains("\(bytes)"), "\(reason)")
        _ = try writer.registry.remove("a")
        _ = try writer.publish("b", 3)
        // What is to go makes room only when it has gone: the swap is one.
        #expect(try !follower.registry.follow())
    }

    @Test func whatCannotFitAnywayCostsNoVersionThatIsKept() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store, limits: limits(.max, kept: 1), tableBytes: 4_000)
        let bytes = try writer.publish("a", 1).model.memoryBytes
        _ = try writer.publish("a", 2)
        let follower = FakeWorld(store: store, limits: limits(2 * bytes, kept: 1), tableBytes: 4_000)
        _ = try follower.registry.follow()
        follower.registry.housekeep()
        #expect(follower.registry.pool.entry(named: "a")?.versions.count == 2)
        let other = FakeWorld(store: store, tableBytes: 400_000)
        _ = try other.publish("b", 3)
        for _ in 0..<3 { #expect(try !follower.registry.follow()) }
        #expect(follower.registry.followStatus.lag != nil)
        #expect(follower.registry.pool.entry(named: "a")?.versions.count == 2)
        // One that fits in their place takes it.
        _ = try other.registry.remove("b")
        _ = try writer.publish("c", 4)
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["a", "c"])
        #expect(follower.registry.pool.entry(named: "a")?.versions.count == 1)
    }

    @Test func whatWaitsForTheRestOfItsGenerationCountsOnce() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store, tableBytes: 4_000)
        let bytes = try writer.publish("a", 1).model.memoryBytes
        _ = try writer.publish("b", 7)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        let follower = FakeWorld(store: store, limits: limits(2 * bytes), tableBytes: 4_000)
        // Counted twice it would leave no room for the other one.
        for _ in 0..<3 {
            #expect(try !follower.registry.follow())
            #expect(follower.registry.memoryBytes == bytes, "it is there, and does not serve")
        }
        store.badBlob.withLock { $0 = nil }
        #expect(try follower.registry.follow())
        #expect(follower.registry.memoryBytes == 2 * bytes)
        _ = try writer.registry.remove("a")
        #expect(try follower.registry.follow())
        #expect(follower.registry.memoryBytes == bytes)
    }

    @Test func versionsThatAreOnlyKeptMakeRoomForTheNextOne() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        let writer = FakeWorld(store: store, limits: limits(2 * bytes + 1, kept: 1), tableBytes: 4_000)
        let follower = FakeWorld(store: store, limits: limits(2 * bytes + 1, kept: 1), tableBytes: 4_000)
        for version in 1...4 {
            _ = try writer.publish("m", version)
            #expect(try follower.registry.follow(), "version \(version)")
            #expect(follower.registry.pool.model(named: "m")?.version == version)
            follower.registry.housekeep()
            #expect(follower.registry.memoryBytes == min(version, 2) * bytes, "a version that is kept counts")
        }
    }

    @Test func aPublishBringsWhatOthersHavePublishedInTheMeantime() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let ours = FakeWorld(store: store)
        let theirs = FakeWorld(store: store)
        _ = try ours.publish("a", 1)
        _ = try theirs.publish("b", 2)
        #expect(theirs.registry.pool.names == ["a", "b"] && theirs.registry.pool.generation == 2)
        _ = try ours.publish("c", 3)
        #expect(ours.registry.pool.names == ["a", "b", "c"] && ours.registry.pool.generation == 3)
    }

    @Test func aPublishServesAlthoughAnotherOfTheGenerationCannot() throws {
        let store = FailingStore()
        let ours = FakeWorld(store: store)
        let theirs = FakeWorld(store: store)
        _ = try theirs.publish("b", 7)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        let report = try ours.publish("a", 1)
        #expect(ours.registry.pool.model(named: "a") === report.model)
        #expect(ours.registry.pool.generation == 0, "generation 2 does not serve as a whole")
        #expect(ours.registry.followStatus.lag != nil)
        store.badBlob.withLock { $0 = nil }
        #expect(try ours.registry.follow())
        #expect(ours.registry.pool.model(named: "a") === report.model && ours.registry.pool.generation == 2)
    }

    /// Random publishes, changes and removals by three servers that follow now and then: all end up with the same.
    @Test(arguments: 1...5)
    func replicasAgreeInTheEnd(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let store = MemoryModelStore(keepsBlobs: true)
        let worlds = (0..<3).map { _ in FakeWorld(store: store, limits: limits) }
        var seen = [0, 0, 0]
        for number in 0..<120 {
            let index = Int.random(in: 0..<3, using: &generator)
            let world = worlds[index]
            let name = "m\(Int.random(in: 0..<3, using: &generator))"
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...2: _ = try world.publish(name, number)
            case 3: _ = try? world.registry.change(name, write { $0.current = .previous })
            case 4: _ = try? world.registry.change(name, write { $0.aliases = ["x": 1 + number / 9] })
            case 5: _ = try? world.registry.remove(name)
            default: _ = try world.registry.follow()
            }
            let generation = world.registry.pool.generation
            #expect(generation >= seen[index], "seed \(seed): a server never goes back")
            seen[index] = generation
        }
        for world in worlds { _ = try world.registry.follow() }
        for world in worlds {
            world.registry.housekeep()
            #expect(world.registry.pool.entries.map(\.etag) == worlds[0].registry.pool.entries.map(\.etag))
            #expect(
                world.registry.pool.entries.map { $0.versions.map(\.version) }
                    == worlds[0].registry.pool.entries.map { $0.versions.map(\.version) }, "seed \(seed)")
            #expect(world.registry.pool.generation == worlds[0].registry.pool.generation)
        }
    }
}

/// A store whose newest manifest is of a later server, or torn.
struct UnreadableManifestTests {
    /// A store in which somebody has put a manifest that cannot be read after the newest one.
    final class TornStore: ModelStore {
        private let base = MemoryModelStore(keepsBlobs: true)
        let isTorn = Mutex(false)

        var isWritable: Bool { true }
        var keepsBlobs: Bool { true }

        func newestManifest() throws(StoreError) -> ManifestLookup {
            let lookup = try base.newestManifest()
            guard isTorn.withLock({ $0 }) else { return lookup }
            return ManifestLookup(
                manifest: lookup.manifest, highestGeneration: lookup.highestGeneration + 1,
                skipped: [StoreError(.corrupt, while: "reading a manifest", detail: "its schema is 3")])
        }

        func manifest(generation: Int) throws(StoreError) -> StoreManifest { try base.manifest(generation: generation) }
        func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
            try base.blob(digest, bytesMax: bytesMax)
        }

        func makeBlobWriter() throws(StoreError) -> any BlobWriter { try base.makeBlobWriter() }
        func commit(_ manifest: StoreManifest) throws(StoreError) { try base.commit(manifest) }

        func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
            StoreCollection()
        }
    }

    @Test func isNotWrittenOver() throws {
        let store = TornStore()
        _ = try FakeWorld(store: store).publish("a", 1)
        store.isTorn.withLock { $0 = true }
        let world = FakeWorld(store: store)
        _ = try world.registry.restore()
        #expect(world.registry.pool.names == ["a"], "what can be read serves")
        #expect {
            try world.publish("b", 2)
        } throws: { error in
            guard case .store(let reason)? = error as? PublishError else { return false }
            return reason.description.contains("its schema is 3")
        }
        #expect(try !world.registry.follow())
        let status = world.registry.followStatus
        #expect(status.seenGeneration == 2 && status.servedGeneration == 1)
        #expect(status.lag?.reason.contains("its schema is 3") == true)
        store.isTorn.withLock { $0 = false }
        _ = try world.registry.follow()
        #expect(world.registry.followStatus.lag == nil, "somebody has taken it away")
    }
}
