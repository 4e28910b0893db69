import ModelStore
import SeededRandom
import Testing

@testable import Serving

/// A number of a name never stands for two models.
struct VersionNumberTests {
    @Test func aNameThatComesBackCountsOn() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let world = FakeWorld(store: store)
        for number in 1...3 { _ = try world.publish("m", number) }
        let tag = try #require(world.registry.pool.model(named: "m")).etag
        _ = try world.registry.remove("m")
        #expect(try world.publish("m", 3).model.version == 4)
        #expect(world.registry.pool.model(named: "m")?.etag != tag)
        _ = try world.registry.remove("m")
        // A server that knows of it from the store alone.
        let other = FakeWorld(store: store)
        _ = try other.registry.restore()
        #expect(try other.publish("new", 1).model.version == 1)
        #expect(try other.publish("m", 1).model.version == 5)
        #expect(try store.newestManifest().manifest?.retired == RetiredNumbers.none)
    }

    @Test(arguments: [true, false])
    func aModelOfTheCommandLineThatIsRemovedDoesSoToo(keepsBlobs: Bool) throws {
        let world = FakeWorld(store: MemoryModelStore(keepsBlobs: keepsBlobs))
        _ = try world.registry.loadStatic("m", Array("fake1".utf8))
        _ = try world.registry.remove("m")
        #expect(try world.publish("m", 2).model.version == 2)
        _ = try world.registry.remove("m")
        #expect(try world.publish("m", 3).model.version == 3)
    }

    @Test func manyNamesThatCameAndWentTakeBoundedRoomAndGiveNoNumberTwice() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let world = FakeWorld(store: store)
        var highest: [String: Int] = [:]
        var generator = SeededGenerator(seed: 11)
        for round in 0..<1_500 {
            let name = "m\(Int.random(in: 0..<600, using: &generator))"
            let version = try world.publish(name, round).model.version
            #expect(version > highest[name] ?? 0, "\(name) has had \(version) before, round \(round)")
            highest[name] = version
            _ = try world.registry.remove(name)
            let retired = try #require(try store.newestManifest().manifest).retired
            #expect(retired.entries.count <= RetiredNumbers.entriesMax)
        }
        let manifest = try #require(try store.newestManifest().manifest)
        #expect(ManifestCoding.encode(manifest).count < 16 << 10)
        #expect(try ManifestCoding.decode(ManifestCoding.encode(manifest)) == manifest)
    }

    /// A server from before these numbers reads the manifest and writes the next one without them.
    @Test func anOlderServerBesideMakesNobodyForget() throws {
        let store = MemoryModelStore(keepsBlobs: true)
        let world = FakeWorld(store: store)
        for number in 1...3 { _ = try world.publish("gone", number) }
        for number in 1...2 { _ = try world.publish("theirs", number) }
        _ = try world.registry.remove("gone")
        func commitAsOlder(_ change: (StoreManifest) -> [StoredModel]) throws {
            let newest = try #require(try store.newestManifest().manifest)
            try store.commit(
                StoreManifest(
                    generation: newest.generation + 1, created: 0, models: change(newest),
                    defaultName: newest.defaultName))
        }
        try commitAsOlder { $0.models.filter { $0.name != "theirs" } }
        _ = try world.registry.follow()
        #expect(try world.publish("theirs", 3).model.version == 3)
        #expect(try world.publish("gone", 4).model.version == 4)
        _ = try world.registry.remove("gone")
        // It begins anew, since it does not know better; the next one of ours is above all there has been.
        let digest = ContentDigest(of: Array("fake4".utf8))
        try commitAsOlder { newest in
            let version = StoredModel.Version(
                number: 1, digest: digest, format: "fake", byteCount: 5, generation: newest.generation + 1)
            return newest.models + [
                StoredModel(name: "gone", versions: [version], currentNumber: 1, generation: newest.generation + 1)
            ]
        }
        #expect(try world.publish("gone", 5).model.version == 5)
    }

    private func manifest(
        _ generation: Int, _ models: [(name: String, highest: Int)], retired: RetiredNumbers = .none
    ) -> StoreManifest {
        let digest = ContentDigest(of: [])
        let stored = models.map { model in
            StoredModel(
                name: model.name,
                versions: [
                    StoredModel.Version(
                        number: model.highest, digest: digest, format: "fake", byteCount: 5, generation: generation)
                ], currentNumber: model.highest, generation: generation)
        }
        return StoreManifest(
            generation: generation, created: 0, models: stored, defaultName: nil, retired: retired)
    }

    /// An older server takes a model out and puts it in again between two looks, or a store is put back to what it was.
    @Test func aModelThatBeganAnewUnseenCountsOn() throws {
        var retired = RetiredNumbers.none
        let next = manifest(7, [("house", 1)])
        retired.take(next, after: manifest(5, [("house", 3), ("other", 2)]))
        #expect(retired.highest(of: "house", in: next) == 3 && retired.highest(of: "other", in: next) == 2)
        let store = MemoryModelStore(keepsBlobs: true)
        let world = FakeWorld(store: store)
        for number in 1...3 { _ = try world.publish("house", number) }
        try store.commit(manifest(4, []))
        try store.commit(manifest(5, [("house", 1)]))
        _ = try world.registry.follow()
        #expect(try world.publish("house", 4).model.version == 4)
        #expect(try world.publish("house", 5).model.version == 5)
    }

    @Test func theFloorCoversNoModelThatIsThere() {
        var retired = RetiredNumbers(entries: [RetiredNumbers.Entry(name: "house", highest: 7)], floor: 10)
        let before = manifest(4, [("old", 2)], retired: retired)
        let next = manifest(5, [("house", 1), ("folded", 1), ("old", 2)])
        retired.take(next, after: before)
        #expect(retired.highest(of: "house", in: next) >= 7)
        #expect(retired.highest(of: "folded", in: next) == 10, "it may have been one of those")
        #expect(retired.highest(of: "old", in: next) == 2, "it was there when they went")
    }

    @Test func theNumbersOfRemovedNamesAreFoldedFromTheOldestOn() {
        let entries = (0..<RetiredNumbers.entriesMax + 2).map { number in
            RetiredNumbers.Entry(name: "m\(number)", highest: 9 - number % 5)
        }
        let numbers = RetiredNumbers(entries: entries, floor: 3)
        #expect(numbers.entries.count == RetiredNumbers.entriesMax && numbers.floor == 9)
        #expect(numbers.highest(of: "m0") == 9 && numbers.highest(of: "m2") == 7)
        #expect(numbers.highest(of: "never seen") == 9)
    }
}
