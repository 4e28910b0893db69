import ModelStore
import Serving
import Synchronization
import Testing

/// A collector takes what nothing names while a writer stores the same bytes again and commits a manifest that names
/// them: at every moment of the one, every step of the other.
struct CollectionRaceTests {
    private static let bytes: [UInt8] = Array("the same bytes again".utf8)
    private static let digest = ContentDigest(of: bytes)

    private static func manifest(_ generation: Int, naming digests: [ContentDigest]) -> StoreManifest {
        StoreManifest(
            generation: generation, created: 0,
            models: digests.enumerated().map { index, digest in
                StoredModel(
                    name: "m\(index)",
                    versions: [
                        StoredModel.Version(
                            number: 1, digest: digest, format: "x", byteCount: 1, generation: generation)
                    ], currentNumber: 1, generation: generation)
            }, defaultName: nil)
    }

    private static func keep(_ store: any ModelStore) throws {
        let writer = try store.makeBlobWriter()
        try writer.append(bytes)
        try writer.keep(as: digest)
    }

    /// A store in which a blob has become old and nameless.
    private static func prepare(_ store: any ModelStore) throws {
        try keep(store)
        try store.commit(manifest(1, naming: [digest]))
        try store.commit(manifest(2, naming: []))
    }

    // MARK: Files

    /// - Parameter skew: how far the clock jumps forward before the collections.
    private static func raceOnFiles(keepAt: Int, commitAt: Int, skew: Int64) throws -> Int {
        let files = SimulatedFileSystem()
        let collector = try FileModelStore(root: "/s", files: files)
        let writer = try FileModelStore(root: "/s", files: files)
        try prepare(collector)
        files.advanceClock(100)
        let failures = Mutex<[String]>([])
        let act = { @Sendable (name: String, step: @Sendable () throws -> Void) in
            do { try step() } catch { failures.withLock { $0.append("\(name): \(error)") } }
        }
        let keep = { @Sendable in
            act("keep") { try Self.keep(writer) }
            files.advanceClock(skew)
        }
        let commit = { @Sendable in act("commit") { try writer.commit(manifest(3, naming: [digest])) } }
        var acts: [Int: @Sendable () -> Void] = [keepAt: keep]
        acts[commitAt] =
            keepAt == commitAt
            ? { @Sendable in
                keep()
                commit()
            } : commit
        files.interleave(acts)
        _ = try collector.collect(manifestsKept: 1, graceSeconds: 50)
        let calls = files.callCount
        files.interleave([:])
        // What did not come in its way comes after it.
        if calls < keepAt { keep() }
        if calls < commitAt { commit() }
        let context: Comment = "kept before call \(keepAt), committed before call \(commitAt), skew \(skew)"
        #expect(failures.withLock { $0 }.isEmpty, context)
        #expect(try writer.blob(digest) == bytes, context)
        for _ in 0..<3 {
            files.advanceClock(100)
            _ = try collector.collect(manifestsKept: 1, graceSeconds: 50)
            #expect(try writer.blob(digest) == bytes, context)
        }
        #expect(files.names(under: "/s/blobs/sha256") == ["/s/blobs/sha256/" + digest.hex], context)
        #expect(files.openFileCount == 0)
        return calls
    }

    @Test(arguments: [Int64(0), 86_400, -3_600])
    func aWriterLosesNothingOnADisk(skew: Int64) throws {
        let calls = try Self.raceOnFiles(keepAt: .max, commitAt: .max, skew: skew)
        #expect(calls > 10)
        for keepAt in 1...calls + 1 {
            for commitAt in keepAt...calls + 1 {
                _ = try Self.raceOnFiles(keepAt: keepAt, commitAt: commitAt, skew: skew)
            }
        }
    }

    // MARK: Objects

    private struct ObjectRace {
        let client = FakeObjectClient()
        let files = SimulatedFileSystem()
        let collector: ObjectModelStore
        let writer: ObjectModelStore

        init() throws {
            try files.makeDirectory("/t")
            let client = client
            let system = StoreSystem.fake(now: { client.state.withLock { $0.now } })
            collector = ObjectModelStore(client, cache: nil, temporaries: "/t", system: system, files: files)
            writer = ObjectModelStore(client, cache: nil, temporaries: "/t", system: system, files: files)
            try prepare(collector)
            client.state.withLock { $0.now += 4_000 }
        }

        /// Sweeps on until the service has been left alone.
        func collect() throws {
            while !(try collector.collect(manifestsKept: 1, graceSeconds: 50).isOver) {}
        }
    }

    /// - Parameter lost: the call whose answer is lost after it has been done, or that is not done at all; 0: none.
    private static func raceOnObjects(
        keepAt: Int, commitAt: Int, lost: Int = 0, isDone: Bool = true
    ) throws -> Int {
        let race = try ObjectRace()
        let client = race.client
        let writer = race.writer
        let count = Mutex(0)
        let isWriting = Mutex(false)
        let keep = { @Sendable in
            isWriting.withLock { $0 = true }
            try? Self.keep(writer)
            isWriting.withLock { $0 = false }
        }
        let commit = { @Sendable in
            isWriting.withLock { $0 = true }
            try? writer.commit(manifest(3, naming: [digest]))
            isWriting.withLock { $0 = false }
        }
        client.state.withLock { state in
            state.before = { _ in
                guard !isWriting.withLock({ $0 }) else { return }
                let call = count.withLock { count in
                    count += 1
                    return count
                }
                if call == keepAt { keep() }
                if call == commitAt { commit() }
            }
            state.fault = { _ in
                guard !isWriting.withLock({ $0 }), count.withLock({ $0 }) == lost else { return .none }
                return isDone ? .after : .before
            }
        }
        // A failed collection is given up, and the next one begins from the start.
        try? race.collect()
        let calls = count.withLock { $0 }
        client.state.withLock { state in
            state.before = nil
            state.fault = { _ in .none }
        }
        if calls < keepAt { keep() }
        if calls < commitAt { commit() }
        let context: Comment = "kept before call \(keepAt), committed before call \(commitAt), lost \(lost) \(isDone)"
        #expect(try writer.newestManifest().highestGeneration == 3, context)
        #expect(try writer.blob(digest) == bytes, context)
        for _ in 0..<3 {
            client.state.withLock { $0.now += 4_000 }
            try race.collect()
            #expect(try writer.blob(digest) == bytes, context)
        }
        #expect(client.names(under: "blobs/") == ["blobs/sha256/" + digest.hex], context)
        return calls
    }

    @Test func aWriterLosesNothingInAnObjectStore() throws {
        let calls = try Self.raceOnObjects(keepAt: .max, commitAt: .max)
        #expect(calls >= 7, "two manifests, two lists, a status, a copy, a removal")
        for keepAt in 1...calls + 1 {
            for commitAt in keepAt...calls + 1 {
                _ = try Self.raceOnObjects(keepAt: keepAt, commitAt: commitAt)
                for lost in 1...calls {
                    for isDone in [true, false] {
                        _ = try Self.raceOnObjects(keepAt: keepAt, commitAt: commitAt, lost: lost, isDone: isDone)
                    }
                }
            }
        }
    }

    /// A collection of many objects goes over many turns, each of a bounded number of requests.
    @Test func aTurnIsBounded() throws {
        let race = try ObjectRace()
        for generation in 3...200 { try race.writer.commit(Self.manifest(generation, naming: [])) }
        race.client.state.withLock { $0.now += 4_000 }
        _ = race.client.takeCalls()
        var turns = 0
        var removed = 0
        while true {
            let collection = try race.collector.collect(manifestsKept: 16, graceSeconds: 50)
            turns += 1
            removed += collection.manifests
            #expect(race.client.takeCalls().count <= 36)
            if collection.isOver { break }
        }
        #expect(turns >= 6 && removed == 184)
        #expect(race.client.names(under: "manifests/0").count == 16)
    }

    @Test func agesAreOfTheStoresClockAndNotOfOurs() throws {
        let client = FakeObjectClient()
        let files = SimulatedFileSystem()
        try files.makeDirectory("/t")
        // What our own clock says is of no account.
        let store = ObjectModelStore(
            client, cache: nil, temporaries: "/t", system: .fake(now: { .max / 2 }), files: files)
        func collect() throws { _ = try store.collect(manifestsKept: 1, graceSeconds: 3_600) }
        try Self.prepare(store)
        for _ in 0..<3 { try collect() }
        #expect(client.names(under: "blobs/") == ["blobs/sha256/" + Self.digest.hex], "young, whatever our clock says")
        #expect(client.names(under: "manifests/0").count == 2)
        client.state.withLock { state in
            state.now += 4_000
            state.tellsTime = false
        }
        _ = client.takeCalls()
        try collect()
        #expect(client.takeCalls() == ["list manifests/"], "without the store's time nothing is old")
        client.state.withLock { $0.tellsTime = true }
        for _ in 0..<2 {
            try collect()
            client.state.withLock { $0.now += 4_000 }
        }
        #expect(client.names(under: "blobs/").isEmpty && client.names(under: "manifests/0").count == 1)
    }
}
