import ModelStore
import SeededRandom
import Synchronization
import Telemetry
import Testing

@testable import Serving

/// Replicas on one store: what one publishes, the others serve.
struct FollowingTests {
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
        _ = try writer.registry.change("a", change { $0.aliases = ["champion": 2] })
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

    @Test func aModelThatCannotBeLoadedLagsAlone() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        _ = try writer.publish("b", 6)
        _ = try follower.registry.follow()
        _ = try writer.publish("b", 7)
        _ = try writer.publish("a", 2)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        #expect(try follower.registry.follow())
        let pool = follower.registry.pool
        #expect(pool.models.map(\.version) == [2, 1], "the others follow, and it goes on as it was")
        #expect(pool.generation == 2 && pool.generation(of: "a") == 4 && pool.generation(of: "b") == 2)
        #expect(pool.generation(of: "unknown") == 4)
        let status = follower.registry.followStatus
        #expect(status.seenGeneration == 4 && status.servedGeneration == 2)
        #expect(status.lag?.reason.hasPrefix("b version 2: ") == true)
        #expect(status.lagging.map(\.name) == ["b"] && status.lagging.first?.servingVersion == 1)
        #expect(try !follower.registry.follow())
        #expect(follower.registry.followStatus.lag?.since == status.lag?.since, "since when it lags")
        #expect(follower.registry.followStatus.lagging == status.lagging)
        // Another version of it is not reached either: what it serves is no newer for that.
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake8".utf8)) }
        _ = try writer.publish("b", 8)
        _ = try follower.registry.follow()
        #expect(follower.registry.pool.generation(of: "b") == 2 && follower.registry.pool.generation(of: "a") == 5)
        store.badBlob.withLock { $0 = nil }
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.models.map(\.version) == [2, 3] && follower.registry.pool.generation == 5)
        let after = follower.registry.followStatus
        #expect(after.lag == nil && after.lagging.isEmpty && after.servedGeneration == 5)
    }

    @Test func aRestartServesWhatAFollowerServesButForOldVersions() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        for (name, number) in [("a", 1), ("b", 6), ("c", 3)] { _ = try writer.publish(name, number) }
        _ = try follower.registry.follow()
        _ = try writer.publish("b", 7)
        _ = try writer.publish("c", 4)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        _ = try follower.registry.follow()
        let restarted = FakeWorld(store: store)
        #expect(try restarted.registry.restore().failures.map(\.name) == ["b"])
        #expect(restarted.registry.pool.names == ["a", "c"])
        // What b was until generation 3 is not there any more: that there is none is not true of any of them.
        #expect(restarted.registry.pool.generation(of: "c") == 5 && restarted.registry.pool.generation(of: "b") == 0)
        #expect(follower.registry.pool.generation(of: "c") == 5 && follower.registry.pool.generation(of: "b") == 3)
        #expect(restarted.registry.pool.generation == 0 && follower.registry.pool.generation == 3)
        #expect(
            restarted.registry.followStatus.lagging.map(\.name) == follower.registry.followStatus.lagging.map(\.name))
        store.badBlob.withLock { $0 = nil }
        for world in [follower, restarted] {
            #expect(try world.registry.follow())
            #expect(world.registry.pool.models.map(\.version) == [1, 2, 2] && world.registry.pool.generation == 5)
        }
    }

    @Test func anAliasThatAnswersIsNotLostToAVersionThatCannotBeLoaded() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store, limits: limits(.max, kept: 2))
        let follower = FakeWorld(store: store, limits: limits(.max, kept: 2))
        for number in 1...2 { _ = try writer.publish("m", number) }
        _ = try writer.registry.change("m", change { $0.aliases = ["champion": 1] })
        _ = try follower.registry.follow()
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake3".utf8)) }
        _ = try writer.publish("m", 3)
        _ = try writer.registry.change("m", change { $0.aliases = ["champion": 3] })
        _ = try writer.publish("m", 4)
        _ = try follower.registry.follow()
        let entry = try #require(follower.registry.pool.entry(named: "m"))
        #expect(entry.current.version == 2 && entry.aliases.map(\.model.version) == [1])
        // Where there is no such alias to be lost, what can be loaded serves.
        let restarted = FakeWorld(store: store)
        _ = try restarted.registry.restore()
        #expect(restarted.registry.pool.model(named: "m")?.version == 4)
        #expect(restarted.registry.pool.entry(named: "m")?.aliases.isEmpty == true)
        #expect(restarted.registry.followStatus.lagging.map(\.version) == [3])
        store.badBlob.withLock { $0 = nil }
        for world in [follower, restarted] {
            _ = try world.registry.follow()
            #expect(world.registry.pool.entry(named: "m")?.aliases.map(\.model.version) == [3])
            #expect(world.registry.followStatus.lag == nil)
        }
    }

    @Test func whatFailsIsTriedAgainAfterLongerAndLongerAndARefusedFileNever() throws {
        let time = Mutex<UInt64>(0)
        let system = ServingSystem(
            clock: { time.withLock { $0 } }, unixSeconds: { 7 }, makeSignal: ServingSystem.threads.makeSignal)
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store, retryFirst: .seconds(1), system: system)
        _ = try writer.publish("a", 7)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        _ = try follower.registry.follow()
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] as [UInt64] {
            let fetches = store.fetches.withLock { $0 }
            time.withLock { $0 += seconds * 1_000_000_000 - 1 }
            #expect(!follower.registry.isRetryDue)
            #expect(try !follower.registry.follow())
            #expect(store.fetches.withLock { $0 } == fetches, "not yet after \(seconds) s")
            time.withLock { $0 += 1 }
            #expect(follower.registry.isRetryDue)
            #expect(try !follower.registry.follow())
            #expect(store.fetches.withLock { $0 } == fetches + 1, "after \(seconds) s")
        }
        // News of others does not try it again, nor does it wait for it.
        let fetches = store.fetches.withLock { $0 }
        _ = try writer.publish("b", 1)
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["b"] && store.fetches.withLock { $0 } == fetches + 1)
        // A file that is refused is refused again: by this server, whatever time it is.
        let other = FakeWorld(store: store, system: system, refuses: [7])
        store.badBlob.withLock { $0 = nil }
        _ = try other.registry.follow()
        #expect(other.registry.pool.names == ["b"] && other.registry.followStatus.lagging.map(\.name) == ["a"])
        time.withLock { $0 += 3_600_000_000_000 }
        #expect(!other.registry.isRetryDue)
        _ = try writer.publish("a", 8)
        #expect(try other.registry.follow())
        #expect(other.registry.followStatus.lag == nil)
    }

    /// Of two that fail together the one that was not asked for is due alone before long, so that it is asked for.
    @Test func whatWasNotAskedForIsNotPutOff() throws {
        let time = Mutex<UInt64>(0)
        let system = ServingSystem(
            clock: { time.withLock { $0 } }, unixSeconds: { 7 }, makeSignal: ServingSystem.threads.makeSignal)
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        for (name, number) in [("a", 1), ("b", 2)] { _ = try writer.publish(name, number) }
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake1".utf8)) }
        store.unasked.withLock { $0 = ContentDigest(of: Array("fake2".utf8)) }
        let follower = FakeWorld(store: store, retryFirst: .seconds(1), system: system)
        _ = try follower.registry.follow()
        time.withLock { $0 += 1_000_000_000 }
        _ = try follower.registry.follow()
        store.unasked.withLock { $0 = nil }
        let fetches = store.fetches.withLock { $0 }
        time.withLock { $0 += 1_000_000_000 }
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["b"])
        #expect(store.fetches.withLock { $0 } == fetches + 1, "the other one waits for two seconds")
    }

    @Test func whatWasLoadedForAnIncompleteGenerationIsNotLoadedTwice() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        _ = try writer.publish("b", 7)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        for _ in 0..<5 { _ = try follower.registry.follow() }
        let a = follower.registry.pool.model(named: "a")
        store.badBlob.withLock { $0 = nil }
        _ = try follower.registry.follow()
        #expect(follower.registry.pool.names == ["a", "b"])
        #expect(follower.registry.pool.model(named: "a") === a)
        #expect(follower.released.numbers.isEmpty, "nothing was made and thrown away")
    }

    @Test func aModelThatNeverServedPassesForNoGeneration() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        for number in [1, 7] { _ = try writer.publish("m", number) }
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        let follower = FakeWorld(store: store)
        _ = try follower.registry.restore()
        #expect(follower.registry.pool.names.isEmpty && follower.registry.pool.generation(of: "m") == 0)
        // One that comes later was not there until then.
        let other = FakeWorld(store: store)
        store.badBlob.withLock { $0 = nil }
        _ = try other.registry.restore()
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake8".utf8)) }
        _ = try writer.publish("n", 8)
        _ = try other.registry.follow()
        #expect(other.registry.pool.generation(of: "n") == 2 && other.registry.pool.generation(of: "m") == 3)
    }

    @Test func theDefaultGoesOnWhereTheNextOneCannotBeLoaded() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        let follower = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        _ = try writer.registry.change("a", change { $0.becomesDefault = true })
        _ = try follower.registry.follow()
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        _ = try writer.publish("n", 7)
        _ = try writer.registry.change("n", change { $0.becomesDefault = true })
        _ = try follower.registry.follow()
        let pool = follower.registry.pool
        #expect(pool.defaultModel?.name == "a")
        #expect(pool.generation(of: nil) == 2 && pool.generation(of: "a") == 4, "until then it was the default")
        store.badBlob.withLock { $0 = nil }
        _ = try follower.registry.follow()
        #expect(follower.registry.pool.defaultModel?.name == "n" && follower.registry.pool.generation(of: nil) == 4)
        // Where the store has taken the default away there is none, whatever served before.
        _ = try writer.registry.remove("n")
        _ = try follower.registry.follow()
        #expect(follower.registry.pool.defaultModel == nil)
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
        #expect(try follower.registry.follow(), "the others are of the new generation")
        for _ in 0..<3 { #expect(try !follower.registry.follow()) }
        #expect(store.fetches.withLock { $0 } == fetches, "the manifest tells what it holds")
        #expect(follower.registry.pool.names == ["a"])
        let status = follower.registry.followStatus
        #expect(status.seenGeneration == 2 && status.servedGeneration == 1)
        let reason = try #require(status.lag?.reason)
        #expect(reason.hasPrefix("b version 1: ") && reason.contains("\(bytes)"), "\(reason)")
        _ = try writer.registry.remove("a")
        _ = try writer.publish("b", 3)
        // What goes makes room for what comes.
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["b"] && follower.registry.followStatus.lag == nil)
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
        _ = try follower.registry.follow()
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

    @Test func onlyWhatFindsNoRoomInTheEndIsAnError() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let writer = FakeWorld(store: store, limits: limits(.max, kept: 1), tableBytes: 4_000)
        let bytes = try writer.publish("a", 1).model.memoryBytes
        _ = try writer.publish("a", 2)
        let lines = LogLines()
        let follower = FakeWorld(
            store: store, limits: limits(2 * bytes + 1, kept: 1), tableBytes: 4_000, log: lines.log)
        _ = try follower.registry.follow()
        follower.registry.housekeep()
        #expect(follower.registry.pool.entry(named: "a")?.versions.count == 2)
        _ = try writer.publish("b", 3)
        #expect(try follower.registry.follow())
        #expect(follower.registry.pool.names == ["a", "b"])
        follower.registry.housekeep()
        #expect(lines.errors.isEmpty)
        _ = try writer.publish("c", 4)
        for _ in 0..<3 { _ = try follower.registry.follow() }
        #expect(follower.registry.followStatus.lagging.map(\.name) == ["c"])
        #expect(lines.errors.count == 1 && lines.errors.first?.contains("cannot be served") == true, "and once")
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
            _ = try follower.registry.follow()
            #expect(follower.registry.memoryBytes == bytes)
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
            case 3: _ = try? world.registry.change(name, change { $0.current = .previous })
            case 4: _ = try? world.registry.change(name, change { $0.aliases = ["x": 1 + number / 9] })
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
