import Glibc
import ModelStore
import Serving
import Testing

struct FileModelStoreTests {
    private let files = SimulatedFileSystem()

    private func open() throws -> FileModelStore { try FileModelStore(root: "/s", files: files) }

    private func manifest(_ generation: Int, _ bytes: [UInt8]...) -> StoreManifest {
        StoreManifest(
            generation: generation, created: 7,
            models: bytes.enumerated().map { index, bytes in
                StoredModel(
                    name: "m\(index)",
                    versions: [
                        StoredModel.Version(
                            number: 1, digest: ContentDigest(of: bytes), format: "x", byteCount: bytes.count,
                            generation: generation)
                    ], currentNumber: 1, generation: generation)
            }, defaultName: "m0")
    }

    private func keep(_ bytes: [UInt8], in store: FileModelStore) throws {
        let writer = try store.makeBlobWriter()
        try writer.append(bytes)
        try writer.keep(as: ContentDigest(of: bytes))
    }

    private func path(_ generation: Int) -> String {
        "/s/manifests/" + String(repeating: "0", count: 16 - String(generation).count) + "\(generation).json"
    }

    @Test func anEmptyStoreHasNoManifest() throws {
        let store = try open()
        #expect(store.isWritable && store.keepsBlobs)
        #expect(try store.newestManifest() == ManifestLookup(manifest: nil, highestGeneration: 0, skipped: []))
        #expect(throws: StoreError.self) { try store.blob(ContentDigest(of: [])) }
    }

    @Test func givesBackWhatWasStored() throws {
        let store = try open()
        try keep([1, 2, 3], in: store)
        try keep([], in: store)
        try store.commit(manifest(1, [1, 2, 3], []))
        let again = try open()
        #expect(try again.newestManifest().manifest == manifest(1, [1, 2, 3], []))
        #expect(try again.manifest(generation: 1).defaultName == "m0")
        #expect(try again.blob(ContentDigest(of: [1, 2, 3])) == [1, 2, 3])
        #expect(try again.blob(ContentDigest(of: [])) == [])
    }

    @Test func ofTwoWritersOneLosesAndKnowsIt() throws {
        let ours = try open()
        let theirs = try open()
        try keep([1], in: ours)
        try keep([2], in: theirs)
        try ours.commit(manifest(1, [1]))
        #expect {
            try theirs.commit(manifest(1, [2]))
        } throws: { ($0 as? StoreError)?.kind == .generationTaken }
        #expect(try theirs.newestManifest().manifest == manifest(1, [1]))
        try theirs.commit(manifest(2, [1], [2]))
        #expect(files.names(under: "/s/tmp").isEmpty)
    }

    @Test func aWriterThatIsFarBehindLosesAsWell() throws {
        let store = try open()
        try keep([1], in: store)
        for generation in 1...4 { try store.commit(manifest(generation, [1])) }
        files.advanceClock(100)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 10).manifests == 3)
        #expect {
            try store.commit(manifest(2, [1]))
        } throws: { ($0 as? StoreError)?.kind == .generationTaken }
    }

    @Test(arguments: [
        "", "{", "null", "[]", "{}", "\0\0\0\0", #"{"schema":1}"#,
        #"{"schema":3,"generation":2,"models":[]}"#, #"{"schema":1,"generation":3,"models":[]}"#,
        #"{"schema":1,"generation":2,"models":[{}]}"#,
        #"{"schema":1,"generation":2,"models":[{"name":"../x","version":1,"digest":"D","bytes":1,"generation":1}]}"#,
        #"{"schema":1,"generation":2,"models":[{"name":"x","version":0,"digest":"D","bytes":1,"generation":1}]}"#,
        #"{"schema":1,"generation":2,"models":"#
            + #"[{"name":"x","version":1,"digest":"sha256:../../etc/passwd","bytes":1,"generation":1}]}"#,
        #"{"schema":1,"generation":2,"models":[{"name":"x","version":1,"digest":"D","bytes":-1,"generation":1}]}"#,
        #"{"schema":1,"generation":2,"models":[{"name":"x","version":1,"digest":"D","bytes":1,"generation":3}]}"#,
        #"{"schema":1,"generation":2,"models":[{"name":"x","version":1,"digest":"D","bytes":1,"generation":1},"#
            + #"{"name":"x","version":1,"digest":"D","bytes":1,"generation":1}]}"#,
        #"{"schema":2,"generation":2,"models":[],"retired":{"floor":-1}}"#,
        #"{"schema":2,"generation":2,"models":[],"retired":{"names":[{"name":"x"}]}}"#,
        #"{"schema":2,"generation":2,"models":[],"retired":{"names":[{"name":"../x","highest":1}]}}"#,
        #"{"schema":2,"generation":2,"models":[],"retired":{"names":[{"name":"x","highest":-1}]}}"#,
        #"{"schema":2,"generation":2,"models":[],"retired":[]}"#,
        #"{"schema":1,"generation":2,"models":[]} x"#, #"{"schema":1,"generation":99999999999999999999,"models":[]}"#,
    ])
    func passesOverAManifestThatIsNotRightAndSaysSo(text: String) throws {
        let store = try open()
        try keep([1], in: store)
        try store.commit(manifest(1, [1]))
        let text = text.split(separator: "D\"", omittingEmptySubsequences: false).joined(
            separator: ContentDigest(of: [9]).description + "\"")
        files.plant(Array(text.utf8), at: path(2))
        let lookup = try store.newestManifest()
        #expect(lookup.manifest == manifest(1, [1]))
        #expect(lookup.highestGeneration == 2)
        #expect(lookup.skipped.count == 1 && lookup.skipped.allSatisfy { $0.kind == .corrupt })
        #expect(lookup.skipped.allSatisfy { !$0.description.contains("/s/") })
        #expect(files.bytes(at: path(2)) != nil, "it stays where it is")
        try store.commit(manifest(3, [1]))
        #expect(try store.newestManifest().manifest == manifest(3, [1]))
    }

    @Test func readsAManifestCutAtAnyByteAsNone() throws {
        let store = try open()
        let whole = ManifestCoding.encode(manifest(1, [1], [2]))
        for count in 0..<whole.count - 1 {
            files.plant(Array(whole[..<count]), at: path(1))
            let lookup = try store.newestManifest()
            #expect(lookup.manifest == nil && lookup.skipped.count == 1, "cut at \(count)")
        }
        files.plant(Array(whole.dropLast()), at: path(1))
        #expect(try store.newestManifest().manifest == manifest(1, [1], [2]), "only the line feed is gone")
    }

    @Test func tellsTheLastNumbersOfModelsThatAreGoneInTheOrderOfTheirRemoval() throws {
        let retired = RetiredNumbers(
            entries: [.init(name: "z", highest: 2), .init(name: "a", highest: 9)], floor: 4)
        let whole = StoreManifest(generation: 1, created: 7, models: [], defaultName: nil, retired: retired)
        let bytes = ManifestCoding.encode(whole)
        #expect(
            String(decoding: bytes, as: UTF8.self).contains(
                #""retired":{"floor":4,"names":[{"name":"z","highest":2},{"name":"a","highest":9}]}"#))
        #expect(try ManifestCoding.decode(bytes) == whole)
        // What knows nothing of them writes none, which says nothing against it.
        let without = StoreManifest(generation: 1, created: 7, models: [], defaultName: nil)
        #expect(!String(decoding: ManifestCoding.encode(without), as: UTF8.self).contains("retired"))
        #expect(try ManifestCoding.decode(ManifestCoding.encode(without)).retired == .none)
    }

    @Test func passesOverKeysOfLaterServers() throws {
        let store = try open()
        let text = """
            {"later":{"a":[1,2,{"b":null}]},"schema":1,"generation":1,"created":5,"default":null,
             "models":[{"name":"a","aliases":["x"],"version":2,"digest":"\(ContentDigest(of: [1]))","bytes":1,
             "generation":1}]}
            """
        files.plant(Array(text.utf8), at: path(1))
        let read = try #require(try store.newestManifest().manifest)
        #expect(read.models.first?.currentNumber == 2 && read.models.first?.current.format == "")
    }

    @Test(arguments: [
        "1.json", "000000000000000x.json", "0000000000000009.json.tmp", "README", ".hidden", "-000000000000001.json",
    ])
    func passesOverOtherFilesAmongTheManifests(name: String) throws {
        let store = try open()
        try keep([1], in: store)
        try store.commit(manifest(1, [1]))
        files.plant([1], at: "/s/manifests/" + name)
        #expect(
            try store.newestManifest() == ManifestLookup(manifest: manifest(1, [1]), highestGeneration: 1, skipped: []))
    }

    @Test func provesABlobWhenItReadsIt() throws {
        let store = try open()
        try keep([1, 2, 3], in: store)
        let digest = ContentDigest(of: [1, 2, 3])
        files.plant([1, 2, 4], at: "/s/blobs/sha256/" + digest.hex)
        #expect {
            try store.blob(digest)
        } throws: { ($0 as? StoreError)?.kind == .corrupt }
        try keep([1, 2, 3], in: store)
        #expect(try store.blob(digest) == [1, 2, 3], "storing the same bytes mends it")
    }

    @Test func readsNoBlobBeyondItsBound() throws {
        try keep([UInt8](repeating: 0, count: 1001), in: try open())
        try keep([UInt8](repeating: 0, count: 1000), in: try open())
        let small = try FileModelStore(root: "/s", blobBytesMax: 1000, files: files)
        #expect(try small.blob(ContentDigest(of: [UInt8](repeating: 0, count: 1000))).count == 1000)
        #expect {
            try small.blob(ContentDigest(of: [UInt8](repeating: 0, count: 1001)))
        } throws: { ($0 as? StoreError)?.kind == .limit }
    }

    @Test func forgetsWhatWasWrittenAndNotKept() throws {
        let store = try open()
        let writer = try store.makeBlobWriter()
        try writer.append([1, 2])
        #expect(try writer.contents() == [1, 2] && writer.byteCount == 2)
        writer.discard()
        writer.discard()
        #expect(throws: StoreError.self) { try writer.append([3]) }
        do { _ = try store.makeBlobWriter() }
        #expect(files.names(under: "/s/tmp").isEmpty && files.openFileCount == 0)
    }

    // MARK: Collection

    @Test func collectsWhatNoKeptManifestNamesAfterTheGrace() throws {
        let store = try open()
        for number in 1...4 {
            try keep([UInt8(number)], in: store)
            try store.commit(manifest(number, [UInt8(number)]))
            files.advanceClock(10)
        }
        #expect(try store.collect(manifestsKept: 2, graceSeconds: 1000).isEmpty, "too young")
        // Written 40, 30, 20 and 10 seconds ago: the first was superseded 30 seconds ago.
        #expect(try store.collect(manifestsKept: 2, graceSeconds: 35).isEmpty)
        var removed = try store.collect(manifestsKept: 2, graceSeconds: 25)
        #expect(removed.manifests == 1 && removed.blobs == 0, "put aside")
        removed = try store.collect(manifestsKept: 2, graceSeconds: 25)
        #expect(removed.manifests == 0 && removed.blobs == 1 && removed.bytes == 1)
        var rest = try store.collect(manifestsKept: 1, graceSeconds: 0)
        #expect(rest.manifests == 2 && rest.blobs == 0)
        rest = try store.collect(manifestsKept: 1, graceSeconds: 0)
        #expect(rest.manifests == 0 && rest.blobs == 2)
        #expect(files.names(under: "/s/blobs/sha256") == ["/s/blobs/sha256/" + ContentDigest(of: [4]).hex])
        #expect(try store.newestManifest().manifest == manifest(4, [4]))
        #expect(try store.blob(ContentDigest(of: [4])) == [4])
        #expect(try store.collect(manifestsKept: 0, graceSeconds: 0).isEmpty, "the newest always stays")
    }

    @Test func aRemovedModelIsGoneAfterTheGraceWithoutFurtherChanges() throws {
        let store = try open()
        try keep([1], in: store)
        try keep([2], in: store)
        try store.commit(manifest(1, [1], [2]))
        try store.commit(manifest(2, [1]))
        files.advanceClock(3_599)
        for _ in 0..<2 { #expect(try store.collect(manifestsKept: 16, graceSeconds: 3_600).isEmpty) }
        files.advanceClock(1)
        #expect(try store.collect(manifestsKept: 16, graceSeconds: 3_600).isEmpty, "put aside")
        #expect(try store.collect(manifestsKept: 16, graceSeconds: 3_600).blobs == 1)
        #expect(files.names(under: "/s/blobs/sha256") == ["/s/blobs/sha256/" + ContentDigest(of: [1]).hex])
        // The manifest before stays for its rank: where the newest is damaged, what both name goes on.
        #expect(try store.manifest(generation: 1) == manifest(1, [1], [2]))
        files.plant([], at: path(2))
        #expect(try store.newestManifest().manifest?.generation == 1)
        #expect(try store.blob(ContentDigest(of: [1])) == [1])
    }

    @Test func oldManifestsGoWithWhatTheyAloneName() throws {
        let store = try open()
        try keep([1], in: store)
        try store.commit(manifest(1, [1]))
        try store.commit(manifest(2))
        files.advanceClock(3_600)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 3_600).manifests == 1)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 3_600).blobs == 1)
        #expect(files.names(under: "/s/blobs/sha256").isEmpty)
        #expect(throws: StoreError.self) { try store.manifest(generation: 1) }
    }

    @Test func aManifestThatWasSupersededAMomentAgoStaysHoweverOldItIs() throws {
        let store = try open()
        try keep([1], in: store)
        try store.commit(manifest(1, [1]))
        files.advanceClock(100_000)
        try store.commit(manifest(2))
        files.advanceClock(10)
        for _ in 0..<2 { #expect(try store.collect(manifestsKept: 1, graceSeconds: 3_600).isEmpty) }
        #expect(try store.manifest(generation: 1) == manifest(1, [1]))
        #expect(try store.blob(ContentDigest(of: [1])) == [1])
    }

    @Test func keepsABlobThatIsStoredAgainBeforeItsManifest() throws {
        let store = try open()
        try keep([1], in: store)
        files.advanceClock(100)
        try keep([1], in: store)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 50).blobs == 0)
        files.advanceClock(-500)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 50).blobs == 0, "the clock was set back")
    }

    @Test func whatSomebodyElseHasPutAsideIsNotRemovedAtFirstSight() throws {
        let store = try open()
        try keep([1], in: store)
        files.advanceClock(100)
        _ = try open().collect(manifestsKept: 1, graceSeconds: 50)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 50).blobs == 0)
        #expect(try store.blob(ContentDigest(of: [1])) == [1], "it is still found")
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 50).blobs == 1)
        #expect(throws: StoreError.self) { try store.blob(ContentDigest(of: [1])) }
    }

    @Test func readsABlobPieceByPieceAndProvesItBeforeTheLastOne() throws {
        let store = try open()
        let bytes = (0..<200).map { UInt8($0) }
        let digest = ContentDigest(of: bytes)
        try keep(bytes, in: store)
        func read(_ byteCount: Int) throws -> [UInt8] {
            let reader = try store.openBlob(digest, byteCount: byteCount)
            var read: [UInt8] = []
            while true {
                let piece = try reader.next(byteCount: 64)
                #expect(piece.count <= 64)
                if piece.isEmpty { return read }
                read += piece
            }
        }
        #expect(try read(200) == bytes)
        for wrong in [199, 201] {
            #expect { try read(wrong) } throws: { ($0 as? StoreError)?.kind == .corrupt }
        }
        files.plant(Array(bytes.dropLast()) + [0], at: "/s/blobs/sha256/" + digest.hex)
        #expect { try read(200) } throws: { ($0 as? StoreError)?.kind == .corrupt }
        #expect { try store.openBlob(ContentDigest(of: [1]), byteCount: 1) } throws: {
            ($0 as? StoreError)?.kind == .missing
        }
        #expect(files.openFileCount == 0)
    }

    @Test func aBlobLongerThanItsManifestSaysIsRefused() throws {
        let store = try open()
        try keep([1, 2, 3], in: store)
        #expect { try store.blob(ContentDigest(of: [1, 2, 3]), bytesMax: 2) } throws: {
            ($0 as? StoreError)?.kind == .limit
        }
    }

    @Test func collectsNoBlobWhileAManifestCannotBeRead() throws {
        let store = try open()
        try keep([1], in: store)
        files.plant(Array(#"{"schema":2}"#.utf8), at: path(5))
        files.advanceClock(100)
        #expect(try store.collect(manifestsKept: 1, graceSeconds: 0).isEmpty, "a later server may need it")
        #expect(try store.blob(ContentDigest(of: [1])) == [1])
    }

    @Test func collectsTheFilesOfDeadWritersAndNotThoseOfLivingOnes() throws {
        let store = try open()
        let writer = try store.makeBlobWriter()
        try writer.append([1])
        files.plant([0, 0], at: "/s/tmp/dead")
        files.advanceClock(30)
        files.plant([0], at: "/s/tmp/young")
        files.advanceClock(40)
        let removed = try store.collect(manifestsKept: 1, graceSeconds: 3600)
        #expect(removed.temporaries == 1 && removed.bytes == 2)
        #expect(files.names(under: "/s/tmp").count == 2)
        try writer.append([2])
        try writer.keep(as: ContentDigest(of: [1, 2]))
    }

    // MARK: The system's own files

    /// A directory of our own under the system's for temporary files, removed at the end.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let files = PosixFileSystem()
        let path = "/tmp/vencejo-store-" + files.uniqueName()
        try files.makeDirectory(path)
        defer { Self.removeAll(path, files) }
        try body(path)
    }

    private static func removeAll(_ path: String, _ files: PosixFileSystem) {
        for name in (try? files.list(path)) ?? [] {
            if (try? files.remove(path + "/" + name)) == nil { removeAll(path + "/" + name, files) }
        }
        _ = unsafe rmdir(path)
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return 0 }
        return status.st_mode & 0o7777
    }

    @Test func livesOnTheSystemsFiles() throws {
        try withDirectory { directory in
            let root = directory + "/store/"
            let store = try FileModelStore(root: root)
            #expect(store.isWritable)
            let bytes = [UInt8](repeating: 3, count: 3_000_000)
            try keep(bytes, in: store)
            try store.commit(manifest(1, bytes))
            #expect {
                try FileModelStore(root: root).commit(manifest(1, bytes))
            } throws: { ($0 as? StoreError)?.kind == .generationTaken }
            let again = try FileModelStore(root: root)
            #expect(try again.newestManifest().manifest == manifest(1, bytes))
            #expect(try again.blob(ContentDigest(of: bytes)) == bytes)
            let system = PosixFileSystem()
            #expect(try system.list(root + "tmp").isEmpty)
            #expect(mode(root) == 0o700 && mode(root + "blobs/sha256") == 0o700)
            #expect(mode(root + "manifests/0000000000000001.json") == 0o600)
            #expect(mode(root + "blobs/sha256/" + ContentDigest(of: bytes).hex) == 0o600)
            #expect(try store.collect(manifestsKept: 1, graceSeconds: 0).isEmpty)
        }
    }

    @Test func knowsADeadWritersFileByItsLock() throws {
        try withDirectory { directory in
            let store = try FileModelStore(root: directory + "/store")
            let system = PosixFileSystem()
            system.close(try system.create(directory + "/store/tmp/dead"))
            let writer = try store.makeBlobWriter()
            try writer.append([1])
            #expect(try store.collect(manifestsKept: 1, graceSeconds: 0).temporaries == 1)
            try writer.keep(as: ContentDigest(of: [1]))
            #expect(try store.blob(ContentDigest(of: [1])) == [1])
        }
    }

    @Test func manyThreadsCommitEachGenerationOnce() async throws {
        let files = PosixFileSystem()
        let directory = "/tmp/vencejo-store-" + files.uniqueName()
        try files.makeDirectory(directory)
        defer { Self.removeAll(directory, files) }
        let manifests = (1...20).map { generation in (0..<4).map { _ in manifest(generation, [1]) } }
        let won = await withTaskGroup(of: Int.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    guard let store = try? FileModelStore(root: directory + "/s") else { return 0 }
                    var won = 0
                    for generation in 1...20 where (try? store.commit(manifests[generation - 1][writer])) != nil {
                        won += 1
                    }
                    return won
                }
            }
            var sum = 0
            for await count in group { sum += count }
            return sum
        }
        let store = try FileModelStore(root: directory + "/s")
        let stored = try files.list(directory + "/s/manifests").filter { $0 != "latest.json" }.count
        #expect(won == stored, "each manifest has one writer who knows that it is his")
        #expect(try store.newestManifest().highestGeneration == 20)
    }

    @Test func saysWhyADirectoryCannotBeAStore() throws {
        try withDirectory { directory in
            #expect {
                try FileModelStore(root: directory + "/missing/store")
            } throws: { error in
                let failure = error as? StoreError
                return failure?.kind == .missing && failure?.errorName == "ENOENT"
                    && failure?.path == directory + "/missing/store"
                    && failure?.description.contains(directory) == false
            }
            let system = PosixFileSystem()
            system.close(try system.create(directory + "/file"))
            #expect {
                try FileModelStore(root: directory + "/file")
            } throws: { ($0 as? StoreError)?.errorName == "ENOTDIR" }
        }
    }

    @Test func opensAReadOnlyStoreToRead() throws {
        let store = try open()
        try keep([1], in: store)
        try store.commit(manifest(1, [1]))
        // The sixth call is the probe: five directories, one list, then a file.
        files.failCall(7, .error(.readOnly))
        let readOnly = try open()
        #expect(!readOnly.isWritable)
        #expect(try readOnly.newestManifest().manifest == manifest(1, [1]))
        files.failCall(7, .error(.noSpace))
        #expect(try open().isWritable, "a full disk may have room again")
    }

    @Test func followsNoSymbolicLinkToABlob() throws {
        try withDirectory { directory in
            let store = try FileModelStore(root: directory + "/s")
            let digest = ContentDigest(of: [1])
            let system = PosixFileSystem()
            let file = try system.create(directory + "/outside")
            _ = try system.write(file, [1])
            system.close(file)
            #expect(unsafe symlink(directory + "/outside", directory + "/s/blobs/sha256/" + digest.hex) == 0)
            #expect {
                try store.blob(digest)
            } throws: { ($0 as? StoreError)?.errorName == "ELOOP" }
        }
    }
}
