import ModelStore
import Serving
import Synchronization
import Testing

struct ObjectModelStoreTests {
    private let client = FakeObjectClient()
    private let files = SimulatedFileSystem()

    init() throws {
        try files.makeDirectory("/t")
    }

    private func open(_ client: FakeObjectClient? = nil, cache: BlobCache? = nil) -> ObjectModelStore {
        let client = client ?? self.client
        return ObjectModelStore(
            client, cache: cache, temporaries: "/t",
            system: .fake(now: { client.state.withLock { $0.now } }), files: files)
    }

    private func manifest(_ generation: Int, _ blobs: [UInt8]...) -> StoreManifest {
        StoreManifest(
            generation: generation, created: 7,
            models: blobs.enumerated().map { index, bytes in
                StoredModel(
                    name: "m\(index)",
                    versions: [
                        StoredModel.Version(
                            number: 1, digest: ContentDigest(of: bytes), format: "x", byteCount: bytes.count,
                            generation: generation)
                    ], currentNumber: 1, generation: generation)
            }, defaultName: "m0")
    }

    private func keep(_ bytes: [UInt8], in store: ObjectModelStore) throws {
        let writer = try store.makeBlobWriter()
        try writer.append(bytes)
        #expect(try writer.contents() == bytes)
        try writer.keep(as: ContentDigest(of: bytes))
    }

    private func key(_ generation: Int) -> String {
        "manifests/" + String(repeating: "0", count: 16 - String(generation).count) + "\(generation).json"
    }

    private func isTaken(_ error: any Error) -> Bool { (error as? StoreError)?.kind == .generationTaken }

    // MARK: What was stored

    @Test func givesBackWhatWasStored() throws {
        let store = open()
        #expect(try store.newestManifest() == ManifestLookup(manifest: nil, highestGeneration: 0, skipped: []))
        let bytes = (0..<100).map { UInt8($0) }
        try keep(bytes, in: store)
        try store.commit(manifest(1, bytes))
        let again = open()
        #expect(try again.newestManifest().manifest == manifest(1, bytes))
        #expect(try again.blob(ContentDigest(of: bytes)) == bytes)
        #expect(files.names(under: "/t").isEmpty, "no temporary file is left")
    }

    @Test func bytesThatAreNotThoseOfTheDigestAreNeverGiven() throws {
        let store = open()
        let digest = ContentDigest(of: [1, 2, 3])
        client.put("blobs/sha256/" + digest.hex, [1, 2, 4])
        #expect { try store.blob(digest) } throws: { ($0 as? StoreError)?.kind == .corrupt }
        #expect { try store.blob(ContentDigest(of: [9])) } throws: { ($0 as? StoreError)?.kind == .missing }
    }

    // MARK: Looking

    @Test func aLookWithoutNewsCostsOneRead() throws {
        let store = open()
        try store.commit(manifest(1))
        _ = try store.newestManifest()
        _ = client.takeCalls()
        for _ in 0..<100 { #expect(try store.newestManifest().highestGeneration == 1) }
        #expect(client.takeCalls() == Array(repeating: "read \(key(2))", count: 100))
    }

    @Test func findsWhatOthersHaveCommittedWithoutTheirHint() throws {
        let store = open()
        let other = open()
        try store.commit(manifest(1))
        _ = try store.newestManifest()
        client.fail { $0.hasPrefix("write") ? .before : .none }
        try other.commit(manifest(2))
        try other.commit(manifest(3))
        #expect(try store.newestManifest().manifest == manifest(3))
    }

    @Test func findsWhatIsFarAheadWhereThoseInBetweenAreGone() throws {
        let store = open()
        try store.commit(manifest(1))
        _ = try store.newestManifest()
        let other = open()
        for generation in 2...200 { try other.commit(manifest(generation)) }
        for generation in 1..<190 { client.state.withLock { $0.objects[key(generation)] = nil } }
        // By the next manifest alone there is no news; the whole look, which comes round, finds it.
        var looks = 0
        while try store.newestManifest().highestGeneration < 200, looks < 1000 { looks += 1 }
        #expect(try store.newestManifest().manifest == manifest(200))
    }

    @Test func aBadManifestIsPassedOverAndItsGenerationNotTakenAgain() throws {
        let store = open()
        try store.commit(manifest(1))
        _ = try store.newestManifest()
        client.put(key(2), Array("{".utf8))
        let lookup = try store.newestManifest()
        #expect(lookup.manifest == manifest(1) && lookup.highestGeneration == 2 && lookup.skipped.count == 1)
        #expect { try store.commit(manifest(2)) } throws: { isTaken($0) }
        try store.commit(manifest(3))
        #expect(try store.newestManifest().manifest == manifest(3))
        #expect(try open().newestManifest().manifest == manifest(3))
    }

    @Test func aServiceThatDoesNotAnswerIsAFailureAndNoEmptyStore() throws {
        let store = open()
        try store.commit(manifest(1))
        client.fail { _ in .before }
        #expect(throws: StoreError.self) { try store.newestManifest() }
        #expect(throws: StoreError.self) { try open().newestManifest() }
        client.fail { _ in .none }
        #expect(try store.newestManifest().manifest == manifest(1))
    }

    @Test func withoutListsTheHintTellsWhereToBegin() throws {
        let writer = open()
        for generation in 1...5 { try writer.commit(manifest(generation)) }
        // The hint of a slower writer came last.
        client.put("manifests/latest.json", Array(#"{"generation": 3}"#.utf8))
        let reading = FakeObjectClient(isWritable: false, canList: false)
        reading.state.withLock { theirs in theirs.objects = client.state.withLock { $0.objects } }
        let store = open(reading)
        #expect(!store.isWritable)
        #expect(try store.newestManifest().manifest == manifest(5))
        reading.put("manifests/latest.json", Array("<html>".utf8))
        #expect { try open(reading).newestManifest() } throws: { ($0 as? StoreError)?.kind == .corrupt }
    }

    // MARK: Committing

    @Test func ofTwoWritersOneLosesAndKnowsIt() throws {
        let (ours, theirs) = (open(), open())
        try ours.commit(manifest(1, [1]))
        #expect { try theirs.commit(manifest(1, [2])) } throws: { isTaken($0) }
        #expect(try theirs.newestManifest().manifest == manifest(1, [1]))
        try theirs.commit(manifest(2, [2]))
    }

    @Test func aWriterThatIsFarBehindLosesAlthoughItsGenerationIsFreeAgain() throws {
        let store = open()
        for generation in 1...4 { try store.commit(manifest(generation)) }
        client.state.withLock { $0.objects[key(2)] = nil }
        #expect { try open().commit(manifest(2, [1])) } throws: { isTaken($0) }
    }

    @Test func aCommitWhoseAnswerWasLostIsNotLost() throws {
        let store = open()
        client.fail { $0.hasPrefix("create") ? .after : .none }
        try store.commit(manifest(1, [1]))
        // Told as a conflict with what the lost attempt made.
        client.fail { _ in .none }
        client.state.withLock { $0.tellsExists = true }
        try store.commit(manifest(2, [1]))
        #expect(try open().newestManifest().manifest == manifest(2, [1]))
    }

    @Test func aCommitThatWasNotMadeSaysSo() throws {
        let store = open()
        client.fail { $0.hasPrefix("create") ? .before : .none }
        #expect { try store.commit(manifest(1)) } throws: { ($0 as? StoreError)?.kind == .io }
        client.fail { _ in .none }
        try store.commit(manifest(1))
    }

    /// Writers that commit on top of what they find, with answers lost at random: each generation is committed once,
    /// and who thinks that it was theirs is right.
    @Test(arguments: 0..<20) func racingWritersNeverLoseAnUpdate(seed: UInt64) throws {
        let dice = Mutex(Dice(seed: seed))
        client.fail { name in
            guard name.hasPrefix("create") else { return .none }
            return dice.withLock { dice in dice.next(10) < 3 ? .after : .none }
        }
        let stores = (0..<3).map { _ in open() }
        var owners: [Int: Int] = [:]
        var mark: UInt8 = 0
        for _ in 0..<60 {
            let writer = dice.withLock { $0.next(3) }
            // Now and then on top of what is old by now.
            let lookup = try stores[writer].newestManifest()
            let other = dice.withLock { $0.next(3) }
            let isOvertaken = other != writer && dice.withLock { $0.next(2) == 0 }
            mark &+= 1
            let next = lookup.highestGeneration + 1
            if isOvertaken {
                try stores[other].commit(manifest(try stores[other].newestManifest().highestGeneration + 1, [mark, 1]))
                #expect(owners.updateValue(other, forKey: next) == nil, "seed \(seed)")
            }
            do {
                try stores[writer].commit(manifest(next, [mark, 2]))
                #expect(owners.updateValue(writer, forKey: next) == nil, "seed \(seed): generation \(next) twice")
            } catch {
                #expect(isTaken(error) && isOvertaken, "seed \(seed): \(error)")
            }
        }
        #expect(try open().newestManifest().highestGeneration == owners.count, "seed \(seed)")
    }

    // MARK: The cache

    @Test func theCacheTellsWhatServedLastIfItIsWhole() throws {
        func cached() throws -> CachedManifest? {
            open(cache: try BlobCache("/cache", bytesMax: 1000, files: files)).cachedManifest()
        }
        #expect(open().cachedManifest() == nil)
        #expect(try cached() == nil)
        let store = open(cache: try BlobCache("/cache", bytesMax: 1000, files: files))
        for generation in 1...2 {
            store.cache(CachedManifest(manifest: manifest(generation, [1], [2]), complete: generation - 1))
            #expect(try cached() == CachedManifest(manifest: manifest(generation, [1], [2]), complete: generation - 1))
        }
        let name = try #require(files.names(under: "/cache").first { $0.contains("manifest-") })
        let path = name.hasPrefix("/") ? name : "/cache/" + name
        let whole = try #require(files.bytes(at: path))
        for place in stride(from: 0, to: whole.count, by: 7) {
            var damaged = whole
            damaged[place] ^= 1
            files.plant(damaged, at: path)
            #expect(try cached() == nil, "byte \(place)")
            files.plant(Array(whole[..<place]), at: path)
            #expect(try cached() == nil, "cut at \(place)")
        }
        files.plant(whole, at: path)
        #expect(try cached()?.complete == 1)
        // A disk that fails in any call leaves the one before or the next.
        for call in 0..<8 {
            files.failCall(call, .error(.noSpace))
            store.cache(CachedManifest(manifest: manifest(3, [1]), complete: 3))
            files.failCall(nil, .error(.noSpace))
            let now = try #require(try cached())
            #expect([2, 3].contains(now.manifest.generation), "call \(call)")
        }
    }

    /// The disk of this machine has failed, and not the store.
    @Test func aFolderForUploadsThatIsNotThereIsNamedAsThat() {
        let store = ObjectModelStore(
            client, cache: nil, temporaries: "/missing", system: .fake(now: { 0 }), files: files)
        #expect { try store.makeBlobWriter() } throws: { error in
            let failure = error as? StoreError
            return failure?.errorName == "ENOENT" && failure?.path == "/missing"
                && failure?.detail.contains("VENCEJO_STORE_CACHE, or TMPDIR) cannot be written to") == true
        }
    }

    @Test func whatIsNotInTheCacheIsNotWaitedForWhileTheStoreIsAway() throws {
        let writer = open()
        try keep([1], in: writer)
        try keep([2], in: writer)
        try writer.commit(manifest(1, [1], [2]))
        let store = open(cache: try BlobCache("/cache", bytesMax: 1000, files: files))
        #expect(try store.blob(ContentDigest(of: [1])) == [1])
        client.state.withLock { $0.fault = { _ in .before } }
        #expect(throws: StoreError.self) { try store.newestManifest() }
        _ = client.takeCalls()
        #expect(try store.blob(ContentDigest(of: [1])) == [1])
        #expect { try store.blob(ContentDigest(of: [2])) } throws: { ($0 as? StoreError)?.kind == .unreachable }
        #expect(client.takeCalls().isEmpty)
        client.state.withLock { $0.fault = { _ in .none } }
        _ = try store.newestManifest()
        #expect(try store.blob(ContentDigest(of: [2])) == [2])
    }

    @Test func aFetchedArtifactIsFetchedOnce() throws {
        let cache = try BlobCache("/cache", bytesMax: 1000, files: files)
        let store = open(cache: cache)
        let bytes: [UInt8] = [1, 2, 3]
        let digest = ContentDigest(of: bytes)
        client.put("blobs/sha256/" + digest.hex, bytes)
        #expect(try store.blob(digest) == bytes)
        #expect(try store.blob(digest) == bytes)
        #expect(client.takeCalls() == ["download blobs/sha256/" + digest.hex])
        // What lies there is checked again.
        files.plant([9], at: "/cache/" + digest.hex)
        #expect(try store.blob(digest) == bytes)
        #expect(client.takeCalls().count == 1)
    }

    @Test func whatWasSentNeedNotBeFetched() throws {
        let store = open(cache: try BlobCache("/cache", bytesMax: 1000, files: files))
        try keep([5, 6], in: store)
        _ = client.takeCalls()
        #expect(try store.blob(ContentDigest(of: [5, 6])) == [5, 6])
        #expect(client.takeCalls().isEmpty)
    }

    @Test func theCacheKeepsItsBound() throws {
        let cache = try BlobCache("/cache", bytesMax: 100, files: files)
        let store = open(cache: cache)
        for value in 0..<20 as Range<UInt8> {
            files.advanceClock(1)
            try keep([UInt8](repeating: value, count: 30), in: store)
        }
        #expect(files.names(under: "/cache").filter { $0.utf8.count == 71 }.count == 3)
        #expect(try store.blob(ContentDigest(of: [UInt8](repeating: 0, count: 30))).count == 30)
        try keep([UInt8](repeating: 1, count: 101), in: store)
        #expect(files.names(under: "/cache/tmp").isEmpty)
    }

    @Test func theCacheKeepsWhatAStartNeedsLongest() throws {
        let cache = try BlobCache("/cache", bytesMax: 100, files: files)
        let store = open(cache: cache)
        func bytes(_ value: UInt8) -> [UInt8] { [UInt8](repeating: value, count: 30) }
        try keep(bytes(1), in: store)
        store.cache(CachedManifest(manifest: manifest(1, bytes(1)), complete: 1))
        for value in 2..<20 as Range<UInt8> {
            files.advanceClock(1)
            try keep(bytes(value), in: store)
        }
        client.state.withLock { $0.fault = { _ in .before } }
        #expect(try store.blob(ContentDigest(of: bytes(1))) == bytes(1), "the oldest, and named")
        #expect(try store.blob(ContentDigest(of: bytes(19))) == bytes(19), "the newest")
        #expect(files.names(under: "/cache").filter { $0.utf8.count == 71 }.count == 3)
    }

    @Test func aFileThatDoesNotComeIsNoFailureOfOthersAndAStoreThatCannotBeSeenIs() throws {
        let store = open()
        for value in [1, 2] as [UInt8] { try keep([value], in: store) }
        let first = ContentDigest(of: [1])
        client.state.withLock { state in
            state.failure = .unreachable
            state.fault = { $0.hasPrefix("download") && $0.contains(first.hex) ? .before : .none }
        }
        #expect { try store.blob(first) } throws: { ($0 as? StoreError)?.wasAsked == true }
        #expect(try store.blob(ContentDigest(of: [2])) == [2])
        client.state.withLock { $0.fault = { _ in .before } }
        #expect(throws: StoreError.self) { try store.newestManifest() }
        _ = client.takeCalls()
        #expect { try store.blob(ContentDigest(of: [2])) } throws: { ($0 as? StoreError)?.wasAsked == false }
        #expect(client.takeCalls().isEmpty)
        client.fail { _ in .none }
        _ = try store.newestManifest()
        #expect(try store.blob(first) == [1])
    }

    // MARK: Piece by piece

    @Test func givesABlobPieceByPieceFromTheServiceAndFromTheCache() throws {
        let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let digest = ContentDigest(of: bytes)
        client.put("blobs/sha256/" + digest.hex, bytes)
        func read(_ store: ObjectModelStore, _ byteCount: Int) throws -> [UInt8] {
            let reader = try store.openBlob(digest, byteCount: byteCount)
            var read: [UInt8] = []
            while true {
                let piece = try reader.next(byteCount: 256 << 10)
                if piece.isEmpty { return read }
                read += piece
            }
        }
        let store = open()
        #expect(try read(store, bytes.count) == bytes)
        #expect(client.takeCalls() == Array(repeating: "part blobs/sha256/" + digest.hex, count: 3))
        for wrong in [bytes.count - 1, bytes.count + 1] {
            #expect { try read(store, wrong) } throws: { ($0 as? StoreError)?.kind == .corrupt }
        }
        #expect { try store.openBlob(ContentDigest(of: [9]), byteCount: 1) } throws: {
            ($0 as? StoreError)?.kind == .missing
        }
        files.plant(Array(bytes.prefix(1_000)), at: "/cache/" + ContentDigest(of: Array(bytes.prefix(1_000))).hex)
        let cached = open(cache: try BlobCache("/cache", bytesMax: 10_000, files: files))
        let small = ContentDigest(of: Array(bytes.prefix(1_000)))
        _ = client.takeCalls()
        let reader = try cached.openBlob(small, byteCount: 1_000)
        var count = 0
        while case let piece = try reader.next(byteCount: 300), !piece.isEmpty { count += piece.count }
        #expect(count == 1_000 && client.takeCalls().isEmpty)
    }

    // MARK: Temporary files

    /// Without a cache nobody comes and looks for what a dead process has left.
    @Test func aKilledUploadLeavesNoBytesBehind() throws {
        for call in 1...40 {
            for fault in [SimulatedFileSystem.Fault.stopBefore, .stopAfter] {
                let store = open()
                files.failCall(call, fault)
                try? keep((0..<200).map { UInt8($0) }, in: store)
                files.restart(after: .processKilled)
                let left = files.names(under: "/t").reduce(0) { $0 + (files.bytes(at: $1)?.count ?? 0) }
                #expect(left == 0, "\(fault) call \(call)")
            }
        }
    }

    // MARK: Collecting

    @Test func collectsWhatNothingNames() throws {
        let store = open()
        try keep([1], in: store)
        try keep([2], in: store)
        try keep([3], in: store)
        try store.commit(manifest(1, [1]))
        try store.commit(manifest(2, [2]))
        func collect(after seconds: Int64) throws -> StoreCollection {
            client.state.withLock { $0.now += seconds }
            return try store.collect(manifestsKept: 1, graceSeconds: 5000)
        }
        #expect(try collect(after: 0).isEmpty)
        #expect(try collect(after: 4000).isEmpty, "all is young")
        // Sent again: young, whatever the list that another one has in hand says.
        try keep([3], in: store)
        var collection = try collect(after: 4000)
        #expect(collection.manifests == 1 && collection.blobs == 0 && collection.isOver, "put aside")
        #expect(client.names(under: "blobs/").count == 3)
        collection = try collect(after: 4000)
        #expect(collection.blobs == 0, "what was put aside stays for the grace time as well")
        for _ in 0..<2 {
            collection = try collect(after: 4000)
            #expect(collection.blobs == 1 && collection.bytes == 1)
        }
        #expect(client.names(under: "blobs/") == ["blobs/sha256/" + ContentDigest(of: [2]).hex])
        #expect(try store.newestManifest().manifest == manifest(2, [2]))
    }

    /// Collections follow each other every 4,000 seconds, with a grace of 3,600.
    private func collectLater(_ store: ObjectModelStore, manifestsKept: Int) throws -> StoreCollection {
        client.state.withLock { $0.now += 4_000 }
        return try store.collect(manifestsKept: manifestsKept, graceSeconds: 3_600)
    }

    @Test func aRemovedModelIsGoneAfterTheGraceWithoutFurtherChanges() throws {
        let store = open()
        try keep([1], in: store)
        try keep([2], in: store)
        try store.commit(manifest(1, [1], [2]))
        try store.commit(manifest(2, [1]))
        #expect(try collectLater(store, manifestsKept: 16).isEmpty, "put aside")
        #expect(try collectLater(store, manifestsKept: 16).blobs == 1)
        #expect(client.names(under: "blobs/") == ["blobs/sha256/" + ContentDigest(of: [1]).hex])
        // A follower that slept at the first goes on from manifest to manifest.
        #expect(try store.manifest(generation: 1) == manifest(1, [1], [2]))
        #expect(try collectLater(store, manifestsKept: 1).manifests == 1)
        #expect(throws: StoreError.self) { try store.manifest(generation: 1) }
    }

    @Test func aManifestThatWasSupersededAMomentAgoStaysHoweverOldItIs() throws {
        let store = open()
        try keep([1], in: store)
        try store.commit(manifest(1, [1]))
        client.state.withLock { $0.now += 100_000 }
        try store.commit(manifest(2))
        for _ in 0..<2 { #expect(try store.collect(manifestsKept: 1, graceSeconds: 3_600).isEmpty) }
        #expect(try store.manifest(generation: 1) == manifest(1, [1]))
        #expect(client.names(under: "blobs/") == ["blobs/sha256/" + ContentDigest(of: [1]).hex])
    }

    @Test func takesNothingFromAManifestThatItCannotRead() throws {
        let store = open()
        try keep([1], in: store)
        try store.commit(manifest(1))
        client.put(key(2), Array(#"{"schema":99}"#.utf8))
        client.state.withLock { $0.now += 100_000 }
        #expect(try store.collect(manifestsKept: 5, graceSeconds: 0).blobs == 0)
        #expect(client.names(under: "blobs/").count == 1)
    }
}

/// SplitMix64.
private struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
