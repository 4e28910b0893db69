import ModelStore
import Synchronization
import TensorCore
import Testing

@testable import Serving

/// Versions beside each other, their aliases, and the way back.
struct ModelVersionTests {
    private func world(kept: Int? = 1, store: (any ModelStore)? = nil) -> FakeWorld {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = kept
        return FakeWorld(store: store ?? MemoryModelStore(keepsBlobs: true), limits: limits)
    }

    private func versions(_ world: FakeWorld, _ name: String = "a") -> [Int] {
        world.registry.pool.entry(named: name)?.versions.map(\.version) ?? []
    }

    @Test(arguments: [0, 1, 2, 3])
    func keepsTheVersionsThatWerePublishedLast(kept: Int) throws {
        let world = world(kept: kept)
        for number in 1...5 { _ = try world.publish("a", number) }
        #expect(versions(world) == Array((5 - kept)...5))
        #expect(world.released.numbers == Array(1..<(5 - kept)), "the others are freed at once")
        let stored = try #require(try world.store.newestManifest().manifest?.model(named: "a"))
        #expect(stored.versions.map(\.number) == versions(world) && stored.currentNumber == 5)
    }

    /// As `vencejo push` does: the number of ways back is the store's.
    @Test(arguments: [([1], [1, 2]), ([1, 2], [2, 3]), ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7])])
    func keepsAsManyVersionsAsThereAreWhereNobodySaysHowMany(before: [Int], after: [Int]) throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let server = world(kept: before.count - 1, store: store)
        for number in before { _ = try server.publish("a", number) }
        #expect(versions(server) == before)
        let writer = world(kept: nil, store: PublishingStore(store))
        _ = try writer.publish("a", 9)
        #expect(try store.newestManifest().manifest?.model(named: "a")?.versions.map(\.number) == after)
    }

    @Test func rollsBackWithTheOldPredictorStillWarm() throws {
        let world = world()
        let first = try world.publish("a", 1).model
        let second = try world.publish("a", 2)
        let etag = second.model.etag
        let entry = try world.registry.change("a", change { $0.current = .previous })
        #expect(entry.current === first, "nothing is loaded again")
        #expect(world.registry.pool.model(named: "a") === first)
        #expect(entry.versions.map(\.version) == [1, 2] && entry.generation == 3)
        #expect(entry.etag != first.etag && entry.etag != etag, "another state has another ETag")
        // Forward again, by number; and a new version never takes a number that was given out.
        _ = try world.registry.change("a", change { $0.current = .version(2) })
        #expect(world.registry.pool.model(named: "a")?.version == 2)
        _ = try world.registry.change("a", change { $0.current = .previous })
        #expect(try world.publish("a", 3).model.version == 3)
        #expect(throws: PublishError.self) { try world.registry.change("a", change { $0.current = .version(9) }) }
    }

    @Test func thereIsNoWayBackBeyondWhatIsKept() throws {
        let world = world(kept: 0)
        _ = try world.publish("a", 1)
        _ = try world.publish("a", 2)
        #expect(throws: PublishError.unknownVersion(name: "a", version: "before 2", known: [2])) {
            try world.registry.change("a", change { $0.current = .previous })
        }
        #expect(throws: PublishError.unknownModel(name: "b", known: ["a"])) {
            try world.registry.change("b", change { $0.current = .previous })
        }
    }

    @Test func anAliasKeepsItsVersion() throws {
        let world = world(kept: 0)
        let champion = try world.publish("a", 1).model
        _ = try world.registry.change("a", change { $0.aliases = ["champion": 1] })
        for number in 2...4 { _ = try world.publish("a", number) }
        #expect(versions(world) == [1, 4])
        let entry = try #require(world.registry.pool.entry(named: "a"))
        let found = entry.alias("champion".utf8.span)
        let none = entry.alias("x".utf8.span)
        #expect(found === champion && none == nil)
        #expect(entry.aliases(of: champion) == ["champion"])
        #expect(throws: PublishError.versionInUse(version: 1)) { try world.registry.removeVersion(1, of: "a") }
        // Moved in one call, and current by its name.
        _ = try world.registry.change("a", change { $0.aliases = ["champion": 4, "old": 1] })
        _ = try world.registry.change("a", change { $0.current = .alias("old") })
        #expect(world.registry.pool.model(named: "a") === champion)
        #expect(throws: PublishError.versionInUse(version: 1)) { try world.registry.removeVersion(1, of: "a") }
        _ = try world.registry.change(
            "a",
            change {
                $0.aliases = ["old": nil]
                $0.current = .alias("champion")
            })
        _ = try world.registry.removeVersion(1, of: "a")
        #expect(versions(world) == [4])
        #expect(throws: PublishError.unknownVersion(name: "a", version: "1", known: [4])) {
            try world.registry.removeVersion(1, of: "a")
        }
    }

    @Test(arguments: [["": 1], ["a/b": 1], ["x": 7]] as [[String: Int?]])
    func refusesAliasesAsAWhole(aliases: [String: Int?]) throws {
        let world = world()
        _ = try world.publish("a", 1)
        let before = world.registry.pool.generation
        #expect(throws: PublishError.self) {
            try world.registry.change(
                "a",
                change {
                    $0.aliases = aliases.merging(["fine": 1]) { one, _ in one }
                })
        }
        #expect(world.registry.pool.entry(named: "a")?.aliases.isEmpty == true)
        #expect(world.registry.pool.generation == before)
    }

    @Test func aChangeNeedsTheStateThatItsSenderSaw() throws {
        let world = world()
        let seen = try world.publish("a", 1).model.etag
        _ = try world.registry.change("a", change { $0.aliases = ["x": 1] })
        let current = try #require(world.registry.pool.entry(named: "a")?.etag)
        #expect(throws: PublishError.preconditionFailed(currentETag: current)) {
            try world.registry.change(
                "a", change { $0.aliases = ["y": 1] },
                precondition: PublishPrecondition(ifMatch: ETagCondition(fieldValue: seen)))
        }
    }

    @Test func theDefaultCanBeMoved() throws {
        let world = world()
        _ = try world.registry.loadStatic("house", Array("fake1".utf8))
        let other = try world.publish("a", 2).model
        _ = try world.registry.change("a", change { $0.becomesDefault = true })
        #expect(world.registry.pool.defaultModel === other)
        #expect(throws: PublishError.notStored(name: "house")) {
            try world.registry.change("house", change { $0.aliases = ["x": 1] })
        }
        _ = try world.registry.change("house", change { $0.becomesDefault = true })
        #expect(world.registry.pool.defaultModel?.name == "house")
    }

    @Test func aModelNamedAtTheStartCanBeRolledBackToWhereNothingIsStored() throws {
        let world = world(store: MemoryModelStore())
        guard case .loaded(let first) = try world.registry.loadStatic("house", Array("fake1".utf8)) else {
            Issue.record("not loaded")
            return
        }
        _ = try world.publish("house", 2)
        #expect(try world.registry.change("house", change { $0.current = .previous }).current === first)
    }

    @Test func aFileOfTheCommandLineIsNoVersionOfTheStoreToGoBackTo() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let world = world(store: store)
        _ = try world.registry.loadStatic("house", Array("fake1".utf8))
        #expect(try world.publish("house", 2).model.version == 2)
        let gone = PublishError.goneWithStart(name: "house", known: [2])
        for current in [.previous, .version(1)] as [ModelChange.Current] {
            #expect(throws: gone) { try world.registry.change("house", change { $0.current = current }) }
        }
        #expect(throws: PublishError.unknownVersion(name: "house", version: "7", known: [2])) {
            try world.registry.change("house", change { $0.current = .version(7) })
        }
        // The same after a restart, at which the store goes before the file.
        let restarted = self.world(store: store)
        _ = try restarted.registry.restore()
        _ = try restarted.registry.loadStatic("house", Array("fake1".utf8))
        #expect(throws: gone) { try restarted.registry.change("house", change { $0.current = .previous }) }
        _ = try restarted.publish("house", 3)
        #expect(try restarted.registry.change("house", change { $0.current = .previous }).current.version == 2)
    }

    @Test func aPolicyChangesMemberByMember() throws {
        let world = world(kept: 0, store: MemoryModelStore(keepsBlobs: true))
        _ = try world.publish("a", 1)
        func policy(_ next: ModelChange.PolicyChange) throws -> ShadowPolicy? {
            try world.registry.change("a", change { $0.shadowPolicy = next }).shadowPolicy
        }
        #expect(
            try policy(.set(action: .refuse, labelFlipsMax: 0.02, changeMax: 0.5))
                == ShadowPolicy(action: .refuse, labelFlipsMax: 0.02, changeMax: 0.5))
        #expect(
            try policy(.set(action: nil, labelFlipsMax: 0.05, changeMax: nil))
                == ShadowPolicy(action: .refuse, labelFlipsMax: 0.05, changeMax: 0.5))
        #expect(
            try policy(.set(action: nil, labelFlipsMax: nil, changeMax: .some(nil)))
                == ShadowPolicy(action: .refuse, labelFlipsMax: 0.05, changeMax: nil))
        #expect(try policy(.remove) == nil)
        #expect(try policy(.set(action: nil, labelFlipsMax: 0, changeMax: nil)) == ShadowPolicy(labelFlipsMax: 0))
    }

    @Test func anAliasIsNoNumberAndAnUnknownOneIsToldFromVersions() throws {
        let world = world(kept: 1, store: MemoryModelStore(keepsBlobs: true))
        _ = try world.publish("a", 1)
        for alias in ["2", "007", "99999999999999999999"] {
            #expect(throws: PublishError.numericAlias(alias)) {
                try world.registry.change("a", change { $0.aliases = [alias: 1] })
            }
        }
        _ = try world.registry.change("a", change { $0.aliases = ["champion": 1] })
        #expect(throws: PublishError.unknownAlias(name: "a", alias: "canary", known: ["champion"])) {
            try world.registry.change("a", change { $0.current = .alias("canary") })
        }
    }

    @Test func aRestartBringsBackVersionsAliasesAndTheCurrentOne() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let before = world(kept: 2, store: store)
        for number in 1...3 { _ = try before.publish("a", number) }
        _ = try before.registry.change(
            "a",
            change {
                $0.aliases = ["champion": 1]
                $0.current = .version(2)
                $0.shadowPolicy = .set(action: .refuse, labelFlipsMax: 0.25, changeMax: 2)
            })
        let after = world(kept: 2, store: store)
        #expect(try after.registry.restore().restored.map(\.version) == [2])
        #expect(versions(after) == [1, 2], "what is only kept for a rollback comes when there is time")
        after.registry.housekeep()
        #expect(versions(after) == [1, 2, 3])
        let entry = try #require(after.registry.pool.entry(named: "a"))
        #expect(entry.aliases.map(\.name) == ["champion"])
        #expect(entry.shadowPolicy == ShadowPolicy(action: .refuse, labelFlipsMax: 0.25, changeMax: 2))
        #expect(entry.etag == before.registry.pool.entry(named: "a")?.etag)
    }

    @Test func aNewModelIsRefusedWhereThereIsOne() throws {
        let world = world()
        _ = try world.publish("a", 1)
        var options = PublishOptions()
        options.mustBeNew = true
        #expect(throws: PublishError.alreadyThere(name: "a")) {
            try world.registry.publish("a", bytes: Array("fake2".utf8), options: options)
        }
        _ = try world.registry.publish("b", bytes: Array("fake2".utf8), options: options)
        #expect(world.registry.pool.names == ["a", "b"])
    }

    @Test func aDryRunDoesEverythingButTheSwap() throws {
        let world = world()
        let first = try world.publish("a", 1).model
        var options = PublishOptions()
        options.isDryRun = true
        let report = try world.registry.publish("a", bytes: Array("fake2".utf8), options: options)
        #expect(report.isDryRun && report.model.version == 2)
        #expect(world.registry.pool.model(named: "a") === first && versions(world) == [1])
        #expect(try world.store.newestManifest().highestGeneration == 1)
        _ = try world.registry.publish("new", bytes: Array("fake2".utf8), options: options)
        #expect(!world.metricsText.contains("model=\"new\""))
        #expect(throws: PublishError.self) {
            try world.registry.publish("a", bytes: Array("garbage".utf8), options: options)
        }
    }

    // MARK: Memory

    @Test func refusesWhatDoesNotFitIntoMemory() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        limits.memoryBytesMax = 20_000
        // 4,000 bytes of tables, 4 KiB and a column.
        let world = FakeWorld(store: MemoryModelStore(keepsBlobs: true), limits: limits, tableBytes: 4_000)
        let bytes = try world.publish("a", 1).model.memoryBytes
        #expect((8_096...9_000).contains(bytes))
        _ = try world.publish("b", 2)
        #expect(throws: PublishError.outOfMemory(MemoryShortage(needed: bytes, used: 2 * bytes, limit: 20_000))) {
            try world.publish("c", 3)
        }
        #expect(world.registry.pool.names == ["a", "b"])
        #expect(world.registry.memoryBytes == 2 * bytes)
        _ = try world.registry.remove("a")
        _ = try world.publish("c", 3)
    }

    @Test func whatIsOnlyKeptForARollbackMakesRoom() throws {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 2
        limits.memoryBytesMax = 3 * 8_300
        let world = FakeWorld(store: MemoryModelStore(keepsBlobs: true), limits: limits, tableBytes: 4_000)
        for number in 1...6 { _ = try world.publish("a", number) }
        #expect(world.registry.pool.model(named: "a")?.version == 6)
        #expect(world.registry.memoryBytes <= 3 * 8_300)
        #expect(try world.registry.change("a", change { $0.current = .version(4) }).current.version == 4)
    }
}

/// What a change must not do to what serves, and one server's default to the others'.
struct ModelChangeTests {
    private func limits(kept: Int = 1, memory: Int? = nil) -> ModelRegistry.Limits {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = kept
        limits.memoryBytesMax = memory
        return limits
    }

    @Test func whatCannotBeLoadedIsNoChange() throws {
        let store = FailingStore()
        let before = FakeWorld(store: store, limits: limits())
        _ = try before.publish("m", 1)
        _ = try before.publish("m", 2)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake1".utf8)) }
        let world = FakeWorld(store: store, limits: limits())
        _ = try world.registry.restore()
        for change in [change { $0.current = .previous }, change { $0.aliases = ["x": 1] }] {
            #expect(throws: PublishError.self) { try world.registry.change("m", change) }
        }
        #expect(try store.newestManifest().manifest?.model(named: "m")?.currentNumber == 2)
        #expect(world.registry.pool.model(named: "m")?.version == 2 && world.registry.pool.generation == 2)
    }

    /// What is kept for others' ways back goes for one that is taken; and stays where that would not be enough.
    @Test func aRollbackMakesRoom() throws {
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        func warm(_ world: FakeWorld) -> [[Int]] { world.registry.pool.entries.map { $0.versions.map(\.version) } }
        let back = change { $0.current = .previous }

        let roomy = FakeWorld(limits: limits(memory: 3 * bytes + 1), tableBytes: 4_000)
        for (name, number) in [("m", 1), ("m", 2), ("n", 3), ("n", 4)] { _ = try roomy.publish(name, number) }
        #expect(warm(roomy) == [[2], [1, 2]], "n's second has taken the place of m's first")
        #expect(try roomy.registry.change("m", back).current.version == 1)
        #expect(warm(roomy) == [[1], [2]] || warm(roomy) == [[1, 2], [2]], "and m's first that of n's first")
        #expect(roomy.registry.memoryBytes <= 3 * bytes + 1)

        let tight = FakeWorld(limits: limits(memory: 2 * bytes + 1), tableBytes: 4_000)
        for (name, number) in [("m", 1), ("m", 2), ("n", 3)] { _ = try tight.publish(name, number) }
        #expect {
            try tight.registry.change("m", back)
        } throws: { error in
            guard case .outOfMemory(let shortage)? = error as? PublishError else { return false }
            return shortage.used == 2 * bytes
        }
        #expect(warm(tight) == [[2], [1]])
    }

    /// The oldest version that is only kept goes, and no other where that is enough.
    @Test func noMoreGoesThanItTakes() throws {
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        let world = FakeWorld(limits: limits(kept: 3, memory: 4 * bytes + 1), tableBytes: 4_000)
        func warm() -> [[Int]] { world.registry.pool.entries.map { $0.versions.map(\.version) } }
        for (name, number) in [("m", 1), ("m", 2), ("m", 3), ("n", 4), ("o", 5)] { try world.publish(name, number) }
        #expect(warm() == [[2, 3], [1], [1]])
        // Its own go first, though they are newer.
        try world.publish("n", 6)
        #expect(warm() == [[3], [1, 2], [1]])
        try world.publish("n", 7)
        #expect(warm() == [[3], [2, 3], [1]])
    }

    /// What a change needs itself makes no room for it; a change that finds none leaves everything as it was.
    @Test func aChangeThatDoesNotFitTakesNoVersionAway() throws {
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        let world = FakeWorld(limits: limits(kept: 3, memory: 3 * bytes + 1), tableBytes: 4_000)
        func warm() -> [[Int]] { world.registry.pool.entries.map { $0.versions.map(\.version) } }
        for number in 1...3 { try world.publish("m", number) }
        _ = try world.registry.change("m", change { $0.current = .previous })
        try world.publish("n", 4)
        #expect(warm() == [[2, 3], [1]])
        let shortage = MemoryShortage(needed: bytes, used: 3 * bytes, limit: 3 * bytes + 1)
        #expect(throws: PublishError.outOfMemory(shortage)) {
            try world.registry.change("m", change { $0.aliases = ["x": 1, "y": 3] })
        }
        #expect(warm() == [[2, 3], [1]])
    }

    /// Without a store what has gone for want of memory is gone, and no version to go back to.
    @Test func whatNoStoreKeepsIsNoWayBack() throws {
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        let world = FakeWorld(
            store: MemoryModelStore(), limits: limits(memory: 2 * bytes + 1), tableBytes: 4_000)
        for (name, number) in [("m", 1), ("m", 2), ("n", 3)] { try world.publish(name, number) }
        for back in [change { $0.current = .previous }, change { $0.aliases = ["x": 1] }] {
            #expect(throws: PublishError.unknownVersion(name: "m", version: "1", known: [2])) {
                try world.registry.change("m", back)
            }
        }
        #expect(world.registry.pool.model(named: "m")?.version == 2)
    }

    @Test func theVersionThatServedIsTheWayBackAndNotTheOneThatWasTakenBack() throws {
        let world = FakeWorld(limits: limits())
        let good = try world.publish("m", 1).model
        _ = try world.publish("m", 2)
        _ = try world.registry.change("m", change { $0.current = .previous })
        _ = try world.publish("m", 3)
        #expect(world.registry.pool.entry(named: "m")?.versions.map(\.version) == [1, 3])
        #expect(try world.registry.change("m", change { $0.current = .previous }).current === good)
        #expect(throws: PublishError.self) { try world.registry.change("m", change { $0.current = .previous }) }
    }

    @Test func removingAVersionLeavesTheWayBack() throws {
        let world = FakeWorld(limits: limits(kept: 3))
        for number in 1...4 { _ = try world.publish("m", number) }
        _ = try world.registry.change("m", change { $0.current = .version(1) })
        _ = try world.registry.change("m", change { $0.current = .version(4) })
        _ = try world.registry.removeVersion(2, of: "m")
        let entry = try world.registry.change("m", change { $0.current = .previous })
        #expect(entry.current.version == 1, "what served before, and not the next lower number")
    }

    @Test func aDefaultSetByOneServerIsNotLostByAnothersPublish() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let a = FakeWorld(store: store)
        let b = FakeWorld(store: store)
        _ = try a.publish("m", 1)
        _ = try a.registry.change("m", change { $0.becomesDefault = true })
        _ = try b.publish("other", 2)
        #expect(try store.newestManifest().manifest?.defaultName == "m")
        _ = try a.registry.follow()
        #expect(a.registry.pool.defaultModel?.name == "m" && b.registry.pool.defaultModel?.name == "m")
    }

    @Test func aNameOfOneServersCommandLineIsNobodyElsesDefault() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let a = FakeWorld(store: store)
        let b = FakeWorld(store: store)
        _ = try a.publish("m", 1)
        _ = try b.registry.loadStatic("mine", Array("fake9".utf8))
        _ = try b.publish("other", 2)
        #expect(try store.newestManifest().manifest?.defaultName == nil)
        #expect(b.registry.pool.defaultModel?.name == "mine")
        // Once the store has a model of that name, it goes with the store's.
        _ = try a.publish("mine", 3)
        _ = try b.registry.follow()
        _ = try a.registry.remove("mine")
        _ = try b.registry.follow()
        #expect(b.registry.pool.names == ["m", "other"])
    }

    @Test func theModelThatLosesTheDefaultIsAnotherState() throws {
        let world = FakeWorld()
        _ = try world.publish("a", 1)
        _ = try world.publish("b", 2)
        _ = try world.registry.change("a", change { $0.becomesDefault = true })
        let etag = world.registry.pool.entry(named: "a")?.etag
        _ = try world.registry.change("b", change { $0.becomesDefault = true })
        #expect(world.registry.pool.entry(named: "a")?.etag != etag)
    }

    @Test func aModelThatFailedAtTheStartIsTriedAgainAndKeepsNoOtherBack() throws {
        let store = FailingStore()
        let writer = FakeWorld(store: store)
        _ = try writer.publish("bad", 7)
        _ = try writer.publish("good", 1)
        store.badBlob.withLock { $0 = ContentDigest(of: Array("fake7".utf8)) }
        let world = FakeWorld(store: store)
        #expect(try world.registry.restore().failures.map(\.name) == ["bad"])
        #expect(world.registry.followStatus.lag?.reason.hasPrefix("bad version 1") == true)
        _ = try writer.publish("good", 2)
        #expect(try world.registry.follow())
        #expect(world.registry.pool.model(named: "good")?.version == 2)
        #expect(world.registry.followStatus.lag != nil)
        store.badBlob.withLock { $0 = nil }
        #expect(try world.registry.follow())
        #expect(world.registry.pool.names == ["bad", "good"] && world.registry.followStatus.lag == nil)
    }

    @Test func whatIsNotPublishedTakesNoVersionAway() throws {
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        let world = FakeWorld(limits: limits(memory: 2 * bytes + 1), tableBytes: 4_000)
        _ = try world.publish("m", 1)
        _ = try world.publish("m", 2)
        var dry = PublishOptions()
        dry.isDryRun = true
        _ = try world.registry.publish("m", bytes: Array("fake3".utf8), options: dry)
        #expect(throws: PublishError.self) { try world.registry.publish("m", bytes: Array("garbage".utf8)) }
        // A file is no memory: only what is made of it has to fit.
        let long = Array("fake4".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 4 * bytes)
        #expect(world.registry.pool.entry(named: "m")?.versions.map(\.version) == [1, 2])
        _ = try world.registry.publish("m", bytes: long)
        #expect(world.registry.pool.entry(named: "m")?.versions.map(\.version) == [2, 3])
    }

    /// First those of the model itself, then all others'.
    @Test func versionsOfAllModelsMakeRoomForAPublish() throws {
        let bytes = try FakeWorld(tableBytes: 4_000).publish("m", 1).model.memoryBytes
        let store = MemoryModelStore(keepsBlobs: true)
        let world = FakeWorld(store: store, limits: limits(memory: 4 * bytes + 1), tableBytes: 4_000)
        func numbers(_ name: String) -> [Int]? { world.registry.pool.entry(named: name)?.versions.map(\.version) }
        for number in 1...2 {
            _ = try world.publish("m", number)
            _ = try world.publish("n", number)
        }
        _ = try world.publish("m", 3)
        #expect(numbers("m") == [2, 3] && numbers("n") == [1, 2], "its own were enough")
        _ = try world.publish("o", 4)
        _ = try world.publish("p", 5)
        #expect(numbers("m") == [3] && numbers("n") == [2] && numbers("o") == [1] && numbers("p") == [1])
        #expect(throws: PublishError.outOfMemory(MemoryShortage(needed: bytes, used: 4 * bytes, limit: 4 * bytes + 1)))
        { try world.publish("q", 6) }
        #expect(world.registry.pool.names == ["m", "n", "o", "p"])
    }

    @Test func aNameThatGoesWithARebaseTakesItsSeriesAlong() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let a = FakeWorld(store: store)
        let b = FakeWorld(store: store)
        _ = try a.publish("m", 1)
        _ = try b.registry.follow()
        _ = try a.registry.remove("m")
        _ = try b.publish("other", 2)
        #expect(!b.metricsText.contains("model=\"m\""))
    }
}
