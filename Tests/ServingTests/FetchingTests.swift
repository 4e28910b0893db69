import EventLoop
import ModelStore
import Synchronization
import Testing

@testable import Serving

/// Files that come from a store far away: whoever waits for them keeps nobody else waiting.
struct FetchingTests {
    @Test func anOperationAsksAStoreFarAwayForNoFile() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store)
        for number in 1...3 { _ = try writer.publish("m\(number)", number) }
        let world = FakeWorld(store: store)
        #expect(try world.registry.follow(), "it is known what there is")
        world.registry.housekeep()
        #expect(store.asked.count == 0)
        let status = world.registry.followStatus
        #expect(status.seenGeneration == 3 && status.servedGeneration == 0 && status.laggingCount == 3)
        #expect(!status.hasStarted, "what has not been asked for may come")
        let tag = try #require(try store.newestManifest().manifest?.models.first?.etag)
        let ifMatch = PublishPrecondition(ifMatch: ETagCondition(fieldValue: tag))
        try world.registry.refuseEarly("m1", PublishOptions(precondition: ifMatch))
        #expect(world.registry.isRetryDue, "at once, and not after a pause")
        #expect(try world.catchUp())
        #expect(store.asked.count == 3 && world.registry.pool.names == ["m1", "m2", "m3"])
        #expect(world.registry.followStatus.lag == nil && world.registry.pool.generation == 3)
    }

    @Test func aDownloadThatHangsKeepsNoChangeWaiting() throws {
        let site = try FarSite()
        let other = FakeWorld(store: site.store)
        _ = try other.publish("far", 1)
        site.store.hold(1)
        let world = site.world
        let hasFollowed = Signal()
        let lacks = Signal()
        world.registry.onLacking { lacks.send() }
        #expect(
            site.threads.submit {
                _ = try? world.catchUp()
                hasFollowed.send()
            })
        #expect(site.store.asked.wait(1))
        for number in 2...4 { #expect(try site.put("near\(number)", number).outcome.version == 1) }
        #expect(world.registry.pool.names == ["near2", "near3", "near4"])
        #expect(lacks.count == 3, "somebody is to fetch it")
        #expect(world.registry.pool.generation(of: "near4") == 4 && world.registry.pool.generation == 0)
        site.store.give(1)
        #expect(hasFollowed.wait())
        #expect(world.registry.pool.names == ["far", "near2", "near3", "near4"])
        #expect(world.registry.pool.generation == 4 && world.registry.followStatus.lag == nil)
        #expect(try site.put("last", 5).outcome.version == 1 && lacks.count == 3)
        site.stop()
        #expect(site.store.asked.count == 1)
    }

    /// An alias that is moved to a version that another replica has published a moment ago.
    @Test func aChangeFetchesWhatItNeedsAndIsDoneAgain() throws {
        let site = try FarSite()
        let other = FakeWorld(store: site.store)
        _ = try other.publish("a", 1)
        try site.world.catchUp()
        _ = try other.publish("a", 2)
        site.store.hold(2)
        let registry = site.world.registry
        _ = try registry.follow()
        #expect(registry.pool.model(named: "a")?.version == 1, "the second is known, and not here")
        let rounds = Mutex<[Int]>([])
        let done = Signal()
        let edit = change { $0.aliases = ["x": 2] }
        #expect(
            site.receiver.inTurn(of: "a") { files in
                do throws(PublishError) {
                    rounds.withLock { $0.append(0) }
                    _ = try registry.change("a", edit, files)
                } catch {
                    guard case .notFetched(let versions) = error else { return [] }
                    return versions
                }
                done.send()
                return []
            })
        #expect(site.store.asked.wait(2))
        // It is the model's turn still.
        let next = try site.put("a", 3)
        #expect(try site.put("b", 4).outcome.version == 1, "others wait for nothing")
        #expect(registry.pool.model(named: "a")?.version == 1 && !next.outcome.isThere)
        site.store.give(2)
        #expect(done.wait() && rounds.withLock { $0.count } == 2)
        #expect(next.outcome.version == 3)
        #expect(registry.pool.entry(named: "a")?.aliases.map(\.name) == ["x"])
        site.stop()
        #expect(registry.followStatus.lag == nil && site.receiver.runningCount == 0)
    }

    /// A new version does not serve beside an alias of which nothing is here.
    @Test func aPublishFetchesWhatOthersHaveNamed() throws {
        let site = try FarSite()
        let other = FakeWorld(store: site.store)
        _ = try other.publish("a", 1)
        try site.world.catchUp()
        _ = try other.publish("a", 2)
        _ = try other.change("a", change { $0.aliases = ["x": 2] })
        let asked = site.store.asked.count
        #expect(try site.put("a", 3).outcome.version == 3)
        let entry = try #require(site.world.registry.pool.entry(named: "a"))
        #expect(entry.current.version == 3 && entry.versions.map(\.version).sorted() == [2, 3])
        #expect(site.store.asked.count == asked + 1 && site.world.registry.followStatus.lag == nil)
        site.stop()
        #expect(site.world.registry.pendingBytes.value == 0)
    }

    @Test func aChangeThatFindsNoThreadIsRefusedAndNotForgotten() throws {
        let site = try FarSite()
        let other = FakeWorld(store: site.store)
        _ = try other.publish("a", 1)
        let registry = site.world.registry
        _ = try registry.follow()
        // Nobody fetches.
        let receiver = UploadReceiver(registry: registry, store: site.store, control: site.control)
        let errors = Mutex<[PublishError]>([])
        let edit = change { $0.aliases = ["x": 1] }
        let ends = Signal()
        for _ in 0..<2 {
            #expect(
                receiver.inTurn(of: "a") { files in
                    do throws(PublishError) {
                        _ = try registry.change("a", edit, files)
                    } catch {
                        if case .notFetched(let versions) = error { return versions }
                        errors.withLock { $0.append(error) }
                    }
                    ends.send()
                    return []
                })
        }
        #expect(ends.wait(2))
        #expect(errors.withLock { $0 } == [.busy(retryAfterSeconds: 5), .busy(retryAfterSeconds: 5)])
        site.stop()
    }

    @Test func anOperationThatLacksMoreAgainAndAgainEnds() throws {
        let site = try FarSite()
        _ = try FakeWorld(store: site.store).publish("a", 1)
        let version = try #require(try site.store.newestManifest().manifest?.models.first?.current)
        let rounds = Mutex(0)
        let refusal = Mutex<PublishError?>(nil)
        let end = Signal()
        #expect(
            site.receiver.inTurn(of: "a") { files in
                rounds.withLock { $0 += 1 }
                guard let error = files.refusal else { return [version] }
                refusal.withLock { $0 = error }
                end.send()
                return []
            })
        #expect(end.wait())
        #expect(refusal.withLock { $0 } == .conflict && rounds.withLock { $0 } == 5)
        #expect(try site.put("a", 2).outcome.version == 2, "the name is free again")
        site.stop()
    }

    @Test func whatCannotFitIsNotFetched() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store, tableBytes: 1_000)
        let bytes = try writer.publish("a", 1).model.memoryBytes
        _ = try writer.publish("b", 2)
        var limits = ModelRegistry.Limits()
        limits.memoryBytesMax = bytes + bytes / 2
        let world = FakeWorld(store: store, limits: limits, tableBytes: 1_000)
        try world.catchUp()
        #expect(world.registry.pool.names.count == 1 && world.registry.followStatus.laggingCount == 1)
        let asked = store.asked.count
        try world.catchUp()
        #expect(store.asked.count == asked, "it is known not to fit")
        _ = try writer.registry.remove(try #require(world.registry.pool.names.first))
        try world.catchUp()
        try world.catchUp()
        #expect(world.registry.pool.names == ["b"] && world.registry.followStatus.lag == nil)
    }

    /// As where the system was kept busy: the pause between two tries grows, and each try is a fetch.
    @Test func aFileThatDoesNotComeIsAskedForOnceATry() throws {
        let store = FarStore()
        _ = try FakeWorld(store: store).publish("a", 1)
        let world = FakeWorld(store: store, retryFirst: .seconds(3600))
        store.lose(1)
        try world.catchUp()
        try world.catchUp()
        #expect(store.asked.count == 1 && !world.registry.isRetryDue)
        #expect(world.registry.followStatus.lag?.reason.contains("it is not there") == true)
    }

    @Test func noMoreIsInMemoryThanItsBound() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store)
        for number in 1...7 { _ = try writer.publish("m\(number)", number) }
        var limits = ModelRegistry.Limits()
        // Each file has five bytes: the one that crosses the bound is the last.
        limits.fetchedBytesMax = 6
        let world = FakeWorld(store: store, limits: limits)
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        var counts: [Int] = []
        while fetches.goOn(), let files = fetches.take() {
            #expect(fetches.take() == nil && world.registry.pool.generation == 0)
            #expect(world.registry.load(files))
            counts.append(world.registry.pool.names.count)
        }
        #expect(counts == [2, 4, 6, 7] && store.asked.count == 7)
        #expect(world.registry.pool.generation == 7 && world.registry.missing().isEmpty)
    }

    /// As many as there are places; the others come all the same when those are free again.
    @Test func whatHangsKeepsItsOwnPlaceOnly() throws {
        let site = try FarSite()
        let writer = FakeWorld(store: site.store)
        for number in 1...6 { _ = try writer.publish("m\(number)", number) }
        for number in 1...3 { site.store.hold(number) }
        let world = site.world
        let arrivals = Signal()
        let fetches = FileFetches(world.registry, threads: site.threads) { arrivals.send() }
        _ = try world.registry.follow()
        for arrival in 1...3 {
            #expect(fetches.goOn())
            #expect(arrivals.wait(arrival))
            if let files = fetches.take() { #expect(world.registry.load(files)) }
        }
        #expect(world.registry.pool.names == ["m4", "m5", "m6"] && fetches.goOn())
        for number in 1...3 { site.store.give(number) }
        #expect(arrivals.wait(6))
        let files = try #require(fetches.take())
        #expect(world.registry.load(files) && !fetches.goOn())
        #expect(world.registry.pool.names.count == 6 && world.registry.followStatus.hasStarted)
        site.stop()
    }

    @Test func whatIsKeptForARollbackFollowsWhatServes() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 2
        let store = FarStore()
        let writer = FakeWorld(store: store, limits: limits)
        for number in 1...3 { _ = try writer.publish("a", number) }
        let world = FakeWorld(store: store, limits: limits)
        _ = try world.registry.follow()
        #expect(world.registry.missing().map(\.number) == [3])
        try world.catchUp()
        #expect(world.registry.pool.entry(named: "a")?.versions.map(\.version).sorted() == [1, 2, 3])
        #expect(world.registry.missing().isEmpty && store.asked.count == 3)
        let pool = world.registry.pool
        world.registry.housekeep()
        #expect(world.registry.pool === pool, "there was nothing to do")
        // One that does not come is tried again, and keeps nothing back.
        let late = FakeWorld(store: store, limits: limits)
        store.lose(1)
        try late.catchUp()
        #expect(late.registry.pool.entry(named: "a")?.versions.map(\.version).sorted() == [2, 3])
        #expect(late.registry.followStatus.lag == nil && late.registry.missing().map(\.number) == [1])
        store.find(1)
        try late.catchUp()
        #expect(late.registry.pool.entry(named: "a")?.versions.count == 3)
    }

    @Test func aManifestThatMovesOnIsGoneAlongWith() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store)
        for (name, number) in [("a", 1), ("b", 2)] { _ = try writer.publish(name, number) }
        var limits = ModelRegistry.Limits()
        limits.fetchedBytesMax = 1
        let world = FakeWorld(store: store, limits: limits)
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        #expect(fetches.goOn())
        _ = try writer.publish("a", 3)
        _ = try world.registry.follow()
        #expect(world.registry.missing().count == 2)
        while fetches.goOn(), let files = fetches.take() { world.registry.load(files) }
        #expect(world.registry.pool.model(named: "a")?.version == 2 && world.registry.pool.generation == 3)
        #expect(store.asked.count == 3, "the file that nothing names is fetched no second time")
    }

    /// Compared with another version in the meantime, and something is still to be fetched.
    @Test func aPendingPublishCountsWhileItsModelsFilesAreFetched() throws {
        let site = try FarSite()
        let registry = site.world.registry
        #expect(try site.put("a", 1).outcome.version == 1)
        site.store.close(to: 5)
        let pending = try site.put("a", 5)
        #expect(site.store.departures.wait(2))
        let counted = registry.pendingBytes.value
        #expect(counted > 0)
        let other = FakeWorld(store: site.store)
        try other.catchUp()
        _ = try other.publish("a", 2)
        _ = try other.change("a", change { $0.aliases = ["x": 2] })
        _ = try other.publish("a", 4)
        let newest = try #require(try site.store.newestManifest().manifest?.model(named: "a")?.current)
        _ = try registry.follow()
        site.store.hold(2)
        registry.load(registry.fetch([newest], into: registry.noFiles))
        let asked = site.store.asked.count
        site.store.open(to: 5)
        #expect(site.store.asked.wait(asked + 1))
        #expect(registry.pendingBytes.value == counted, "it is in memory still")
        site.store.give(2)
        #expect(pending.outcome.version == 4)
        site.stop()
        #expect(registry.pendingBytes.value == 0)
    }

    @Test func whatFindsRoomAfterARemovalIsFetchedAtOnce() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store, tableBytes: 1_000)
        let bytes = try writer.publish("a", 1).model.memoryBytes
        _ = try writer.publish("b", 2)
        var limits = ModelRegistry.Limits()
        limits.memoryBytesMax = bytes + bytes / 2
        let world = FakeWorld(store: store, limits: limits, tableBytes: 1_000, retryFirst: .seconds(3600))
        try world.catchUp()
        #expect(world.registry.pool.names == ["a"])
        let lacks = Signal()
        world.registry.onLacking { lacks.send() }
        _ = try world.registry.remove("a")
        #expect(lacks.count == 1 && world.registry.missing().count == 1)
        try world.catchUp()
        #expect(world.registry.pool.names == ["b"])
    }

    @Test func aPublishFetchesNothingThatCannotBeLoaded() throws {
        var limits = ModelRegistry.Limits()
        limits.artifactBytesMax = 5
        let site = try FarSite(limits: limits)
        let other = FakeWorld(store: site.store)
        _ = try other.publish("a", 10)
        _ = try other.change("a", change { $0.aliases = ["x": 1] })
        _ = try other.publish("a", 2)
        try site.world.catchUp()
        #expect(site.store.asked.count == 1)
        for number in 3...4 { #expect(try site.put("a", number).outcome.version == number) }
        #expect(site.store.asked.count == 1, "the long one is not fetched")
        site.stop()
    }

    /// As at a start: the version that serves has come, and the alias's has not.
    @Test func anAliasThatIsOnItsWayKeepsAStartWaiting() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store)
        for number in 1...2 {
            _ = try writer.publish("a", number)
            _ = try writer.change("a", change { $0.aliases = ["x": number] })
        }
        _ = try writer.publish("a", 3)
        var limits = ModelRegistry.Limits()
        limits.fetchedBytesMax = 1
        let world = FakeWorld(store: store, limits: limits)
        _ = try world.registry.follow()
        #expect(!world.registry.followStatus.hasStarted)
        let current = try #require(try store.newestManifest().manifest?.models.first?.current)
        world.registry.load(world.registry.fetch([current], into: world.registry.noFiles))
        #expect(world.registry.pool.names == ["a"] && !world.registry.followStatus.hasStarted)
        #expect(!world.registry.followStatus.isBehind, "nothing has failed")
        try world.catchUp()
        #expect(world.registry.followStatus.hasStarted && world.registry.pool.generation == 5)
    }

    @Test func whatIsCommittedWhileFilesAreFetchedIsFetchedAsWell() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        let world = FakeWorld(store: store)
        _ = try world.registry.follow()
        let fetches = FileFetches(world.registry, threads: AtOnce()) {}
        #expect(fetches.goOn())
        _ = try writer.publish("b", 2)
        _ = try world.registry.follow()
        let files = try #require(fetches.take())
        world.registry.load(files)
        #expect(world.registry.pool.names == ["a"] && world.registry.followStatus.laggingCount == 1)
        #expect(fetches.goOn(), "and not at the next look")
    }

    /// What an earlier run has kept is there for a start without the store until all has come that takes its place.
    @Test func theCacheIsNotGivenUpForWhatHasNotCome() throws {
        let store = FarStore()
        let writer = FakeWorld(store: store)
        _ = try writer.publish("a", 1)
        store.cached.withLock { $0 = nil }
        let world = FakeWorld(store: store)
        _ = try world.registry.follow()
        #expect(store.cached.withLock { $0 } == nil)
        _ = try world.publish("b", 2)
        #expect(store.cached.withLock { $0 } == nil)
        try world.catchUp()
        #expect(store.cached.withLock { $0?.complete } == 2)
    }
}
